//! The forecast against what the workflow does when it is woken again and again: day by day.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::{
    calendar,
    card::IssuedCard,
    certificate,
    decider::Decider as _,
    expiry::{Occasion, wake_up},
    holder::{HolderCommand, HolderEvent},
    passcode::Kind,
    policy::{LockScope, Policy},
    samples::{self, set},
    testing::{day, instant},
};

const BEGIN: &str = "2026-01-01T06:00:00Z";

const DAYS: u16 = 400;

/// Somebody with three passcodes of these ages in days, and certificates with so many days left.
fn holder(ages: [Option<i64>; 3], certificates_left: i64, self_renewals: u8) -> Holder {
    let now = instant(BEGIN);
    let ends = now + TimeDelta::days(certificates_left) + TimeDelta::hours(5);
    let mut card: IssuedCard = samples::card();
    for certificate in &mut card.certificates {
        certificate.not_after = ends;
    }
    let keys = card.keys.clone();
    let renewed = HolderEvent::CertificatesRenewed {
        update: samples::flow(1),
        card: card.card.clone(),
        on: day("2025-01-01"),
        by: certificate::Renewer::Holder,
        self_renewals,
        authentication: keys.authentication,
        signature: keys.signature,
        certificates: card.certificates.clone(),
        superseded: vec![],
        superseded_revoked: false,
    };
    let mut events = vec![HolderEvent::HolderRegistered {}, HolderEvent::CardIssued(card), renewed];
    let begun = calendar::civil_day(now, Policies::seed().zone());
    for (kind, age) in Kind::ALL.into_iter().zip(ages) {
        let on = age.map(|age| (begun - TimeDelta::days(age)).to_string());
        events.extend(on.map(|on| set(kind, &on, 1)));
    }
    let long_ago = now - TimeDelta::days(500);
    events.iter().fold(Holder::default(), |holder, event| holder.evolve(long_ago, event))
}

/// What the workflow records, from wake-up to wake-up.
fn woken(policies: &Policies, mut holder: Holder) -> BTreeMap<u16, Counts> {
    let mut ctx = Context { now: instant(BEGIN), policies };
    let first_on = ctx.today();
    let mut days: BTreeMap<u16, Counts> = BTreeMap::new();
    while let Some(next) = wake_up(&ctx, &holder) {
        ctx = ctx.at(next.due_at.max(ctx.now));
        let number = u16::try_from((ctx.today() - first_on).num_days()).unwrap();
        if DAYS <= number {
            break;
        }
        let command = HolderCommand::RecordExpiry { occasion: Occasion::Schedule };
        let events = holder.decide(&ctx, command).unwrap();
        let told = holder.certificate_records().alerted_on();
        let standing = holder.certificates(&ctx).unwrap();
        let mut forced = false;
        for event in events {
            let counts = days.entry(number).or_default();
            match event.kind() {
                "AlertRaised" => counts.alerted += 1,
                "RenewalForced" => {
                    counts.forced += 1;
                    forced = true;
                }
                "AccountLocked" => counts.locked += 1,
                "RaRenewalNeeded" => counts.ra_required += 1,
                "CertificateAlertRaised" => {
                    counts.certificate_alerted += 1;
                    let is_first = told.is_none_or(|told| told < standing.forced_on);
                    let is_forced = standing.forced_on <= ctx.today() && is_first;
                    if is_forced && 0 < standing.self_renewals_left {
                        counts.certificate_forced += 1;
                        forced = true;
                    }
                }
                other => assert_eq!(other, "LockAnnounced"),
            }
            holder = holder.evolve(ctx.now, &event);
        }
        if forced {
            days.entry(number).or_default().forced_either += 1;
        }
        // Nothing recorded, and due again at once, would be no end.
        if wake_up(&ctx, &holder).is_some_and(|next| next.due_at <= ctx.now) {
            ctx = ctx.at(ctx.now + TimeDelta::seconds(1));
        }
    }
    days.retain(|_, counts| !counts.is_quiet());
    days
}

fn forecast(policies: &Policies, people: People, holders: &[Holder]) -> Forecast {
    let ctx = Context { now: instant(BEGIN), policies };
    let question = Question { ctx, days: DAYS, people };
    let mut forecast = Forecast::begin(&question);
    for holder in holders {
        forecast.add(&question, holder, None);
    }
    forecast
}

/// What is recorded of somebody: neither that certificates end nor that a passcode lapses is.
fn recorded(forecast: &Forecast) -> BTreeMap<u16, Counts> {
    let recorded = |counts: &Counts| Counts { certificate_expired: 0, lapsed: 0, ..*counts };
    let rows = forecast.all.rows().map(|(day, counts)| (day, recorded(counts)));
    rows.filter(|(_, counts)| !counts.is_quiet()).collect()
}

fn age() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 4 => (0_i64..395).prop_map(Some)]
}

fn policies() -> impl Strategy<Value = Policies> {
    let numbers = (30_u16..500, 1_u16..25, 15_u16..60, 0_u8..24, any::<bool>(), any::<bool>());
    (numbers, 20_u16..60, 1_u64..300).prop_map(|(numbers, window, from)| {
        let (passcode_days, alert_days, grace_days, alert_hour, any_set, expiry) = numbers;
        let lock_scope = if any_set { LockScope::AnySet } else { LockScope::SmartcardOnly };
        let policy = Policy {
            version: 2,
            passcode_days,
            alert_days,
            grace_days,
            alert_hour,
            announce_days: vec![7, 14],
            lock_scope,
            passcode_expiry: expiry,
            certificate_alert_days: window,
            certificate_forced_days: window - 7,
            ..Policy::seed()
        };
        let today = day("2026-01-01");
        Policies::seed().publish(today, today + Days::new(from), policy).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn b14_where_nobody_acts_the_forecast_is_what_the_workflow_records_day_by_day(
        ages in [age(), age(), age()],
        left in 0_i64..500,
        self_renewals in 0_u8..3,
        changed in policies(),
        changes in any::<bool>(),
    ) {
        let policies = if changes { changed } else { Policies::seed() };
        let holder = holder(ages, left, self_renewals);
        let forecast = forecast(&policies, People::NobodyActs, std::slice::from_ref(&holder));
        prop_assert_eq!(recorded(&forecast), woken(&policies, holder));
    }
}

fn rows(table: &Table, what: What) -> Vec<(u16, u32)> {
    table.rows().map(|(day, counts)| (day, counts.of(what))).filter(|(_, n)| 0 < *n).collect()
}

#[test]
fn p14_p17_p18_a_passcode_of_day_300_has_14_alerts_from_day_351_a_force_on_365_and_a_lock_on_386() {
    let holders = [holder([Some(300), None, None], 1000, 0)];
    let all = forecast(&Policies::seed(), People::NobodyActs, &holders).all;
    let alerts: Vec<_> = (51..65).map(|day| (day, 1)).collect();
    assert_eq!(rows(&all, What::Alerted), alerts);
    assert_eq!(rows(&all, What::Forced), [(65, 1)]);
    assert_eq!(rows(&all, What::Locked), [(86, 1)]);
    assert_eq!(all.totals().certificate_expired, 0);
    assert_eq!(all.peak(What::Locked), Some((86, 1)));
    assert_eq!(all.peak(What::Lapsed), None);
}

#[test]
fn c05_c07_b51_b52_certificates_have_30_alerts_a_force_if_a_renewal_is_left_and_an_end() {
    let holders = [holder([Some(0), None, None], 100, 0), holder([Some(0), None, None], 100, 2)];
    let all = forecast(&Policies::seed(), People::NobodyActs, &holders).all;
    let alerts: Vec<_> = (70..100).map(|day| (day, 2)).collect();
    assert_eq!(rows(&all, What::CertificateAlerted), alerts);
    assert_eq!(rows(&all, What::CertificateForced), [(80, 1)]);
    assert_eq!(rows(&all, What::RaRequired), [(70, 1)]);
    assert_eq!(rows(&all, What::CertificateExpired), [(100, 2)]);
}

#[test]
fn b21_an_optional_passcode_that_does_not_lock_lapses_on_the_day_on_which_it_would_have() {
    let policy = Policy { lock_scope: LockScope::SmartcardOnly, ..Policy::seed() };
    let holders = [holder([Some(0), Some(300), None], 1000, 0)];
    let all = forecast(&Policies::only(policy), People::NobodyActs, &holders).all;
    assert_eq!(rows(&all, What::Lapsed), [(86, 1)]);
    assert_eq!(rows(&all, What::Locked), [(386, 1)]);
}

#[test]
fn b14_where_everybody_renews_when_forced_the_same_wave_comes_again_and_nobody_is_locked() {
    let policy = Policy { passcode_days: 100, ..Policy::seed() };
    let holders = [holder([Some(60), None, Some(60)], 730, 0)];
    let policies = Policies::only(policy);
    let all = forecast(&policies, People::EverybodyRenewsWhenForced, &holders).all;
    assert_eq!(rows(&all, What::Forced), [(40, 1), (140, 1), (240, 1), (340, 1)]);
    assert_eq!(all.totals().locked, 0);
    assert_eq!(all.totals().alerted, 4 * 14);
}

#[test]
fn c03_c04_where_everybody_renews_the_third_renewal_is_the_authority_s_and_the_count_begins_anew() {
    let policy = Policy { certificate_days: 100, passcode_expiry: false, ..Policy::seed() };
    let holders = [holder([Some(0), None, None], 60, 1)];
    let policies = Policies::only(policy);
    let all = forecast(&policies, People::EverybodyRenewsWhenForced, &holders).all;
    // By himself for the second time, then at the authority, then by himself twice.
    assert_eq!(rows(&all, What::CertificateForced), [(40, 1), (200, 1), (280, 1)]);
    assert_eq!(rows(&all, What::RaRequired), [(110, 1), (350, 1)]);
    assert_eq!(all.totals().certificate_expired, 0);
}

#[test]
fn b14_whoever_is_locked_already_stays_locked_and_is_not_counted_again() {
    let mut locked = holder([Some(390), None, None], 1000, 0);
    let policies = Policies::seed();
    let first = forecast(&policies, People::EverybodyRenewsWhenForced, &[locked.clone()]).all;
    assert_eq!(rows(&first, What::Locked), [(0, 1)]);
    let ctx = Context { now: instant(BEGIN), policies: &policies };
    for event in crate::expiry::missing(&ctx, &locked, Occasion::Schedule) {
        locked = locked.evolve(ctx.now, &event);
    }
    let then = forecast(&policies, People::EverybodyRenewsWhenForced, &[locked]).all;
    assert_eq!(then.rows().count(), 0);
    assert_eq!(then.n_holders, 1);
}

#[test]
fn the_breaker_trips_on_the_26th_lock_of_a_day_and_not_on_the_25th() {
    let policies = Policies::seed();
    for (n_holders, trips) in [(25, 0), (26, 2)] {
        let holders = vec![holder([Some(300), None, None], 1000, 0); n_holders];
        let forecast = forecast(&policies, People::NobodyActs, &holders);
        let tripped = forecast.trips(&policies);
        assert_eq!(tripped.len(), trips);
        assert!(tripped.iter().all(|trip| trip.allowed == 25 && trip.effects == 26));
    }
}

#[test]
fn b59_whoever_is_assigned_to_two_organisations_is_counted_in_each_and_once_in_all() {
    let mut staff = holder([Some(300), None, None], 1000, 0);
    for organisation in ["RXA", "RXB"] {
        let organisation = organisation.parse().unwrap();
        let on = day("2025-06-01");
        let assigned = crate::desk::DeskEvent::Assigned { organisation, on };
        staff = staff.evolve(instant("2025-06-01T09:00:00Z"), &HolderEvent::Desk(assigned));
    }
    let nobody = holder([Some(300), None, None], 1000, 0);
    let forecast = forecast(&Policies::seed(), People::NobodyActs, &[staff, nobody]);
    assert_eq!(forecast.all.totals().locked, 2);
    assert_eq!(forecast.nowhere.totals().locked, 1);
    let each: Vec<_> = forecast.organisations.values().map(|table| table.totals().locked).collect();
    assert_eq!(each, [1, 1]);
    assert_eq!(forecast.elsewhere.n_holders, 0);
}
