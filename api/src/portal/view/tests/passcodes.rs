//! Manage Passcodes and how an *Update* ended.

use chrono::{Days, NaiveDate};
use domain::{
    calendar::Phase,
    passcode::{
        Characters, Field, FieldFault, Guessable, Kind, Lengths, OptionalKind, SmartcardRules,
        Standing, Status,
    },
    policy::PASSCODE_LIFE_MAX,
    refusal::RuleId,
};

use super::holder_on;
use crate::portal::view::{
    frame::Tab,
    outcome::Outcome,
    passcodes::{ManagePasscodes, StatusLine, Ticked, smartcard_hint},
};

pub(super) fn line(kind: Kind, phase: Phase, days_left: i64) -> StatusLine {
    let last_changed_on = NaiveDate::from_ymd_opt(2025, 3, 10).unwrap();
    let expires_on = NaiveDate::from_ymd_opt(2026, 3, 10).unwrap();
    let locks_on = Some(expires_on + Days::new(21));
    let lapses_on = None;
    let standing =
        Standing::Set { last_changed_on, expires_on, locks_on, lapses_on, days_left, phase };
    StatusLine::from(&Status { kind, standing })
}

/// B-21: overdue where only the smartcard passcode locks the account.
fn lapsing(kind: Kind) -> StatusLine {
    let standing = Standing::Set {
        last_changed_on: NaiveDate::from_ymd_opt(2025, 3, 10).unwrap(),
        expires_on: NaiveDate::from_ymd_opt(2026, 3, 10).unwrap(),
        locks_on: None,
        lapses_on: NaiveDate::from_ymd_opt(2026, 3, 31),
        days_left: -1,
        phase: Phase::Forced { days_left: 20 },
    };
    StatusLine::from(&Status { kind, standing })
}

pub(super) fn not_set(kind: Kind) -> StatusLine {
    StatusLine::from(&Status { kind, standing: Standing::NotSet })
}

fn quiet() -> ManagePasscodes {
    ManagePasscodes {
        status: vec![
            line(Kind::Smartcard, Phase::Current { days_left: 200 }, 200),
            line(Kind::AccountRecovery, Phase::Current { days_left: 200 }, 200),
            not_set(Kind::Verification),
        ],
        optional: Lengths { min: 8, max: 20 },
        smartcard: SmartcardRules {
            lengths: Lengths { min: 4, max: 8 },
            characters: Characters::Printable,
            guessable: Guessable::Accept,
        },
        ticked: Ticked::default(),
        faults: vec![],
        advice: vec!["Change your passcodes regularly, and all of them at the same time".into()],
    }
}

fn fault(field: Field, message: &str) -> FieldFault {
    FieldFault { field, rule: const { RuleId::new("B-28") }, message: message.into() }
}

#[track_caller]
fn shows(name: &str, page: &ManagePasscodes) {
    holder_on(Tab::ManagePasscodes)
        .shows(name, |environment, frame| page.render(environment, frame));
}

#[test]
fn s02_s03_status_and_form_stand_on_one_page() {
    shows("passcodes", &quiet());
}

#[test]
fn p16_due_expired_and_locked_kinds_are_marked() {
    let status = vec![
        line(Kind::Smartcard, Phase::Alert { days_left: 1 }, 1),
        line(Kind::AccountRecovery, Phase::Forced { days_left: 20 }, -1),
        line(Kind::Verification, Phase::Locked, -21),
    ];
    shows("passcodes_due", &ManagePasscodes { status, ..quiet() });
}

#[test]
fn b21_what_lapses_says_from_when_it_counts_as_not_set_and_nothing_of_a_lock() {
    let line = lapsing(Kind::Verification);
    assert_eq!((line.locks.as_deref(), line.lapses.as_deref()), (None, Some("31 March 2026")));
    let said = line.what_to_do.as_deref().unwrap();
    assert!(said.contains("counts as not set from 31 March 2026"), "{said}");
    assert!(!said.contains("lock"), "{said}");
    let status =
        vec![not_set(Kind::Smartcard), lapsing(Kind::AccountRecovery), lapsing(Kind::Verification)];
    shows("passcodes_lapsing", &ManagePasscodes { status, ..quiet() });
}

#[test]
fn p13_of_what_does_not_expire_no_day_is_named() {
    let last_changed_on = NaiveDate::from_ymd_opt(2025, 3, 10).unwrap();
    let expires_on = last_changed_on + Days::new(PASSCODE_LIFE_MAX.into());
    let standing = Standing::Set {
        last_changed_on,
        expires_on,
        locks_on: Some(expires_on + Days::new(21)),
        lapses_on: None,
        days_left: i64::from(PASSCODE_LIFE_MAX),
        phase: Phase::Current { days_left: i64::from(PASSCODE_LIFE_MAX) },
    };
    let line = StatusLine::from(&Status { kind: Kind::Smartcard, standing });
    assert!(line.set && line.last_changed.is_some());
    assert_eq!((line.expires, line.days_left, line.locks), (None, None, None));
}

#[test]
fn b28_all_errors_are_shown_at_once_and_no_passcode_is_put_back() {
    let faults = vec![
        fault(
            Field::NewAccountRecovery,
            "Account recovery passcode must be between 8 and 20 characters",
        ),
        fault(Field::ConfirmAccountRecovery, "Confirm your new account recovery passcode"),
        FieldFault::used_before(OptionalKind::Verification),
        fault(
            Field::ConfirmVerification,
            "The new verification passcode and its confirmation do not match",
        ),
        fault(Field::BlankVerification, "You have no verification passcode to remove"),
    ];
    let ticked = Ticked { blank_verification: true, smartcard: true, ..Ticked::default() };
    let page = ManagePasscodes { ticked, faults, ..quiet() };
    shows("passcodes_errors", &page);
    let stage = holder_on(Tab::ManagePasscodes);
    let html = page.render(&stage.environment, &stage.frame).unwrap();
    for field in html.split("type=\"password\"").skip(1) {
        assert!(!field.split_once('>').unwrap().0.contains("value="));
    }
}

#[test]
fn b28_a_form_with_nothing_in_it_leads_to_its_first_field() {
    let faults =
        vec![fault(Field::Form, "Enter a new passcode, or choose one to change or remove")];
    shows("passcodes_nothing_entered", &ManagePasscodes { faults, ..quiet() });
}

#[test]
fn p06_the_rules_of_the_card_are_read_before_typing() {
    let rules = |min, max, characters| SmartcardRules {
        lengths: Lengths { min, max },
        characters,
        guessable: Guessable::Accept,
    };
    let strict = SmartcardRules { guessable: Guessable::Refuse, ..rules(6, 8, Characters::Digits) };
    assert_eq!(smartcard_hint(strict), "6 to 8 digits, 0 to 9, that are not easy to guess");
    assert_eq!(smartcard_hint(rules(6, 8, Characters::Digits)), "6 to 8 digits, 0 to 9");
    assert_eq!(smartcard_hint(rules(8, 8, Characters::Digits)), "8 digits, 0 to 9");
    assert_eq!(
        smartcard_hint(rules(4, 8, Characters::Printable)),
        "4 to 8 characters: letters, numbers and symbols, without spaces"
    );
}

#[test]
fn p26_p27_an_update_says_how_it_ended() {
    for (name, outcome) in [
        (
            "outcome_updated",
            Outcome::Updated {
                message: "Your smartcard passcode and verification passcode have been updated".into(),
                changes: vec!["New smartcard passcode set".into(), "Verification passcode removed".into()],
                advice: vec!["Your account recovery passcode expires in 12 days: it is easier to change all your passcodes at the same time".into()],
            },
        ),
        (
            "outcome_updated_without_advice",
            Outcome::Updated {
                message: "Your verification passcode has been updated".into(),
                changes: vec!["New verification passcode set".into()],
                advice: vec![],
            },
        ),
        ("outcome_cancelled", Outcome::Cancelled),
        ("outcome_failed", Outcome::Failed { reason: "The card was taken out of the reader".into() }),
        ("outcome_not_known", Outcome::NotKnown),
    ] {
        holder_on(Tab::ManagePasscodes)
            .shows(name, |environment, frame| outcome.render(environment, frame));
    }
}
