//! P-08, P-11, B-41: what somebody says is compared.

use super::*;
use crate::{passcode::Advice, unlock};

const ON: &str = "2026-06-01";

/// With an account recovery and a verification passcode.
fn holder() -> Given<Holder> {
    registered("2026-03-10").and(
        instant("2026-03-11T12:00:00Z"),
        [set(Kind::AccountRecovery, "2026-03-11", 3), set(Kind::Verification, "2026-03-11", 4)],
    )
}

fn note(kind: OptionalKind, right: bool, by: Checker) -> HolderCommand {
    ask(DeskCommand::NotePasscodeCheck { kind, right, by })
}

fn said(kind: OptionalKind, matched: bool, failures: u8, by: Checker) -> HolderEvent {
    HolderEvent::Desk(DeskEvent::PasscodeChecked { kind, matched, failures, by })
}

fn check_blocked(kind: OptionalKind) -> HolderEvent {
    HolderEvent::Desk(DeskEvent::PasscodeCheckBlocked { kind, on: day(ON) })
}

fn tries(when: &When<Holder>, kind: OptionalKind) -> Result<u8, Refusal> {
    when.see(|ctx, holder| may_check(ctx, holder, kind))
}

/// Three wrong ones, one after the other.
fn three_wrong(kind: OptionalKind, by: Checker) -> When<Holder> {
    holder()
        .on(ON)
        .when(note(kind, false, by))
        .then([said(kind, false, 1, by)])
        .when(note(kind, false, by))
        .then([said(kind, false, 2, by)])
        .when(note(kind, false, by))
        .then([said(kind, false, 3, by), check_blocked(kind)])
}

#[test]
fn p11_the_third_wrong_verification_passcode_blocks_it_until_another_is_set() {
    let (kind, by) = (OptionalKind::Verification, Checker::Telephone);
    let blocked = three_wrong(kind, by);
    assert_eq!(tries(&blocked, kind), Err(Refusal::CheckBlocked));
    // A right one is not a match any more, and is recorded as none.
    let events = three_wrong(kind, by).when(note(kind, true, by)).then_see();
    assert_eq!(events, [said(kind, false, 3, by)]);
    assert!(!has_matched(&events));
    let new = holder()
        .and(
            instant("2026-06-01T09:00:00Z"),
            [said(kind, false, 3, by), check_blocked(kind), set(Kind::Verification, ON, 5)],
        )
        .on(ON);
    assert_eq!(tries(&new, kind), Ok(3));
}

#[test]
fn p11_a_release_lets_it_be_compared_again_with_all_tries_and_asks_the_holder_for_a_new_one() {
    let (kind, by) = (OptionalKind::Verification, Checker::Telephone);
    let advice = |when: &When<Holder>| when.see(|_, holder| holder.desk().advice());
    assert_eq!(advice(&holder().on(ON)), None);
    let release = || ask(DeskCommand::ReleaseSelfService { check: passport() });
    let (on, check) = (day(ON), passport());
    let released = HolderEvent::Desk(DeskEvent::PasscodeCheckReleased { kind, on, check });
    let open = three_wrong(kind, by).when(release()).then([released.clone()]);
    assert_eq!(tries(&open, kind), Ok(3));
    // Whoever has guessed may guess again: only another value helps, and only the holder sets one.
    assert_eq!(advice(&open), Some(Advice::Guessed { kind: Kind::Verification }));
    open.when(release()).then_refused(Refusal::NothingBlocked);
    let new = holder()
        .and(
            instant("2026-06-01T09:00:00Z"),
            [check_blocked(kind), released, set(Kind::Verification, ON, 5)],
        )
        .on(ON);
    assert_eq!((tries(&new, kind), advice(&new)), (Ok(3), None));
}

#[test]
fn p11_b41_one_release_ends_both_blocks_and_each_is_recorded() {
    let at = instant("2026-06-01T09:00:00Z");
    let kinds = [OptionalKind::AccountRecovery, OptionalKind::Verification];
    let released = holder()
        .and(at, kinds.map(check_blocked))
        .on(ON)
        .when(ask(DeskCommand::ReleaseSelfService { check: passport() }));
    let (on, check, kind) = (day(ON), passport(), OptionalKind::Verification);
    let open = released.then([
        HolderEvent::Desk(DeskEvent::SelfServiceReleased {
            on,
            check: check.clone(),
            registered: None,
        }),
        HolderEvent::Desk(DeskEvent::PasscodeCheckReleased { kind, on, check }),
    ]);
    assert_eq!(kinds.map(|kind| tries(&open, kind)), [Ok(3), Ok(3)]);
}

#[test]
fn p11_a_right_verification_passcode_matches_and_says_nothing_else() {
    let (kind, by) = (OptionalKind::Verification, Checker::Telephone);
    let events = holder().on(ON).when(note(kind, true, by)).then_see();
    assert_eq!(events, [said(kind, true, 0, by)]);
    assert!(has_matched(&events));
}

#[test]
fn p08_at_the_desk_it_matches_does_not_is_not_on_record_or_is_blocked() {
    let (kind, by) = (OptionalKind::AccountRecovery, Checker::Desk);
    let asked = holder().on(ON);
    assert_eq!(tries(&asked, kind), Ok(3));
    let wrong = asked.when(note(kind, false, by)).then([said(kind, false, 1, by)]);
    assert_eq!(tries(&wrong, kind), Ok(2));
    let none = registered("2026-03-10").on(ON);
    assert_eq!(tries(&none, kind), Err(Refusal::NoneOnRecord));
    none.when(note(kind, true, by)).then([said(kind, false, 0, by)]);
    assert_eq!(tries(&three_wrong(kind, by), kind), Err(Refusal::CheckBlocked));
}

#[test]
fn b41_the_desk_and_the_unlock_share_one_count_of_wrong_account_recovery_passcodes() {
    let (kind, by) = (OptionalKind::AccountRecovery, Checker::Desk);
    let two = [HolderEvent::RecoveryPasscodeWrong { unlock: flow(4), failures: 2 }];
    let third = holder()
        .and(instant("2026-05-30T12:00:00Z"), two)
        .on(ON)
        .when(note(kind, false, by))
        .then([said(kind, false, 3, by), check_blocked(kind)]);
    third.see(|ctx, holder| {
        let refused = unlock::recovery_tries(ctx, holder);
        assert_eq!(refused, Err(crate::self_service::Refusal::RecoveryPasscodeBlocked));
    });
    let verification = tries(&third, OptionalKind::Verification);
    assert_eq!(verification, Ok(3));
}

#[test]
fn b41_an_account_recovery_passcode_that_was_spoken_is_to_be_changed() {
    let (kind, by) = (OptionalKind::AccountRecovery, Checker::Desk);
    let spoken = |holder: &Holder| {
        let advice = holder.desk().advice();
        assert_eq!(advice.is_some(), holder.desk().spoken_at().is_some());
        advice.is_some_and(|advice| advice.rule().as_str() == "B-41")
    };
    let wrong = holder().on(ON).when(note(kind, false, by)).then([said(kind, false, 1, by)]);
    wrong.see(|_, holder| assert!(!spoken(holder)));
    let right = wrong.when(note(kind, true, by)).then([said(kind, true, 1, by)]);
    right.see(|_, holder| assert!(spoken(holder)));
    holder()
        .and(
            instant("2026-06-01T09:00:00Z"),
            [said(kind, true, 0, by), set(Kind::AccountRecovery, ON, 5)],
        )
        .on(ON)
        .see(|_, holder| assert!(!spoken(holder)));
}

#[test]
fn b06_nothing_is_a_proof_for_a_locked_account_or_a_closed_one() {
    let kind = OptionalKind::Verification;
    let verification = || [set(Kind::Verification, "2025-06-01", 4)];
    let at = instant("2025-06-01T12:00:00Z");
    let on = |today| tries(&registered("2025-03-10").and(at, verification()).on(today), kind);
    assert_eq!(on("2026-03-30"), Ok(3));
    assert_eq!(on("2026-03-31"), Err(Refusal::AccountLocked));
    let closed = closed("2026-01-05").and(at, verification()).on("2026-01-06");
    assert_eq!(tries(&closed, kind), Err(Refusal::AccountClosed));
}
