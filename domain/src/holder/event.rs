//! What can have happened to a holder, and the bytes it is kept in for ever.
//!
//! `data` never holds a secret, a digest of one, a name or an address. A shape that has been
//! written once is never changed: a new one gets the next schema number and an upcast from the old
//! one in [`HolderEvent::decode`], and each keeps its golden file under `holder/golden/`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    card::IssuedCard,
    expiry::{Item, Topic},
    ids::SecretRef,
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
    pub const KINDS: [&'static str; 14] = [
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
        serde_json::from_slice::<Value>(data)
            .and_then(|data| serde_json::from_value(json!({ "type": kind, "data": data })))
            .map_err(|source| UnknownEvent::Data { kind: kind.to_owned(), schema, source })
    }
}
