//! Three strikes: counted for the registration, whatever browser, device or day, and never by whoever is faster.

use api::{codes::NotDone, unlocks};
use chrono::Duration;
use domain::{
    holder::HolderEvent,
    refusal::Refusal,
    self_service::Refusal as Not,
    unlock::{Refusal as NoUnlock, Stage},
};
use futures::future::join_all;
use tests::desk::{
    scene::Scene,
    self_service::{WRONG, answers},
};
use workflows::unlock::Next;

/// One more attempt, from the start, right or wrong.
async fn attempt(scene: &mut Scene, right: bool) -> Result<(), NotDone> {
    let flow = scene.start_unlock().await?;
    let answered = scene.answer(&flow, right).await;
    // Codes are a minute apart.
    scene.desk.wait(Duration::minutes(2));
    answered
}

#[track_caller]
fn refused(outcome: Result<(), NotDone>) -> Not {
    match outcome {
        Err(NotDone::Refused(Refusal::SelfService(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

fn is_over(next: &Next) -> bool {
    matches!(next, Next::Over(Refusal::Unlock(NoUnlock::Blocked)))
}

#[tokio::test]
async fn b32_two_then_three_then_all_four_are_asked_each_a_superset_in_whatever_browser() {
    let mut scene = Scene::registered().await.unwrap();
    let mut before = Vec::new();
    for n_asked in 2..=4 {
        let mut browser = scene.desk.browser();
        let flow = scene.start_unlock_in(&mut browser).await.unwrap();
        let (_, asked) = scene.asked(&flow).await.unwrap();
        assert_eq!(asked.len(), n_asked);
        assert!(before.iter().all(|question| asked.contains(question)), "{before:?} {asked:?}");
        let elsewhere = scene.start_unlock().await.unwrap();
        assert_eq!(scene.asked(&elsewhere).await.unwrap().1, asked);
        before = asked;
        scene.answer(&elsewhere, false).await.unwrap_err();
    }
}

#[tokio::test]
async fn b33_u07_f_ok_f_f_f_is_blocked_at_the_last() {
    let mut scene = Scene::registered().await.unwrap();
    assert_eq!(refused(attempt(&mut scene, false).await), Not::AnswersWrong { left: 2 });
    attempt(&mut scene, true).await.unwrap();
    assert_eq!(refused(attempt(&mut scene, false).await), Not::AnswersWrong { left: 2 });
    assert_eq!(refused(attempt(&mut scene, false).await), Not::AnswersWrong { left: 1 });
    assert_eq!(refused(attempt(&mut scene, false).await), Not::Blocked);
    assert!(is_over(&scene.start_unlock().await.unwrap().next));
}

#[tokio::test]
async fn b33_u07_b34_three_weeks_forgive_nothing_another_browser_neither_and_the_card_still_works()
{
    let mut scene = Scene::registered().await.unwrap();
    attempt(&mut scene, false).await.unwrap_err();
    scene.desk.wait(Duration::days(21));
    attempt(&mut scene, false).await.unwrap_err();
    assert_eq!(refused(attempt(&mut scene, false).await), Not::Blocked);
    scene.desk.wait(Duration::days(1));
    let mut browser = scene.desk.browser();
    assert!(is_over(&scene.start_unlock_in(&mut browser).await.unwrap().next));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b34_whoever_is_blocked_may_not_choose_other_questions() {
    let mut scene = Scene::registered().await.unwrap();
    for _ in 0..3 {
        attempt(&mut scene, false).await.unwrap_err();
    }
    scene.log_in().await.unwrap();
    let begun =
        scene.start_registration(Some(&answers()), tests::desk::self_service::ADDRESS).await;
    assert!(
        matches!(
            begun,
            Err(api::self_service::NotBegun::Refused(Refusal::SelfService(Not::Blocked)))
        ),
        "{begun:?}"
    );
}

#[tokio::test]
async fn b31_an_incomplete_form_is_no_attempt_and_which_answer_was_wrong_is_not_told() {
    let scene = &mut Scene::registered().await.unwrap();
    let flow = scene.start_unlock().await.unwrap();
    let (number, asked) = scene.asked(&flow).await.unwrap();
    let app = scene.desk.app();
    let right: Vec<_> = answers().into_iter().filter(|(id, _)| asked.contains(id)).collect();
    for given in [vec![], vec![right[0]], vec![right[0], (right[1].0, " .,!")]] {
        let told = unlocks::answer(app, &flow, number, &given).await;
        assert!(matches!(told, Err(NotDone::Incomplete(_))), "{told:?}");
    }
    assert_eq!(scene.asked(&flow).await.unwrap().0, number);
    let mut told = Vec::new();
    for wrong in 0..2 {
        let (number, asked) = scene.asked(&flow).await.unwrap();
        let mut given: Vec<_> =
            answers().into_iter().filter(|(id, _)| asked.contains(id)).collect();
        given[wrong].1 = WRONG;
        told.push(unlocks::answer(app, &flow, number, &given).await.unwrap_err().to_string());
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn b32_a_form_of_an_attempt_that_was_judged_is_stale_even_with_the_right_answers() {
    let mut scene = Scene::registered().await.unwrap();
    let flow = scene.start_unlock().await.unwrap();
    scene.answer(&flow, false).await.unwrap_err();
    let stale = unlocks::answer(scene.desk.app(), &flow, 1, &answers()).await;
    assert_eq!(refused(stale), Not::AlreadyJudged);
    assert_eq!(scene.asked(&flow).await.unwrap().0, 2);
}

/// How many strikes are on record.
async fn strikes(scene: &Scene) -> usize {
    let events = scene.desk.events(scene.holder).await.unwrap();
    events.iter().filter(|event| matches!(event, HolderEvent::AnswersWrong { .. })).count()
}

#[tokio::test]
async fn u07_of_64_forms_at_once_from_two_browsers_at_most_three_are_judged() {
    let mut scene = Scene::registered().await.unwrap();
    let mut other = scene.desk.browser();
    let one = scene.start_unlock_in(&mut other).await.unwrap();
    let two = scene.start_unlock().await.unwrap();
    let app = scene.desk.app();
    let guesses: Vec<String> = (0..64).map(|number| format!("guess number {number}")).collect();
    let posts = guesses.iter().enumerate().map(|(number, guess)| {
        let (flow, attempt) = ([&one, &two][number % 2], u8::try_from(1 + number % 3).unwrap());
        let given: Vec<_> = answers().into_iter().map(|(id, _)| (id, guess.as_str())).collect();
        async move { unlocks::answer(app, flow, attempt, &given).await }
    });
    let told = join_all(posts).await;
    let n_told = told
        .iter()
        .filter(|told| {
            matches!(
                told,
                Ok(())
                    | Err(NotDone::Refused(Refusal::SelfService(
                        Not::AnswersWrong { .. } | Not::Blocked
                    )))
            )
        })
        .count();
    let n_strikes = strikes(&scene).await;
    assert!((1..=3).contains(&n_strikes), "{n_strikes}");
    assert_eq!(n_told, n_strikes);
    assert!(told.iter().all(Result::is_err));
    // And nobody is let in by a right form that comes too late.
    while scene.desk.stage(&two).await.is_ok() {
        scene.answer(&two, false).await.unwrap_err();
    }
    assert_eq!(strikes(&scene).await, 3);
    let late = unlocks::answer(app, &two, 3, &answers()).await;
    assert!(matches!(late, Err(NotDone::Refused(Refusal::Unlock(NoUnlock::Blocked)))), "{late:?}");
}

#[tokio::test]
async fn b33_registering_anew_before_the_block_starts_over() {
    let mut scene = Scene::registered().await.unwrap();
    for _ in 0..2 {
        attempt(&mut scene, false).await.unwrap_err();
    }
    scene.log_in().await.unwrap();
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::days(1));
    let flow = scene.start_unlock().await.unwrap();
    assert!(matches!(scene.desk.stage(&flow).await.unwrap(), Stage::Questions { attempt: 1, .. }));
}
