//! Days. The only module that knows what a time zone is: everything else gets civil days.
//!
//! | age in days | phase | |
//! |---|---|---|
//! | 0 to 350 | current | |
//! | 351 to 364 | alert | 14 days on which renewal may be put off |
//! | 365 to 385 | forced | 21 days on which it may not |
//! | from 386 | locked | the registration authority has to act |
//!
//! Portal, mail, projections, workflows and replay all ask [`passcode_days`] and [`passcode_phase`];
//! nobody else counts days.

use std::cmp::Ordering;

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::policy::Policies;

/// The version of the time zone data that days are worked out with, recorded with every event.
pub const TZDB_VERSION: &str = chrono_tz::IANA_TZDB_VERSION;

/// How far a gap in local time is searched for its end, in steps: the longest there ever was is the
/// day that Samoa left out.
const GAP_STEPS_MAX: i32 = 48 * 4;

/// One of them, in minutes: every zone's offset is a multiple.
const GAP_STEP_MINUTES: i64 = 15;

/// How many days back an hour is looked for that was shown twice: a year's clock changes are among
/// them.
const REPEATED_DAYS_MAX: u64 = 366;

/// B-01: the day on the wall calendar of `zone` at `instant`.
#[must_use]
pub fn civil_day(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// B-07: the instant at which the clocks of `zone` first show this full hour (0 to 23) of `day`; if
/// they leave it out, the instant at which they have passed it.
#[must_use]
pub fn at_hour(day: NaiveDate, hour: u8, zone: Tz) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour.into(), 0, 0).unwrap_or(NaiveTime::MIN);
    let local = day.and_time(time);
    let shown = (0..GAP_STEPS_MAX).find_map(|step| {
        let later = TimeDelta::minutes(GAP_STEP_MINUTES * i64::from(step));
        zone.from_local_datetime(&local.checked_add_signed(later)?).earliest()
    });
    shown.map_or_else(|| local.and_utc(), |shown| shown.with_timezone(&Utc))
}

/// B-02: the last hour before `day` that the clocks of `zone` show twice: the instant at which they
/// begin it for the second time. None if the year before has none.
#[must_use]
pub fn last_repeated_hour(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let days = (1..=REPEATED_DAYS_MAX).filter_map(|n| day.checked_sub_days(Days::new(n)));
    let hours =
        days.flat_map(|day| (0..24).rev().filter_map(move |hour| day.and_hms_opt(hour, 0, 0)));
    let mut twice = hours.filter_map(|local| match zone.from_local_datetime(&local) {
        LocalResult::Ambiguous(_, second) => Some(second.with_timezone(&Utc)),
        LocalResult::Single(_) | LocalResult::None => None,
    });
    twice.next()
}

/// B-07: the first instant of a civil day.
#[must_use]
pub fn start_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    at_hour(day, 0, zone)
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
        /// Days until the account is locked, or until it counts as not set (B-21), 1 or more.
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

/// The days on which a passcode leaves its phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasscodeDays {
    /// P-13, B-03: the first day on which it has expired.
    pub expires_on: NaiveDate,
    /// P-18, B-06: the first day on which the account is locked, or on which it counts as not set
    /// (B-21).
    pub locks_on: NaiveDate,
}

impl PasscodeDays {
    /// P-14, B-05: the first of the days of alert.
    #[must_use]
    pub fn alerts_from(&self, policies: &Policies, today: NaiveDate) -> NaiveDate {
        let days = Days::new(policies.in_force(today).alert_days.into());
        self.expires_on.checked_sub_days(days).unwrap_or(NaiveDate::MIN)
    }
}

/// P-13, P-18, B-02 to B-06, B-14: the days, as `today` knows them, of a passcode set on `set_on`.
///
/// A shorter life or grace gives at least the days of alert as notice and never moves a date later;
/// a longer one moves dates, but releases nobody whose account was locked before it came.
#[must_use]
pub fn passcode_days(policies: &Policies, set_on: NaiveDate, today: NaiveDate) -> PasscodeDays {
    let first = policies.in_force(set_on);
    let expires_on = later(set_on, first.passcode_life());
    let mut days = PasscodeDays { expires_on, locks_on: later(expires_on, first.grace_days) };
    for (before, version) in policies.changes(set_on, today) {
        let (from, policy) = (version.from, &version.policy);
        if days.locks_on < from {
            break;
        }
        let notice = later(from, policy.alert_days);
        let wanted = later(set_on, policy.passcode_life());
        let expires_on = match policy.passcode_life().cmp(&before.passcode_life()) {
            Ordering::Less => moved(days.expires_on, wanted, notice),
            Ordering::Equal => days.expires_on,
            Ordering::Greater => days.expires_on.max(wanted),
        };
        let locks_on = if days.expires_on == expires_on && before.grace_days == policy.grace_days {
            days.locks_on
        } else {
            moved(days.locks_on, later(expires_on, policy.grace_days), notice)
        };
        days = PasscodeDays { expires_on, locks_on };
    }
    days
}

/// B-14: where a date moves that new numbers would put elsewhere.
fn moved(old: NaiveDate, new: NaiveDate, notice: NaiveDate) -> NaiveDate {
    if new < old { old.min(new.max(notice)) } else { new }
}

/// P-13 to P-18, B-02 to B-06: the phase on `today` of a passcode that was set on `set_on`.
#[must_use]
pub fn passcode_phase(policies: &Policies, set_on: NaiveDate, today: NaiveDate) -> Phase {
    let days = passcode_days(policies, set_on, today);
    let days_left = (days.expires_on - today).num_days();
    let until_locked = (days.locks_on - today).num_days();
    if until_locked <= 0 {
        Phase::Locked
    } else if days_left <= 0 {
        Phase::Forced { days_left: until_locked }
    } else if days_left <= i64::from(policies.in_force(today).alert_days) {
        Phase::Alert { days_left }
    } else {
        Phase::Current { days_left }
    }
}

/// Saturates at the last day there is, in the year 262142.
pub(crate) fn later(day: NaiveDate, days: u16) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests;
