//! U-08 to U-12, B-37 to B-39: from the code to the new passcode.

use super::*;
use crate::passcode::{CardChange, Changes};

fn void(life: &mut Life, unlock: CommandId, marks: usize) -> Vec<HolderEvent> {
    let mut last = Vec::new();
    for _ in 0..marks {
        last = life.tell(enter(unlock, Found::Nothing)).unwrap();
    }
    last
}

#[test]
fn u09_b11_the_code_is_good_at_14_59_999_and_not_at_15_00_000() {
    for (millis, good) in [(899_999, true), (900_000, false)] {
        let mut life = Life::of(holder());
        life.series(flow(2), &[true]);
        life.now += TimeDelta::milliseconds(millis);
        let entered = life.tell(enter(flow(2), newest(201)));
        if good {
            assert_eq!(entered, Ok(vec![accepted(flow(2), 201)]));
        } else {
            assert_eq!(entered, Err(self_service::Refusal::CodeExpired.into()));
        }
    }
}

#[test]
fn b38_a_code_of_one_unlock_is_nothing_in_another_and_its_wrong_entries_count_there() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[true]);
    life.later(2);
    life.series(flow(3), &[true]);
    // The vault compares with the codes of this flow alone, so it finds nothing.
    let (purpose, code) = (CodePurpose::Unlock, Uuid::from_u128(301));
    let counted = HolderEvent::CodeRefused { purpose, flow: flow(3), code, wrong: 1 };
    assert_eq!(life.tell(enter(flow(3), Found::Nothing)), Ok(vec![counted]));
    assert_eq!(life.tell(enter(flow(2), newest(201))), Err(Refusal::Replaced.into()));
}

#[test]
fn b37_wrong_codes_do_not_touch_the_questions_counter() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[false]);
    life.series(flow(3), &[true]);
    void(&mut life, flow(3), 5);
    assert_eq!(life.holder.self_service().failures(), 0);
    assert_eq!(life.stage(flow(3)), Ok(Stage::Code));
}

/// Three codes become void, so many minutes apart.
fn three_voids(life: &mut Life, minutes: i64) -> Vec<HolderEvent> {
    life.series(flow(2), &[true]);
    void(life, flow(2), 5);
    life.later(minutes);
    life.series(flow(3), &[true]);
    void(life, flow(3), 5);
    life.later(minutes);
    life.series(flow(4), &[true]);
    void(life, flow(4), 5)
}

#[test]
fn b37_three_void_codes_in_24_hours_pause_unlocking_for_24_hours() {
    let mut life = Life::of(holder());
    let last = three_voids(&mut life, 30);
    let until = life.now + TimeDelta::hours(24);
    assert_eq!(last.last(), Some(&HolderEvent::UnlockPaused { until }));
    assert_eq!(life.stage(flow(4)), Err(Refusal::Paused { until }));
    life.now = until - TimeDelta::milliseconds(1);
    life.tell(start(flow(5))).unwrap();
    assert_eq!(life.stage(flow(5)), Err(Refusal::Paused { until }));
    life.now = until;
    life.tell(start(flow(6))).unwrap();
    assert!(matches!(life.stage(flow(6)), Ok(Stage::Questions { attempt: 1, .. })));
}

#[test]
fn b37_three_void_codes_in_more_than_24_hours_do_not() {
    for (minutes, paused) in [(12 * 60, false), (12 * 60 - 1, true)] {
        let mut life = Life::of(holder());
        three_voids(&mut life, minutes);
        assert_eq!(life.holder.self_service().paused_until(&life.ctx()).is_some(), paused);
    }
}

#[test]
fn b39_the_new_passcode_may_be_chosen_for_15_minutes_after_the_code() {
    let mut life = Life::of(holder());
    life.passed(flow(2));
    let until = life.now + TimeDelta::minutes(15);
    assert_eq!(life.stage(flow(2)), Ok(Stage::Passcode { until }));
    life.now = until - TimeDelta::milliseconds(1);
    assert_eq!(life.stage(flow(2)), Ok(Stage::Passcode { until }));
    life.now = until;
    assert_eq!(life.stage(flow(2)), Err(Refusal::TimeOver));
}

#[test]
fn b39_the_code_at_14_59_and_the_passcode_at_20_00_are_accepted() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[true]);
    life.now += TimeDelta::seconds(14 * 60 + 59);
    life.tell(enter(flow(2), newest(201))).unwrap();
    life.now = instant(NOON) + TimeDelta::minutes(20);
    assert!(matches!(life.stage(flow(2)), Ok(Stage::Passcode { .. })));
    assert_eq!(life.tell(complete(flow(2), 9)), Ok(completed(flow(2), 9, "2026-06-01").to_vec()));
    assert_eq!(life.stage(flow(2)), Ok(Stage::Done));
    assert_eq!(life.tell(complete(flow(2), 9)), Ok(vec![]));
    let code = life.tell(enter(flow(2), newest(201)));
    assert_eq!(code, Err(self_service::Refusal::CodeUsed.into()));
}

#[test]
fn an_unlock_is_over_an_hour_after_its_start_unless_the_code_was_entered() {
    for (minutes, over) in [(59, false), (60, true)] {
        let mut life = Life::of(holder());
        life.series(flow(2), &[false]);
        life.later(minutes);
        let is_over = life.stage(flow(2)) == Err(Refusal::TimeOver);
        assert_eq!(is_over, over);
    }
}

#[test]
fn b40_no_step_can_be_skipped() {
    let mut life = Life::of(holder());
    life.tell(start(flow(2))).unwrap();
    let not_there = Err(Refusal::NotThere.into());
    assert_eq!(life.tell(enter(flow(2), newest(201))), not_there);
    assert_eq!(life.tell(complete(flow(2), 9)), Err(Refusal::Replaced.into()));
    life.series(flow(3), &[true]);
    assert_eq!(life.tell(complete(flow(3), 9)), Err(Refusal::Replaced.into()));
}

#[test]
fn u12_a_card_may_tell_much_later_that_it_took_its_passcode_and_after_another_start_too() {
    let mut life = Life::of(holder());
    life.passed(flow(2));
    life.later(24 * 60);
    life.tell(start(flow(3))).unwrap();
    let events = completed(flow(2), 9, "2026-06-02").to_vec();
    assert_eq!(life.tell(complete(flow(2), 9)), Ok(events));
    // The one that was started since goes on.
    assert!(matches!(life.stage(flow(3)), Ok(Stage::Questions { .. })));
}

#[test]
fn u12_what_an_unlock_may_have_written_is_over_when_the_card_has_another_passcode() {
    let mut life = Life::of(holder());
    life.passed(flow(2));
    let smartcard = Some(CardChange { secret: secret(8) });
    let now = life.now;
    let changes = Changes { smartcard, logged_on_at: now, asked_at: now, ..no_change() };
    life.tell(HolderCommand::ChangePasscodes(changes)).unwrap();
    assert_eq!(life.tell(complete(flow(2), 9)), Err(Refusal::Replaced.into()));
}

#[test]
fn b25_b47_an_unlock_counts_like_a_change_in_history_and_clock() {
    let mut life = Life::of(holder());
    life.passed(flow(2));
    life.tell(complete(flow(2), 9)).unwrap();
    let passcodes = life.holder.passcodes();
    assert_eq!(passcodes.current(Kind::Smartcard).unwrap().on, day("2026-06-01"));
    let compared = passcodes.compare_with(Kind::Smartcard, &Policy::seed());
    assert_eq!(compared, [secret(1), secret(9)]);
}

#[test]
fn an_unlock_resets_the_attempts_and_nothing_else() {
    let renewed = HolderEvent::RecoveryPasscodeWrong { unlock: flow(9), failures: 2 };
    let mut life = Life::of(holder().and(instant(NOON), [renewed]));
    life.series(flow(2), &[false, false]);
    life.passed(flow(3));
    life.tell(complete(flow(3), 9)).unwrap();
    let self_service = life.holder.self_service();
    assert_eq!((self_service.failures(), self_service.recovery_failures()), (0, 2));
    assert_eq!(life.holder.certificate_records().self_renewals(), 0);
    assert_eq!(life.holder.certificate_records().endings(), 0);
    assert_eq!(self_service.active().unwrap().registration, flow(1));
}

#[test]
fn u09_b11_a_code_that_was_sent_in_the_last_minute_is_good_for_all_of_its_time() {
    let mut life = Life::of(holder());
    life.tell(start(flow(2))).unwrap();
    life.later(59);
    let sent = sent(flow(2), 20, 1, "2026-06-01T13:14:00Z");
    let right = HolderEvent::AnswersRight { unlock: flow(2), attempt: 1 };
    assert_eq!(life.tell(answered(flow(2), 1, true, 20)), Ok(vec![right, sent]));
    life.later(1);
    let another =
        HolderCommand::SendCode { purpose: CodePurpose::Unlock, flow: flow(2), code: new_code(21) };
    assert_eq!(life.tell(another), Err(Refusal::TimeOver.into()));
    life.later(13);
    assert_eq!(life.stage(flow(2)), Ok(Stage::Code));
    let mut late = Life { holder: life.holder.clone(), now: life.now, policies: Policies::seed() };
    late.later(1);
    assert_eq!(late.stage(flow(2)), Err(Refusal::TimeOver));
    assert_eq!(life.tell(enter(flow(2), newest(20))), Ok(vec![accepted(flow(2), 20)]));
}
