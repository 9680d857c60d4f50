//! The bytes that an event is kept in for ever.
//!
//! A shape that has been written once is never changed: a new one gets the next schema number and an
//! upcast from the old one in [`HolderEvent::decode`], and each keeps its golden file under
//! `holder/golden/`.

use serde_json::{Value, json};

use super::HolderEvent;
use crate::desk::DeskEvent;

/// The newest schema of every event of a holder.
pub const SCHEMA_MAX: u16 = 1;

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
    /// Every type there is, but for those of [`DeskEvent::KINDS`].
    pub const KINDS: [&'static str; 58] = [
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
        "CardKeyKept",
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
        "RegistrationBegun",
        "RegistrationCompleted",
        "RegistrationCancelled",
        "RegistrationRedirected",
        "CodeSent",
        "CodeRefused",
        "CodeVoided",
        "CodeAccepted",
        "UnlockPaused",
        "UnlockStarted",
        "QuestionsDrawn",
        "UnlockRefused",
        "AnswersWrong",
        "AnswersRight",
        "SelfServiceBlocked",
        "RecoveryPasscodeWrong",
        "RecoveryPasscodeBlocked",
        "RecoveryPasscodeRight",
        "UnlockCompleted",
        "SelfServiceRefused",
        "PukRecorded",
        "PukReleased",
        "PukProbed",
        "PukSettled",
        "PukRuledOut",
        "PukLost",
        "PukReplaced",
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
            Self::SelfServiceRefused { .. } => "SelfServiceRefused",
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
            Self::CardKeyKept(_) => "CardKeyKept",
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
            Self::RegistrationBegun { .. } => "RegistrationBegun",
            Self::RegistrationCompleted { .. } => "RegistrationCompleted",
            Self::RegistrationCancelled { .. } => "RegistrationCancelled",
            Self::RegistrationRedirected { .. } => "RegistrationRedirected",
            Self::CodeSent { .. } => "CodeSent",
            Self::CodeRefused { .. } => "CodeRefused",
            Self::CodeVoided { .. } => "CodeVoided",
            Self::CodeAccepted { .. } => "CodeAccepted",
            Self::UnlockPaused { .. } => "UnlockPaused",
            Self::UnlockStarted { .. } => "UnlockStarted",
            Self::QuestionsDrawn { .. } => "QuestionsDrawn",
            Self::UnlockRefused { .. } => "UnlockRefused",
            Self::AnswersWrong { .. } => "AnswersWrong",
            Self::AnswersRight { .. } => "AnswersRight",
            Self::SelfServiceBlocked { .. } => "SelfServiceBlocked",
            Self::RecoveryPasscodeWrong { .. } => "RecoveryPasscodeWrong",
            Self::RecoveryPasscodeBlocked { .. } => "RecoveryPasscodeBlocked",
            Self::RecoveryPasscodeRight { .. } => "RecoveryPasscodeRight",
            Self::UnlockCompleted { .. } => "UnlockCompleted",
            Self::PukRecorded { .. } => "PukRecorded",
            Self::PukReleased { .. } => "PukReleased",
            Self::PukProbed { .. } => "PukProbed",
            Self::PukSettled { .. } => "PukSettled",
            Self::PukRuledOut { .. } => "PukRuledOut",
            Self::PukLost { .. } => "PukLost",
            Self::PukReplaced { .. } => "PukReplaced",
            Self::Desk(event) => event.kind(),
        }
    }

    /// The form in which it is recorded: the newest schema of its type.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        let mut whole = if let Self::Desk(event) = self { json!(event) } else { json!(self) };
        let data = whole["data"].take();
        Encoded { kind: self.kind(), schema: SCHEMA_MAX, data }
    }

    /// Reads what [`HolderEvent::encode`] of this or an earlier build has written.
    pub fn decode(kind: &str, schema: u16, data: &[u8]) -> Result<Self, UnknownEvent> {
        let is_of_desk = DeskEvent::KINDS.contains(&kind);
        if !is_of_desk && !Self::KINDS.contains(&kind) {
            return Err(UnknownEvent::Kind { kind: kind.to_owned() });
        }
        // There is one schema so far. Upcasts of older ones go here, before the current shape is read.
        if schema != SCHEMA_MAX {
            return Err(UnknownEvent::Schema { kind: kind.to_owned(), schema });
        }
        // Read in one go, because every command reads a whole stream: the type comes first.
        let (before, between, after) = (br#"{"type":""#, br#"","data":"#, b"}");
        let whole = [before, kind.as_bytes(), between, data, after].concat();
        let read = if is_of_desk {
            serde_json::from_slice(&whole).map(Self::Desk)
        } else {
            serde_json::from_slice(&whole)
        };
        read.map_err(|source| UnknownEvent::Data { kind: kind.to_owned(), schema, source })
    }
}
