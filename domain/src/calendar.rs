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
