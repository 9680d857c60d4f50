//! Which rules an event answers to, for its `meta`: what an auditor asks first.

use super::HolderEvent;
use crate::{
    certificate::Renewer, expiry::Topic, passcode::Kind, refusal::RuleId, self_service::CodePurpose,
};

impl HolderEvent {
    /// The rules behind this event, the most telling one first.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleId> {
        let ids: &[&'static str] = match self {
            Self::HolderRegistered {} => &["P-03"],
            Self::CardIssued(_) => &["B-61"],
            Self::PasscodeSet { kind: Kind::Smartcard, .. } => &["P-21", "P-22", "B-28"],
            Self::PasscodeSet { kind: Kind::AccountRecovery | Kind::Verification, .. } => {
                &["P-21", "P-22"]
            }
            Self::PasscodeBlanked { .. } => &["P-24", "B-24"],
            Self::PasscodeChangedElsewhere { .. } => &["P-22"],
            Self::SelfServiceRefused { what } => return vec![what.rule()],
            Self::UsedBeforeRefused { .. } => &["P-22", "B-22"],
            Self::HistoryCyclingFlagged { .. } => &["B-26"],
            Self::LogonRefused { reason } => return vec![reason.rule()],
            Self::AlertRaised { .. } => &["P-14", "B-15"],
            Self::AlertDeclined { topic: Topic::Passcodes, .. } => &["P-15", "B-16"],
            Self::AlertDeclined { topic: Topic::Certificates, .. } => &["C-06", "B-16"],
            Self::RenewalForced { .. } => &["P-17", "B-08"],
            Self::LockAnnounced { .. } => &["P-18", "B-15"],
            Self::AccountLocked { .. } => &["P-18", "B-08"],
            Self::RestrictedSessionOpened { .. } => &["B-17", "P-17"],
            Self::CardUpdateBegun { by: Renewer::Holder, .. } => &["C-09", "C-01", "C-03"],
            Self::CardUpdateBegun { by: Renewer::Authority, .. } => &["C-09", "C-04"],
            Self::CardUpdateResumed { .. }
            | Self::CardWriteOpened { .. }
            | Self::CardKeyMade { .. }
            | Self::CardKeyKept(_)
            | Self::CertificateAbandoned { .. }
            | Self::CardUpdateAbandoned { .. } => &["B-55"],
            Self::CertificateIssued { .. } => &["B-54", "B-55"],
            Self::CertificateWritten { .. } => &["C-12", "B-55"],
            Self::CertificatesRenewed { .. } => &["C-12", "B-48", "B-49", "B-50", "B-54"],
            Self::RenewalAcknowledged { .. } => &["C-13", "B-56"],
            Self::CertificatesRevoked { .. } => &["C-15", "B-57"],
            Self::RenewalAuthorised { .. } => &["C-04", "B-49"],
            Self::CertificateAlertRaised { ra_required: true, .. } => &["B-51", "B-15"],
            Self::CertificateAlertRaised { may_decline: true, .. } => &["C-05", "C-06", "B-15"],
            Self::CertificateAlertRaised { .. } => &["C-05", "C-07", "B-15"],
            Self::RaRenewalNeeded { .. } => &["C-04", "B-51"],
            Self::RenewalObstructed { .. } | Self::RenewalDeferred { .. } => &["B-19"],
            Self::RegistrationBegun { .. } => &["R-04", "R-05", "B-43"],
            Self::RegistrationCompleted { .. } => &["R-10", "B-42", "B-43"],
            Self::RegistrationCancelled { .. } => &["B-44"],
            Self::RegistrationRedirected { .. } => &["R-07", "B-42"],
            Self::CodeSent { purpose: CodePurpose::Registration, .. } => &["R-08", "B-36"],
            Self::CodeSent { purpose: CodePurpose::Unlock, .. } => &["U-08", "B-36"],
            Self::CodeRefused { .. } | Self::CodeVoided { .. } | Self::UnlockPaused { .. } => {
                &["B-37"]
            }
            Self::CodeAccepted { purpose: CodePurpose::Registration, .. } => &["R-10", "B-38"],
            Self::CodeAccepted { purpose: CodePurpose::Unlock, .. } => &["U-11", "B-38"],
            Self::UnlockStarted { .. } => &["U-04", "U-06", "B-40"],
            Self::QuestionsDrawn { .. } => &["B-32"],
            Self::UnlockRefused { reason, .. } => return vec![reason.rule(), RuleId::new("B-40")],
            Self::AnswersWrong { .. } => &["U-05", "B-31", "B-33"],
            Self::AnswersRight { .. } => &["U-05", "U-08", "B-33"],
            Self::SelfServiceBlocked { .. } => &["U-07", "B-34"],
            Self::RecoveryPasscodeWrong { .. } | Self::RecoveryPasscodeBlocked { .. } => &["B-41"],
            Self::RecoveryPasscodeRight { .. } => &["P-09", "B-41"],
            Self::UnlockCompleted { .. } => &["U-12", "U-01"],
            Self::PukRecorded { .. }
            | Self::PukReleased { .. }
            | Self::PukProbed { .. }
            | Self::PukSettled { .. }
            | Self::PukRuledOut { .. }
            | Self::PukLost { .. }
            | Self::PukReplaced { .. } => &["U-01"],
            Self::Desk(event) => event.rules(),
        };
        ids.iter().filter_map(|id| RuleId::parse(id)).collect()
    }
}
