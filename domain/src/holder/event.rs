//! What can have happened to a holder, and the bytes it is kept in for ever.
//!
//! `data` never holds a secret, a digest of one, a name or an address. A shape that has been
//! written once is never changed: a new one gets the next schema number and an upcast from the old
//! one in [`HolderEvent::decode`], and each keeps its golden file under `holder/golden/`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    card::{IssuedCard, IssuedCertificate, PublicKey, Slot, Write},
    certificate::{IdentityEvidence, Obstacle, Renewer, RevocationReason},
    expiry::{Item, Topic},
    ids::{CardSerial, CertificateSerial, CommandId, SecretRef},
    logon::LogonRefusal,
    passcode::{Kind, OptionalKind},
};

/// The newest schema of every event of a holder.
pub const SCHEMA_MAX: u16 = 1;

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
    /// C-04, B-51: the registration authority has to renew these, because the holder's own renewals
    /// are used up.
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
}

/// By which act a passcode was set (B-25: all count alike).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// P-03: when the person was registered.
    Registration,
    /// The holder's own change.
    Change,
}

/// An event as it goes into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Its type.
    pub kind: &'static str,
    /// The version of the shape of `data`.
    pub schema: u16,
    /// What happened, to be written as canonical JSON.
    pub data: Value,
}

/// An event that this build cannot read. Whoever folds a stream stops here and does not skip it.
#[derive(Debug, thiserror::Error)]
pub enum UnknownEvent {
    /// Written by a later build, or not an event of a holder.
    #[error("no event of a holder has the type {kind}")]
    Kind {
        /// Its type.
        kind: String,
    },
    /// Written by a later build.
    #[error("{kind} of schema {schema} is newer than this build, which reads up to {SCHEMA_MAX}")]
    Schema {
        /// Its type.
        kind: String,
        /// Its schema.
        schema: u16,
    },
    /// The bytes are not what the type says.
    #[error("{kind} of schema {schema} does not have the shape it should have")]
    Data {
        /// Its type.
        kind: String,
        /// Its schema.
        schema: u16,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl HolderEvent {
    /// Every type there is.
    pub const KINDS: [&'static str; 30] = [
        "HolderRegistered",
        "CardIssued",
        "PasscodeSet",
        "PasscodeBlanked",
        "PasscodeChangedElsewhere",
        "UsedBeforeRefused",
        "HistoryCyclingFlagged",
        "LogonRefused",
        "AlertRaised",
        "AlertDeclined",
        "RenewalForced",
        "LockAnnounced",
        "AccountLocked",
        "RestrictedSessionOpened",
        "CardUpdateBegun",
        "CardUpdateResumed",
        "CardWriteOpened",
        "CardKeyMade",
        "CertificateIssued",
        "CertificateAbandoned",
        "CertificateWritten",
        "CertificatesRenewed",
        "CardUpdateAbandoned",
        "RenewalAcknowledged",
        "CertificatesRevoked",
        "RenewalAuthorised",
        "CertificateAlertRaised",
        "RaRenewalNeeded",
        "RenewalObstructed",
        "RenewalDeferred",
    ];

    /// Its type, as recorded.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HolderRegistered {} => "HolderRegistered",
            Self::CardIssued(_) => "CardIssued",
            Self::PasscodeSet { .. } => "PasscodeSet",
            Self::PasscodeBlanked { .. } => "PasscodeBlanked",
            Self::PasscodeChangedElsewhere { .. } => "PasscodeChangedElsewhere",
            Self::UsedBeforeRefused { .. } => "UsedBeforeRefused",
            Self::HistoryCyclingFlagged { .. } => "HistoryCyclingFlagged",
            Self::LogonRefused { .. } => "LogonRefused",
            Self::AlertRaised { .. } => "AlertRaised",
            Self::AlertDeclined { .. } => "AlertDeclined",
            Self::RenewalForced { .. } => "RenewalForced",
            Self::LockAnnounced { .. } => "LockAnnounced",
            Self::AccountLocked { .. } => "AccountLocked",
            Self::RestrictedSessionOpened { .. } => "RestrictedSessionOpened",
            Self::CardUpdateBegun { .. } => "CardUpdateBegun",
            Self::CardUpdateResumed { .. } => "CardUpdateResumed",
            Self::CardWriteOpened { .. } => "CardWriteOpened",
            Self::CardKeyMade { .. } => "CardKeyMade",
            Self::CertificateIssued { .. } => "CertificateIssued",
            Self::CertificateAbandoned { .. } => "CertificateAbandoned",
            Self::CertificateWritten { .. } => "CertificateWritten",
            Self::CertificatesRenewed { .. } => "CertificatesRenewed",
            Self::CardUpdateAbandoned { .. } => "CardUpdateAbandoned",
            Self::RenewalAcknowledged { .. } => "RenewalAcknowledged",
            Self::CertificatesRevoked { .. } => "CertificatesRevoked",
            Self::RenewalAuthorised { .. } => "RenewalAuthorised",
            Self::CertificateAlertRaised { .. } => "CertificateAlertRaised",
            Self::RaRenewalNeeded { .. } => "RaRenewalNeeded",
            Self::RenewalObstructed { .. } => "RenewalObstructed",
            Self::RenewalDeferred { .. } => "RenewalDeferred",
        }
    }

    /// The form in which it is recorded: the newest schema of its type.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        let data = json!(self)["data"].take();
        Encoded { kind: self.kind(), schema: SCHEMA_MAX, data }
    }

    /// Reads what [`HolderEvent::encode`] of this or an earlier build has written.
    pub fn decode(kind: &str, schema: u16, data: &[u8]) -> Result<Self, UnknownEvent> {
        if !Self::KINDS.contains(&kind) {
            return Err(UnknownEvent::Kind { kind: kind.to_owned() });
        }
        // There is one schema so far. Upcasts of older ones go here, before the current shape is read.
        if schema != SCHEMA_MAX {
            return Err(UnknownEvent::Schema { kind: kind.to_owned(), schema });
        }
        // Read in one go, because every command reads a whole stream: the type comes first.
        let (before, between, after) = (br#"{"type":""#, br#"","data":"#, b"}");
        let whole = [before, kind.as_bytes(), between, data, after].concat();
        serde_json::from_slice(&whole).map_err(|source| UnknownEvent::Data {
            kind: kind.to_owned(),
            schema,
            source,
        })
    }
}
