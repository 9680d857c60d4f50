//! B-45, B-49, B-57, B-61: a card that is lost, suspended, cancelled or replaced.

use super::*;
use crate::{
    card::IssuedCard,
    certificate::Phase,
    holder::Registration,
    logon::{Authenticated, LogonRefusal},
};

const ON: &str = "2026-01-05";

fn report(loss: Loss, lost_at: &str) -> HolderCommand {
    ask(DeskCommand::ReportLost { loss, lost_at: instant(lost_at) })
}

fn suspended(reason: SuspensionReason) -> HolderEvent {
    let (card, on, serials) = (card().card, day(ON), serials());
    HolderEvent::Desk(DeskEvent::CertificatesSuspended { card, on, serials, reason })
}

fn reinstated() -> HolderEvent {
    let (card, on, serials) = (card().card, day(ON), serials());
    HolderEvent::Desk(DeskEvent::CertificatesReinstated { card, on, serials })
}

fn phase(when: &When<Holder>) -> Option<Phase> {
    when.see(|ctx, holder| holder.certificates(ctx).map(|standing| standing.phase))
}

#[test]
fn b57_a_lost_card_is_revoked_and_out_of_use_in_one_step_and_every_session_ends() {
    let lost_at = instant("2026-01-04T21:00:00Z");
    let (card, loss) = (card().card, Loss::Stolen);
    let reported = DeskEvent::CardReportedLost { card, on: day(ON), loss, lost_at };
    registered("2025-03-10")
        .on(ON)
        .when(report(loss, "2026-01-04T21:00:00Z"))
        .then([
            HolderEvent::Desk(reported),
            revoked(ON, RevocationReason::LostOrStolen),
            cancelled(ON, CancelReason::Stolen),
        ])
        .when(report(loss, "2026-01-04T21:00:00Z"))
        .then_refused(Refusal::NoCard)
        .see(|ctx, holder| {
            assert!(holder.card().is_none() && 0 < holder.certificate_records().endings());
            let refused = Authenticated::by_card(ctx, holder, &super::card().card);
            assert_eq!(refused, Err(LogonRefusal::CardNotKnown));
            assert_eq!(holder.desk().lost().map(|lost| lost.lost_at), Some(lost_at));
        });
}

#[test]
fn b57_a_card_is_lost_now_or_before_and_not_later() {
    let at = |lost_at| registered("2025-03-10").on(ON).when(report(Loss::Lost, lost_at));
    at("2026-01-05T12:00:00Z").then_see();
    at("2026-01-05T12:00:01Z").then_refused(Refusal::NotYet);
}

#[test]
fn b57_a_card_is_lost_after_it_was_issued_and_not_before() {
    let at = |lost_at| {
        let given =
            given::<Holder>([]).and(instant("2025-03-10T12:00:30Z"), registration("2025-03-10"));
        given.on(ON).when(report(Loss::Lost, lost_at))
    };
    at("2025-03-10T12:00:00Z").then_see();
    at("2025-03-10T11:59:00Z").then_refused(Refusal::BeforeIssue);
    at("0026-01-04T21:00:00Z").then_refused(Refusal::BeforeIssue);
}

#[test]
fn b57_a_suspended_card_opens_nothing_until_the_suspension_is_ended() {
    let suspend = || ask(DeskCommand::Suspend { reason: SuspensionReason::Mislaid });
    let reinstate = || ask(DeskCommand::Reinstate {});
    let held = registered("2025-03-10")
        .on(ON)
        .when(reinstate())
        .then_refused(Refusal::NotSuspended)
        .when(suspend())
        .then([suspended(SuspensionReason::Mislaid)])
        .when(suspend())
        .then([]);
    assert_eq!(phase(&held), Some(Phase::Suspended));
    held.see(|ctx, holder| {
        let refused = Authenticated::by_card(ctx, holder, &card().card);
        assert_eq!(refused, Err(LogonRefusal::CertificatesSuspended));
        assert_eq!(holder.certificate_records().endings(), 1);
    });
    let good = held.when(reinstate()).then([reinstated()]);
    assert_eq!(phase(&good), Some(Phase::Quiet));
    good.see(|ctx, holder| assert!(Authenticated::by_card(ctx, holder, &card().card).is_ok()));
}

#[test]
fn b57_what_is_revoked_is_neither_suspended_nor_reinstated() {
    let (reason, again) = (RevocationReason::Compromised, SuspensionReason::Suspected);
    registered("2025-03-10")
        .on(ON)
        .when(ask(DeskCommand::Suspend { reason: again }))
        .then([suspended(again)])
        .when(ask(DeskCommand::Revoke { reason }))
        .then([revoked(ON, reason)])
        .when(ask(DeskCommand::Revoke { reason }))
        .then([])
        .when(ask(DeskCommand::Suspend { reason: again }))
        .then_refused(Refusal::Revoked)
        .when(ask(DeskCommand::Reinstate {}))
        .then_refused(Refusal::Revoked);
}

#[test]
fn b57_an_unlock_that_was_begun_is_over_when_the_card_is_suspended() {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    let (unlock, card) = (flow(5), card().card);
    let started = HolderEvent::UnlockStarted { unlock, card, workstation, reader };
    registered("2025-03-10")
        .and(instant("2025-05-01T12:00:00Z"), self_service(flow(1), "2025-05-01"))
        .and(instant("2026-01-05T11:59:00Z"), [started])
        .and(instant("2026-01-05T12:00:00Z"), [suspended(SuspensionReason::NotMe)])
        .at("2026-01-05T12:00:00Z")
        .see(|ctx, holder| assert!(holder.self_service().unlock(ctx).is_none()));
}

/// Another card, with the `n`-th references.
fn replacement(reason: CancelReason, n: u128) -> Replacement {
    let card = IssuedCard { card: serial("00D4E5F6"), ..card() };
    let registration = Registration {
        card,
        smartcard: secret(n),
        puk: secret(n + 1),
        account_recovery: None,
        verification: None,
        check: passport(),
    };
    Replacement { registration, reason }
}

fn issued(on: &str, reference: u128) -> [HolderEvent; 4] {
    let (card, origin) = (IssuedCard { card: serial("00D4E5F6"), ..card() }, Origin::Replacement);
    let verified = identity_verified(card.card.clone(), on);
    let (kind, on) = (Kind::Smartcard, day(on));
    [
        verified,
        HolderEvent::CardIssued(card.clone()),
        HolderEvent::PukRecorded { card: card.card, secret: secret(reference + 1) },
        HolderEvent::PasscodeSet { kind, on, secret: secret(reference), origin },
    ]
}

#[test]
fn b61_another_card_takes_the_place_of_the_one_before_in_the_same_step() {
    let replace = || ask(DeskCommand::IssueReplacement(replacement(CancelReason::Damaged, 20)));
    let [verified, card, puk, passcode] = issued(ON, 20);
    registered("2025-03-10")
        .on(ON)
        .when(replace())
        .then([
            revoked(ON, RevocationReason::Damaged),
            cancelled(ON, CancelReason::Damaged),
            verified,
            card,
            puk,
            passcode,
        ])
        .when(replace())
        .then([])
        .see(|ctx, holder| {
            assert_eq!(holder.card().map(|card| card.card.as_str()), Some("00D4E5F6"));
            let before = Authenticated::by_card(ctx, holder, &super::card().card);
            assert_eq!(before, Err(LogonRefusal::CardNotKnown));
        });
}

#[test]
fn b49_nobody_is_given_another_card_by_a_word_alone() {
    let replace = |check| {
        let mut wanted = replacement(CancelReason::Damaged, 20);
        wanted.registration.check = check;
        registered("2025-03-10").on("2026-04-03").when(ask(DeskCommand::IssueReplacement(wanted)))
    };
    replace(checked(IdentityEvidence::Vouched)).then_refused(Refusal::EvidenceNotEnough);
    let nowhere = IdentityCheck { place: String::new(), ..passport() };
    replace(nowhere).then_refused(Refusal::PlaceNotValid);
    replace(passport()).then_see();
}

#[test]
fn b61_the_card_in_use_is_not_its_own_replacement() {
    let mut same = replacement(CancelReason::Damaged, 20);
    same.registration.card = card();
    let replace = ask(DeskCommand::IssueReplacement(same));
    registered("2025-03-10").on(ON).when(replace).then_refused(Refusal::SameCard);
}

#[test]
fn b61_after_a_loss_or_past_their_end_there_is_nothing_left_to_revoke() {
    let replace = || ask(DeskCommand::IssueReplacement(replacement(CancelReason::Lost, 20)));
    let lost = [revoked(ON, RevocationReason::LostOrStolen), cancelled(ON, CancelReason::Lost)];
    registered("2025-03-10")
        .and(instant("2026-01-05T10:00:00Z"), lost)
        .on(ON)
        .when(replace())
        .then(issued(ON, 20));
    // The certificates end on 10 March 2027 at nine.
    let after = |at| {
        registered("2025-03-10")
            .and(instant("2027-01-01T09:00:00Z"), [set(Kind::Smartcard, "2027-01-01", 3)])
            .at(at)
            .when(replace())
            .then_see()
    };
    let is_revoked = |event: &HolderEvent| matches!(event, HolderEvent::CertificatesRevoked { .. });
    assert!(after("2027-03-10T09:00:00Z").iter().any(is_revoked));
    assert!(!after("2027-03-10T09:00:01Z").iter().any(is_revoked));
}

#[test]
fn b45_a_damaged_card_keeps_the_registration_and_a_compromised_one_drops_it() {
    let registered_after = |reason| {
        let given = registered("2025-03-10")
            .and(instant("2025-05-01T12:00:00Z"), self_service(flow(1), "2025-05-01"));
        let replace = ask(DeskCommand::IssueReplacement(replacement(reason, 20)));
        let events = given.on(ON).when(replace).then_see();
        registered("2025-03-10")
            .and(instant("2025-05-01T12:00:00Z"), self_service(flow(1), "2025-05-01"))
            .and(instant("2026-01-05T12:00:00Z"), events)
            .on(ON)
            .see(|_, holder| holder.self_service().active().is_some())
    };
    assert!(registered_after(CancelReason::Damaged));
    assert!(registered_after(CancelReason::Lost));
    assert!(!registered_after(CancelReason::Compromised));
}

#[test]
fn b49_another_card_begins_the_count_of_renewals_again_after_a_recorded_identity_check() {
    let renewed = HolderEvent::CertificatesRenewed {
        update: flow(3),
        card: card().card,
        on: day(ON),
        by: Renewer::Holder,
        self_renewals: 2,
        authentication: card().keys.authentication,
        signature: card().keys.signature,
        certificates: card().certificates,
        superseded: vec![],
        superseded_revoked: false,
    };
    let given = || registered("2025-03-10").and(instant("2026-01-05T09:00:00Z"), [renewed.clone()]);
    given().on(ON).see(|_, holder| assert_eq!(holder.certificate_records().self_renewals(), 2));
    let replace = ask(DeskCommand::IssueReplacement(replacement(CancelReason::Damaged, 20)));
    let events = given().on(ON).when(replace).then_see();
    assert!(events.contains(&identity_verified(serial("00D4E5F6"), ON)));
    given().and(instant("2026-01-05T12:00:00Z"), events).on(ON).see(|_, holder| {
        assert_eq!(holder.certificate_records().self_renewals(), 0);
    });
}

#[test]
fn b30_another_card_unlocks_an_account_after_a_recorded_identity_check_if_nothing_else_is_overdue()
{
    let replace = |given: Given<Holder>| {
        let replace = ask(DeskCommand::IssueReplacement(replacement(CancelReason::Damaged, 20)));
        let events = given.on("2026-04-03").when(replace).then_see();
        assert!(events.contains(&identity_verified(serial("00D4E5F6"), "2026-04-03")));
        let is_unlocked = |event: &HolderEvent| {
            matches!(event, HolderEvent::Desk(DeskEvent::AccountUnlocked { .. }))
        };
        events.iter().any(is_unlocked)
    };
    let verification = || [set(Kind::Verification, "2025-03-12", 2)];
    assert!(replace(registered("2025-03-10")));
    assert!(!replace(
        registered("2025-03-10").and(instant("2025-03-12T12:00:00Z"), verification())
    ));
    assert!(!replace(registered("2026-03-10")));
}

#[test]
fn b61_a_cancelled_card_is_out_of_use_and_another_can_be_issued() {
    let reason = CancelReason::NoLongerNeeded;
    registered("2025-03-10")
        .on(ON)
        .when(ask(DeskCommand::CancelCard { reason }))
        .then([revoked(ON, RevocationReason::NoLongerNeeded), cancelled(ON, reason)])
        .when(ask(DeskCommand::CancelCard { reason }))
        .then_refused(Refusal::NoCard)
        .when(ask(DeskCommand::IssueReplacement(replacement(reason, 20))))
        .then(issued(ON, 20));
}

#[test]
fn b57_a_mail_that_was_not_about_him_suspends_his_card_once() {
    let mail = flow(5).0;
    let report = || ask(DeskCommand::ReportNotMe { mail });
    let reported = HolderEvent::Desk(DeskEvent::NotMeReported { mail, on: day(ON) });
    registered("2025-03-10")
        .on(ON)
        .when(report())
        .then([reported, suspended(SuspensionReason::NotMe)])
        .when(ask(DeskCommand::Reinstate {}))
        .then([reinstated()])
        .when(report())
        .then([]);
}

#[test]
fn b57_who_has_no_card_left_can_still_say_that_it_was_not_him() {
    let mail = flow(5).0;
    let lost = [revoked(ON, RevocationReason::LostOrStolen), cancelled(ON, CancelReason::Lost)];
    registered("2025-03-10")
        .and(instant("2026-01-05T10:00:00Z"), lost)
        .on(ON)
        .when(ask(DeskCommand::ReportNotMe { mail }))
        .then([HolderEvent::Desk(DeskEvent::NotMeReported { mail, on: day(ON) })]);
}

#[test]
fn b63_whoever_looks_is_recorded_whatever_has_become_of_the_account() {
    let viewed = HolderEvent::Desk(DeskEvent::RecordViewed { what: View::Record, on: day(ON) });
    let look = || ask(DeskCommand::NoteViewed { what: View::Record });
    registered("2025-03-10").on(ON).when(look()).then([viewed.clone()]);
    closed("2026-01-01").on(ON).when(look()).then([viewed]);
}
