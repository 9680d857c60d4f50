//! Why a change of passcodes is refused, in the holder's words.

use chrono::NaiveDate;

use super::{Kind, OptionalKind};
use crate::refusal::{Fact, RuleId};

/// A rule about passcodes says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// P-18, P-19: a passcode was left to expire, and the days of grace are over.
    #[error(
        "Your account has been locked since {} because your {} was not changed in time",
        since.format("%-d %B %Y"),
        kind.words()
    )]
    AccountLocked {
        /// Which passcode.
        kind: Kind,
        /// The first day of it.
        since: NaiveDate,
    },
    /// B-30: an account is unlocked by new values for all that is overdue, at the same time.
    #[error("Your {} is overdue, too: give it a new value in the same step", kind.words())]
    NotAllOverdue {
        /// Which passcode.
        kind: Kind,
    },
    /// B-17: another passcode has to be changed first, or with it.
    #[error("Your {} has expired: change it now, alone or with the others", kind.words())]
    RenewalRequired {
        /// Which passcode.
        kind: Kind,
    },
    /// B-28: the change changes nothing.
    #[error("There is nothing to change: no passcode was entered and none was to be removed")]
    NothingToChange,
    /// B-28: only a passcode that is set can be removed.
    #[error("You have no {} to remove", kind.kind().words())]
    NotSet {
        /// Which passcode.
        kind: OptionalKind,
    },
    /// P-22: the vault found the new value among the last ones.
    #[error("Your new {} was used in one of your last changes: choose one you have not used", kind.words())]
    UsedBefore {
        /// Which passcode.
        kind: Kind,
    },
    /// B-27, where policy refuses it: the new value is that of another passcode.
    #[error("Your {} must not be the same as your {}", kind.words(), other.words())]
    SameValue {
        /// Which passcode.
        kind: Kind,
        /// The one it equals.
        other: Kind,
    },
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::AccountLocked { .. } => const { RuleId::new("P-19") },
            Self::NotAllOverdue { .. } => const { RuleId::new("B-30") },
            Self::RenewalRequired { .. } => const { RuleId::new("B-17") },
            Self::NothingToChange | Self::NotSet { .. } => const { RuleId::new("B-28") },
            Self::UsedBefore { .. } => const { RuleId::new("P-22") },
            Self::SameValue { .. } => const { RuleId::new("B-27") },
        }
    }

    /// What the holder can do about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::AccountLocked { .. } => {
                "Visit the registration authority of your organisation with your smartcard. Only they can unlock your account."
            }
            Self::NotAllOverdue { .. } => {
                "Enter new values for every passcode that is marked as overdue, or remove those that may be removed."
            }
            Self::RenewalRequired { .. } => {
                "Choose a new value for the passcode that has expired, or remove it if it may be removed."
            }
            Self::NothingToChange => "Enter a new passcode, or choose one to change or remove.",
            Self::NotSet { .. } => "Leave this passcode as it is, or enter a new one.",
            Self::UsedBefore { .. } | Self::SameValue { .. } => "Choose a different passcode.",
        }
    }

    /// Which passcode, and since when.
    pub(crate) fn facts(self) -> Vec<Fact> {
        let passcode = |kind: Kind| Fact::words("passcode", kind.words());
        match self {
            Self::AccountLocked { kind, since } => {
                vec![passcode(kind), Fact::day("locked_on", since)]
            }
            Self::NotAllOverdue { kind }
            | Self::RenewalRequired { kind }
            | Self::UsedBefore { kind } => vec![passcode(kind)],
            Self::NotSet { kind } => vec![passcode(kind.kind())],
            Self::SameValue { kind, other } => {
                vec![passcode(kind), Fact::words("other_passcode", other.words())]
            }
            Self::NothingToChange => vec![],
        }
    }
}
