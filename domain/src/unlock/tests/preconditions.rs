//! B-40, U-02: what is looked at before a question is asked, in order.

use super::*;
use crate::{
    card::{IssuedCard, Slot, Write},
    certificate::{Renewer, RevocationReason},
    logon::{CardPresent, LogonRefusal},
};

fn refused(unlock: CommandId, reason: Refusal) -> HolderEvent {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    HolderEvent::UnlockRefused { unlock, card: card().card, reason, workstation, reader }
}

/// The start is refused like this, which is recorded and told whoever started it, and costs nothing.
#[track_caller]
fn check(given: Given<Holder>, now: &str, reason: Refusal) {
    given.at(now).when(start(flow(2))).then([refused(flow(2), reason)]).see(|ctx, holder| {
        let told = holder.self_service().unlock_of(ctx, flow(2));
        assert_eq!(told.unwrap_err(), reason);
        assert_eq!(holder.self_service().failures(), 0);
    });
}

fn revoked() -> HolderEvent {
    HolderEvent::CertificatesRevoked {
        card: card().card,
        on: day("2026-06-01"),
        reason: RevocationReason::LostOrStolen,
        serials: vec![],
        by: Renewer::Holder,
    }
}

fn open_update() -> [HolderEvent; 2] {
    let (update, job, on) = (flow(8), Uuid::from_u128(8), day("2026-06-01"));
    let (slot, write, by) = (Slot::Authentication, Write::KeyPair, Renewer::Holder);
    [
        HolderEvent::CardUpdateBegun { update, card: card().card, by, job, on },
        HolderEvent::CardWriteOpened { update, slot, write },
    ]
}

fn blocked() -> HolderEvent {
    HolderEvent::SelfServiceBlocked { unlock: flow(9), on: day("2026-06-01") }
}

#[test]
fn b61_a_card_that_is_not_in_use_any_more_is_refused() {
    let other = IssuedCard { card: serial("00FF"), ..card() };
    let replaced = holder().and(instant(NOON), [HolderEvent::CardIssued(other)]);
    check(replaced, NOON, Refusal::CardNotActive);
}

#[test]
fn b40_only_the_holders_own_card_proves_that_it_is_there() {
    holder().at(NOON).see(|_, holder| {
        let other = CardPresent::by_signature(holder, &serial("00FF"));
        assert_eq!(other, Err(LogonRefusal::CardNotKnown));
        let nobody = CardPresent::by_signature(&Holder::default(), &card().card);
        assert_eq!(nobody, Err(LogonRefusal::CardNotKnown));
    });
}

#[test]
fn c15_b40_revoked_comes_before_everything_that_follows() {
    let all = holder().and(instant(NOON), [revoked(), blocked()]);
    check(all, NOON, Refusal::Revoked);
}

#[test]
fn b52_expired_certificates_are_refused_from_the_second_after_their_last() {
    let recent =
        || registered("2026-09-01").and(instant(NOON), self_service(flow(1), "2026-06-01"));
    let last = recent().at("2027-03-10T09:00:00Z").when(start(flow(2)));
    assert!(matches!(last.then_see()[0], HolderEvent::UnlockStarted { .. }));
    check(recent(), "2027-03-10T09:00:01Z", Refusal::Expired);
}

#[test]
fn b55_a_card_between_old_and_new_may_be_unlocked_as_any_other_in_the_order_of_b40() {
    let between = || holder().and(instant(NOON), open_update());
    between().at(NOON).see(|ctx, holder| assert_eq!(may_start(ctx, holder), Ok(())));
    check(between().and(instant(NOON), [blocked()]), NOON, Refusal::Blocked);
    check(between().and(instant(NOON), [revoked()]), NOON, Refusal::Revoked);
}

#[test]
fn p19_a_locked_account_is_never_asked_its_questions_and_an_open_one_a_day_before_is() {
    let due = || registered("2025-03-10").and(instant(NOON), self_service(flow(1), "2025-06-01"));
    let open = due().on("2026-03-30").when(start(flow(2)));
    assert!(matches!(open.then_see()[0], HolderEvent::UnlockStarted { .. }));
    check(due(), "2026-03-31T12:00:00Z", Refusal::AccountLocked);
}

#[test]
fn p19_an_account_that_locks_meanwhile_stops_the_unlock() {
    let due = registered("2025-03-10").and(instant(NOON), self_service(flow(1), "2025-06-01"));
    let mut life = Life::of(due);
    life.now = instant("2026-03-30T22:50:00Z");
    life.tell(start(flow(2))).unwrap();
    life.later(20);
    let locked = Err(Refusal::AccountLocked.into());
    assert_eq!(life.tell(answered(flow(2), 1, true, 11)), locked);
}

#[test]
fn u02_who_is_not_registered_is_refused_and_gets_no_mail() {
    check(registered("2026-03-10"), NOON, Refusal::NotRegistered);
}

#[test]
fn u07_who_is_blocked_is_refused_the_next_day_too() {
    check(holder().and(instant(NOON), [blocked()]), "2026-06-02T12:00:00Z", Refusal::Blocked);
}

#[test]
fn u01_a_card_whose_puk_is_not_on_record_is_refused() {
    // Issued by a build that recorded none.
    let reissued = holder().and(instant(NOON), [HolderEvent::CardIssued(card())]);
    check(reissued, NOON, Refusal::NoPuk);
}

#[test]
fn a_repeat_of_a_refused_start_is_recorded_once() {
    let once = holder().and(instant(NOON), [blocked()]).at(NOON).when(start(flow(2)));
    let once = once.then([refused(flow(2), Refusal::Blocked)]);
    once.when(start(flow(2))).then([]);
}

#[test]
fn b47_a_card_that_is_not_locked_may_be_unlocked() {
    // How many tries the card has left is nothing that is asked.
    holder().at(NOON).see(|ctx, holder| assert_eq!(may_start(ctx, holder), Ok(())));
}
