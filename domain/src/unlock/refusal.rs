//! Why an unlock is refused, in the holder's words. He is told plainly, because his card has proved
//! itself (B-40).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{refusal::RuleId, self_service};

/// A rule about unlocking says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case", deny_unknown_fields)]
pub enum Refusal {
    /// B-61: the card is not the active one any more.
    #[error("This smartcard is no longer in use")]
    CardNotActive,
    /// C-15: for ever.
    #[error("The certificates on your smartcard have been revoked")]
    Revoked,
    /// B-57: until the registration authority ends it.
    #[error("The certificates on your smartcard are suspended")]
    Suspended,
    /// B-52: past the last instant of the first certificate that ends.
    #[error("The certificates on your smartcard have expired")]
    Expired,
    /// B-55: a card between old and new. Recorded by earlier builds; it is not refused any more.
    #[error("The update of your smartcard is not finished")]
    UpdateOpen,
    /// P-19: a passcode was left to expire too long.
    #[error("Your account is locked")]
    AccountLocked,
    /// B-58: policy has somebody of the registration authority, or a sponsor, help.
    #[error("You cannot unlock your smartcard on your own here")]
    NotOffered,
    /// U-02: not registered, and no account recovery passcode to unlock with (B-41).
    #[error("You are not registered for self-service")]
    NotRegistered,
    /// U-07: three attempts have failed.
    #[error("Self-service is blocked because three attempts have failed")]
    Blocked,
    /// B-37: three codes became void within a day.
    #[error("Unlocking is paused because wrong codes were entered too often")]
    Paused {
        /// Until when, exclusive.
        until: DateTime<Utc>,
    },
    /// B-40: so many proven starts a day are allowed.
    #[error("Unlocking this smartcard was started too often today")]
    TooManyStarts,
    /// B-41: each try with the account recovery passcode needs the card anew.
    #[error("The account recovery passcode was not right, so this unlock is over")]
    RecoveryPasscodeWrong,
    /// B-41: it was wrong three times.
    #[error("Your account recovery passcode is blocked because a wrong one was entered too often")]
    RecoveryPasscodeBlocked,
    /// U-01: what unlocks this card is not on record.
    #[error("This smartcard cannot be unlocked here")]
    NoPuk,
    /// B-38: another unlock was started, or the registration was changed.
    #[error("This unlock is over because something else was started")]
    Replaced,
    /// B-39: its time is over.
    #[error("The time for this unlock is over")]
    TimeOver,
    /// B-40: a step was skipped.
    #[error("The unlock is not at that step")]
    NotThere,
    /// U-01: it is not known which of two unlocking keys the card has; the next visit finds out.
    #[error("This smartcard has to be checked before it can be unlocked")]
    PukUnsettled,
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::CardNotActive => const { RuleId::new("B-61") },
            Self::Revoked => const { RuleId::new("C-15") },
            Self::Suspended => const { RuleId::new("B-57") },
            Self::Expired => const { RuleId::new("B-52") },
            Self::UpdateOpen => const { RuleId::new("B-55") },
            Self::AccountLocked => const { RuleId::new("P-19") },
            Self::NotOffered => const { RuleId::new("B-58") },
            Self::NotRegistered => const { RuleId::new("U-02") },
            Self::Blocked => const { RuleId::new("U-07") },
            Self::Paused { .. } => const { RuleId::new("B-37") },
            Self::NoPuk | Self::PukUnsettled => const { RuleId::new("U-01") },
            Self::Replaced => const { RuleId::new("B-38") },
            Self::TimeOver => const { RuleId::new("B-39") },
            Self::RecoveryPasscodeWrong | Self::RecoveryPasscodeBlocked => {
                const { RuleId::new("B-41") }
            }
            Self::NotThere | Self::TooManyStarts => const { RuleId::new("B-40") },
        }
    }

    /// The instant at which the answer changes by itself.
    #[must_use]
    pub fn at(self) -> Option<DateTime<Utc>> {
        if let Self::Paused { until } = self { Some(until) } else { None }
    }

    /// What the holder can do about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::CardNotActive => "Use your current smartcard.",
            Self::Revoked => {
                "Ask the registration authority of your organisation for a new smartcard."
            }
            Self::Suspended => {
                "Ask the registration authority of your organisation to end the suspension."
            }
            Self::Expired => {
                "Visit the registration authority of your organisation with your smartcard. Only they can renew expired certificates."
            }
            Self::UpdateOpen | Self::NoPuk => {
                "Visit the registration authority of your organisation with your smartcard."
            }
            Self::AccountLocked => {
                "Visit the registration authority of your organisation with your smartcard. Only they can unlock your account."
            }
            Self::NotRegistered => {
                "Ask the registration authority of your organisation to unlock your smartcard. You can register for self-service afterwards."
            }
            Self::NotOffered => {
                "Ask the registration authority of your organisation, or a sponsor, to help you with it."
            }
            Self::Blocked => {
                "Ask the registration authority of your organisation to unlock your smartcard and to let you register again."
            }
            Self::Paused { .. } => {
                "Wait until the pause is over, or ask the registration authority of your organisation."
            }
            Self::TooManyStarts => {
                "Try again tomorrow, or ask the registration authority of your organisation."
            }
            Self::RecoveryPasscodeWrong => {
                "Start again with your smartcard in the reader. If you do not know your account recovery passcode, ask the registration authority of your organisation."
            }
            Self::RecoveryPasscodeBlocked => {
                self_service::Refusal::RecoveryPasscodeBlocked.way_out()
            }
            Self::Replaced | Self::TimeOver | Self::NotThere | Self::PukUnsettled => {
                "Start again from the beginning."
            }
        }
    }
}
