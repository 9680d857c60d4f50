//! Days and times in words, as the NHS content style guide writes them.

use chrono::{DateTime, DurationRound as _, NaiveDate, TimeDelta, TimeZone, Timelike as _, Utc};

/// `14 December 2026`.
#[must_use]
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// `2:47pm`, `5pm`, `midday`, `midnight`, in the given zone.
#[must_use]
pub fn time<Zone: TimeZone>(at: DateTime<Utc>, zone: &Zone) -> String {
    let local = at.with_timezone(zone).naive_local().time();
    match (local.hour12(), local.minute()) {
        ((false, 12), 0) => "midnight".to_owned(),
        ((true, 12), 0) => "midday".to_owned(),
        ((_, hour), 0) => format!("{hour}{}", half(local.hour12().0)),
        ((_, hour), minute) => format!("{hour}:{minute:02}{}", half(local.hour12().0)),
    }
}

/// `14 December 2026 at 2:47pm`, in the given zone.
#[must_use]
pub fn date_and_time<Zone: TimeZone>(at: DateTime<Utc>, zone: &Zone) -> String {
    let day = at.with_timezone(zone).date_naive();
    format!("{} at {}", date(day), time(at, zone))
}

/// The first full minute that is not before this instant. Where something is possible *from* then on, the
/// minute that [`time`] says would come too early.
#[must_use]
pub fn minute_from(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_round_up(TimeDelta::minutes(1)).unwrap_or(at)
}

fn half(after_midday: bool) -> &'static str {
    if after_midday { "pm" } else { "am" }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::London;

    use super::*;

    fn said(at: &str) -> String {
        date_and_time(at.parse().unwrap(), &London)
    }

    #[test]
    fn a_winter_time_is_utc() {
        assert_eq!(said("2026-12-14T14:47:59Z"), "14 December 2026 at 2:47pm");
    }

    #[test]
    fn b01_a_summer_time_is_an_hour_on_and_may_be_the_next_day() {
        assert_eq!(said("2026-07-01T23:30:00Z"), "2 July 2026 at 12:30am");
    }

    #[test]
    fn the_minute_from_which_on_something_is_possible_is_never_too_early() {
        let from = |at: &str| time(minute_from(at.parse().unwrap()), &London);
        assert_eq!(from("2026-12-14T14:47:00Z"), "2:47pm");
        assert_eq!(from("2026-12-14T14:47:00.001Z"), "2:48pm");
        assert_eq!(from("2026-12-14T14:59:50Z"), "3pm");
    }

    #[test]
    fn full_hours_have_no_minutes_and_twelve_has_a_name() {
        assert_eq!(said("2026-01-05T09:00:00Z"), "5 January 2026 at 9am");
        assert_eq!(said("2026-01-05T12:00:00Z"), "5 January 2026 at midday");
        assert_eq!(said("2026-01-05T00:00:00Z"), "5 January 2026 at midnight");
        assert_eq!(said("2026-01-05T12:05:00Z"), "5 January 2026 at 12:05pm");
    }
}
