//! Values, the form, advice: by rule.

use super::*;
use crate::{
    context::Context,
    holder::Holder,
    policy::{PASSCODE_LIFE_MAX, Policies, Policy, SameValue},
    samples::{registered, set},
    testing::{When, instant},
};

const TODAY: &str = "2025-06-01";

/// Somebody with a smartcard and a verification passcode, but no account recovery passcode.
fn holder() -> When<Holder> {
    registered("2025-03-10")
        .and(instant("2025-03-10T12:00:00Z"), [set(Kind::Verification, "2025-03-10", 2)])
        .on(TODAY)
}

fn typed(text: &str) -> Typed {
    Typed::from(text.to_owned())
}

fn fields(new: &str, confirm: &str) -> OptionalFields {
    OptionalFields { wanted: typed(new), confirm: typed(confirm), blank: false }
}

fn blank() -> OptionalFields {
    OptionalFields { blank: true, ..OptionalFields::default() }
}

fn recovery(account_recovery: OptionalFields) -> Form {
    Form { account_recovery, ..Form::default() }
}

fn verification(verification: OptionalFields) -> Form {
    Form { verification, ..Form::default() }
}

fn parse(form: &Form) -> Result<Wanted, Vec<FieldFault>> {
    holder().see(|ctx, holder| form.parse(ctx, holder.passcodes()))
}

#[track_caller]
fn accepted(form: &Form) -> Wanted {
    match parse(form) {
        Ok(wanted) => wanted,
        Err(faults) => panic!("{faults:?}"),
    }
}

/// The faults of a form, as field and rule.
#[track_caller]
fn faults(form: &Form) -> Vec<(Field, &'static str)> {
    let faults = parse(form).err().expect("faults");
    assert!(faults.iter().all(|fault| !fault.message.is_empty()));
    faults.iter().map(|fault| (fault.field, fault.rule.as_str())).collect()
}

fn value(text: &str) -> Result<Passcode, Fault> {
    Passcode::parse(OptionalKind::Verification, text, &Policy::seed())
}

const TOO_SHORT_OR_LONG: Fault = Fault::Length(Lengths { min: 8, max: 20 });

#[test]
fn b29_what_was_chosen_under_another_policy_can_be_typed() {
    let policy = Policy { optional: Lengths { min: 10, max: 12 }, ..Policy::seed() };
    let typed = |n: usize| Passcode::typed(&"x".repeat(n), &policy).is_ok();
    assert!(!typed(0) && typed(1) && typed(8) && typed(20) && !typed(21));
}

#[test]
fn p10_p12_an_optional_passcode_has_8_to_20_characters() {
    for kind in OptionalKind::ALL {
        let parse = |n: usize| Passcode::parse(kind, &"x".repeat(n), &Policy::seed()).map(drop);
        assert_eq!(parse(7), Err(TOO_SHORT_OR_LONG));
        assert_eq!(parse(8), Ok(()));
        assert_eq!(parse(20), Ok(()));
        assert_eq!(parse(21), Err(TOO_SHORT_OR_LONG));
    }
    assert_eq!(TOO_SHORT_OR_LONG.rule(OptionalKind::AccountRecovery).as_str(), "P-10");
    assert_eq!(TOO_SHORT_OR_LONG.rule(OptionalKind::Verification).as_str(), "P-12");
}

#[test]
fn b23_length_is_counted_in_characters_after_composition_and_not_in_bytes() {
    assert!(value(&"é".repeat(20)).is_ok());
    assert!(value(&"e\u{301}".repeat(20)).is_ok());
    assert!(value(&"e\u{301}".repeat(7)).is_err());
}

#[test]
fn b23_equality_is_exact_after_composition_and_minds_case() {
    assert!(value("caf\u{e9} noir") == value("cafe\u{301} noir"));
    assert!(value("Abcd1234") != value("abcd1234"));
    assert_eq!(value("cafe\u{301} noir").ok().unwrap().bytes(), "caf\u{e9} noir".as_bytes());
}

#[test]
fn b23_outer_spaces_are_refused_and_nothing_is_trimmed() {
    for text in [" Abcd1234", "Abcd1234 ", "Abcd1234\u{a0}", "\u{3000}Abcd1234"] {
        assert!(value(text) == Err(Fault::OuterSpace), "{text:?}");
    }
    assert_eq!(value("Abcd 1234").ok().unwrap().bytes(), b"Abcd 1234");
}

#[test]
fn b23_characters_that_no_field_can_hold_are_refused() {
    assert!(value("Abcd\n1234") == Err(Fault::Characters));
    assert!(value("Abcd\u{0}1234") == Err(Fault::Characters));
}

#[test]
fn p07_a_value_without_capitals_or_numbers_is_accepted_with_advice() {
    for text in ["12345678", "abcdefgh", "ABCDEFG1", "abcdefg1"] {
        let advice = value(text).ok().unwrap().advice(Kind::Verification);
        assert_eq!(advice, Some(Advice::Strength { kind: Kind::Verification }), "{text}");
    }
    assert_eq!(value("Abcdefg1").ok().unwrap().advice(Kind::Verification), None);
    assert_eq!(strength(Kind::Smartcard, "Abc1"), None);
    assert!(strength(Kind::Smartcard, "1234").is_some());
}

#[test]
fn p21_only_the_kinds_that_are_filled_change() {
    let wanted = accepted(&verification(fields("Abcdefg1", "Abcdefg1")));
    assert!(!wanted.smartcard);
    assert!(wanted.account_recovery == WantedOptional::Keep);
    assert!(wanted.touches(Kind::Verification));
}

#[test]
fn p21_two_entries_that_differ_are_refused() {
    let form = verification(fields("Abcdefg1", "Abcdefg2"));
    assert_eq!(faults(&form), [(Field::ConfirmVerification, "P-21")]);
}

#[test]
fn p21_a_confirmation_alone_is_refused() {
    let form = verification(fields("", "Abcdefg1"));
    assert_eq!(faults(&form), [(Field::NewVerification, "P-21")]);
}

#[test]
fn p21_two_entries_that_differ_in_composition_only_are_the_same() {
    accepted(&verification(fields("caf\u{e9} noir", "cafe\u{301} noir")));
}

#[test]
fn s04_a_confirm_field_is_mandatory_when_its_new_field_is_filled() {
    let form = recovery(fields("Abcdefg1", ""));
    assert_eq!(faults(&form), [(Field::ConfirmAccountRecovery, "S-04")]);
    accepted(&verification(OptionalFields { blank: true, ..fields("", "") }));
}

#[test]
fn s03_the_form_has_new_and_confirm_for_each_kind_and_blank_for_two() {
    let form: Form = serde_json::from_str(
        r#"{
            "smartcard": true,
            "account_recovery": {"new": "Abcdefg1", "confirm": "Abcdefg1"},
            "verification": {"blank": true}
        }"#,
    )
    .unwrap();
    let wanted = accepted(&form);
    assert!(wanted.smartcard);
    assert!(matches!(wanted.account_recovery, WantedOptional::Set(_)));
    assert!(wanted.verification == WantedOptional::Blank);
    assert!(serde_json::from_str::<Form>(r#"{"smartcard": {"blank": true}}"#).is_err());
}

#[test]
fn p24_a_passcode_that_is_set_may_be_blanked_and_one_that_is_not_may_not() {
    assert!(accepted(&verification(blank())).verification == WantedOptional::Blank);
    assert_eq!(faults(&recovery(blank())), [(Field::BlankAccountRecovery, "B-28")]);
}

#[test]
fn b28_blank_together_with_a_new_value_is_refused() {
    for (new, confirm) in [("Abcdefg1", "Abcdefg1"), ("Abcdefg1", ""), ("", "Abcdefg1")] {
        let form = verification(OptionalFields { blank: true, ..fields(new, confirm) });
        assert_eq!(faults(&form), [(Field::BlankVerification, "B-28")]);
    }
}

#[test]
fn b28_a_form_without_anything_entered_is_refused() {
    assert_eq!(faults(&Form::default()), [(Field::Form, "B-28")]);
    accepted(&Form { smartcard: true, ..Form::default() });
}

#[test]
fn b28_all_faults_of_all_fields_come_at_once_in_the_order_of_the_page() {
    let form = Form {
        smartcard: true,
        account_recovery: fields("short", "other"),
        verification: fields("x".repeat(21).as_str(), ""),
    };
    assert_eq!(
        faults(&form),
        [
            (Field::NewAccountRecovery, "P-10"),
            (Field::ConfirmAccountRecovery, "P-21"),
            (Field::NewVerification, "P-12"),
            (Field::ConfirmVerification, "S-04"),
        ]
    );
}

#[test]
fn b27_one_value_for_two_kinds_is_warned_of_under_seed_and_refused_where_policy_says_so() {
    let form = Form {
        smartcard: false,
        account_recovery: fields("Abcdefg1", "Abcdefg1"),
        verification: fields("Abcdefg1", "Abcdefg1"),
    };
    let same = Advice::SameValue { one: Kind::AccountRecovery, other: Kind::Verification };
    holder().see(|ctx, holder| {
        let wanted = form.parse(ctx, holder.passcodes()).ok().unwrap();
        assert!(wanted.advice(ctx, holder.passcodes()).contains(&same));
        let policy = Policy { same_value: SameValue::Refuse, ..Policy::seed() };
        let policies = Policies::only(policy);
        let strict = Context { policies: &policies, ..*ctx };
        let faults = form.parse(&strict, holder.passcodes()).err().unwrap();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].rule.as_str(), "B-27");
    });
}

#[test]
fn p23_another_kind_that_is_due_within_60_days_is_worth_changing_too() {
    let wanted = accepted(&verification(fields("Abcdefg1", "Abcdefg1")));
    let advice = |today: &str| {
        let now = registered("2025-03-10").on(today);
        now.see(|ctx, holder| wanted.advice(ctx, holder.passcodes()))
    };
    assert_eq!(advice("2026-01-08"), []);
    let soon = Advice::Synchronise { kind: Kind::Smartcard, days_left: 60 };
    assert_eq!(advice("2026-01-09"), [soon]);
    assert_eq!(soon.rule().as_str(), "P-23");
}

#[test]
fn every_fault_has_its_own_wording() {
    let messages = [
        parse(&verification(fields("", "Abcdefg1"))),
        parse(&verification(fields("Abcdefg1", ""))),
        parse(&verification(fields("Abcdefg1", "Abcdefg2"))),
        parse(&verification(fields("Abc1", "Abc1"))),
        parse(&verification(fields(" Abcdefg1", " Abcdefg1"))),
        parse(&verification(fields("Abc\tdefg1", "Abc\tdefg1"))),
        parse(&verification(OptionalFields { blank: true, ..fields("Abcdefg1", "") })),
        parse(&recovery(blank())),
        parse(&Form::default()),
    ]
    .map(|outcome| outcome.err().unwrap().remove(0).message);
    assert_eq!(messages[3], "Verification passcode must be between 8 and 20 characters");
    let different: std::collections::BTreeSet<_> = messages.iter().collect();
    assert_eq!(different.len(), messages.len());
}

#[test]
fn s02_the_status_shows_for_each_kind_whether_it_is_set_and_how_long_it_lasts() {
    let [first, second, third] = holder().see(|ctx, holder| holder.passcodes().status(ctx));
    assert_eq!(first.kind, Kind::Smartcard);
    assert_eq!(
        first.standing,
        Standing::Set {
            last_changed_on: "2025-03-10".parse().unwrap(),
            expires_on: "2026-03-10".parse().unwrap(),
            locks_on: Some("2026-03-31".parse().unwrap()),
            lapses_on: None,
            days_left: 282,
            phase: crate::calendar::Phase::Current { days_left: 282 },
        }
    );
    assert_eq!((second.kind, second.standing), (Kind::AccountRecovery, Standing::NotSet));
    assert_eq!(third.kind, Kind::Verification);
}

#[test]
fn p13_a_passcode_is_without_end_where_policy_lets_none_expire_and_not_where_it_lives_a_day_less() {
    let longest = Policy { passcode_days: PASSCODE_LIFE_MAX - 1, ..Policy::seed() };
    for (policy, expected) in [(Policy::strict(), true), (longest, false), (Policy::seed(), false)]
    {
        let standing = registered("2025-03-10")
            .under(policy)
            .on(TODAY)
            .see(|ctx, holder| holder.passcodes().standing(ctx, Kind::Smartcard));
        assert_eq!(standing.is_without_end(), expected);
    }
    assert!(!Standing::NotSet.is_without_end());
}
