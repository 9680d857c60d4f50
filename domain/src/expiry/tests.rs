//! Alerts, forced changes and locks: by rule, and by property over the whole life of a passcode.

mod lapse;

use chrono::{DateTime, Days, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::{
    context::Context,
    decider::Decider as _,
    holder::{self, HolderCommand, HolderEvent},
    passcode::{self, CardChange, Changes, Optional, OptionalKind},
    policy::{Policies, Policy},
    samples::*,
    testing::{Given, When, day, given, instant},
};

/// The smartcard passcode is of 2025-03-10: alerts from 2026-02-24, expired on 2026-03-10, locked
/// from 2026-03-31.
fn holder() -> Given<Holder> {
    registered("2025-03-10")
}

fn item(kind: Kind, set_on: &str, expires_on: &str, locks_on: &str) -> Item {
    let locks_on = Some(day(locks_on));
    Item { kind, set_on: day(set_on), expires_on: day(expires_on), locks_on, lapses_on: None }
}

fn smartcard() -> Item {
    item(Kind::Smartcard, "2025-03-10", "2026-03-10", "2026-03-31")
}

fn raised(on: &str, items: Vec<Item>) -> HolderEvent {
    HolderEvent::AlertRaised { topic: Topic::Passcodes, on: day(on), items }
}

fn forced(on: &str) -> HolderEvent {
    let (effective_from, locks_on) = (day("2026-03-10"), Some(day("2026-03-31")));
    HolderEvent::RenewalForced { effective_from, on: day(on), locks_on, items: vec![smartcard()] }
}

fn announced(on: &str) -> HolderEvent {
    HolderEvent::LockAnnounced {
        on: day(on),
        locks_on: day("2026-03-31"),
        items: vec![smartcard()],
    }
}

fn locked(on: &str) -> HolderEvent {
    let effective_from = day("2026-03-31");
    HolderEvent::AccountLocked { effective_from, on: day(on), items: vec![smartcard()] }
}

const SCHEDULE: HolderCommand = HolderCommand::RecordExpiry { occasion: Occasion::Schedule };
const LOGON: HolderCommand = HolderCommand::RecordExpiry { occasion: Occasion::Logon };

fn later(on: &str) -> HolderCommand {
    HolderCommand::DeclineAlert { topic: Topic::Passcodes, on: day(on) }
}

#[test]
fn p14_b15_the_alert_is_raised_once_a_day_from_the_14th_day_before_expiry() {
    holder().on("2026-02-23").when(SCHEDULE).then([]);
    let first = raised("2026-02-24", vec![smartcard()]);
    holder().on("2026-02-24").when(SCHEDULE).then([first]).when(SCHEDULE).then([]);
    let last = raised("2026-03-09", vec![smartcard()]);
    holder().on("2026-03-09").when(SCHEDULE).then([last]);
}

#[test]
fn b15_the_schedule_waits_for_the_alert_hour_and_a_logon_does_not() {
    let today = raised("2026-02-24", vec![smartcard()]);
    holder().at("2026-02-24T07:59:59Z").when(SCHEDULE).then([]);
    holder().at("2026-02-24T08:00:00Z").when(SCHEDULE).then([today.clone()]);
    let at_logon = holder().at("2026-02-24T07:30:00Z").when(LOGON).then([today]);
    at_logon.when(LOGON).then([]).when(SCHEDULE).then([]);
}

#[test]
fn b15_the_alert_hour_is_a_local_one() {
    // British Summer Time: 08:00 is 07:00 UTC.
    let holder = || registered("2025-07-01");
    assert!(holder().at("2026-06-17T06:59:59Z").see(missing).is_empty());
    assert_eq!(holder().at("2026-06-17T07:00:00Z").see(missing).len(), 1);
}

fn missing(ctx: &Context<'_>, holder: &Holder) -> Vec<HolderEvent> {
    holder.expiry().missing(ctx, holder.passcodes(), Occasion::Schedule)
}

#[test]
fn b15_one_alert_lists_everything_that_is_due() {
    let verification = item(Kind::Verification, "2025-03-01", "2026-03-01", "2026-03-22");
    let both =
        holder().and(instant("2025-03-01T12:00:00Z"), [set(Kind::Verification, "2025-03-01", 2)]);
    let events = both.on("2026-03-02").see(missing);
    let [HolderEvent::RenewalForced { items, .. }, alert] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(items, &[verification]);
    assert_eq!(*alert, raised("2026-03-02", vec![verification, smartcard()]));
}

#[test]
fn b15_after_an_outage_only_the_alert_of_today_is_raised() {
    let before = raised("2026-02-24", vec![smartcard()]);
    let after = raised("2026-02-28", vec![smartcard()]);
    holder()
        .and(instant("2026-02-24T08:00:00Z"), [before])
        .on("2026-02-28")
        .when(SCHEDULE)
        .then([after]);
}

#[test]
fn p17_b08_a_forced_change_is_recorded_with_the_day_from_which_it_holds() {
    holder().on("2026-03-10").when(SCHEDULE).then([forced("2026-03-10")]).when(SCHEDULE).then([]);
    holder().on("2026-03-13").when(SCHEDULE).then([forced("2026-03-13")]);
}

#[test]
fn b15_the_lock_is_announced_7_14_and_20_days_after_expiry_and_on_no_other_day() {
    let recorded = || holder().and(instant("2026-03-10T08:00:00Z"), [forced("2026-03-10")]);
    for (on, is_day) in [
        ("2026-03-16", false),
        ("2026-03-17", true),
        ("2026-03-18", false),
        ("2026-03-23", false),
        ("2026-03-24", true),
        ("2026-03-29", false),
        ("2026-03-30", true),
    ] {
        let expected = if is_day { vec![announced(on)] } else { vec![] };
        recorded().on(on).when(SCHEDULE).then(expected).when(SCHEDULE).then([]);
    }
}

#[test]
fn p18_b08_the_lock_is_recorded_from_midnight_and_with_its_own_day_however_late() {
    let recorded = || holder().and(instant("2026-03-10T08:00:00Z"), [forced("2026-03-10")]);
    recorded().at("2026-03-30T22:59:59Z").see(|ctx, holder| {
        let missing = missing(ctx, holder);
        assert_eq!(missing, [announced("2026-03-30")]);
    });
    recorded().at("2026-03-30T23:00:00Z").when(SCHEDULE).then([locked("2026-03-31")]);
    let late = recorded().on("2026-04-03").when(SCHEDULE).then([locked("2026-04-03")]);
    late.when(SCHEDULE).then([]).when(LOGON).then([]);
}

#[test]
fn b08_what_was_missed_altogether_is_not_recorded_afterwards() {
    holder().on("2026-04-20").when(SCHEDULE).then([locked("2026-04-20")]);
}

#[test]
fn p15_b16_later_hides_the_alert_until_the_next_day() {
    let shown = |when: &When<Holder>| when.see(|ctx, holder| alert(ctx, holder).map(|a| a.on));
    let today = raised("2026-03-01", vec![smartcard()]);
    let raised = holder().and(instant("2026-03-01T08:00:00Z"), [today]);
    let evening = raised.at("2026-03-01T23:59:00Z");
    assert_eq!(shown(&evening), Some(day("2026-03-01")));
    let declined = HolderEvent::AlertDeclined { topic: Topic::Passcodes, on: day("2026-03-01") };
    let put_off = evening.when(later("2026-03-01")).then([declined.clone()]);
    assert_eq!(shown(&put_off), None);
    put_off.when(later("2026-03-01")).then([]);
    let next = holder().and(instant("2026-03-01T23:59:00Z"), [declined]).at("2026-03-02T00:01:00Z");
    assert_eq!(shown(&next), Some(day("2026-03-02")));
}

#[test]
fn b16_what_was_never_shown_cannot_be_put_off() {
    holder().on("2026-02-23").when(later("2026-02-23")).then([]);
    holder().on("2026-02-24").when(later("2026-02-25")).then([]);
}

#[test]
fn a02_p17_a_forced_change_cannot_be_put_off() {
    holder()
        .on("2026-03-10")
        .when(later("2026-03-10"))
        .then_refused(holder::Refusal::MayNotDecline);
    holder().on("2026-03-10").see(|ctx, holder| assert_eq!(alert(ctx, holder), None));
}

#[test]
fn b10_later_on_yesterdays_alert_is_accepted_after_midnight() {
    let shown = raised("2026-03-09", vec![smartcard()]);
    let declined = HolderEvent::AlertDeclined { topic: Topic::Passcodes, on: day("2026-03-09") };
    let after = holder().and(instant("2026-03-09T23:50:00Z"), [shown]).at("2026-03-10T00:01:00Z");
    after.when(later("2026-03-09")).then([declined]);
}

#[test]
fn b20_a_change_or_a_blank_cures_its_own_kind() {
    let overdue = || {
        holder().and(instant("2025-02-01T12:00:00Z"), [set(Kind::Verification, "2025-02-01", 2)])
    };
    overdue().on("2026-02-10").see(|ctx, holder| assert_eq!(missing(ctx, holder).len(), 1));
    let blanked =
        HolderEvent::PasscodeBlanked { kind: OptionalKind::Verification, on: day("2026-02-10") };
    let cured = overdue().and(instant("2026-02-10T12:00:00Z"), [blanked]).on("2026-02-11");
    assert_eq!(cured.see(missing), []);
}

#[test]
fn b15_a_forced_change_that_is_recorded_late_tells_of_the_lock_and_needs_no_announcement_that_day()
{
    for late in ["2026-03-17", "2026-03-24", "2026-03-30"] {
        holder().on(late).when(SCHEDULE).then([forced(late)]).when(SCHEDULE).then([]);
    }
}

#[test]
fn b10_a_card_that_tells_of_a_change_after_the_lock_is_judged_by_when_it_was_asked_for() {
    let set = set(Kind::Smartcard, "2026-03-31", 9);
    let change = |asked_at| {
        HolderCommand::ChangePasscodes(Changes {
            logged_on_at: instant("2026-03-30T15:00:00Z"),
            asked_at: instant(asked_at),
            smartcard: Some(CardChange { secret: secret(9) }),
            ..no_change()
        })
    };
    let next_day = || holder().at("2026-03-31T13:00:00Z");
    next_day().when(change("2026-03-30T16:00:00Z")).then([set]);
    let since = day("2026-03-31");
    let locked = passcode::Refusal::AccountLocked { kind: Kind::Smartcard, since };
    next_day().when(change("2026-03-31T13:00:00Z")).then_refused(locked);
}

fn change_at(logged_on_at: &str) -> HolderCommand {
    HolderCommand::ChangePasscodes(Changes {
        logged_on_at: instant(logged_on_at),
        smartcard: Some(CardChange { secret: secret(9) }),
        ..no_change()
    })
}

#[test]
fn b10_a_change_in_a_session_opened_before_the_lock_is_accepted_after_it() {
    let set = set(Kind::Smartcard, "2026-03-31", 9);
    let midnight = || holder().at("2026-03-30T23:10:00Z");
    midnight().when(change_at("2026-03-30T22:50:00Z")).then([set]);
    let locked =
        passcode::Refusal::AccountLocked { kind: Kind::Smartcard, since: day("2026-03-31") };
    midnight().when(change_at("2026-03-30T23:05:00Z")).then_refused(locked);
}

#[test]
fn b10_no_session_is_older_than_12_hours() {
    let locked =
        passcode::Refusal::AccountLocked { kind: Kind::Smartcard, since: day("2026-03-31") };
    let noon = |logged_on| holder().at("2026-03-31T11:00:01Z").when(change_at(logged_on));
    noon("2026-03-30T22:59:59Z").then_refused(locked);
}

#[test]
fn b17_an_update_that_leaves_out_every_expired_passcode_is_refused() {
    let only_other = || {
        HolderCommand::ChangePasscodes(Changes {
            logged_on_at: instant("2026-03-10T08:00:00Z"),
            verification: Optional::Set(secret(9)),
            ..no_change()
        })
    };
    let refused = passcode::Refusal::RenewalRequired { kind: Kind::Smartcard };
    holder().at("2026-03-10T08:05:00Z").when(only_other()).then_refused(refused);
    holder().at("2026-03-09T08:05:00Z").when(only_other()).then([set(
        Kind::Verification,
        "2026-03-09",
        9,
    )]);
}

#[test]
fn what_is_scheduled_is_told_by_day() {
    let told = holder().on("2026-02-24").see(schedule);
    let days: Vec<_> = told.iter().map(|one| (one.on.to_string(), one.what)).collect();
    let expected = [
        ("2026-02-24", What::AlertsBegin),
        ("2026-03-10", What::Expires),
        ("2026-03-17", What::LockAnnounced),
        ("2026-03-24", What::LockAnnounced),
        ("2026-03-30", What::LockAnnounced),
        ("2026-03-31", What::AccountLocks),
    ];
    assert_eq!(days, expected.map(|(on, what)| (on.to_owned(), what)));
    assert_eq!(holder().on("2026-02-25").see(schedule).len(), 5);
}

#[test]
fn the_first_wake_up_is_the_alert_hour_of_the_14th_day_before_expiry() {
    let woken = holder().on("2025-03-10").see(wake_up).unwrap();
    assert_eq!(woken.due_at, instant("2026-02-24T08:00:00Z"));
    assert_eq!(woken.forces_at, Some(instant("2026-03-10T08:00:00Z")));
    assert_eq!(woken.locks_at, Some(instant("2026-03-30T23:00:00Z")));
}

#[test]
fn nobody_who_is_locked_or_not_registered_is_woken() {
    let recorded = holder().and(instant("2026-03-31T00:00:00Z"), [locked("2026-03-31")]);
    assert_eq!(recorded.on("2026-04-20").see(wake_up), None);
    assert_eq!(given::<Holder>([]).on("2026-04-20").see(wake_up), None);
}

#[test]
fn b14_the_day_on_which_new_numbers_come_into_force_is_a_wake_up() {
    let shorter = Policy { version: 2, passcode_days: 180, ..Policy::seed() };
    let policies = Policies::seed().publish(day("2025-04-01"), day("2025-05-01"), shorter).unwrap();
    let woken = holder().under_all(policies).on("2025-04-02").see(wake_up).unwrap();
    assert_eq!(woken.due_at, instant("2025-04-30T23:00:00Z"));
}

/// Follows wake-ups from registration to the lock, deciding at each; what was recorded when.
fn live(
    set_at: DateTime<Utc>,
    late: impl Fn(DateTime<Utc>) -> DateTime<Utc>,
) -> Vec<(DateTime<Utc>, HolderEvent)> {
    let policies = Policies::seed();
    let set_on = calendar::civil_day(set_at, policies.zone());
    let mut state = Holder::default();
    for event in registration(&set_on.to_string()) {
        state = state.evolve(set_at, &event);
    }
    let (mut now, mut all) = (set_at, Vec::new());
    for _ in 0..100 {
        let ctx = Context { now, policies: &policies };
        let Some(woken) = wake_up(&ctx, &state) else { break };
        now = late(woken.due_at);
        let ctx = Context { now, policies: &policies };
        for event in state.decide(&ctx, SCHEDULE).unwrap() {
            state = state.evolve(now, &event);
            // The card's certificates end on a day of their own.
            if !matches!(event, HolderEvent::CertificateAlertRaised { .. }) {
                all.push((now, event));
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn p14_p17_p18_a_life_without_change_has_14_alerts_a_force_three_announcements_and_a_lock(
        second in 1_600_000_000_i64..1_900_000_000,
    ) {
        let set_at = DateTime::from_timestamp(second, 0).unwrap();
        let all = live(set_at, |due| due);
        let kinds: Vec<_> = all.iter().map(|(_, event)| event.kind()).collect();
        let mut expected = vec!["AlertRaised"; 14];
        expected.extend(["RenewalForced", "LockAnnounced", "LockAnnounced", "LockAnnounced", "AccountLocked"]);
        prop_assert_eq!(kinds, expected);
        let zone = Policies::seed().zone();
        let set_on = calendar::civil_day(set_at, zone);
        let days: Vec<_> = all.iter().map(|(at, _)| (calendar::civil_day(*at, zone) - set_on).num_days()).collect();
        let mut expected: Vec<i64> = (351..=365).collect();
        expected.extend([372, 379, 385, 386]);
        prop_assert_eq!(days, expected);
    }

    #[test]
    fn b15_late_wake_ups_never_raise_two_alerts_a_day_and_end_in_the_same_lock(
        second in 1_600_000_000_i64..1_900_000_000,
        hours in 0_i64..800,
    ) {
        let set_at = DateTime::from_timestamp(second, 0).unwrap();
        let all = live(set_at, |due| due + TimeDelta::hours(hours));
        let zone = Policies::seed().zone();
        let mut alerts: Vec<_> = all
            .iter()
            .filter(|(_, event)| event.kind() == "AlertRaised")
            .map(|(at, _)| calendar::civil_day(*at, zone))
            .collect();
        let n_alerts = alerts.len();
        alerts.dedup();
        prop_assert_eq!(alerts.len(), n_alerts);
        let locks_on = calendar::civil_day(set_at, zone) + Days::new(386);
        let last = &all.last().unwrap().1;
        let is_lock = matches!(last, HolderEvent::AccountLocked { effective_from, .. } if *effective_from == locks_on);
        prop_assert!(is_lock);
    }

    #[test]
    fn a_wake_up_stays_the_same_until_it_is_due(
        age in 0_i64..386,
        hours in 0_i64..2_000,
    ) {
        let policies = Policies::seed();
        let mut state = Holder::default();
        for event in registration("2025-03-10") {
            state = state.evolve(instant("2025-03-10T12:00:00Z"), &event);
        }
        let now = instant("2025-03-10T12:00:00Z") + TimeDelta::days(age);
        let first = wake_up(&Context { now, policies: &policies }, &state).unwrap();
        let then = now + TimeDelta::hours(hours);
        prop_assume!(now < first.due_at && then < first.due_at);
        let second = wake_up(&Context { now: then, policies: &policies }, &state).unwrap();
        prop_assert_eq!(first, second);
    }
}
