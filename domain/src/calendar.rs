//! Days. The only module that knows what a time zone is: everything else gets civil days.
//!
//! | age in days | phase | |
//! |---|---|---|
//! | 0 to 350 | current | |
//! | 351 to 364 | alert | 14 days on which renewal may be put off |
//! | 365 to 385 | forced | 21 days on which it may not |
//! | from 386 | locked | the registration authority has to act |

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::policy::Policy;

/// B-01: the day on the wall calendar of `zone` at `instant`.
#[must_use]
pub fn civil_day(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// Where a passcode stands between being set and locking the account (P-13 to P-18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Nothing to do.
    Current {
        /// Days until it has expired.
        days_left: i64,
    },
    /// P-14, P-15: due; may be declined.
    Alert {
        /// Days until it has expired, 1 or more.
        days_left: i64,
    },
    /// P-17: expired; has to be changed at the next logon.
    Forced {
        /// Days until the account is locked, 1 or more.
        days_left: i64,
    },
    /// P-18: too late.
    Locked,
}

impl Phase {
    /// How bad it is: the worst of several kinds is the account's (B-20).
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Current { .. } => 0,
            Self::Alert { .. } => 1,
            Self::Forced { .. } => 2,
            Self::Locked => 3,
        }
    }

    /// The word a page shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current { .. } => "current",
            Self::Alert { .. } => "alert",
            Self::Forced { .. } => "forced",
            Self::Locked => "locked",
        }
    }
}

/// P-13, B-03: the first day on which a passcode set on `set_on` has expired.
#[must_use]
pub fn expires_on(policy: &Policy, set_on: NaiveDate) -> NaiveDate {
    later(set_on, policy.passcode_days)
}

/// P-18, B-06: the first day on which the account is locked.
#[must_use]
pub fn locks_on(policy: &Policy, set_on: NaiveDate) -> NaiveDate {
    later(expires_on(policy, set_on), policy.grace_days)
}

/// P-13 to P-18, B-02 to B-06: the phase on `today` of a passcode that was set on `set_on`.
#[must_use]
pub fn passcode_phase(policy: &Policy, set_on: NaiveDate, today: NaiveDate) -> Phase {
    let days_left = days_left(policy, set_on, today);
    let until_locked = (locks_on(policy, set_on) - today).num_days();
    if i64::from(policy.alert_days) < days_left {
        Phase::Current { days_left }
    } else if 0 < days_left {
        Phase::Alert { days_left }
    } else if 0 < until_locked {
        Phase::Forced { days_left: until_locked }
    } else {
        Phase::Locked
    }
}

/// Days from `today` until a passcode set on `set_on` has expired; 0 or less once it has.
#[must_use]
pub fn days_left(policy: &Policy, set_on: NaiveDate, today: NaiveDate) -> i64 {
    (expires_on(policy, set_on) - today).num_days()
}

/// Saturates at the last day there is, in the year 262142.
fn later(day: NaiveDate, days: u16) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{day, instant};

    fn phase(today: &str) -> Phase {
        passcode_phase(&Policy::seed(), day("2025-03-10"), day(today))
    }

    #[test]
    fn b01_a_day_is_that_of_the_wall_calendar() {
        let london = Policy::seed().zone;
        assert_eq!(civil_day(instant("2026-07-01T22:59:59Z"), london), day("2026-07-01"));
        assert_eq!(civil_day(instant("2026-07-01T23:30:00Z"), london), day("2026-07-02"));
    }

    #[test]
    fn p14_the_first_alert_is_on_day_351() {
        assert_eq!(phase("2026-02-23"), Phase::Current { days_left: 15 });
        assert_eq!(phase("2026-02-24"), Phase::Alert { days_left: 14 });
    }

    #[test]
    fn p17_the_last_alert_is_on_day_364_and_a_change_is_forced_from_day_365() {
        assert_eq!(phase("2026-03-09"), Phase::Alert { days_left: 1 });
        assert_eq!(phase("2026-03-10"), Phase::Forced { days_left: 21 });
    }

    #[test]
    fn p18_a_change_is_still_forced_on_day_385_and_the_account_locked_on_day_386() {
        assert_eq!(phase("2026-03-30"), Phase::Forced { days_left: 1 });
        assert_eq!(phase("2026-03-31"), Phase::Locked);
    }

    #[test]
    fn b04_a_passcode_lasts_365_days_and_not_a_year() {
        let policy = Policy::seed();
        assert_eq!(expires_on(&policy, day("2027-03-01")), day("2028-02-29"));
        assert_eq!(expires_on(&policy, day("2028-02-29")), day("2029-02-28"));
    }

    #[test]
    fn a_day_at_the_end_of_the_calendar_does_not_overflow() {
        assert_eq!(locks_on(&Policy::seed(), NaiveDate::MAX), NaiveDate::MAX);
    }

    proptest! {
        #[test]
        fn p13_phases_only_ever_get_worse_with_age(age in 0_u64..800, later in 0_u64..800) {
            let set_on = day("2025-03-10");
            let at_age = |age| passcode_phase(&Policy::seed(), set_on, set_on + Days::new(age));
            prop_assert!(at_age(age).severity() <= at_age(age + later).severity());
        }
    }
}
