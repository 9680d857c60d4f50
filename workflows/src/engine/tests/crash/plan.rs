//! What should happen on each day, by plain arithmetic on dates that shares nothing with the engine.

use chrono::{DateTime, Days, NaiveDate, Utc};

/// Days of the calendar that have an age in the guides: alerts, expiry, announcements, lock.
const ALERTED_FROM: i64 = 351;
const EXPIRES: i64 = 365;
const ANNOUNCED: [i64; 3] = [372, 379, 385];
const LOCKS: i64 = 386;

/// At which age passcodes are renewed; a holder for whom there is none lets his account lock.
const RENEWED: [Option<i64>; 4] = [Some(355), Some(367), Some(380), None];

/// Ages on the first day of holders of whom nothing was recorded when their passcodes expired.
const LATE: [i64; 5] = [366, 371, 378, 382, 384];

/// Holders whose passcodes were set on the same day.
const COHORT: i64 = 2;

/// The first day: seven weeks later London changes to summer time.
pub(super) fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 2, 9).unwrap() + Days::new(number)
}

/// An hour and minute that belong to the same civil day in London, winter and summer.
pub(super) fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    day.and_hms_opt(hour, minute, 0).unwrap().and_utc()
}

/// What is recorded, and the day it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct What {
    pub(super) holder: u128,
    pub(super) kind: &'static str,
    pub(super) day: NaiveDate,
}

/// A holder as arithmetic has him.
pub(super) struct Planned {
    pub(super) number: u128,
    pub(super) set_on: NaiveDate,
    forced: bool,
    locked: bool,
}

/// Everybody, for so many days.
pub(super) fn population(n_days: u64) -> Vec<Planned> {
    let n_cohorts = (i64::try_from(n_days).unwrap() + EXPIRES - ALERTED_FROM).min(EXPIRES);
    let cohorts = (0..n_cohorts * COHORT).map(|n| EXPIRES - n / COHORT);
    let ages = LATE.into_iter().chain(cohorts);
    (1..)
        .zip(ages)
        .map(|(number, age)| {
            let set_on = day(0) - Days::new(age.try_into().unwrap());
            Planned { number, set_on, forced: false, locked: false }
        })
        .collect()
}

fn age(set_on: NaiveDate, today: NaiveDate) -> i64 {
    (today - set_on).num_days()
}

impl Planned {
    /// True if he renews his passcode today, early in the morning.
    pub(super) fn renews(&self, today: NaiveDate) -> bool {
        let renewed = RENEWED[usize::try_from(self.number).unwrap() % RENEWED.len()];
        !self.locked && renewed == Some(age(self.set_on, today))
    }

    /// What is to be recorded of him today, once the day's renewals are done.
    pub(super) fn recorded(&mut self, today: NaiveDate) -> Option<What> {
        let age = age(self.set_on, today);
        let after = |days: i64| self.set_on + Days::new(days.try_into().unwrap());
        let (kind, day) = match age {
            _ if self.locked => return None,
            LOCKS.. => ("AccountLocked", after(LOCKS)),
            EXPIRES.. if !self.forced => ("RenewalForced", after(EXPIRES)),
            _ if ANNOUNCED.contains(&age) => ("LockAnnounced", today),
            ALERTED_FROM..EXPIRES => ("AlertRaised", today),
            _ => return None,
        };
        self.forced |= kind == "RenewalForced";
        self.locked |= kind == "AccountLocked";
        Some(What { holder: self.number, kind, day })
    }

    pub(super) fn renew(&mut self, today: NaiveDate) {
        (self.set_on, self.forced) = (today, false);
    }
}

/// The phase of a passcode that was set then, as the child says it.
pub(super) fn phase(set_on: NaiveDate, today: NaiveDate) -> &'static str {
    match age(set_on, today) {
        LOCKS.. => "locked",
        EXPIRES.. => "forced",
        ALERTED_FROM.. => "alert",
        _ => "current",
    }
}
