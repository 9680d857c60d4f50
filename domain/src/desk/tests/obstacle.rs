//! What the record offers is what the rules would let be done.

use super::*;
use crate::{
    desk::{Asker, DECIDED, obstacle},
    refusal::Refusal as Any,
    staff::{Role, StaffAct},
};

fn of(when: &When<Holder>, act: StaffAct) -> Option<Any> {
    let by = Asker { staff: None, role: Role::RaManager };
    when.see(|ctx, holder| obstacle(ctx, holder, act, by))
}

fn working() -> When<Holder> {
    registered("2025-03-10").on("2025-06-01")
}

#[test]
fn b57_what_is_done_already_or_has_nothing_to_act_on_is_not_offered_and_says_why() {
    let works = working();
    for (act, refusal) in [
        (StaffAct::Suspend, None),
        (StaffAct::Revoke, None),
        (StaffAct::CancelCard, None),
        (StaffAct::ReportLost, None),
        (StaffAct::ReplaceCard, None),
        (StaffAct::CloseAccount, None),
        (StaffAct::ChangeContact, None),
        (StaffAct::AuthoriseRenewal, None),
        (StaffAct::AssistCardUnlock, None),
        (StaffAct::Reinstate, Some(Refusal::NotSuspended)),
        (StaffAct::AuthoriseAccountUnlock, Some(Refusal::AccountNotLocked)),
        (StaffAct::ReleaseBlock, Some(Refusal::NothingBlocked)),
        (StaffAct::CheckRecoveryPasscode, Some(Refusal::NoneOnRecord)),
        (StaffAct::ErasePerson, Some(Refusal::NotClosed)),
        (StaffAct::WithdrawRole, Some(Refusal::NoRole)),
        (StaffAct::EndAssignment, Some(Refusal::NoAssignment)),
    ] {
        assert_eq!(of(&works, act), refusal.map(Any::from), "{act:?}");
    }
    let (card, on) = (card().card, day("2025-06-01"));
    let reason = SuspensionReason::Away;
    let suspended = DeskEvent::CertificatesSuspended { card, on, serials: serials(), reason };
    let at = instant("2025-06-01T09:00:00Z");
    let suspended = registered("2025-03-10").and(at, [HolderEvent::Desk(suspended)]);
    let suspended = suspended.on("2025-06-01");
    assert_eq!(of(&suspended, StaffAct::Suspend), Some(Refusal::Suspended.into()));
    assert_eq!(of(&suspended, StaffAct::Reinstate), None);
}

#[test]
fn p19_a_locked_account_can_be_unlocked_from_the_day_of_the_lock_on_and_not_before() {
    let at = |day: &str| {
        let when = registered("2025-03-10").on(day);
        of(&when, StaffAct::AuthoriseAccountUnlock)
    };
    assert_eq!(at("2026-03-30"), Some(Refusal::AccountNotLocked.into()));
    assert_eq!(at("2026-03-31"), None);
}

#[test]
fn b45_of_a_closed_account_the_person_can_be_erased_once_and_nothing_else_be_done() {
    let closed = closed("2025-06-01").on("2025-06-02");
    assert_eq!(of(&closed, StaffAct::ErasePerson), None);
    let others = DECIDED.into_iter().filter(|act| {
        // What was asked for can be told of a closed account, too: these say first that nothing is there.
        !matches!(act, StaffAct::ErasePerson | StaffAct::AuthoriseRenewal)
    });
    for act in others.chain([StaffAct::GrantRole]) {
        assert_eq!(of(&closed, act), Some(Refusal::AccountClosed.into()), "{act:?}");
    }
    let erased = HolderEvent::Desk(DeskEvent::PersonErased { on: day("2025-06-02") });
    let at = instant("2025-06-02T09:00:00Z");
    let erased = super::closed("2025-06-01").and(at, [erased]).on("2025-06-02");
    assert_eq!(of(&erased, StaffAct::ErasePerson), Some(Refusal::Erased.into()));
}

#[test]
fn b63_whoever_vouched_is_told_before_that_somebody_else_has_to_agree() {
    let somebody = |n| HolderId(uuid::Uuid::from_u128(n));
    let requested = DeskEvent::AccountUnlockRequested {
        request: CommandId(uuid::Uuid::from_u128(7)),
        card: card().card,
        by: somebody(1),
        check: checked(IdentityEvidence::Vouched),
        until: instant("2026-04-03T12:30:00Z"),
        glass: None,
    };
    let at = instant("2026-04-03T12:00:00Z");
    let waits = registered("2025-03-10").and(at, [HolderEvent::Desk(requested)]);
    let waits = waits.at("2026-04-03T12:10:00Z");
    let for_staff = |staff| {
        let by = Asker { staff, role: Role::RaAgent };
        waits.see(|ctx, holder| obstacle(ctx, holder, StaffAct::ApproveAccountUnlock, by))
    };
    assert_eq!(for_staff(Some(somebody(2))), None);
    assert_eq!(for_staff(None), None);
    assert_eq!(for_staff(Some(somebody(1))), Some(crate::staff::Refusal::SamePerson.into()));
    let nothing = of(&working(), StaffAct::ApproveAccountUnlock);
    assert_eq!(nothing, Some(Refusal::AccountNotLocked.into()));
}
