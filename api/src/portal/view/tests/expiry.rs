//! What time does to passcodes, as a holder is shown it.

use chrono::{Days, NaiveDate};
use domain::{
    calendar::Phase,
    expiry::{self, Item, Scheduled, What},
    passcode::{Kind, Standing, Status},
};

use super::{holder_on, nobody};
use crate::{
    portal::view::{
        account_locked::AccountLocked,
        alert::Alert,
        frame::Tab,
        passcodes::StatusLine,
        problem::{Problem, ProblemKind},
        refusal::RefusalView,
        renewal::Renewal,
        schedule::Schedule,
    },
    required::{Overdue, Required},
};

/// The day on which the passcodes of these tests have expired.
const EXPIRES_ON: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 10).unwrap();

fn locks_on() -> NaiveDate {
    EXPIRES_ON + Days::new(21)
}

/// So many days before these expire.
pub(super) fn alert(kinds: &[Kind], days_left: u64) -> Alert {
    let item = |kind: &Kind| Item {
        kind: *kind,
        set_on: NaiveDate::from_ymd_opt(2025, 3, 10).unwrap(),
        expires_on: EXPIRES_ON,
        locks_on: Some(locks_on()),
        lapses_on: None,
    };
    let items = kinds.iter().map(item).collect();
    Alert::from(&expiry::Alert { on: EXPIRES_ON - Days::new(days_left), items })
}

/// On the day on which these have expired.
pub(super) fn renewal(kinds: &[Kind]) -> Renewal {
    Renewal::new(&required(kinds), EXPIRES_ON)
}

fn required(kinds: &[Kind]) -> Required {
    let overdue = |kind: &Kind| Overdue {
        kind: *kind,
        expired_on: EXPIRES_ON,
        locks_on: Some(locks_on()),
        lapses_on: None,
    };
    kinds.iter().map(overdue).collect()
}

/// B-21: the smartcard passcode and one that lapses.
fn lapsing() -> Required {
    let lapsing = Overdue {
        kind: Kind::Verification,
        expired_on: EXPIRES_ON,
        locks_on: None,
        lapses_on: Some(locks_on()),
    };
    required(&[Kind::Smartcard]).passcodes().iter().copied().chain([lapsing]).collect()
}

#[test]
fn b21_what_lapses_has_to_be_changed_now_and_says_from_when_it_counts_as_not_set() {
    let stage = holder_on(Tab::Home);
    for (name, today) in
        [("renewal_lapsing", EXPIRES_ON), ("renewal_after_midnight_of_the_lapse", locks_on())]
    {
        let page = Renewal::new(&lapsing(), today);
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
    let refusal = domain::holder::Refusal::RenewalRequired.into();
    let view = RefusalView::of_restricted(&refusal, &lapsing());
    let facts: Vec<_> = view.facts.iter().map(|fact| fact.name.as_str()).collect();
    let expected = [
        "Smartcard passcode expired on",
        "Smartcard passcode has to be changed before",
        "Verification passcode expired on",
        "Verification passcode counts as not set from",
    ];
    assert_eq!(facts, expected);
}

#[test]
fn p14_p15_the_alert_says_what_is_due_when_and_what_later_means() {
    let stage = holder_on(Tab::Home);
    for (name, kinds, days_left) in [
        ("alert", &[Kind::Smartcard][..], 14),
        ("alert_last_day", &[Kind::Verification][..], 1),
        ("alert_all", &Kind::ALL[..], 7),
    ] {
        let page = alert(kinds, days_left);
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn p17_b17_what_has_to_be_changed_says_what_until_when_and_what_stays_possible() {
    let stage = holder_on(Tab::Home);
    let midnight = Renewal::new(&required(&[Kind::Smartcard]), locks_on());
    for (name, page) in [
        ("renewal", renewal(&[Kind::Smartcard])),
        ("renewal_all", renewal(&Kind::ALL)),
        ("renewal_after_midnight_of_the_lock", midnight),
    ] {
        stage.shows(name, |environment, frame| page.render(environment, frame));
    }
}

#[test]
fn b17_what_a_restricted_session_may_not_do_says_why_and_where_to_go_first() {
    let refusal = domain::holder::Refusal::RenewalRequired.into();
    let view = RefusalView::of_restricted(&refusal, &required(&[Kind::Smartcard]));
    let next = pages::Link::new("/renewal", "See what you have to change");
    let page = Problem::new(ProblemKind::Forbidden).with_refusal(view).with_next(next);
    nobody()
        .shows("problem_renewal_required", |environment, frame| page.render(environment, frame));
}

#[test]
fn p19_a_locked_account_says_since_when_why_and_who_can_unlock_it() {
    let standing = |phase, days_left| Standing::Set {
        last_changed_on: NaiveDate::from_ymd_opt(2025, 3, 10).unwrap(),
        expires_on: EXPIRES_ON,
        locks_on: Some(locks_on()),
        lapses_on: None,
        days_left,
        phase,
    };
    let passcodes = [
        Status { kind: Kind::Smartcard, standing: standing(Phase::Locked, -21) },
        Status { kind: Kind::AccountRecovery, standing: Standing::NotSet },
        Status { kind: Kind::Verification, standing: standing(Phase::Current { days_left: 9 }, 9) },
    ];
    let page = AccountLocked::of(&passcodes);
    let stage = nobody();
    stage.shows("account_locked", |environment, frame| page.render(environment, frame));
    let html = page.render(&stage.environment, &stage.frame).unwrap();
    assert!(!html.contains("<form") && !html.contains("href=\"/log-in\""), "no way on");
}

#[test]
fn what_is_scheduled_is_a_table_of_days_in_which_one_day_says_a_thing_once() {
    let scheduled = |days, kind, what| Scheduled { on: EXPIRES_ON + Days::new(days), kind, what };
    let all = [
        scheduled(0, Kind::Smartcard, What::AlertsBegin),
        scheduled(14, Kind::Smartcard, What::Expires),
        scheduled(14, Kind::Verification, What::Expires),
        scheduled(21, Kind::Smartcard, What::LockAnnounced),
        scheduled(35, Kind::Smartcard, What::AccountLocks),
    ];
    let stage = holder_on(Tab::ManagePasscodes);
    let page = Schedule::new(&all);
    stage.shows("schedule", |environment, frame| page.render(environment, frame));
    let empty = Schedule::new(&[]);
    stage.shows("schedule_empty", |environment, frame| empty.render(environment, frame));
}

#[test]
fn b10_what_was_locked_at_midnight_can_still_be_changed_in_the_session_that_began_before() {
    let standing = Standing::Set {
        last_changed_on: NaiveDate::from_ymd_opt(2025, 3, 10).unwrap(),
        expires_on: EXPIRES_ON,
        locks_on: Some(locks_on()),
        lapses_on: None,
        days_left: -21,
        phase: Phase::Locked,
    };
    let status = Status { kind: Kind::Smartcard, standing };
    let line = StatusLine::from(&status);
    assert!(line.what_to_do.as_deref().is_some_and(|text| text.contains("Visit")));
    let curable = line.curable(&status);
    assert!(curable.what_to_do.as_deref().is_some_and(|text| text.contains("before you log out")));
}
