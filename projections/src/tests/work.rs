//! What waits for the registration authority ends when it is over.

use domain::{
    certificate::IdentityEvidence,
    desk::{CancelReason, CloseReason, DeskEvent, IdentityCheck},
};

use super::*;

fn at_desk(event: DeskEvent) -> HolderEvent {
    HolderEvent::Desk(event)
}

/// The kinds of lines that are there at this instant.
async fn waits(log: &Log, now: &str) -> Vec<WorkKind> {
    let page = applied(log).await.work(instant(now), None, WORK_PAGE_MAX).await.unwrap();
    page.iter().map(|item| item.kind).collect()
}

fn check() -> IdentityCheck {
    IdentityCheck::by(IdentityEvidence::Vouched, "RA desk")
}

fn requested(until: &str) -> HolderEvent {
    at_desk(DeskEvent::AccountUnlockRequested {
        request: CommandId(Uuid::from_u128(7)),
        card: "01".parse().unwrap(),
        by: holder(9),
        check: check(),
        until: instant(until),
        glass: None,
    })
}

fn check_blocked(kind: OptionalKind) -> HolderEvent {
    at_desk(DeskEvent::PasscodeCheckBlocked { kind, on: day("2026-01-01") })
}

fn not_me(mail: u128) -> HolderEvent {
    at_desk(DeskEvent::NotMeReported { mail: Uuid::from_u128(mail), on: day("2026-01-01") })
}

fn closed() -> HolderEvent {
    let (on, reason) = (day("2026-01-01"), CloseReason::Left);
    at_desk(DeskEvent::AccountClosed { on, reason, registered: None })
}

#[tokio::test]
async fn b63_an_unlock_waits_for_a_second_person_until_its_time_is_over_and_not_from_then_on() {
    let log = Log::default();
    log.append(holder(1), &requested("2026-01-01T12:30:00Z"));
    let expected = [WorkKind::UnlockAwaitsApproval];
    assert_eq!(waits(&log, "2026-01-01T12:29:59.999999Z").await, expected);
    assert_eq!(waits(&log, "2026-01-01T12:30:00Z").await, []);
    // Who is vouched for again waits again.
    log.append(holder(1), &requested("2026-01-02T12:30:00Z"));
    assert_eq!(waits(&log, "2026-01-02T12:00:00Z").await, expected);
}

#[tokio::test]
async fn b61_b63_nothing_waits_for_a_second_person_when_the_card_is_out_of_use() {
    let log = Log::default();
    log.append(holder(1), &requested("2026-01-01T12:30:00Z"));
    let (card, on, reason) = ("01".parse().unwrap(), day("2026-01-01"), CancelReason::Damaged);
    let cancelled = DeskEvent::CardCancelled { card, on, reason, registered: None };
    log.append(holder(1), &at_desk(cancelled));
    assert_eq!(waits(&log, "2026-01-01T12:10:00Z").await, []);
}

#[tokio::test]
async fn p11_b41_each_blocked_passcode_waits_by_itself_until_it_is_released_or_set() {
    let now = "2026-01-01T12:10:00Z";
    let (recovery, verification) = (OptionalKind::AccountRecovery, OptionalKind::Verification);
    let log = Log::default();
    log.append(holder(1), &check_blocked(verification));
    assert_eq!(waits(&log, now).await, [WorkKind::VerificationCheckBlocked]);
    log.append(holder(1), &check_blocked(recovery));
    log.append(holder(1), &set(Kind::AccountRecovery, "2026-01-01"));
    assert_eq!(waits(&log, now).await, [WorkKind::VerificationCheckBlocked]);
    let (kind, on) = (verification, day("2026-01-01"));
    let released = DeskEvent::PasscodeCheckReleased { kind, on, check: check() };
    log.append(holder(1), &at_desk(released));
    assert_eq!(waits(&log, now).await, []);
}

#[tokio::test]
async fn b57_that_it_was_not_the_holder_waits_and_of_a_closed_account_for_thirty_days_only() {
    let log = Log::default();
    log.append(holder(1), &not_me(1));
    assert_eq!(waits(&log, "2027-01-01T12:00:00Z").await, [WorkKind::NotMe]);
    log.append(holder(1), &closed());
    assert_eq!(waits(&log, "2026-01-01T12:10:00Z").await, []);
    log.append(holder(1), &not_me(2));
    let since = log.all().last().unwrap().at;
    let (last, first) = (since + TimeDelta::days(30), TimeDelta::microseconds(1));
    assert_eq!(waits(&log, &(last - first).to_rfc3339()).await, [WorkKind::NotMe]);
    assert_eq!(waits(&log, &last.to_rfc3339()).await, []);
}
