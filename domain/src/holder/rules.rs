//! Which rules an event answers to, for its `meta`: what an auditor asks first.

use super::HolderEvent;
use crate::{passcode::Kind, refusal::RuleId};

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
            Self::UsedBeforeRefused { .. } => &["P-22", "B-22"],
            Self::HistoryCyclingFlagged { .. } => &["B-26"],
            Self::LogonRefused { reason } => return vec![reason.rule()],
            Self::AlertRaised { .. } => &["P-14", "B-15"],
            Self::AlertDeclined { .. } => &["P-15", "B-16"],
            Self::RenewalForced { .. } => &["P-17", "B-08"],
            Self::LockAnnounced { .. } => &["P-18", "B-15"],
            Self::AccountLocked { .. } => &["P-18", "B-08"],
            Self::RestrictedSessionOpened { .. } => &["B-17", "P-17"],
        };
        ids.iter().filter_map(|id| RuleId::parse(id)).collect()
    }
}
