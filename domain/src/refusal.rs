//! How a rule says no: by its id, in words meant for the holder, with the way out.
//!
//! Each part has its own enum, so that what can be refused can be read off its type; this one
//! gathers them for whoever shows them.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use crate::{certificate, desk, holder, passcode, self_service, staff, unlock};

/// The id of a rule of the catalogue (`P-18`): an upper-case letter, `-`, two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(&'static str);

impl RuleId {
    /// The id, if it has the form of one.
    #[must_use]
    pub const fn parse(text: &'static str) -> Option<Self> {
        match text.as_bytes() {
            [letter, b'-', tens, ones]
                if letter.is_ascii_uppercase()
                    && tens.is_ascii_digit()
                    && ones.is_ascii_digit() =>
            {
                Some(Self(text))
            }
            _ => None,
        }
    }

    /// An id written in the program; in a `const`, a wrong one does not compile.
    ///
    /// # Panics
    /// If it has not the form of an id.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        match Self::parse(text) {
            Some(id) => id,
            None => panic!("not a rule id"),
        }
    }

    /// The id as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// Why a holder's command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// By what the person or the card is.
    #[error(transparent)]
    Holder(#[from] holder::Refusal),
    /// By a rule about passcodes.
    #[error(transparent)]
    Passcode(#[from] passcode::Refusal),
    /// By a rule about certificates or the update of a card.
    #[error(transparent)]
    Certificate(#[from] certificate::Refusal),
    /// By a rule about registration, codes or answers.
    #[error(transparent)]
    SelfService(#[from] self_service::Refusal),
    /// By a rule about unlocking.
    #[error(transparent)]
    Unlock(#[from] unlock::Refusal),
    /// By a rule about what the desk does.
    #[error(transparent)]
    Desk(#[from] desk::Refusal),
    /// By a rule about staff.
    #[error(transparent)]
    Staff(#[from] staff::Refusal),
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::Holder(refusal) => refusal.rule(),
            Self::Passcode(refusal) => refusal.rule(),
            Self::Certificate(refusal) => refusal.rule(),
            Self::SelfService(refusal) => refusal.rule(),
            Self::Unlock(refusal) => refusal.rule(),
            Self::Desk(refusal) => refusal.rule(),
            Self::Staff(refusal) => refusal.rule(),
        }
    }

    /// Why, in a sentence for the holder.
    #[must_use]
    pub fn why(&self) -> String {
        self.to_string()
    }

    /// What the holder can do about it, in a sentence.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Holder(refusal) => refusal.way_out(),
            Self::Passcode(refusal) => refusal.way_out(),
            Self::Certificate(refusal) => refusal.way_out(),
            Self::SelfService(refusal) => refusal.way_out(),
            Self::Unlock(refusal) => refusal.way_out(),
            Self::Desk(refusal) => refusal.way_out(),
            Self::Staff(refusal) => refusal.way_out(),
        }
    }

    /// The day on which the answer changes by itself; none if it never does.
    #[must_use]
    pub fn changes_on(&self) -> Option<NaiveDate> {
        match self {
            Self::Holder(_)
            | Self::Passcode(_)
            | Self::SelfService(_)
            | Self::Unlock(_)
            | Self::Desk(_)
            | Self::Staff(_) => None,
            Self::Certificate(refusal) => refusal.changes_on(),
        }
    }

    /// The instant at which the answer changes by itself; none if it never does, or on a day
    /// ([`Self::changes_on`]).
    #[must_use]
    pub fn changes_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Holder(_)
            | Self::Passcode(_)
            | Self::Certificate(_)
            | Self::Desk(_)
            | Self::Staff(_) => None,
            Self::SelfService(refusal) => refusal.at(),
            Self::Unlock(refusal) => refusal.at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_id_is_a_letter_a_hyphen_and_two_digits() {
        assert_eq!(RuleId::parse("P-18").map(RuleId::as_str), Some("P-18"));
        for text in ["", "P18", "p-18", "P-1", "P-181", "P-1x"] {
            assert_eq!(RuleId::parse(text), None);
        }
    }
}
