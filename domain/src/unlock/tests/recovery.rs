//! P-09, B-41: the account recovery passcode.

use super::*;

fn with_recovery(given: Given<Holder>) -> Given<Holder> {
    given.and(instant(NOON), [set(Kind::AccountRecovery, "2026-06-01", 40)])
}

fn tried(unlock: CommandId, right: bool) -> HolderCommand {
    HolderCommand::TryRecoveryPasscode { unlock, right, code: Some(new_code(70)) }
}

fn wrong_passcode(failures: u8) -> HolderEvent {
    HolderEvent::RecoveryPasscodeWrong { unlock: flow(2), failures }
}

fn right_passcode(needs_code: bool) -> HolderEvent {
    HolderEvent::RecoveryPasscodeRight { unlock: flow(2), needs_code }
}

#[test]
fn p09_without_a_registration_it_leads_to_the_new_passcode() {
    let mut life = Life::of(with_recovery(registered("2026-03-10")));
    assert_eq!(life.tell(start(flow(2))), Ok(vec![started(flow(2))]));
    assert_eq!(life.stage(flow(2)), Ok(Stage::RecoveryPasscode));
    assert_eq!(life.tell(tried(flow(2), true)), Ok(vec![right_passcode(false)]));
    assert!(matches!(life.stage(flow(2)), Ok(Stage::Passcode { .. })));
    let unlock = life.holder.self_service().unlock(&life.ctx()).unwrap();
    assert_eq!(unlock.by, Means::RecoveryPasscode);
    assert_eq!(life.tell(complete(flow(2), 9)), Ok(completed(flow(2), 9, "2026-06-01").to_vec()));
}

#[test]
fn b41_where_there_is_a_confirmed_address_the_code_is_asked_as_well() {
    let mut life = Life::of(with_recovery(holder()));
    life.tell(start(flow(2))).unwrap();
    let sent = sent(flow(2), 70, 1, "2026-06-01T12:15:00Z");
    assert_eq!(life.tell(tried(flow(2), true)), Ok(vec![right_passcode(true), sent]));
    assert_eq!(life.stage(flow(2)), Ok(Stage::Code));
}

#[test]
fn b41_a_policy_may_do_without_the_code() {
    let letter = Policy { arp_unlock_needs_code: false, ..Policy::seed() };
    let mut life = Life::of(with_recovery(holder()));
    life.policies = Policies::only(letter);
    life.tell(start(flow(2))).unwrap();
    assert_eq!(life.tell(tried(flow(2), true)), Ok(vec![right_passcode(false)]));
    assert!(matches!(life.stage(flow(2)), Ok(Stage::Passcode { .. })));
}

#[test]
fn b41_a_policy_may_do_without_this_way() {
    let mut life = Life::of(with_recovery(registered("2026-03-10")));
    life.policies = Policies::only(Policy { arp_unlock: false, ..Policy::seed() });
    life.tell(start(flow(2))).unwrap();
    assert_eq!(life.stage(flow(2)), Err(Refusal::NotRegistered));
}

#[test]
fn b41_each_wrong_one_ends_the_unlock_so_that_the_next_try_shows_the_card_again() {
    for given in [registered("2026-03-10"), holder()] {
        let mut life = Life::of(with_recovery(given));
        life.tell(start(flow(2))).unwrap();
        assert_eq!(life.tell(tried(flow(2), false)), Ok(vec![wrong_passcode(1)]));
        let over = Refusal::RecoveryPasscodeWrong;
        assert_eq!(life.stage(flow(2)), Err(over));
        assert_eq!(life.tell(tried(flow(2), true)), Err(over.into()));
        assert_eq!(life.tell(answered(flow(2), 1, true, 1)), Err(over.into()));
        life.tell(start(flow(3))).unwrap();
        assert!(life.tell(tried(flow(3), true)).is_ok());
    }
}

#[test]
fn b41_the_third_wrong_one_blocks_it_for_ever_and_the_questions_go_on() {
    let mut life = Life::of(with_recovery(holder()));
    for unlock in [flow(3), flow(4)] {
        life.tell(start(unlock)).unwrap();
        life.tell(tried(unlock, false)).unwrap();
    }
    life.tell(start(flow(2))).unwrap();
    let blocked = HolderEvent::RecoveryPasscodeBlocked { on: day("2026-06-01") };
    assert_eq!(life.tell(tried(flow(2), false)), Ok(vec![wrong_passcode(3), blocked]));
    assert_eq!(life.stage(flow(2)), Err(Refusal::RecoveryPasscodeBlocked));
    life.tell(start(flow(2_000))).unwrap();
    let refused = self_service::Refusal::RecoveryPasscodeBlocked;
    assert_eq!(life.tell(tried(flow(2_000), true)), Err(refused.into()));
    assert!(matches!(life.stage(flow(2_000)), Ok(Stage::Questions { attempt: 1, .. })));
    life.later(365 * 24);
    assert_eq!(recovery_tries(&life.ctx(), &life.holder), Err(refused));
}

#[test]
fn b41_a_new_one_begins_the_count_again_and_a_right_one_does_not() {
    let mut life = Life::of(with_recovery(holder()));
    life.tell(start(flow(2))).unwrap();
    life.tell(tried(flow(2), false)).unwrap();
    life.tell(start(flow(3))).unwrap();
    life.tell(tried(flow(3), true)).unwrap();
    assert_eq!(recovery_tries(&life.ctx(), &life.holder), Ok(2));
    let another = set(Kind::AccountRecovery, "2026-06-01", 41);
    let fresh = life.holder.clone().evolve(life.now, &another);
    assert_eq!(recovery_tries(&life.ctx(), &fresh), Ok(3));
}

#[test]
fn p04_who_has_none_is_refused_this_way() {
    let mut life = Life::of(holder());
    life.tell(start(flow(2))).unwrap();
    let none = self_service::Refusal::RecoveryPasscodeNotSet;
    assert_eq!(life.tell(tried(flow(2), true)), Err(none.into()));
}

#[test]
fn b41_whoever_failed_is_told_how_many_tries_are_left() {
    let life = Life::of(holder());
    let told = |events: &[HolderEvent]| self_service::outcome(&life.ctx(), events);
    let left = |left| Some(self_service::Refusal::RecoveryPasscodeWrong { left });
    assert_eq!(told(&[wrong_passcode(1)]), left(2));
    assert_eq!(told(&[wrong_passcode(2)]), left(1));
    let blocked = HolderEvent::RecoveryPasscodeBlocked { on: day("2026-06-01") };
    let over = Some(self_service::Refusal::RecoveryPasscodeBlocked);
    assert_eq!(told(&[wrong_passcode(3), blocked]), over);
}
