//! Days, by rule; the phases of every passcode that could be, by property.

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

use super::*;
use crate::{
    policy::{Policies, Policy},
    testing::{day, instant},
};

fn phase(today: &str) -> Phase {
    passcode_phase(&Policies::seed(), day("2025-03-10"), day(today))
}

fn days(set_on: &str) -> PasscodeDays {
    passcode_days(&Policies::seed(), day(set_on), day(set_on))
}

/// Profile `seed`, and from a day on the same with other numbers.
fn changed(from: &str, change: impl FnOnce(&mut Policy)) -> Policies {
    let mut policy = Policy { version: 2, ..Policy::seed() };
    change(&mut policy);
    Policies::seed().publish(day("2000-01-01"), day(from), policy).unwrap()
}

#[test]
fn b01_a_day_is_that_of_the_wall_calendar() {
    let london = Policy::seed().zone;
    assert_eq!(civil_day(instant("2026-07-01T22:59:59Z"), london), day("2026-07-01"));
    assert_eq!(civil_day(instant("2026-07-01T23:30:00Z"), london), day("2026-07-02"));
}

#[test]
fn b02_the_day_of_setting_is_not_counted_whatever_its_hour() {
    let london = Policy::seed().zone;
    let early = civil_day(instant("2025-03-10T00:05:00Z"), london);
    let late = civil_day(instant("2025-03-10T23:55:00Z"), london);
    assert_eq!(early, late);
    assert_eq!(days("2025-03-10").expires_on, day("2025-03-10") + Days::new(365));
}

#[test]
fn b03_a_passcode_is_valid_on_day_364_and_expired_on_day_365() {
    assert_eq!(phase("2026-03-09"), Phase::Alert { days_left: 1 });
    assert_eq!(phase("2026-03-10"), Phase::Forced { days_left: 21 });
}

#[test]
fn b05_p14_the_14_days_of_alert_begin_on_day_351() {
    assert_eq!(phase("2026-02-23"), Phase::Current { days_left: 15 });
    assert_eq!(phase("2026-02-24"), Phase::Alert { days_left: 14 });
    let policies = Policies::seed();
    let days = days("2025-03-10");
    assert_eq!(days.alerts_from(&policies, day("2026-01-01")), day("2026-02-24"));
}

#[test]
fn p17_a_change_is_forced_from_day_365() {
    assert_eq!(phase("2026-03-09").name(), "alert");
    assert_eq!(phase("2026-03-10").name(), "forced");
}

#[test]
fn b06_p18_a_change_is_still_forced_on_day_385_and_the_account_locked_on_day_386() {
    assert_eq!(phase("2026-03-30"), Phase::Forced { days_left: 1 });
    assert_eq!(phase("2026-03-31"), Phase::Locked);
}

#[test]
fn b04_a_passcode_lasts_365_days_and_not_a_year() {
    assert_eq!(days("2027-03-01").expires_on, day("2028-02-29"));
    assert_eq!(days("2028-02-29").expires_on, day("2029-02-28"));
}

#[test]
fn b07_the_account_locks_at_local_midnight_whatever_the_clocks_do_meanwhile() {
    let locks_on = days("2025-03-10").locks_on;
    assert_eq!(locks_on, day("2026-03-31"));
    assert_eq!(start_of(locks_on, Tz::Europe__London), instant("2026-03-30T23:00:00Z"));
}

#[test]
fn b07_half_past_one_happens_twice_in_autumn_and_is_one_day() {
    for at in ["2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"] {
        assert_eq!(civil_day(instant(at), Tz::Europe__London), day("2025-10-26"));
    }
}

#[test]
fn b07_an_hour_that_the_clocks_leave_out_is_when_they_have_passed_it() {
    let beirut = start_of(day("2026-03-29"), Tz::Asia__Beirut);
    assert_eq!(beirut, instant("2026-03-28T22:00:00Z"));
    let samoa = start_of(day("2011-12-30"), Tz::Pacific__Apia);
    assert_eq!(civil_day(samoa, Tz::Pacific__Apia), day("2011-12-31"));
}

#[test]
fn a_day_at_the_end_of_the_calendar_does_not_overflow() {
    let end = passcode_days(&Policies::seed(), NaiveDate::MAX, NaiveDate::MAX);
    assert_eq!(end.locks_on, NaiveDate::MAX);
}

#[test]
fn b14_a_shorter_life_gives_the_days_of_alert_as_notice() {
    let policies = changed("2026-05-01", |policy| policy.passcode_days = 180);
    let expires = |age: u64, today: &str| {
        let set_on = day("2026-05-01") - Days::new(age);
        passcode_days(&policies, set_on, day(today)).expires_on
    };
    assert_eq!(expires(200, "2026-05-01"), day("2026-05-15"));
    assert_eq!(expires(360, "2026-05-01"), day("2026-05-06"));
    assert_eq!(expires(10, "2026-05-01"), day("2026-05-01") + Days::new(170));
    // The day before, the old numbers hold.
    assert_eq!(expires(200, "2026-04-30"), day("2026-05-01") + Days::new(165));
}

#[test]
fn b14_forced_stays_forced_when_life_is_shortened() {
    let policies = changed("2026-05-01", |policy| policy.passcode_days = 180);
    let set_on = day("2026-05-01") - Days::new(370);
    let before = passcode_phase(&policies, set_on, day("2026-04-30"));
    assert_eq!(before, Phase::Forced { days_left: 17 });
    assert_eq!(
        passcode_phase(&policies, set_on, day("2026-05-01")),
        Phase::Forced { days_left: 16 }
    );
}

#[test]
fn b14_a_longer_life_moves_dates_and_releases_nobody_who_was_locked() {
    let policies = changed("2026-05-01", |policy| policy.passcode_days = 400);
    let on =
        |age: u64| passcode_phase(&policies, day("2026-05-01") - Days::new(age), day("2026-05-01"));
    // Locked on 30 April under the numbers of that day.
    assert_eq!(on(387), Phase::Locked);
    // Would have been locked on 1 May, when the new numbers hold.
    assert_eq!(on(386), Phase::Alert { days_left: 14 });
    assert_eq!(on(370), Phase::Current { days_left: 30 });
}

#[test]
fn b14_where_passcodes_do_not_expire_any_more_nobody_is_due_and_nobody_who_was_locked_is_released()
{
    let policies = changed("2026-05-01", |policy| policy.passcode_expiry = false);
    let on = |age: u64, today: &str| {
        passcode_phase(&policies, day("2026-05-01") - Days::new(age), day(today)).name()
    };
    assert_eq!(on(387, "2026-05-01"), "locked");
    for age in [0, 351, 365, 386] {
        assert_eq!(on(age, "2026-05-01"), "current", "{age}");
        assert_eq!(on(age, "2046-05-01"), "current", "{age}");
    }
}

#[test]
fn b14_where_passcodes_expire_again_everybody_has_the_days_of_alert_as_notice() {
    let again = Policy { version: 3, ..Policy::seed() };
    let policies = changed("2026-05-01", |policy| policy.passcode_expiry = false)
        .publish(day("2026-05-01"), day("2027-05-01"), again)
        .unwrap();
    let on = |set_on: &str, today: &str| passcode_phase(&policies, day(set_on), day(today)).name();
    assert_eq!(on("2026-01-01", "2027-04-30"), "current");
    assert_eq!(on("2026-01-01", "2027-05-01"), "alert");
    assert_eq!(on("2026-01-01", "2027-05-14"), "alert");
    assert_eq!(on("2026-01-01", "2027-05-15"), "forced");
}

#[test]
fn b14_a_shorter_grace_locks_nobody_without_notice() {
    let policies = changed("2026-05-01", |policy| {
        policy.grace_days = 3;
        policy.announce_days = vec![];
    });
    let locks = |age: u64| {
        let set_on = day("2026-05-01") - Days::new(age);
        passcode_days(&policies, set_on, day("2026-05-01")).locks_on
    };
    assert_eq!(locks(370), day("2026-05-15"));
    assert_eq!(locks(380), day("2026-05-07"));
    assert_eq!(locks(100), day("2026-05-01") + Days::new(268));
}

fn zones() -> impl Strategy<Value = Tz> {
    (0..TZ_VARIANTS.len()).prop_map(|place| TZ_VARIANTS[place])
}

/// Seconds from 1970 to 2100.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_102_444_800).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap())
}

proptest! {
    #[test]
    fn p13_phases_only_ever_get_worse_with_age(age in 0_u64..800, later in 0_u64..800) {
        let policies = Policies::seed();
        let set_on = day("2025-03-10");
        let at_age = |age| passcode_phase(&policies, set_on, set_on + Days::new(age));
        prop_assert!(at_age(age).severity() <= at_age(age + later).severity());
    }

    #[test]
    fn b05_phases_partition_the_calendar_without_gap_or_overlap(age in 0_u64..500) {
        let set_on = day("2025-03-10");
        let expected = match age {
            0..=350 => "current",
            351..=364 => "alert",
            365..=385 => "forced",
            _ => "locked",
        };
        let found = passcode_phase(&Policies::seed(), set_on, set_on + Days::new(age));
        prop_assert_eq!(found.name(), expected);
    }

    #[test]
    fn b07_a_day_begins_at_its_first_instant_in_every_zone(at in moments(), zone in zones()) {
        let today = civil_day(at, zone);
        let start = start_of(today, zone);
        prop_assert!(start <= at);
        prop_assert_eq!(civil_day(start, zone), today);
        prop_assert!(civil_day(start - TimeDelta::microseconds(1), zone) < today);
    }

    #[test]
    fn b07_the_same_days_have_the_same_phase_in_every_zone(
        set_at in moments(),
        age in 0_u64..500,
        hour in 0_u8..24,
        zone in zones(),
    ) {
        let mut policy = Policy::seed();
        policy.zone = zone;
        let policies = Policies::only(policy);
        let set_on = civil_day(set_at, zone);
        let today = civil_day(at_hour(set_on + Days::new(age), hour, zone), zone);
        let found = passcode_phase(&policies, set_on, today);
        let elapsed = Days::new(u64::try_from((today - set_on).num_days()).unwrap());
        let elsewhere = passcode_phase(&Policies::seed(), set_on, set_on + elapsed);
        prop_assert_eq!(found, elsewhere);
    }

    #[test]
    fn b14_a_new_policy_never_locks_or_forces_without_notice(
        age in 0_u64..400,
        life in 20_u16..800,
        grace in 1_u16..60,
        alert in 1_u16..19,
    ) {
        let policies = changed("2026-05-01", |policy| {
            policy.passcode_days = life;
            policy.grace_days = grace;
            policy.alert_days = alert;
            policy.announce_days = vec![];
        });
        let (before, from) = (day("2026-04-30"), day("2026-05-01"));
        let set_on = from - Days::new(age);
        let old = passcode_days(&policies, set_on, before);
        let new = passcode_days(&policies, set_on, from);
        let notice = from + Days::new(alert.into());
        prop_assert!(new.expires_on < new.locks_on);
        if new.expires_on < old.expires_on {
            prop_assert!(notice <= new.expires_on);
        }
        if new.locks_on < old.locks_on {
            prop_assert!(notice <= new.locks_on);
        }
        if old.locks_on <= before {
            prop_assert_eq!(new, old);
        }
    }
}

#[test]
fn b02_the_hour_that_is_shown_twice_is_the_last_one_before_the_day() {
    let london = Policy::seed().zone;
    let second = Some(instant("2026-10-25T01:00:00Z"));
    assert_eq!(last_repeated_hour(day("2026-10-26"), london), second);
    let before = Some(instant("2025-10-26T01:00:00Z"));
    assert_eq!(last_repeated_hour(day("2026-10-25"), london), before);
    assert_eq!(last_repeated_hour(day("2026-11-22"), chrono_tz::Tz::UTC), None);
}
