//! Mailed codes: one is good, once, for one thing.

use api::{codes::NotDone, self_service, unlocks};
use chrono::{Duration, TimeDelta};
use domain::{
    refusal::Refusal,
    self_service::{CodePurpose, Refusal as Not},
    unlock::{Refusal as NoUnlock, Stage},
};
use tests::desk::{
    scene::Scene,
    self_service::{ADDRESS, answers},
};
use workflows::unlock::Next;

use super::mailbox;

#[track_caller]
fn refused(outcome: Result<(), NotDone>) -> Not {
    match outcome {
        Err(NotDone::Refused(Refusal::SelfService(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

/// A holder whose right answers have brought him to the code.
async fn at_code() -> (Scene, unlocks::UnlockFlow, String) {
    let mut scene = Scene::registered().await.unwrap();
    let flow = scene.start_unlock().await.unwrap();
    scene.answer(&flow, true).await.unwrap();
    let code = scene.desk.code(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    (scene, flow, code)
}

#[tokio::test]
async fn b36_the_newest_code_is_good_and_an_older_one_has_its_own_message_and_costs_nothing() {
    let (scene, flow, first) = at_code().await;
    let app = scene.desk.app();
    assert!(matches!(refused(unlocks::send_code(app, &flow).await), Not::CodeTooSoon { .. }));
    scene.desk.wait(TimeDelta::milliseconds(59_999));
    assert!(matches!(refused(unlocks::send_code(app, &flow).await), Not::CodeTooSoon { .. }));
    scene.desk.wait(TimeDelta::milliseconds(1));
    unlocks::send_code(app, &flow).await.unwrap();
    for _ in 0..6 {
        let entered = unlocks::enter_code(app, &flow, &first).await;
        assert_eq!(refused(entered), Not::CodeSuperseded);
    }
    let codes = scene.desk.codes(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    assert_eq!(codes.iter().map(|sent| sent.number).collect::<Vec<_>>(), [1, 2]);
    let second = scene.desk.code(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    unlocks::enter_code(app, &flow, &second).await.unwrap();
}

#[tokio::test]
async fn b36_the_fifth_code_of_an_hour_is_sent_and_the_sixth_is_not() {
    let (scene, flow, _) = at_code().await;
    let app = scene.desk.app();
    for _ in 0..4 {
        scene.desk.wait(Duration::seconds(60));
        unlocks::send_code(app, &flow).await.unwrap();
    }
    scene.desk.wait(Duration::seconds(60));
    assert!(matches!(refused(unlocks::send_code(app, &flow).await), Not::TooManyCodes { .. }));
}

#[tokio::test]
async fn b37_four_wrong_and_then_the_right_one_is_good_and_the_sixth_try_is_not() {
    for (n_wrong, good) in [(4, true), (5, false)] {
        let (scene, flow, code) = at_code().await;
        let app = scene.desk.app();
        for number in 1..=n_wrong {
            let told = refused(unlocks::enter_code(app, &flow, "00000000").await);
            let expected =
                if number < 5 { Not::CodeWrong { left: 5 - number } } else { Not::CodeVoid };
            assert_eq!(told, expected);
        }
        let entered = unlocks::enter_code(app, &flow, &code).await;
        if good {
            entered.unwrap();
        } else {
            assert_eq!(refused(entered), Not::CodeVoid);
        }
    }
}

#[tokio::test]
async fn b37_wrong_codes_are_no_strikes_and_three_void_ones_pause_unlocking_for_a_day() {
    let (mut scene, flow, _) = at_code().await;
    for number in 1..=3 {
        let app = scene.desk.app();
        for _ in 0..5 {
            unlocks::enter_code(app, &flow, "00000000").await.unwrap_err();
        }
        if number < 3 {
            scene.desk.wait(Duration::seconds(60));
            unlocks::send_code(app, &flow).await.unwrap();
        }
    }
    let paused = scene.start_unlock().await.unwrap();
    assert!(
        matches!(paused.next, Next::Over(Refusal::Unlock(NoUnlock::Paused { .. }))),
        "{:?}",
        paused.next
    );
    scene.desk.wait(Duration::hours(24) - TimeDelta::milliseconds(1));
    let paused = scene.start_unlock().await.unwrap();
    assert!(
        matches!(paused.next, Next::Over(Refusal::Unlock(NoUnlock::Paused { .. }))),
        "{:?}",
        paused.next
    );
    scene.desk.wait(TimeDelta::milliseconds(1));
    let again = scene.start_unlock().await.unwrap();
    assert!(matches!(scene.desk.stage(&again).await.unwrap(), Stage::Questions { attempt: 1, .. }));
}

#[tokio::test]
async fn b38_a_code_is_good_once() {
    let (scene, flow, code) = at_code().await;
    unlocks::enter_code(scene.desk.app(), &flow, &code).await.unwrap();
    assert_eq!(refused(unlocks::enter_code(scene.desk.app(), &flow, &code).await), Not::CodeUsed);
}

#[tokio::test]
async fn b38_the_code_of_one_unlock_is_wrong_in_another_and_a_registrations_in_both() {
    let (mut scene, flow, code) = at_code().await;
    scene.desk.wait(Duration::minutes(2));
    let other = scene.start_unlock().await.unwrap();
    scene.answer(&other, true).await.unwrap();
    let entered = unlocks::enter_code(scene.desk.app(), &other, &code).await;
    assert_eq!(refused(entered), Not::CodeWrong { left: 4 });
    let left = unlocks::enter_code(scene.desk.app(), &flow, &code).await;
    assert!(matches!(left, Err(NotDone::Refused(Refusal::Unlock(NoUnlock::Replaced)))), "{left:?}");

    scene.desk.wait(Duration::minutes(2));
    scene.log_in().await.unwrap();
    let registration = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
    let purpose = CodePurpose::Registration;
    let code = scene.desk.code(purpose, scene.holder, registration.registration).await.unwrap();
    let entered = unlocks::enter_code(scene.desk.app(), &other, &code).await;
    assert_eq!(refused(entered), Not::CodeWrong { left: 3 });
    // It was not consumed there.
    self_service::enter_code(scene.desk.app(), &registration, &code).await.unwrap();
}

#[tokio::test]
async fn u09_b11_an_unlock_code_is_good_until_just_before_15_minutes_and_not_at_15_minutes() {
    for (millis, good) in [(899_999, true), (900_000, false)] {
        let (scene, flow, code) = at_code().await;
        scene.desk.wait(TimeDelta::milliseconds(millis));
        let entered = unlocks::enter_code(scene.desk.app(), &flow, &code).await;
        if good {
            entered.unwrap();
        } else {
            assert_eq!(refused(entered), Not::CodeExpired);
        }
    }
}

#[tokio::test]
async fn u08_the_code_goes_to_the_registered_address_and_nowhere_else() {
    let (scene, _, code) = at_code().await;
    let mails = mailbox::mails(&scene.desk).await.unwrap();
    let with: Vec<_> = mails.iter().filter(|mail| mail.text.contains(&code)).collect();
    let [mail] = with.as_slice() else { panic!("{} mails have the code", with.len()) };
    assert_eq!(mail.to, ADDRESS);
}

#[tokio::test]
async fn b37_64_guesses_at_once_are_five_at_most() {
    let (scene, flow, _) = at_code().await;
    let guesses: Vec<String> = (0..64).map(|number| format!("{number:08}")).collect();
    let app = scene.desk.app();
    let told = futures::future::join_all(
        guesses.iter().map(|guess| unlocks::enter_code(app, &flow, guess)),
    )
    .await;
    assert!(told.iter().all(Result::is_err));
    let codes = scene.desk.codes(CodePurpose::Unlock, scene.holder, flow.unlock).await.unwrap();
    let newest = codes.last().unwrap();
    assert!(newest.wrong <= 5, "{newest:?}");
}
