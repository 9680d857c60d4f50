//! What can be asked of a holder's stream.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    card::{IssuedCard, IssuedCertificate, KeptKey, PublicKey, Slot, Step, Write},
    certificate::{Obstacle, RevocationReason, Visit},
    desk::{DeskCommand, IdentityCheck},
    expiry::{Occasion, Topic},
    ids::{CardSerial, CommandId, OrganisationCode, SecretRef},
    logon::{Authenticated, CardPresent, LogonRefusal},
    passcode::{Changes, Kind},
    self_service::{Answer, CodePurpose, Denied, Found, NewCode, QUESTIONS_CHOSEN},
};

/// A command to one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolderCommand {
    /// P-03: the person, the card and the first passcodes.
    Register {
        /// What he gets, and by what he has proved who he is.
        registration: Registration,
        /// B-59: where he works from the same moment on.
        organisation: Option<OrganisationCode>,
    },
    /// P-01, P-20 to P-28: the *Update* button.
    ChangePasscodes(Changes),
    /// The card's passcode is not the recorded one, and not by our doing.
    NoteChangedElsewhere {
        /// Where the vault keeps the tag of the one it has.
        secret: SecretRef,
    },
    /// P-22: somebody tried a value of the last five.
    NoteUsedBefore {
        /// Of which kind.
        kind: Kind,
    },
    /// B-62: a logon with the holder's card failed.
    NoteLogonRefused {
        /// Why.
        reason: LogonRefusal,
    },
    /// R-01, B-11, B-35 to B-37: something about self-service was refused that has to leave a trace.
    NoteSelfServiceRefused {
        /// What.
        what: Denied,
    },
    /// P-14, P-17, P-18, B-08: record what time has done, if it is not recorded.
    RecordExpiry {
        /// Who asks.
        occasion: Occasion,
    },
    /// P-15, B-16: *Later*.
    DeclineAlert {
        /// What the alert is about.
        topic: Topic,
        /// The day whose alert it was.
        on: NaiveDate,
    },
    /// B-17: a logon opened a restricted session.
    NoteRestrictedSession {},
    /// C-01, C-09: *Renew*. An untouched update that is open is given up for it.
    BeginCardUpdate {
        /// The update; kept on every retry.
        update: CommandId,
        /// The visit that carries it.
        job: Uuid,
        /// C-10: who agreed, with which card.
        proof: Authenticated,
        /// B-10: when the session was opened in which it was asked for.
        logged_on_at: DateTime<Utc>,
        /// When it was asked for.
        asked_at: DateTime<Utc>,
    },
    /// B-55: another visit goes on with it, after the card has agreed with the key of
    /// [`crate::card::CardUpdate::signer`].
    ResumeCardUpdate {
        /// The update.
        update: CommandId,
        /// The visit that carries it from here on.
        job: Uuid,
    },
    /// B-55: the card is about to be written to.
    OpenCardWrite {
        /// The update.
        update: CommandId,
        /// The visit.
        job: Uuid,
        /// Where.
        slot: Slot,
        /// What.
        write: Write,
    },
    /// The card has made a key, and has signed a request with it that was checked.
    NoteKeyMade {
        /// The update.
        update: CommandId,
        /// The visit.
        job: Uuid,
        /// Where.
        slot: Slot,
        /// The public one.
        key: PublicKey,
        /// DER of the request, hexadecimal.
        request: String,
    },
    /// B-55: the slot has signed for this opening with the key on record, which was checked.
    NoteKeyKept {
        /// The visit.
        job: Uuid,
        /// Which opening was not used.
        kept: KeptKey,
    },
    /// A certificate was issued for it.
    NoteCertificateIssued {
        /// The update.
        update: CommandId,
        /// The visit.
        job: Uuid,
        /// What was issued.
        certificate: IssuedCertificate,
        /// Where the vault keeps its DER.
        secret: SecretRef,
    },
    /// C-12: it was read back, and its key has signed, which was checked.
    NoteCertificateWritten {
        /// The update.
        update: CommandId,
        /// The visit.
        job: Uuid,
        /// Where.
        slot: Slot,
    },
    /// C-12, B-50: both were read back once more.
    CommitCardUpdate {
        /// The update.
        update: CommandId,
        /// The visit.
        job: Uuid,
    },
    /// C-13: *Continue*.
    AcknowledgeRenewal {
        /// The update.
        update: CommandId,
    },
    /// C-15, B-57: *Revoke*.
    RevokeCertificates {
        /// Whose session it is, with which card.
        proof: Authenticated,
        /// Why.
        reason: RevocationReason,
    },
    /// C-04: the registration authority has verified who the holder is.
    AuthoriseRenewal(Visit),
    /// B-19: a renewal could not be done for technical reasons.
    NoteRenewalObstructed {
        /// Which.
        obstacle: Obstacle,
    },
    /// B-19: *Not now*, for technical reasons.
    DeferRenewal {},
    /// B-43: *Register*, or *Change*: the answers are in the vault, and a code is to be
    /// mailed. One that waits for its code is given up for it.
    BeginRegistration {
        /// The registration; kept on every retry.
        registration: CommandId,
        /// who agreed, with which card.
        proof: Authenticated,
        /// B-10: when the session was opened in which it was asked for.
        logged_on_at: DateTime<Utc>,
        /// When it was asked for.
        asked_at: DateTime<Utc>,
        /// the four questions with the references of their answers; none if they stay those of
        /// the registration in force, whichever that is then.
        answers: Option<Vec<Answer>>,
        /// where the vault keeps the address.
        email: SecretRef,
        /// the code to be mailed.
        code: NewCode,
    },
    /// R-07: *Use another address*, while the code is awaited.
    RedirectRegistration {
        /// The registration.
        registration: CommandId,
        /// Where the vault keeps the other address.
        email: SecretRef,
        /// The code to be mailed there.
        code: NewCode,
    },
    /// B-44: the holder gives up a registration that waits for its code.
    CancelRegistration {
        /// The registration.
        registration: CommandId,
    },
    /// B-36: *Send a new code*.
    SendCode {
        /// What for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// The code to be mailed.
        code: NewCode,
    },
    /// R-10, U-11: a code was typed. A wrong one is accepted, too, and recorded
    /// ([`crate::self_service::outcome`] says what to tell).
    EnterCode {
        /// What for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// What it was found to be.
        found: Found,
    },
    /// U-04, B-40: a card has proved itself and is to be unlocked. What is refused is accepted, too,
    /// and recorded ([`crate::self_service::SelfService::unlock_of`] says what to tell).
    StartUnlock {
        /// The unlock; kept on every retry.
        unlock: CommandId,
        /// That the card is there.
        proof: CardPresent,
        /// B-32: a random permutation of 0 to 3, used if no series is drawn.
        draw: [u8; QUESTIONS_CHOSEN],
        /// U-06: where, as the agent says.
        workstation: String,
        /// B-60: in which reader, as the agent says.
        reader: String,
    },
    /// B-40: a card has proved itself oftener today than it may. That is recorded and refused.
    RefuseUnlock {
        /// The unlock.
        unlock: CommandId,
        /// That the card is there.
        proof: CardPresent,
        /// U-06: where, as the agent says.
        workstation: String,
        /// B-60: in which reader, as the agent says.
        reader: String,
    },
    /// U-05, B-31: the answers of an attempt were compared, all of them. Wrong ones are accepted,
    /// too, and recorded ([`crate::self_service::outcome`] says what to tell).
    AnswerQuestions {
        /// The unlock.
        unlock: CommandId,
        /// B-32: which attempt, as the form was made for it.
        attempt: u8,
        /// Whether every one is right.
        right: bool,
        /// U-08: the code to be mailed if they are.
        code: NewCode,
    },
    /// P-09, B-41: an account recovery passcode was compared. A wrong one is accepted, too, and
    /// recorded ([`crate::self_service::outcome`] says what to tell).
    TryRecoveryPasscode {
        /// The unlock.
        unlock: CommandId,
        /// Whether it is the one on record.
        right: bool,
        /// The code to be mailed if it is, where one is asked for.
        code: Option<NewCode>,
    },
    /// U-12: the card has a new passcode, read back.
    CompleteUnlock {
        /// The unlock.
        unlock: CommandId,
        /// Where the vault keeps its tag.
        secret: SecretRef,
    },
    /// The card was given this PUK when it was personalised.
    RecordPuk {
        /// The card.
        card: CardSerial,
        /// Where the vault keeps it.
        secret: SecretRef,
    },
    /// An agent is to be given the PUK of a card: inside an unlock that has passed everything, or to
    /// replace one that an agent has had.
    ReleasePuk {
        /// The visit.
        job: Uuid,
        /// B-39: the unlock it is for; none where it is only replaced.
        unlock: Option<CommandId>,
        /// The card.
        card: CardSerial,
        /// Where the vault keeps the next one.
        to: SecretRef,
    },
    /// The card is to be asked which of two it has; the event says which is tried first.
    ProbePuk {
        /// The visit.
        job: Uuid,
        /// The card.
        card: CardSerial,
    },
    /// The card has shown that it has this one.
    SettlePuk {
        /// The probe that showed it.
        step: Step,
        /// The card.
        card: CardSerial,
        /// Which of the two.
        secret: SecretRef,
    },
    /// The card has not taken this one. Refused, as the other two are, if it is said of another step
    /// than the newest.
    RuleOutPuk {
        /// The probe or release that showed it.
        step: Step,
        /// The card.
        card: CardSerial,
        /// Which of the two.
        secret: SecretRef,
    },
    /// The card has the next one.
    ReplacePuk {
        /// The release.
        step: Step,
        /// The card.
        card: CardSerial,
    },
    /// By somebody else, about the holder.
    Desk(DeskCommand),
}

/// P-03: a registration. One without a smartcard passcode, or without an identity check (B-49),
/// cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The card, personalised and read back.
    pub card: IssuedCard,
    /// Where the vault keeps the tag of the first smartcard passcode.
    pub smartcard: SecretRef,
    /// U-01: where the vault keeps the card's PUK.
    pub puk: SecretRef,
    /// P-04: the same for an account recovery passcode, if one was chosen.
    pub account_recovery: Option<SecretRef>,
    /// P-04: the same for a verification passcode, if one was chosen.
    pub verification: Option<SecretRef>,
    /// B-49: how the registration authority has seen who he is.
    pub check: IdentityCheck,
}

impl Registration {
    /// The passcodes that it sets.
    pub(crate) fn passcodes(&self) -> [Option<(Kind, SecretRef)>; 3] {
        [
            Some((Kind::Smartcard, self.smartcard)),
            self.account_recovery.map(|secret| (Kind::AccountRecovery, secret)),
            self.verification.map(|secret| (Kind::Verification, secret)),
        ]
    }
}
