//! B-34, B-58: help with what the holder could do himself.

use super::*;
use crate::{
    holder::HolderCommand::{CompleteUnlock, StartUnlock, TryRecoveryPasscode},
    policy::Policy,
    self_service::CodePurpose,
    unlock::{self, Means, Stage, Unlock},
};

const AT: &str = "2026-06-01T12:00:00Z";

/// Registered for self-service, and blocked.
fn blocked() -> Given<Holder> {
    let (unlock, on) = (flow(4), day("2026-05-30"));
    registered("2026-03-10")
        .and(instant("2026-05-01T12:00:00Z"), self_service(flow(1), "2026-05-01"))
        .and(instant("2026-05-30T12:00:00Z"), [HolderEvent::SelfServiceBlocked { unlock, on }])
}

fn release() -> HolderCommand {
    ask(DeskCommand::ReleaseSelfService { check: passport() })
}

fn released(registered: Option<u128>) -> HolderEvent {
    let (on, check, registered) = (day("2026-06-01"), passport(), registered.map(secret));
    HolderEvent::Desk(DeskEvent::SelfServiceReleased { on, check, registered })
}

fn help(by: Helper, check: Option<IdentityCheck>) -> HolderCommand {
    ask(DeskCommand::AuthoriseCardUnlock { by, check })
}

fn helped(by: Helper, check: Option<IdentityCheck>) -> HolderEvent {
    let (card, until) = (card().card, instant("2026-06-01T12:30:00Z"));
    HolderEvent::Desk(DeskEvent::CardUnlockAuthorised { card, until, by, check })
}

fn start(unlock: CommandId) -> HolderCommand {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    StartUnlock { unlock, proof: present(), draw: [0, 1, 2, 3], workstation, reader }
}

fn started(unlock: CommandId) -> HolderEvent {
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader 1".to_owned());
    HolderEvent::UnlockStarted { unlock, card: card().card, workstation, reader }
}

fn underway(when: &When<Holder>, unlock: CommandId) -> Result<Unlock, unlock::Refusal> {
    when.see(|ctx, holder| holder.self_service().unlock_of(ctx, unlock))
}

/// Events of the unlock that end it.
fn completed(unlock: CommandId, reference: u128) -> [HolderEvent; 2] {
    let (kind, on, secret) = (Kind::Smartcard, day("2026-06-01"), secret(reference));
    [
        HolderEvent::PasscodeSet { kind, on, secret, origin: Origin::Unlock },
        HolderEvent::UnlockCompleted { unlock, card: card().card, on },
    ]
}

#[test]
fn b34_a_release_ends_the_block_and_the_holder_chooses_other_answers() {
    blocked()
        .at(AT)
        .when(release())
        .then([released(Some(EMAIL))])
        .when(release())
        .then_refused(Refusal::NothingBlocked)
        .see(|ctx, holder| {
            let status = holder.self_service().status(ctx);
            assert_eq!((status.blocked_on, status.registered_on), (None, None));
            assert_eq!(holder.self_service().failures(), 0);
        });
}

#[test]
fn b34_a_release_rests_on_evidence_and_not_on_somebodys_word() {
    let check = checked(IdentityEvidence::Vouched);
    blocked()
        .at(AT)
        .when(ask(DeskCommand::ReleaseSelfService { check }))
        .then_refused(Refusal::EvidenceNotEnough);
}

#[test]
fn b41_a_release_ends_the_block_of_the_account_recovery_passcode_and_keeps_the_questions() {
    let at = instant("2026-05-30T12:00:00Z");
    registered("2026-03-10")
        .and(instant("2026-05-01T12:00:00Z"), self_service(flow(1), "2026-05-01"))
        .and(
            at,
            [
                set(Kind::AccountRecovery, "2026-05-29", 3),
                HolderEvent::RecoveryPasscodeWrong { unlock: flow(4), failures: 3 },
                HolderEvent::RecoveryPasscodeBlocked { on: day("2026-05-30") },
            ],
        )
        .at(AT)
        .when(release())
        .then([released(None)])
        .see(|ctx, holder| {
            assert_eq!(unlock::recovery_tries(ctx, holder), Ok(3));
            assert!(holder.self_service().active().is_some());
        });
}

#[test]
fn b58_with_the_authoritys_help_the_card_leads_straight_to_a_new_passcode() {
    let underway_then = blocked()
        .at(AT)
        .when(help(Helper::Authority, Some(passport())))
        .then([helped(Helper::Authority, Some(passport()))])
        .when(start(flow(5)))
        .then([started(flow(5))]);
    let until = instant("2026-06-01T12:15:00Z");
    let expected = Unlock {
        unlock: flow(5),
        card: card().card,
        stage: Stage::Passcode { until },
        by: Means::Desk,
    };
    assert_eq!(underway(&underway_then, flow(5)), Ok(expected));
    let done = underway_then
        .when(CompleteUnlock { unlock: flow(5), secret: secret(30) })
        .then(completed(flow(5), 30));
    // It was for one unlock; blocked is blocked.
    let after = done.when(start(flow(6)));
    let refused = after.then_see();
    assert!(matches!(
        refused.as_slice(),
        [HolderEvent::UnlockRefused { reason: unlock::Refusal::Blocked, .. }]
    ));
}

#[test]
fn b58_help_is_over_after_30_minutes() {
    let given = || blocked().and(instant(AT), [helped(Helper::Authority, Some(passport()))]);
    let at = |now| given().at(now).when(start(flow(5))).then_see();
    assert_eq!(at("2026-06-01T12:29:59Z"), [started(flow(5))]);
    let late = at("2026-06-01T12:30:00Z");
    assert!(matches!(late.as_slice(), [HolderEvent::UnlockRefused { .. }]));
}

#[test]
fn b58_the_authority_needs_evidence() {
    let when = || blocked().at(AT);
    when().when(help(Helper::Authority, None)).then_refused(Refusal::EvidenceNotEnough);
    let vouched = Some(checked(IdentityEvidence::Vouched));
    when().when(help(Helper::Authority, vouched)).then_refused(Refusal::EvidenceNotEnough);
}

#[test]
fn b58_with_a_sponsors_help_a_code_goes_to_the_confirmed_address_even_of_who_is_blocked() {
    let started_then = blocked()
        .at(AT)
        .when(help(Helper::Sponsor, None))
        .then([helped(Helper::Sponsor, None)])
        .when(start(flow(5)))
        .then([started(flow(5))]);
    let stage = underway(&started_then, flow(5)).map(|unlock| (unlock.stage, unlock.by));
    assert_eq!(stage, Ok((Stage::Code, Means::Sponsor)));
    let (purpose, code) = (CodePurpose::Unlock, new_code(50));
    let sent = code_sent(purpose, flow(5), 50, 1, instant("2026-06-01T12:15:00Z"));
    started_then.when(HolderCommand::SendCode { purpose, flow: flow(5), code }).then([sent]);
}

#[test]
fn b58_with_a_sponsors_help_and_no_address_the_account_recovery_passcode_is_asked() {
    let given = || {
        registered("2026-03-10")
            .and(instant("2026-03-11T12:00:00Z"), [set(Kind::AccountRecovery, "2026-03-11", 3)])
    };
    let right = TryRecoveryPasscode { unlock: flow(5), right: true, code: None };
    let proved = given()
        .at(AT)
        .when(help(Helper::Sponsor, None))
        .then([helped(Helper::Sponsor, None)])
        .when(start(flow(5)))
        .then([started(flow(5))])
        .when(right)
        .then([HolderEvent::RecoveryPasscodeRight { unlock: flow(5), needs_code: false }]);
    let stage = underway(&proved, flow(5)).map(|unlock| (unlock.stage, unlock.by));
    let until = instant("2026-06-01T12:15:00Z");
    assert_eq!(stage, Ok((Stage::Passcode { until }, Means::Sponsor)));
}

#[test]
fn b58_a_sponsor_whose_word_is_all_there_is_is_refused() {
    let neither = registered("2026-03-10").at(AT).when(help(Helper::Sponsor, None));
    neither.then_refused(Refusal::NoSecondProof);
    let without = Policy { sponsor_unlock: false, ..Policy::seed() };
    let switched_off = blocked().under(without).at(AT).when(help(Helper::Sponsor, None));
    switched_off.then_refused(Refusal::NotOffered);
}

#[test]
fn b58_nobody_helps_with_the_card_of_a_locked_account() {
    let locked = |by, check| {
        registered("2025-03-10")
            .and(instant("2025-05-01T12:00:00Z"), self_service(flow(1), "2025-05-01"))
            .on("2026-03-31")
            .when(help(by, check))
    };
    locked(Helper::Sponsor, None).then_refused(Refusal::AccountLocked);
    locked(Helper::Authority, Some(passport())).then_refused(Refusal::AccountLocked);
}

#[test]
fn b30_an_account_that_locks_meanwhile_is_not_opened_by_help_with_the_card() {
    // Helped at 23:50 on the last day of grace; the account locks at midnight.
    let helped = HolderEvent::Desk(DeskEvent::CardUnlockAuthorised {
        card: card().card,
        until: instant("2026-03-30T23:20:00Z"),
        by: Helper::Authority,
        check: Some(passport()),
    });
    let started = |at: &str| {
        registered("2025-03-10")
            .and(instant("2026-03-30T22:50:00Z"), [helped.clone()])
            .at(at)
            .when(start(flow(5)))
            .then_see()
    };
    assert!(matches!(
        started("2026-03-30T22:59:59Z").as_slice(),
        [HolderEvent::UnlockStarted { .. }]
    ));
    assert!(matches!(
        started("2026-03-30T23:00:00Z").as_slice(),
        [HolderEvent::UnlockRefused { reason: unlock::Refusal::AccountLocked, .. }]
    ));
}

#[test]
fn b58_help_is_for_a_card_that_is_good() {
    let authority = || help(Helper::Authority, Some(passport()));
    let lost = [cancelled("2026-05-30", CancelReason::Lost)];
    let at = instant("2026-05-30T12:00:00Z");
    blocked().and(at, lost).at(AT).when(authority()).then_refused(Refusal::NoCard);
    let revoked = [revoked("2026-05-30", RevocationReason::Damaged)];
    blocked().and(at, revoked).at(AT).when(authority()).then_refused(Refusal::Revoked);
    let suspend = DeskCommand::Suspend { reason: SuspensionReason::Away };
    let suspended = blocked().at(AT).when(ask(suspend)).then_see();
    let held = blocked().and(at, suspended).at(AT);
    held.when(authority()).then_refused(Refusal::Suspended);
    let fresh = || {
        registered("2026-03-10")
            .and(instant("2027-03-01T12:00:00Z"), [set(Kind::Smartcard, "2027-03-01", 3)])
    };
    fresh().at("2027-03-10T09:00:00Z").when(authority()).then_see();
    fresh().at("2027-03-10T09:00:01Z").when(authority()).then_refused(Refusal::Expired);
}

#[test]
fn b58_where_policy_lets_nobody_unlock_on_his_own_he_can_with_help() {
    let strict = || Policy { self_service_unlock: false, ..Policy::seed() };
    let given = || {
        registered("2026-03-10")
            .and(instant("2026-05-01T12:00:00Z"), self_service(flow(1), "2026-05-01"))
            .under(strict())
    };
    let alone = given().at(AT).when(start(flow(5))).then_see();
    assert!(matches!(
        alone.as_slice(),
        [HolderEvent::UnlockRefused { reason: unlock::Refusal::NotOffered, .. }]
    ));
    let by_help = given().and(instant(AT), [helped(Helper::Authority, Some(passport()))]);
    assert_eq!(by_help.at(AT).when(start(flow(5))).then_see(), [started(flow(5))]);
}
