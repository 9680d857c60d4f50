//! U-05 to U-08, B-31 to B-34: attempts, counted across browsers and days.

use super::*;

#[test]
fn u04_u06_b32_a_start_is_recorded_with_its_place_and_draws_the_questions() {
    holder()
        .at(NOON)
        .when(start_drawing(flow(2), [3, 0, 2, 1]))
        .then([started(flow(2)), drawn([2, 4, 3, 1])])
        .when(start(flow(2)))
        .then([])
        .see(|ctx, holder| {
            let stage = holder.self_service().unlock_of(ctx, flow(2)).unwrap().stage;
            assert_eq!(stage, Stage::Questions { attempt: 1, asked: asked(&[2, 4]) });
        });
}

#[test]
fn u05_b32_two_then_three_then_four_questions_are_asked_each_time_the_same_and_one_more() {
    let mut life = Life::of(holder());
    life.tell(start_drawing(flow(2), [3, 0, 2, 1])).unwrap();
    life.tell(answered(flow(2), 1, false, 11)).unwrap();
    let three = Stage::Questions { attempt: 2, asked: asked(&[2, 4, 3]) };
    assert_eq!(life.stage(flow(2)), Ok(three));
    // A new browser, a day later, another draw: the same set.
    life.later(24 * 60);
    assert_eq!(life.tell(start(flow(3))), Ok(vec![started(flow(3))]));
    life.tell(answered(flow(3), 2, false, 12)).unwrap();
    let four = Stage::Questions { attempt: 3, asked: asked(&[2, 4, 3, 1]) };
    assert_eq!(life.stage(flow(3)), Ok(four));
}

#[test]
fn u07_b31_the_third_wrong_form_blocks_at_once_and_everywhere() {
    let blocked = HolderEvent::SelfServiceBlocked { unlock: flow(2), on: day("2026-06-01") };
    let third = holder()
        .at(NOON)
        .when(start(flow(2)))
        .then([started(flow(2)), drawn([1, 2, 3, 4])])
        .when(answered(flow(2), 1, false, 11))
        .then([wrong(flow(2), 1)])
        .when(answered(flow(2), 2, false, 12))
        .then([wrong(flow(2), 2)])
        .when(answered(flow(2), 3, false, 13))
        .then([wrong(flow(2), 3), blocked]);
    third.see(|ctx, holder| {
        let over = holder.self_service().unlock_of(ctx, flow(2));
        assert_eq!(over.unwrap_err(), Refusal::Blocked);
        assert_eq!(may_start(ctx, holder), Err(Refusal::Blocked));
    });
    third.when(answered(flow(2), 3, true, 14)).then_refused(Refusal::Blocked);
}

#[test]
fn b33_wrong_wrong_right_wrong_wrong_wrong_blocks_at_the_last() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[false, false, true]);
    assert_eq!(life.stage(flow(2)), Ok(Stage::Code));
    life.later(5);
    life.series(flow(3), &[false, false]);
    assert!(!life.holder.self_service().is_blocked());
    life.series(flow(4), &[false]);
    assert!(life.holder.self_service().is_blocked());
}

#[test]
fn b33_wrong_and_three_weeks_later_wrong_and_wrong_blocks() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[false]);
    life.later(21 * 24 * 60);
    life.series(flow(3), &[false]);
    assert!(!life.holder.self_service().is_blocked());
    life.series(flow(4), &[false]);
    assert!(life.holder.self_service().is_blocked());
}

#[test]
fn b33_registering_anew_before_the_block_begins_the_count_again() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[false, false]);
    for event in self_service(flow(7), "2026-06-01") {
        life.holder = std::mem::take(&mut life.holder).evolve(life.now, &event);
    }
    assert_eq!(life.holder.self_service().failures(), 0);
    assert_eq!(life.stage(flow(2)), Err(Refusal::Replaced));
    life.series(flow(3), &[false, false]);
    assert!(!life.holder.self_service().is_blocked());
}

#[test]
fn b32_of_64_forms_for_one_attempt_one_is_judged() {
    let mut life = Life::of(holder());
    life.tell(start(flow(2))).unwrap();
    let results: Vec<_> =
        (0..64).map(|n| life.tell(answered(flow(2), 1, n % 2 == 1, 1000 + n))).collect();
    let stale = Err(self_service::Refusal::AlreadyJudged.into());
    assert_eq!(results[0], Ok(vec![wrong(flow(2), 1)]));
    assert!(results[1..].iter().all(|result| *result == stale));
    assert_eq!(life.holder.self_service().failures(), 1);
}

#[test]
fn b31_whoever_failed_is_told_how_many_attempts_are_left() {
    let ctx = Life::of(holder());
    let told = |events: &[HolderEvent]| self_service::outcome(&ctx.ctx(), events);
    let wrong_answers = |left| Some(self_service::Refusal::AnswersWrong { left });
    assert_eq!(told(&[wrong(flow(2), 1)]), wrong_answers(2));
    assert_eq!(told(&[wrong(flow(2), 2)]), wrong_answers(1));
    let blocked = HolderEvent::SelfServiceBlocked { unlock: flow(2), on: day("2026-06-01") };
    assert_eq!(told(&[wrong(flow(2), 3), blocked]), Some(self_service::Refusal::Blocked));
}

#[test]
fn u08_right_answers_are_followed_by_a_code_to_the_registered_address() {
    let mut life = Life::of(holder());
    life.tell(start(flow(2))).unwrap();
    let right = HolderEvent::AnswersRight { unlock: flow(2), attempt: 1 };
    let sent = sent(flow(2), 11, 1, "2026-06-01T12:15:00Z");
    assert_eq!(life.tell(answered(flow(2), 1, true, 11)), Ok(vec![right, sent]));
}

#[test]
fn b36_right_answers_so_soon_after_a_code_count_and_the_code_is_asked_for_later() {
    let mut life = Life::of(holder());
    life.series(flow(2), &[true]);
    life.tell(start(flow(3))).unwrap();
    let right = HolderEvent::AnswersRight { unlock: flow(3), attempt: 1 };
    assert_eq!(life.tell(answered(flow(3), 1, true, 12)), Ok(vec![right]));
    assert_eq!(life.stage(flow(3)), Ok(Stage::Code));
    life.later(1);
    let (purpose, code) = (CodePurpose::Unlock, new_code(12));
    let send = HolderCommand::SendCode { purpose, flow: flow(3), code };
    assert_eq!(life.tell(send), Ok(vec![sent(flow(3), 12, 1, "2026-06-01T12:16:00Z")]));
}

#[test]
fn of_two_unlocks_the_one_that_was_started_last_is_under_way() {
    let mut life = Life::of(holder());
    life.tell(start(flow(2))).unwrap();
    life.tell(start(flow(3))).unwrap();
    assert_eq!(life.stage(flow(2)), Err(Refusal::Replaced));
    let replaced = Err(Refusal::Replaced.into());
    assert_eq!(life.tell(answered(flow(2), 1, false, 11)), replaced);
    assert_eq!(life.holder.self_service().failures(), 0);
}
