//! The alert of a day, and what may be put off.

use chrono::{Days, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::{
    decider::Decider as _,
    expiry::{Occasion, Topic, wake_up},
    passcode::Kind,
    policy::Policies,
};

const SCHEDULE: HolderCommand = HolderCommand::RecordExpiry { occasion: Occasion::Schedule };
const LOGON: HolderCommand = HolderCommand::RecordExpiry { occasion: Occasion::Logon };

fn raised(on: &str, left: u16) -> HolderEvent {
    HolderEvent::CertificateAlertRaised {
        on: day(on),
        expires_at: instant(ENDS),
        left,
        may_decline: 20 < left,
        ra_required: false,
    }
}

fn later(on: &str) -> HolderCommand {
    HolderCommand::DeclineAlert { topic: Topic::Certificates, on: day(on) }
}

fn declined(on: &str) -> HolderEvent {
    HolderEvent::AlertDeclined { topic: Topic::Certificates, on: day(on) }
}

#[test]
fn c05_the_first_alert_is_raised_with_30_days_left_the_last_with_one_and_one_a_day() {
    holder().on("2027-02-07").when(SCHEDULE).then([]);
    let first = raised("2027-02-08", 30);
    holder().on("2027-02-08").when(SCHEDULE).then([first]).when(SCHEDULE).then([]);
    holder().on("2027-03-09").when(SCHEDULE).then([raised("2027-03-09", 1)]);
    holder().at("2027-03-10T08:30:00Z").when(SCHEDULE).then([]);
}

#[test]
fn c05_b15_the_days_first_logon_raises_it_before_the_alert_hour() {
    let early = || holder().at("2027-02-08T07:30:00Z");
    early().when(SCHEDULE).then([]);
    early().when(LOGON).then([raised("2027-02-08", 30)]).when(LOGON).then([]);
}

#[test]
fn c06_b16_an_alert_is_put_off_until_the_next_day() {
    let shown = |when: &When<Holder>| when.see(|ctx, holder| alert(ctx, holder).map(|one| one.on));
    let evening = holder().at("2027-02-17T23:59:00Z");
    assert_eq!(shown(&evening), Some(day("2027-02-17")));
    let put_off = evening.when(later("2027-02-17")).then([declined("2027-02-17")]);
    assert_eq!(shown(&put_off), None);
    put_off.when(later("2027-02-17")).then([]);
    let next = holder()
        .and(instant("2027-02-10T23:59:00Z"), [declined("2027-02-10")])
        .at("2027-02-11T00:01:00Z");
    assert_eq!(shown(&next), Some(day("2027-02-11")));
}

#[test]
fn c06_c07_with_21_days_left_it_is_put_off_and_with_20_it_is_not() {
    holder().on("2027-02-17").when(later("2027-02-17")).then([declined("2027-02-17")]);
    holder().on("2027-02-18").when(later("2027-02-18")).then_refused(Refusal::MayNotDecline);
    holder().on("2027-02-07").when(later("2027-02-07")).then([]);
}

#[test]
fn b51_a_notice_that_only_the_authority_can_do_something_about_stays_and_is_told_to_it_once() {
    let needed = HolderEvent::RaRenewalNeeded { expires_at: instant(ENDS) };
    let notice = |on: &str, left| HolderEvent::CertificateAlertRaised {
        on: day(on),
        expires_at: instant(ENDS),
        left,
        may_decline: false,
        ra_required: true,
    };
    used_up().on("2027-02-07").when(SCHEDULE).then([]);
    used_up().on("2027-02-08").when(SCHEDULE).then([needed.clone(), notice("2027-02-08", 30)]);
    let told = || used_up().and(instant("2027-02-08T08:00:00Z"), [needed.clone()]);
    told().on("2027-02-09").when(SCHEDULE).then([notice("2027-02-09", 29)]);
    told().on("2027-02-09").when(later("2027-02-09")).then_refused(Refusal::NoticeStays);
    told().on("2027-02-20").see(|ctx, holder| {
        let shown = alert(ctx, holder).unwrap();
        assert!(shown.ra_required && !shown.may_decline);
    });
}

#[test]
fn c05_nothing_is_told_of_certificates_that_have_expired_or_were_revoked_or_to_a_locked_account() {
    holder().on("2027-03-10").when(SCHEDULE).then([]);
    let revoked = HolderEvent::CertificatesRevoked {
        card: card().card,
        on: day("2027-02-01"),
        reason: RevocationReason::Damaged,
        serials: vec![],
        by: Renewer::Holder,
    };
    holder()
        .and(instant("2027-02-01T12:00:00Z"), [revoked])
        .on("2027-02-20")
        .when(SCHEDULE)
        .then([]);
    let locked = done(registered("2026-02-01").on("2027-02-25"), SCHEDULE);
    locked.when(SCHEDULE).then([]);
}

#[test]
fn b15_passcodes_and_certificates_have_an_alert_each() {
    // The passcode expires on 2027-02-20, the certificates on 2027-03-10.
    let both = registered("2026-02-20").on("2027-02-10");
    let events = both.when(SCHEDULE).then_see();
    let kinds: Vec<_> = events.iter().map(HolderEvent::kind).collect();
    assert_eq!(kinds, ["AlertRaised", "CertificateAlertRaised"]);
}

#[test]
fn c07_the_breaker_counts_a_forced_renewal_from_the_alert_hour_of_the_20th_day() {
    let forces_at = |given: Given<Holder>, on: &str| given.on(on).see(wake_up).unwrap().forces_at;
    let twentieth = Some(instant("2027-02-18T08:00:00Z"));
    // The smartcard passcode of 2026-12-01 is forced much later.
    assert_eq!(forces_at(holder(), "2027-01-01"), twentieth);
    let passcode = Some(instant("2027-12-01T08:00:00Z"));
    assert_eq!(forces_at(used_up(), "2027-01-01"), passcode);
    let told = holder().and(instant("2027-02-18T08:00:00Z"), [raised("2027-02-18", 20)]);
    assert_eq!(forces_at(told, "2027-02-18"), passcode);
}

#[test]
fn b19_a_forced_renewal_is_put_off_after_a_failure_if_policy_allows_it_twice_and_never_a_third_time()
 {
    let lenient = || {
        let policy = Policy { technical_deferral: true, ..Policy::seed() };
        holder().under(policy)
    };
    let defer = || HolderCommand::DeferRenewal {};
    let failed = || HolderCommand::NoteRenewalObstructed { obstacle: Obstacle::Reader };
    let refused = |why| Refusal::NotDeferrable(why);
    let strict = done(holder().on("2027-02-20"), failed());
    strict.when(defer()).then_refused(refused(NotDeferrable::ByPolicy));
    let early = done(lenient().on("2027-02-17"), failed());
    early.when(defer()).then_refused(refused(NotDeferrable::NotForced));
    let without = lenient().on("2027-02-18").when(defer());
    without.then_refused(refused(NotDeferrable::NotObstructed));

    let noted =
        HolderEvent::RenewalObstructed { obstacle: Obstacle::Reader, on: day("2027-02-18") };
    let first = lenient()
        .at("2027-02-18T10:00:00Z")
        .when(failed())
        .then([noted.clone()])
        .when(failed())
        .then([]);
    let deferred = |until: &str| HolderEvent::RenewalDeferred { until: instant(until) };
    let once = deferred("2027-02-18T22:00:00Z");
    first.when(defer()).then([once.clone()]).when(defer()).then([]);
    let after = |events: Vec<HolderEvent>| lenient().and(instant("2027-02-18T10:00:00Z"), events);
    let put_off = || after(vec![noted.clone(), once.clone()]);
    assert_eq!(verdict(put_off(), "2027-02-18T21:59:59Z"), Ok(Verdict::Full));
    assert_eq!(verdict(put_off(), "2027-02-18T22:00:00Z"), Ok(Verdict::Restricted));
    let twice = after(vec![noted.clone(), once.clone(), once.clone()]);
    let third = twice.at("2027-02-18T23:00:00Z").when(defer());
    third.then_refused(refused(NotDeferrable::TooOften));
    // Never beyond the last instant of validity.
    let last_day = done(lenient().at("2027-03-10T08:00:00Z"), failed());
    last_day.when(defer()).then([deferred(ENDS)]);
    let expired = done(lenient().at("2027-03-10T09:00:01Z"), failed());
    expired.when(defer()).then_refused(refused(NotDeferrable::NotForced));
}

/// Follows wake-ups until nothing is left, deciding at each, and gives the alerts with their days.
fn alerts(ends: DateTime<Utc>, late: TimeDelta) -> Vec<(chrono::NaiveDate, u16, bool)> {
    let policies = Policies::seed();
    let mut card = card();
    for certificate in &mut card.certificates {
        certificate.not_after = ends;
    }
    let mut now = ends - TimeDelta::days(60);
    let set_on = crate::calendar::civil_day(now, policies.zone());
    let mut state = Holder::default();
    for event in [
        HolderEvent::HolderRegistered {},
        HolderEvent::CardIssued(card),
        first(Kind::Smartcard, &set_on.to_string(), 1),
    ] {
        state = state.evolve(now, &event);
    }
    let mut found = Vec::new();
    for _ in 0..40 {
        let ctx = Context { now, policies: &policies };
        let Some(woken) = wake_up(&ctx, &state) else { break };
        now = woken.due_at + late;
        if ends + TimeDelta::days(1) < now {
            break;
        }
        let ctx = Context { now, policies: &policies };
        for event in state.decide(&ctx, SCHEDULE).unwrap() {
            if let HolderEvent::CertificateAlertRaised { on, left, may_decline, .. } = &event {
                found.push((*on, *left, *may_decline));
            }
            state = state.evolve(now, &event);
        }
    }
    found
}

proptest! {
    #[test]
    fn c05_c06_c07_thirty_alerts_with_30_to_1_days_left_of_which_ten_may_be_put_off(
        second in 1_600_000_000_i64..1_900_000_000,
    ) {
        let ends = DateTime::from_timestamp(second, 0).unwrap();
        let found = alerts(ends, TimeDelta::zero());
        let ends_on = crate::calendar::civil_day(ends, Policies::seed().zone());
        let expected: Vec<_> = (1..=30_u16)
            .rev()
            .map(|left| (ends_on - Days::new(left.into()), left, 20 < left))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn b15_late_wake_ups_never_raise_two_alerts_a_day_about_certificates(
        second in 1_600_000_000_i64..1_900_000_000,
        hours in 0_i64..100,
    ) {
        let found = alerts(DateTime::from_timestamp(second, 0).unwrap(), TimeDelta::hours(hours));
        for pair in found.windows(2) {
            prop_assert!(pair[0].0 < pair[1].0);
        }
        prop_assert!(found.iter().all(|(_, left, may_decline)| (1..=30).contains(left) && *may_decline == (20 < *left)));
    }

    #[test]
    fn b13_phases_only_get_worse_until_certificates_are_renewed(
        second in 1_600_000_000_i64..1_900_000_000,
        first in 0_i64..100,
        then in 0_i64..100,
    ) {
        let ends = DateTime::from_timestamp(second, 0).unwrap();
        let at = |days: i64| {
            let severity = |phase| match phase {
                Phase::Quiet => 0,
                Phase::Alert => 1,
                Phase::Forced => 2,
                Phase::Expired => 3,
                Phase::Suspended => 4,
                Phase::Revoked => 5,
            };
            let given = ending(&ends.to_rfc3339(), &ends.to_rfc3339());
            let now = ends - TimeDelta::days(90) + TimeDelta::days(days);
            severity(phase(given, &now.to_rfc3339()))
        };
        prop_assert!(at(first.min(then)) <= at(first.max(then)));
    }
}
