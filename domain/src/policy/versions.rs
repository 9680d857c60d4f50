//! B-14: the numbers change, and what held before is still worked out with those of before. So the
//! versions are kept, each with the civil day from which it is in force.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Policy;

/// The most characters of the reason for a version.
pub const REASON_CHARACTERS_MAX: usize = 400;

/// A version, and since when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InForce {
    /// The first civil day of it.
    pub from: NaiveDate,
    /// The numbers.
    pub policy: Policy,
    /// Why it was published, in a sentence, where that was asked: 1 to [`REASON_CHARACTERS_MAX`]
    /// characters, and nothing about a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl InForce {
    /// A version without a reason.
    #[must_use]
    pub fn new(from: NaiveDate, policy: Policy) -> Self {
        Self { from, policy, reason: None }
    }

    /// The type of the event that publishes a version, whose data this is.
    pub const KIND: &'static str = "PolicyPublished";
}

/// Every version there has been, oldest first; never empty. The first holds since always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    first: Policy,
    later: Vec<InForce>,
}

/// Why a version cannot be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPublishable {
    /// Decisions of today were made under the version of today.
    #[error("a version is in force from tomorrow at the earliest")]
    NotInTheFuture,
    /// Versions follow each other.
    #[error("a later version is published already")]
    NotTheLatest,
    /// Versions count up.
    #[error("the version's number is not the next one")]
    NotTheNextNumber,
    /// Civil days would be counted twice, or not at all.
    #[error("the time zone of a log cannot be changed")]
    OtherZone,
    /// A number is out of its range: alert and grace of at least a day, a life longer than the
    /// alert, announcements in order and within the grace, a history of at least the current value,
    /// lengths that something has and a card can hold, a breaker that can trip.
    #[error("the numbers do not fit together")]
    Inconsistent,
}

impl Policies {
    /// One version that holds for ever.
    #[must_use]
    pub fn only(policy: Policy) -> Self {
        Self { first: policy, later: vec![] }
    }

    /// Profile `seed` alone.
    #[must_use]
    pub fn seed() -> Self {
        Self::only(Policy::seed())
    }

    /// The versions with one more, published on `today` and in force from `from`.
    pub fn publish(
        &self,
        today: NaiveDate,
        from: NaiveDate,
        policy: Policy,
    ) -> Result<Self, NotPublishable> {
        if from <= today {
            return Err(NotPublishable::NotInTheFuture);
        }
        self.and(InForce::new(from, policy))
    }

    /// The versions with one more that was published before: for whoever reads the log.
    pub fn and(&self, next: InForce) -> Result<Self, NotPublishable> {
        if self.later.last().is_some_and(|last| next.from <= last.from) {
            return Err(NotPublishable::NotTheLatest);
        }
        if next.policy.version != self.latest().version + 1 {
            return Err(NotPublishable::NotTheNextNumber);
        }
        if next.policy.zone != self.zone() {
            return Err(NotPublishable::OtherZone);
        }
        if !next.policy.faults().is_empty() {
            return Err(NotPublishable::Inconsistent);
        }
        let mut later = self.later.clone();
        later.push(next);
        Ok(Self { first: self.first.clone(), later })
    }

    /// The zone whose days are counted (B-01): the same in every version.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.first.zone
    }

    /// The version in force on `day`.
    #[must_use]
    pub fn in_force(&self, day: NaiveDate) -> &Policy {
        let newest = self.later.iter().rev().find(|version| version.from <= day);
        newest.map_or(&self.first, |version| &version.policy)
    }

    /// The version published last, in force or not yet.
    #[must_use]
    pub fn latest(&self) -> &Policy {
        self.later.last().map_or(&self.first, |version| &version.policy)
    }

    /// All of them, oldest first: the first without a day, because it holds since always.
    #[must_use]
    pub fn all(&self) -> impl DoubleEndedIterator<Item = (Option<NaiveDate>, &Policy)> {
        let later = self.later.iter().map(|version| (Some(version.from), &version.policy));
        std::iter::once((None, &self.first)).chain(later)
    }

    /// The first day after `day` on which another version comes into force.
    #[must_use]
    pub fn next_after(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.later.iter().map(|version| version.from).find(|from| day < *from)
    }

    /// The changes after `after` and up to `until`, oldest first: the version before, the one
    /// after, and its first day.
    pub(crate) fn changes(
        &self,
        after: NaiveDate,
        until: NaiveDate,
    ) -> impl Iterator<Item = (&Policy, &InForce)> {
        let earlier = std::iter::once(&self.first).chain(self.later.iter().map(|v| &v.policy));
        earlier
            .zip(&self.later)
            .filter(move |(_, version)| after < version.from && version.from <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::PASSCODE_LIFE_MAX, *};
    use crate::testing::day;

    fn next(change: impl FnOnce(&mut Policy)) -> Policy {
        let mut policy = Policy { version: 2, ..Policy::seed() };
        change(&mut policy);
        policy
    }

    fn published(from: &str, policy: Policy) -> Result<Policies, NotPublishable> {
        Policies::seed().publish(day("2026-05-01"), day(from), policy)
    }

    #[test]
    fn b14_the_version_of_a_day_is_the_last_that_began_until_then() {
        let policies = published("2026-05-02", next(|policy| policy.passcode_days = 180)).unwrap();
        assert_eq!(policies.in_force(day("2026-05-01")).version, 1);
        assert_eq!(policies.in_force(day("2026-05-02")).version, 2);
        assert_eq!(policies.latest().version, 2);
    }

    #[test]
    fn b14_a_version_begins_tomorrow_at_the_earliest() {
        let today = published("2026-05-01", next(|_| {}));
        assert_eq!(today, Err(NotPublishable::NotInTheFuture));
        assert!(published("2026-05-02", next(|_| {})).is_ok());
    }

    #[test]
    fn b14_versions_follow_each_other_and_keep_the_zone() {
        let two = published("2026-06-01", next(|_| {})).unwrap();
        let third = Policy { version: 3, ..Policy::seed() };
        let again = two.publish(day("2026-05-01"), day("2026-06-01"), third.clone());
        assert_eq!(again, Err(NotPublishable::NotTheLatest));
        assert!(two.publish(day("2026-05-01"), day("2026-06-02"), third).is_ok());
        let skipped = published("2026-06-01", next(|policy| policy.version = 3));
        assert_eq!(skipped, Err(NotPublishable::NotTheNextNumber));
        let moved = published("2026-06-01", next(|policy| policy.zone = Tz::UTC));
        assert_eq!(moved, Err(NotPublishable::OtherZone));
    }

    #[test]
    fn b14_profile_strict_can_follow_profile_seed_and_be_followed_by_it() {
        let strict = Policy { version: 2, ..Policy::strict() };
        let policies = published("2026-06-01", strict).unwrap();
        let seed = Policy { version: 3, ..Policy::seed() };
        let both = policies.publish(day("2026-06-01"), day("2026-07-01"), seed).unwrap();
        assert_eq!(both.in_force(day("2026-06-30")).name, "strict");
        assert_eq!(both.in_force(day("2026-06-30")).passcode_life(), PASSCODE_LIFE_MAX);
        assert_eq!(both.in_force(day("2026-07-01")).passcode_life(), 365);
    }

    #[test]
    fn b14_numbers_that_do_not_fit_together_are_not_published() {
        let wrong: [fn(&mut Policy); 13] = [
            |policy| policy.alert_days = 0,
            |policy| policy.alert_days = policy.passcode_days,
            |policy| policy.grace_days = 0,
            |policy| policy.alert_hour = 24,
            |policy| policy.announce_days = vec![14, 7],
            |policy| policy.announce_days = vec![21],
            |policy| policy.history = 0,
            |policy| policy.optional.min = 0,
            |policy| policy.optional.max = policy.optional.min - 1,
            |policy| policy.smartcard.lengths.max = 9,
            |policy| policy.breaker_per_mille = 1000,
            |policy| policy.certificate_forced_days = policy.certificate_alert_days,
            |policy| policy.certificate_alert_days = policy.certificate_days,
        ];
        for change in wrong {
            let refused = published("2026-06-01", next(change));
            assert_eq!(refused, Err(NotPublishable::Inconsistent));
        }
        assert_eq!(Policy::seed().faults(), []);
    }

    #[test]
    fn b38_a_code_is_known_for_a_day_until_the_new_passcode_is_chosen_and_not_for_a_second_more() {
        let known = |seconds, minutes| {
            published(
                "2026-06-01",
                next(|policy| {
                    policy.code_seconds = seconds;
                    policy.unlock_passcode_minutes = minutes;
                }),
            )
        };
        assert!(known(3_600, 23 * 60).is_ok());
        assert_eq!(known(3_601, 23 * 60), Err(NotPublishable::Inconsistent));
        assert_eq!(known(1, 24 * 60), Err(NotPublishable::Inconsistent));
    }
}
