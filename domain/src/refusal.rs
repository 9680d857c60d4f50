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

    /// What the answer was made from, where it knows more than its sentence says.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Holder(_) | Self::Desk(_) => vec![],
            Self::Passcode(refusal) => refusal.facts(),
            Self::Certificate(refusal) => refusal.facts(),
            Self::SelfService(refusal) => refusal.facts(),
            Self::Unlock(refusal) => refusal.at().map(Fact::not_before).into_iter().collect(),
            Self::Staff(refusal) => refusal.facts(),
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

/// One fact behind a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is: small letters and `_`; the same for ever.
    pub name: &'static str,
    /// Its value.
    pub value: FactValue,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactValue {
    /// In words, in the middle of a sentence.
    Words(String),
    /// So many.
    Count(u8),
    /// A civil day.
    Day(NaiveDate),
    /// An instant.
    At(DateTime<Utc>),
}

impl Fact {
    /// In words.
    #[must_use]
    pub fn words(name: &'static str, words: impl Into<String>) -> Self {
        Self { name, value: FactValue::Words(words.into()) }
    }

    /// How many tries are left.
    #[must_use]
    pub fn tries_left(left: u8) -> Self {
        Self { name: "tries_left", value: FactValue::Count(left) }
    }

    /// The first instant at which the answer is another.
    #[must_use]
    pub fn not_before(at: DateTime<Utc>) -> Self {
        Self { name: "not_before", value: FactValue::At(at) }
    }

    /// A civil day.
    #[must_use]
    pub fn day(name: &'static str, day: NaiveDate) -> Self {
        Self { name, value: FactValue::Day(day) }
    }
}

/// As programs read it: days and instants by ISO 8601.
impl fmt::Display for FactValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => formatter.write_str(words),
            Self::Count(count) => count.fmt(formatter),
            Self::Day(day) => day.fmt(formatter),
            Self::At(at) => formatter.write_str(&at.to_rfc3339()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rules, testing::refusals};

    /// B-58 to B-63 and all others: which rule, why, and the shortest way out, in sentences.
    #[track_caller]
    fn is_told(rule: RuleId, why: &str, way_out: &str) {
        assert!(rules::find(rule.as_str()).is_some(), "{rule}: {why}");
        let begins = |text: &str| text.starts_with(char::is_uppercase);
        assert!(begins(why) && !why.ends_with('.') && 10 < why.len(), "{rule}: {why:?}");
        assert!(
            begins(way_out) && way_out.ends_with('.') && 10 < way_out.len(),
            "{why}: {way_out:?}"
        );
    }

    #[test]
    fn every_refusal_names_a_rule_of_the_catalogue_says_why_and_leads_somewhere() {
        for refusal in refusals::every() {
            is_told(refusal.rule(), &refusal.why(), refusal.way_out());
            for fact in refusal.facts() {
                assert!(!fact.value.to_string().is_empty(), "{refusal:?}");
            }
        }
        for refusal in refusals::every_log_in() {
            is_told(refusal.rule(), &refusal.to_string(), refusal.way_out());
        }
    }

    #[test]
    fn whoever_is_told_to_wait_or_come_back_is_told_until_when() {
        for refusal in refusals::every() {
            let way_out = refusal.way_out();
            let waits = ["Wait until", "ask for a code later", "when it is time"];
            let is_to_wait = waits.iter().any(|words| way_out.contains(words));
            let is_known = refusal.changes_on().is_some() || refusal.changes_at().is_some();
            assert_eq!(is_to_wait, is_known, "{refusal:?}: {way_out}");
        }
    }

    #[test]
    fn a_rule_id_is_a_letter_a_hyphen_and_two_digits() {
        assert_eq!(RuleId::parse("P-18").map(RuleId::as_str), Some("P-18"));
        for text in ["", "P18", "p-18", "P-1", "P-181", "P-1x"] {
            assert_eq!(RuleId::parse(text), None);
        }
    }
}
