//! What can have happened to a holder. An event never holds a secret, a digest of one, a name or an
//! address: those are in the vault, and here are references.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Origin;
use crate::{
    card::{IssuedCard, IssuedCertificate, KeptKey, NamedPuk, PublicKey, Slot, Step, Write},
    certificate::{IdentityEvidence, Obstacle, Renewer, RevocationReason},
    desk::DeskEvent,
    expiry::{Item, Topic},
    ids::{CardSerial, CertificateSerial, CommandId, SecretRef},
    logon::LogonRefusal,
    passcode::{Kind, OptionalKind},
    self_service::{Answer, CodePurpose, Denied, QuestionId},
    unlock,
};

/// A fact in a holder's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", deny_unknown_fields)]
pub enum HolderEvent {
    /// P-03: the person is known. Name and address are in the vault.
    HolderRegistered {},
    /// B-61: the person's one active card, from here on.
    CardIssued(IssuedCard),
    /// A passcode has a new value.
    PasscodeSet {
        /// Which.
        kind: Kind,
        /// The civil day from which its age is counted (B-01, B-02).
        on: NaiveDate,
        /// Where the vault keeps its digest.
        secret: SecretRef,
        /// By which act.
        origin: Origin,
    },
    /// P-24: a passcode was removed.
    PasscodeBlanked {
        /// Which.
        kind: OptionalKind,
        /// The civil day.
        on: NaiveDate,
    },
    /// The smartcard passcode on the card is not the one on record. The clock stays as it was.
    PasscodeChangedElsewhere {
        /// Where the vault keeps the tag of the one on the card.
        secret: SecretRef,
    },
    /// P-22: a value of the last five was tried again.
    UsedBeforeRefused {
        /// Of which kind.
        kind: Kind,
    },
    /// B-26: so many sets in a day look like an attempt to get round the history. Allowed, flagged.
    HistoryCyclingFlagged {
        /// Of which kind.
        kind: Kind,
        /// Sets in the window, the one just made included.
        sets: u32,
    },
    /// B-62: a logon failed.
    LogonRefused {
        /// Why.
        reason: LogonRefusal,
    },
    /// P-14, B-15: the alert of a day, once, with everything that is due under its topic.
    AlertRaised {
        /// What it is about.
        topic: Topic,
        /// The civil day.
        on: NaiveDate,
        /// What is due.
        items: Vec<Item>,
    },
    /// P-15, B-16: the holder chose *Later*.
    AlertDeclined {
        /// What the alert was about.
        topic: Topic,
        /// The day whose alert it was.
        on: NaiveDate,
    },
    /// P-17, B-08: from that day on a change is forced. Recorded when it is noticed.
    RenewalForced {
        /// The first day of it.
        effective_from: NaiveDate,
        /// The day on which it was recorded.
        on: NaiveDate,
        /// P-18: the first day on which the account is locked if nothing is done; none if none of
        /// them locks it (B-21).
        #[serde(skip_serializing_if = "Option::is_none")]
        locks_on: Option<NaiveDate>,
        /// What has to be changed.
        items: Vec<Item>,
    },
    /// B-15: the holder is told once more when his account locks.
    LockAnnounced {
        /// The day of the announcement.
        on: NaiveDate,
        /// The first day of the lock.
        locks_on: NaiveDate,
        /// What has to be changed.
        items: Vec<Item>,
    },
    /// P-18, B-08: the account is locked since that day. Recorded when it is noticed.
    AccountLocked {
        /// The first day of it.
        effective_from: NaiveDate,
        /// The day on which it was recorded.
        on: NaiveDate,
        /// What was not changed in time.
        items: Vec<Item>,
    },
    /// B-17: a logon opened a session that may do no more than what cures it.
    RestrictedSessionOpened {
        /// The civil day.
        on: NaiveDate,
    },
    /// C-09, C-10: the holder begins to renew the certificates of his card.
    CardUpdateBegun {
        /// The update, which may take several visits.
        update: CommandId,
        /// Of which card.
        card: CardSerial,
        /// C-03, C-04: by whose leave.
        by: Renewer,
        /// The visit that carries it.
        job: Uuid,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-55: another visit goes on with it; steps of the one before are not accepted any more.
    CardUpdateResumed {
        /// The update.
        update: CommandId,
        /// The visit that carries it from here on.
        job: Uuid,
    },
    /// B-55: the card may be written to, once. Recorded before it is; a key pair may be made from
    /// here on, and the old one be gone.
    CardWriteOpened {
        /// The update.
        update: CommandId,
        /// Where.
        slot: Slot,
        /// What.
        write: Write,
    },
    /// The card has made a key.
    CardKeyMade {
        /// The update.
        update: CommandId,
        /// Where.
        slot: Slot,
        /// The public one.
        key: PublicKey,
        /// DER of the request that the card has signed with it, hexadecimal. It names the card and
        /// nobody.
        request: String,
    },
    /// B-55: the slot has signed with the key on record: that opening was never used.
    CardKeyKept(KeptKey),
    /// A certificate was issued for it; it counts once it was read back.
    CertificateIssued {
        /// The update.
        update: CommandId,
        /// For which card.
        card: CardSerial,
        /// What was issued.
        certificate: IssuedCertificate,
        /// Where the vault keeps its DER.
        secret: SecretRef,
    },
    /// B-55: a certificate that was issued will never be used: its key is made again.
    CertificateAbandoned {
        /// The update.
        update: CommandId,
        /// Its serial number.
        serial: CertificateSerial,
    },
    /// C-12: it was read back from the card, and the key works.
    CertificateWritten {
        /// The update.
        update: CommandId,
        /// Where.
        slot: Slot,
    },
    /// C-12, B-48, B-50: both are on the card: one renewal.
    CertificatesRenewed {
        /// The update that is done with it.
        update: CommandId,
        /// Of which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// C-03, C-04: by whose leave.
        by: Renewer,
        /// B-49: self renewals since the registration authority last verified who he is, this one
        /// included.
        self_renewals: u8,
        /// 9A from here on.
        authentication: PublicKey,
        /// 9C from here on.
        signature: PublicKey,
        /// The certificates on the card from here on.
        certificates: Vec<IssuedCertificate>,
        /// B-54: those before.
        superseded: Vec<CertificateSerial>,
        /// B-54: true if policy has those revoked; else they expire by themselves.
        superseded_revoked: bool,
    },
    /// An update was given up before anything had happened to the card.
    CardUpdateAbandoned {
        /// The update.
        update: CommandId,
    },
    /// C-13, B-56: the holder has read that it is done.
    RenewalAcknowledged {
        /// The update.
        update: CommandId,
    },
    /// C-15, B-57: the certificates of a card are good for nothing any more, for ever.
    CertificatesRevoked {
        /// Of which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// Why.
        reason: RevocationReason,
        /// Their serial numbers.
        serials: Vec<CertificateSerial>,
        /// Who did it.
        by: Renewer,
    },
    /// C-04: the registration authority has verified who the holder is, and lets him renew.
    RenewalAuthorised {
        /// Which card.
        card: CardSerial,
        /// Until when, exclusive.
        until: DateTime<Utc>,
        /// By what he has proved who he is.
        evidence: IdentityEvidence,
        /// The office.
        place: String,
    },
    /// C-05: the alert of a day, once.
    CertificateAlertRaised {
        /// The civil day.
        on: NaiveDate,
        /// The last instant of the certificate that ends first.
        expires_at: DateTime<Utc>,
        /// Days until the civil day of that instant.
        left: u16,
        /// C-06, C-07: whether it may be put off.
        may_decline: bool,
        /// C-04, B-51: only the registration authority can renew.
        ra_required: bool,
    },
    /// C-04, B-51: the registration authority has to renew, the holder's renewals are used up.
    RaRenewalNeeded {
        /// The last instant of the certificate that ends first.
        expires_at: DateTime<Utc>,
    },
    /// B-19: a renewal could not be done for technical reasons.
    RenewalObstructed {
        /// Which.
        obstacle: Obstacle,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-19: a forced renewal is put off for technical reasons.
    RenewalDeferred {
        /// Until when, exclusive.
        until: DateTime<Utc>,
    },
    /// R-08, B-43: a registration for self-service waits for its code.
    RegistrationBegun {
        /// Which.
        registration: CommandId,
        /// With which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
        /// the four questions, and where the vault keeps the digests of the answers.
        answers: Vec<Answer>,
        /// where the vault keeps the address.
        email: SecretRef,
    },
    /// it is in force.
    RegistrationCompleted {
        /// Which.
        registration: CommandId,
        /// The civil day.
        on: NaiveDate,
        /// B-42: where the vault keeps the address that was in force before, if it is another one: it
        /// is told.
        former: Option<SecretRef>,
    },
    /// B-44: it was given up, or its time is over.
    RegistrationCancelled {
        /// Which.
        registration: CommandId,
    },
    /// the code goes to another address.
    RegistrationRedirected {
        /// Which.
        registration: CommandId,
        /// Where the vault keeps that one.
        email: SecretRef,
    },
    /// R-08, U-08, B-36: a code is to be mailed. The one before is superseded.
    CodeSent {
        /// B-38: what for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// The code's id, which is not the code.
        code: Uuid,
        /// The version of the key that it is made with.
        key: u32,
        /// The how manieth of its flow, from 1.
        number: u8,
        /// For which card.
        card: CardSerial,
        /// Where the vault keeps the address.
        to: SecretRef,
        /// B-11: the first instant at which it is not good any more.
        expires_at: DateTime<Utc>,
    },
    /// B-37: something that is not the code was entered.
    CodeRefused {
        /// What for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// The newest code's id.
        code: Uuid,
        /// Wrong entries while it was the newest, this one included.
        wrong: u8,
    },
    /// B-37: the code is void after too many of them.
    CodeVoided {
        /// What for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// The code's id.
        code: Uuid,
    },
    /// B-38: the code was right, and is used up.
    CodeAccepted {
        /// What for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// The code's id.
        code: Uuid,
    },
    /// B-37: too many codes became void: no unlock for a while.
    UnlockPaused {
        /// Until when, exclusive.
        until: DateTime<Utc>,
    },
    /// U-04, U-06: a card that has proved itself is to be unlocked.
    UnlockStarted {
        /// Which unlock.
        unlock: CommandId,
        /// Which card.
        card: CardSerial,
        /// Where, as the agent says.
        workstation: String,
        /// In which reader, as the agent says.
        reader: String,
    },
    /// B-32: the order in which the questions are asked, drawn once for a series of attempts.
    QuestionsDrawn {
        /// All four.
        order: Vec<QuestionId>,
    },
    /// B-40: a card that has proved itself is not unlocked.
    UnlockRefused {
        /// Which unlock.
        unlock: CommandId,
        /// Which card.
        card: CardSerial,
        /// Why.
        reason: unlock::Refusal,
        /// Where, as the agent says.
        workstation: String,
        /// In which reader, as the agent says.
        reader: String,
    },
    /// R-01, B-11, B-35 to B-37: something was tried that nobody may, or not any more. Limited, so that
    /// nobody can fill a stream with it.
    SelfServiceRefused {
        /// What.
        what: Denied,
    },
    /// B-31: one answer or more of an attempt was wrong.
    AnswersWrong {
        /// Which unlock.
        unlock: CommandId,
        /// 1 to 3.
        attempt: u8,
        /// B-33: failed attempts since the last success, this one included.
        failures: u8,
        /// What was asked.
        asked: Vec<QuestionId>,
    },
    /// U-08, B-33: all answers of an attempt were right; the next series begins at its beginning.
    AnswersRight {
        /// Which unlock.
        unlock: CommandId,
        /// 1 to 3.
        attempt: u8,
    },
    /// U-07: the third failed attempt blocks self-service.
    SelfServiceBlocked {
        /// In which unlock.
        unlock: CommandId,
        /// The civil day.
        on: NaiveDate,
    },
    /// B-41: not the account recovery passcode.
    RecoveryPasscodeWrong {
        /// In which unlock.
        unlock: CommandId,
        /// How often, since the last was set.
        failures: u8,
    },
    /// B-41: it is not compared any more until a new one is set.
    RecoveryPasscodeBlocked {
        /// The civil day.
        on: NaiveDate,
    },
    /// P-09, B-41: it was the account recovery passcode.
    RecoveryPasscodeRight {
        /// In which unlock.
        unlock: CommandId,
        /// True if a mailed code is asked as well.
        needs_code: bool,
    },
    /// U-12: the card has its new passcode.
    UnlockCompleted {
        /// Which unlock.
        unlock: CommandId,
        /// Which card.
        card: CardSerial,
        /// The civil day.
        on: NaiveDate,
    },
    /// The card has this PUK.
    PukRecorded {
        /// Which card.
        card: CardSerial,
        /// Where the vault keeps it.
        secret: SecretRef,
    },
    /// An agent is given the card's PUK and the one that is to take its place. Recorded before.
    PukReleased {
        /// Which card.
        card: CardSerial,
        /// By which step.
        step: Step,
        /// Where the vault keeps the one it has.
        from: SecretRef,
        /// Where the vault keeps the next.
        to: SecretRef,
    },
    /// The card is to be asked which of two it has. Recorded before.
    PukProbed {
        /// Which card.
        card: CardSerial,
        /// By which step.
        step: Step,
        /// Which is tried first.
        first: SecretRef,
    },
    /// The card has shown that it has this one, which an agent knows.
    PukSettled(NamedPuk),
    /// The card has not taken this one; it may have the other.
    PukRuledOut(NamedPuk),
    /// The card has taken neither. Nothing of it is tried again, and the registration authority is the
    /// way out.
    PukLost {
        /// Which card.
        card: CardSerial,
        /// By which step.
        step: Step,
    },
    /// The card has the next one.
    PukReplaced(NamedPuk),
    /// Somebody else has done something about the holder. Written with the type of what was done
    /// ([`HolderEvent::encode`]).
    #[serde(skip)]
    Desk(DeskEvent),
}
