//! Decisions about a holder, by rule.

use super::*;
use crate::{
    certificate::IdentityEvidence,
    desk::{DeskEvent, IdentityCheck},
    logon::{Authenticated, LogonRefusal},
    passcode::{self, CardChange, Optional, OptionalKind},
    samples::*,
    testing::{day, given, instant},
};

const DAY: &str = "2025-06-01";

fn change(changes: Changes) -> HolderCommand {
    HolderCommand::ChangePasscodes(changes)
}

fn set_verification(reference: u128) -> HolderCommand {
    change(Changes { verification: Optional::Set(secret(reference)), ..no_change() })
}

fn set_smartcard(reference: u128) -> HolderCommand {
    let smartcard = Some(CardChange { secret: secret(reference) });
    change(Changes { smartcard, ..no_change() })
}

fn registration_of(verification: Option<u128>) -> HolderCommand {
    let verification = verification.map(secret);
    HolderCommand::Register {
        registration: Registration { verification, ..first_card() },
        organisation: None,
    }
}

fn first_card() -> Registration {
    Registration {
        card: card(),
        smartcard: secret(1),
        puk: secret(PUK),
        account_recovery: None,
        verification: None,
        check: passport(),
    }
}

#[test]
fn p03_a_registration_sets_the_smartcard_passcode() {
    given::<Holder>([]).on(DAY).when(registration_of(None)).then(registration(DAY));
}

#[test]
fn b49_nobody_is_registered_by_a_word_alone_or_without_a_place() {
    let register = |check| {
        let registration = Registration { check, ..first_card() };
        let command = HolderCommand::Register { registration, organisation: None };
        given::<Holder>([]).on(DAY).when(command)
    };
    let vouched = IdentityCheck { evidence: IdentityEvidence::Vouched, ..passport() };
    register(vouched).then_refused(desk::Refusal::EvidenceNotEnough);
    let nowhere = IdentityCheck { place: " ".to_owned(), ..passport() };
    register(nowhere).then_refused(desk::Refusal::PlaceNotValid);
    register(passport()).then(registration(DAY));
}

#[test]
fn b59_who_is_registered_for_an_organisation_is_assigned_to_it_in_the_same_append() {
    let organisation: OrganisationCode = "RXA".parse().unwrap();
    let register = HolderCommand::Register {
        registration: first_card(),
        organisation: Some(organisation.clone()),
    };
    let events = given::<Holder>([]).on(DAY).when(register).then_see();
    let assigned = HolderEvent::Desk(DeskEvent::Assigned { organisation, on: day(DAY) });
    assert_eq!(events[..2], [HolderEvent::HolderRegistered {}, assigned]);
    assert_eq!(events[2..], registration(DAY)[1..]);
}

#[test]
fn p04_a_registration_may_set_the_optional_passcodes_or_leave_them_out() {
    let mut expected = registration(DAY);
    expected.push(first(Kind::Verification, DAY, 3));
    given::<Holder>([]).on(DAY).when(registration_of(Some(3))).then(expected);
    let only_smartcard = registered(DAY).on(DAY);
    only_smartcard.see(|_, holder| {
        assert_eq!(holder.passcodes().current(Kind::Verification), None);
        assert!(holder.passcodes().current(Kind::Smartcard).is_some());
    });
}

#[test]
fn p03_a_person_is_registered_once_and_a_repeat_changes_nothing() {
    registered(DAY).on(DAY).when(registration_of(None)).then([]);
    let registration = Registration { smartcard: secret(2), ..first_card() };
    registered(DAY)
        .on(DAY)
        .when(HolderCommand::Register { registration, organisation: None })
        .then_refused(Refusal::AlreadyRegistered);
}

#[test]
fn p03_nothing_is_decided_about_somebody_who_is_not_registered() {
    for command in [
        set_verification(2),
        HolderCommand::NoteChangedElsewhere { secret: secret(2) },
        HolderCommand::NoteUsedBefore { kind: Kind::Smartcard },
        HolderCommand::NoteLogonRefused { reason: LogonRefusal::CardLocked },
    ] {
        given::<Holder>([]).on(DAY).when(command).then_refused(Refusal::NotRegistered);
    }
}

#[test]
fn p01_a_passcode_may_be_changed_on_the_day_it_was_set() {
    registered(DAY).on(DAY).when(set_smartcard(2)).then([set(Kind::Smartcard, DAY, 2)]);
}

#[test]
fn p02_nothing_is_refused_for_being_old_inside_365_days() {
    registered("2025-03-10")
        .on("2026-03-09")
        .when(set_verification(2))
        .then([set(Kind::Verification, "2026-03-09", 2)])
        .see(|ctx, holder| {
            assert_eq!(
                holder.passcodes().current(Kind::Smartcard).unwrap().on,
                "2025-03-10".parse().unwrap()
            );
            let check = crate::logon::check(ctx, holder, &proof());
            assert_eq!(check.verdict, crate::logon::Verdict::Full);
        });
}

#[test]
fn p20_a_change_needs_the_agreement_of_the_active_card() {
    let replaced = IssuedCard { card: serial("00FF"), ..card() };
    registered(DAY)
        .and(instant("2025-06-01T10:00:00Z"), [HolderEvent::CardIssued(replaced)])
        .on(DAY)
        .when(set_verification(2))
        .then_refused(Refusal::CardNotActive);
}

#[test]
fn b61_issuing_a_card_puts_the_former_one_out_of_use() {
    let replaced = IssuedCard { card: serial("00FF"), ..card() };
    let now =
        registered(DAY).and(instant("2025-06-01T10:00:00Z"), [HolderEvent::CardIssued(replaced)]);
    now.on(DAY).see(|ctx, holder| {
        assert_eq!(
            Authenticated::by_card(ctx, holder, &card().card),
            Err(LogonRefusal::CardNotKnown)
        );
        assert!(Authenticated::by_card(ctx, holder, &serial("00FF")).is_ok());
    });
}

#[test]
fn p21_kinds_left_empty_stay_as_they_are() {
    registered("2025-03-10")
        .on(DAY)
        .when(set_verification(2))
        .then([set(Kind::Verification, DAY, 2)])
        .see(|_, holder| {
            let smartcard = holder.passcodes().current(Kind::Smartcard).unwrap();
            assert_eq!(smartcard.on, "2025-03-10".parse().unwrap());
            assert_eq!(holder.passcodes().current(Kind::AccountRecovery), None);
        });
}

#[test]
fn p24_blank_removes_a_passcode_and_it_is_not_set_afterwards() {
    let blank = Changes { verification: Optional::Blank, ..no_change() };
    registered("2025-03-10")
        .and(instant("2025-03-10T12:00:00Z"), [set(Kind::Verification, "2025-03-10", 2)])
        .on(DAY)
        .when(change(blank))
        .then([HolderEvent::PasscodeBlanked {
            kind: OptionalKind::Verification,
            on: DAY.parse().unwrap(),
        }])
        .see(|ctx, holder| {
            let status = holder.passcodes().status(ctx)[2];
            assert_eq!(status.kind, Kind::Verification);
            assert_eq!(status.standing, passcode::Standing::NotSet);
        });
}

#[test]
fn p26_the_message_names_what_was_changed_and_only_that() {
    let events = [set(Kind::Smartcard, DAY, 2), set(Kind::Verification, DAY, 3)];
    assert_eq!(
        passcode::confirmation(&events).as_deref(),
        Some("Your smartcard passcode and verification passcode have been updated")
    );
    assert_eq!(passcode::confirmation(&[HolderEvent::HolderRegistered {}]), None);
}

#[test]
fn p22_a_value_that_was_used_before_is_noted_and_changes_nothing() {
    let before = registered(DAY).on(DAY).see(|_, holder| holder.clone());
    registered(DAY)
        .on(DAY)
        .when(HolderCommand::NoteUsedBefore { kind: Kind::Smartcard })
        .then([HolderEvent::UsedBeforeRefused { kind: Kind::Smartcard }])
        .see(|_, after| assert_eq!(*after, before));
}

#[test]
fn b28_all_changes_of_one_update_are_made_together() {
    let changes = Changes {
        smartcard: Some(CardChange { secret: secret(2) }),
        account_recovery: Optional::Set(secret(3)),
        verification: Optional::Set(secret(4)),
        ..no_change()
    };
    registered("2025-03-10").on(DAY).when(change(changes)).then([
        set(Kind::Smartcard, DAY, 2),
        set(Kind::AccountRecovery, DAY, 3),
        set(Kind::Verification, DAY, 4),
    ]);
}

#[test]
fn b28_one_wrong_change_refuses_all_of_them() {
    let changes = Changes {
        smartcard: Some(CardChange { secret: secret(2) }),
        account_recovery: Optional::Blank,
        ..no_change()
    };
    registered("2025-03-10")
        .on(DAY)
        .when(change(changes))
        .then_refused(passcode::Refusal::NotSet { kind: OptionalKind::AccountRecovery });
}

#[test]
fn b28_an_update_of_nothing_is_refused() {
    registered(DAY)
        .on(DAY)
        .when(change(no_change()))
        .then_refused(passcode::Refusal::NothingToChange);
}

#[test]
fn b28_the_same_update_twice_changes_nothing_the_second_time() {
    let changes = Changes {
        account_recovery: Optional::Blank,
        verification: Optional::Set(secret(4)),
        ..no_change()
    };
    registered("2025-03-10")
        .and(instant("2025-03-10T12:00:00Z"), [set(Kind::AccountRecovery, "2025-03-10", 3)])
        .on(DAY)
        .when(change(changes.clone()))
        .then([
            set(Kind::Verification, DAY, 4),
            HolderEvent::PasscodeBlanked {
                kind: OptionalKind::AccountRecovery,
                on: DAY.parse().unwrap(),
            },
        ])
        .when(change(changes))
        .then([]);
}

#[test]
fn p19_a_change_is_accepted_on_day_385_and_refused_on_day_386() {
    registered("2025-03-10").on("2026-03-30").when(set_smartcard(2)).then([set(
        Kind::Smartcard,
        "2026-03-30",
        2,
    )]);
    registered("2025-03-10").on("2026-03-31").when(set_smartcard(2)).then_refused(
        passcode::Refusal::AccountLocked {
            kind: Kind::Smartcard,
            since: "2026-03-31".parse().unwrap(),
        },
    );
}

#[test]
fn b26_the_fifth_set_of_a_kind_within_24_hours_is_accepted_and_flagged() {
    let earlier = |n: u128| set(Kind::Verification, DAY, n);
    let three = registered("2025-03-10")
        .and(instant("2025-06-01T08:00:00Z"), [earlier(2), earlier(3), earlier(4)]);
    three.at("2025-06-01T12:00:00Z").when(set_verification(6)).then([earlier(6)]);
    registered("2025-03-10")
        .and(instant("2025-06-01T08:00:00Z"), [earlier(2), earlier(3), earlier(4), earlier(5)])
        .at("2025-06-01T12:00:00Z")
        .when(set_verification(6))
        .then([
            earlier(6),
            HolderEvent::HistoryCyclingFlagged { kind: Kind::Verification, sets: 5 },
        ]);
}

#[test]
fn b26_a_set_24_hours_ago_does_not_count_any_more() {
    let four = || {
        let sets: Vec<_> = (2..6).map(|n| set(Kind::Verification, DAY, n)).collect();
        registered("2025-03-10").and(instant("2025-06-01T08:00:00Z"), sets)
    };
    let sixth = set(Kind::Verification, "2025-06-02", 6);
    four().at("2025-06-02T08:00:00Z").when(set_verification(6)).then([sixth.clone()]);
    four()
        .at("2025-06-02T07:59:59Z")
        .when(set_verification(6))
        .then([sixth, HolderEvent::HistoryCyclingFlagged { kind: Kind::Verification, sets: 5 }]);
}

#[test]
fn b25_a_passcode_changed_elsewhere_is_remembered_and_its_clock_stays_as_it_was() {
    let elsewhere = HolderCommand::NoteChangedElsewhere { secret: secret(7) };
    registered("2025-03-10")
        .on(DAY)
        .when(elsewhere.clone())
        .then([HolderEvent::PasscodeChangedElsewhere { secret: secret(7) }])
        .see(|ctx, holder| {
            let passcodes = holder.passcodes();
            let current = passcodes.current(Kind::Smartcard).unwrap();
            assert_eq!((current.on, current.secret), ("2025-03-10".parse().unwrap(), secret(7)));
            let compared = passcodes.compare_with(Kind::Smartcard, ctx.policy());
            assert_eq!(compared, [secret(1), secret(7)]);
        });
    registered("2025-03-10")
        .and(
            instant("2025-06-01T10:00:00Z"),
            [HolderEvent::PasscodeChangedElsewhere { secret: secret(7) }],
        )
        .on(DAY)
        .when(elsewhere)
        .then([]);
}

#[test]
fn b25_values_set_at_registration_and_by_a_change_count_alike() {
    let second =
        registered(DAY).and(instant("2025-06-01T10:00:00Z"), [set(Kind::Smartcard, DAY, 2)]);
    second.on(DAY).see(|ctx, holder| {
        let compared = holder.passcodes().compare_with(Kind::Smartcard, ctx.policy());
        assert_eq!(compared, [secret(1), secret(2)]);
    });
}

#[test]
fn every_refusal_names_its_rule_says_why_and_shows_a_way_out() {
    let refusals: [refusal::Refusal; 4] = [
        Refusal::NotRegistered.into(),
        Refusal::CardNotActive.into(),
        passcode::Refusal::NothingToChange.into(),
        passcode::Refusal::UsedBefore { kind: Kind::Verification }.into(),
    ];
    for refusal in refusals {
        assert!(!refusal.rule().as_str().is_empty());
        assert!(!refusal.why().is_empty());
        assert!(refusal.way_out().ends_with('.'));
        assert_eq!(refusal.changes_on(), None);
    }
}
