//! What can be asked of a holder's stream.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    card::{IssuedCard, IssuedCertificate, PublicKey, Slot, Write},
    certificate::{Obstacle, RevocationReason, Visit},
    expiry::{Occasion, Topic},
    ids::{CommandId, SecretRef},
    logon::{Authenticated, LogonRefusal},
    passcode::{Changes, Kind},
};

/// A command to one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolderCommand {
    /// P-03: the person, the card and the first passcodes.
    Register(Registration),
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
    /// The holder gives up an update in which nothing has happened to the card.
    AbandonCardUpdate {
        /// The update.
        update: CommandId,
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
}

/// P-03: a registration. One without a smartcard passcode cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The card, personalised and read back.
    pub card: IssuedCard,
    /// Where the vault keeps the tag of the first smartcard passcode.
    pub smartcard: SecretRef,
    /// P-04: the same for an account recovery passcode, if one was chosen.
    pub account_recovery: Option<SecretRef>,
    /// P-04: the same for a verification passcode, if one was chosen.
    pub verification: Option<SecretRef>,
}

impl Registration {
    /// The passcodes that it sets.
    pub(super) fn passcodes(&self) -> [Option<(Kind, SecretRef)>; 3] {
        [
            Some((Kind::Smartcard, self.smartcard)),
            self.account_recovery.map(|secret| (Kind::AccountRecovery, secret)),
            self.verification.map(|secret| (Kind::Verification, secret)),
        ]
    }
}
