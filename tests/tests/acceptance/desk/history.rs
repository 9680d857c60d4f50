//! P-22 and B-22 to B-25 lived through: which values may not come back, for all three kinds, and what asking costs.

use axum::http::StatusCode;
use chrono::Duration;
use domain::{holder::HolderEvent, passcode::Kind};
use protocol::{Answer, Request};
use tests::desk::{
    agent::noted,
    scene::{Scene, account_recovery, verification},
};

type Fields = fn(&str) -> [(&'static str, &str); 2];

const OPTIONALS: [(Kind, Fields, &str); 2] = [
    (Kind::AccountRecovery, account_recovery, "blank_account_recovery"),
    (Kind::Verification, verification, "blank_verification"),
];

async fn used_before(scene: &Scene, wanted: Kind) -> usize {
    let events = scene.desk.events(scene.holder).await.unwrap();
    events
        .iter()
        .filter(|event| matches!(event, HolderEvent::UsedBeforeRefused { kind } if *kind == wanted))
        .count()
}

/// The form is refused because the value was used before, and says so at its field.
async fn is_refused(scene: &mut Scene, fields: &[(&str, &str)]) {
    let page = scene.browser.post("/passcodes", fields).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
    assert!(page.says("was used in one of your last changes"), "{}", page.html);
}

#[tokio::test]
async fn p22_of_six_values_the_last_five_are_refused_and_the_one_before_them_is_accepted() {
    let values = ["Value-v0", "Value-v1", "Value-v2", "Value-v3", "Value-v4", "Value-v5"];
    for (kind, fields, _) in OPTIONALS {
        let mut scene = Scene::logged_in().await.unwrap();
        for value in values {
            scene.change(&fields(value)).await.unwrap();
        }
        // The form, too, compares ten values of a kind a day.
        scene.desk.wait(Duration::days(1));
        scene.log_in().await.unwrap();
        for value in &values[1..] {
            is_refused(&mut scene, &fields(value)).await;
        }
        assert_eq!(used_before(&scene, kind).await, 5);
        let page = scene.change(&fields(values[0])).await.unwrap();
        assert!(page.says(&format!("Your {} has been updated", kind.words())), "{}", page.html);
    }
}

#[tokio::test]
async fn p22_the_form_compares_ten_values_of_a_kind_a_day_and_not_an_eleventh() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Value-v0")).await.unwrap();
    for _ in 2..=10 {
        is_refused(&mut scene, &verification("Value-v0")).await;
    }
    for value in ["Value-v0", "Value-v1"] {
        let page = scene.browser.post("/passcodes", &verification(value)).await.unwrap();
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("Too many new passcodes were tried today"), "{}", page.html);
    }
    scene.change(&account_recovery("Value-v1")).await.unwrap();
    scene.desk.wait(Duration::hours(15));
    scene.log_in().await.unwrap();
    scene.change(&verification("Value-v1")).await.unwrap();
}

#[tokio::test]
async fn b22_with_two_values_ever_set_both_are_refused_and_the_current_one_is_among_them() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Value-v0")).await.unwrap();
    scene.change(&verification("Value-v1")).await.unwrap();
    for value in ["Value-v0", "Value-v1"] {
        is_refused(&mut scene, &verification(value)).await;
    }
}

#[tokio::test]
async fn b24_blank_takes_no_place_and_clears_no_history() {
    for (kind, fields, blank) in OPTIONALS {
        let mut scene = Scene::logged_in().await.unwrap();
        scene.change(&fields("Value-v0")).await.unwrap();
        scene.change(&[(blank, "true")]).await.unwrap();
        assert!(scene.desk.holder(scene.holder).await.unwrap().passcodes().current(kind).is_none());
        is_refused(&mut scene, &fields("Value-v0")).await;
        for value in ["Value-v1", "Value-v2", "Value-v3", "Value-v4"] {
            scene.change(&fields(value)).await.unwrap();
            scene.change(&[(blank, "true")]).await.unwrap();
        }
        is_refused(&mut scene, &fields("Value-v0")).await;
        scene.change(&fields("Value-v5")).await.unwrap();
        scene.change(&fields("Value-v0")).await.unwrap();
    }
}

#[tokio::test]
async fn b23_another_case_is_another_value_and_another_spelling_of_the_same_letters_is_not() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Caf\u{e9}Abcd1")).await.unwrap();
    is_refused(&mut scene, &verification("Cafe\u{301}Abcd1")).await;
    scene.change(&verification("caf\u{e9}abcd1")).await.unwrap();
}

#[tokio::test]
async fn p22_a_value_of_one_kind_is_no_history_of_another() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Value-v0")).await.unwrap();
    scene.change(&account_recovery("Value-v0")).await.unwrap();
}

#[tokio::test]
async fn b22_a_value_that_was_accepted_by_the_form_and_never_agreed_to_is_no_history() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.update(&verification("Value-v0")).await.unwrap();
    scene.change(&verification("Value-v0")).await.unwrap();
}

#[tokio::test]
async fn p22_the_last_five_smartcard_passcodes_are_refused_and_the_one_before_them_is_accepted() {
    let mut scene = Scene::open().await.unwrap();
    let values = ["Second02", "Third003", "Fourth04", "Fifth005", "Sixth006"];
    for value in values {
        scene.desk.wait(Duration::days(1));
        scene.log_in().await.unwrap();
        let page = scene.change_smartcard(value, &[]).await.unwrap();
        assert!(page.says("Your smartcard passcode has been updated"), "{}", page.html);
    }
    for value in values {
        scene.desk.wait(Duration::days(1));
        scene.log_in().await.unwrap();
        let refused = scene.change_smartcard(value, &[]).await.unwrap_err();
        assert!(refused.to_string().contains("P-22"), "{value}: {refused}");
    }
    assert_eq!(used_before(&scene, Kind::Smartcard).await, 5);
    scene.change_smartcard("First001", &[]).await.unwrap();
    let ledger = scene.desk.ledger(scene.holder).await.unwrap();
    assert_eq!(ledger[0], "You set a new smartcard passcode");
    assert_eq!(
        ledger[1],
        "A new smartcard passcode was not accepted because it had been used before"
    );
}

#[tokio::test]
async fn p22_after_a_refusal_the_same_job_takes_another_value() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&[]).await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    noted(scene.agent.ask(Request::CurrentTag { job, tag }).await).unwrap();
    // Every comparison needs an evaluation of its own.
    let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    let refused = scene.agent.ask(Request::NewTag { job, tag: tag.clone() }).await;
    assert!(matches!(refused, Answer::Refused { ref rule, again: true, .. } if rule == "P-22"));
    // The same message once more is the same fact.
    scene.agent.ask(Request::NewTag { job, tag }).await;
    assert_eq!(used_before(&scene, Kind::Smartcard).await, 1);
    let tag = scene.agent.tag(job, &terms, "Second02").await.unwrap();
    let written = scene
        .agent
        .write(job, &mut scene.card, "Second02", tag, tests::desk::agent::Write::Good)
        .await;
    assert!(scene.end(job, &written.unwrap()).await.unwrap().says("has been updated"));
}

#[tokio::test]
async fn b22_a_smartcard_passcode_that_the_card_did_not_take_is_no_history() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&[]).await.unwrap();
    let kept = scene.write(job, "Second02", tests::desk::agent::Write::Kept).await;
    assert_eq!(kept.unwrap_err().rule(), Some("B-28"));
    let code = scene.write(job, "Second02", tests::desk::agent::Write::Good).await.unwrap();
    assert!(scene.end(job, &code).await.unwrap().says("has been updated"));
}

#[tokio::test]
async fn b25_a_passcode_set_outside_the_product_counts_like_any_other() {
    let mut scene = Scene::open().await.unwrap();
    scene.card.set_passcode("Elsewh01");
    "Elsewh01".clone_into(&mut scene.passcode);
    scene.log_in().await.unwrap();
    scene.change_smartcard("Second02", &[]).await.unwrap();
    for value in ["Elsewh01", "First001"] {
        let refused = scene.change_smartcard(value, &[]).await.unwrap_err();
        assert!(refused.to_string().contains("P-22"), "{value}: {refused}");
    }
}

#[tokio::test]
async fn p22_a_job_evaluates_five_times_and_not_a_sixth() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&[]).await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    for _ in 0..5 {
        scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    }
    let sixth = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap_err();
    assert_eq!(sixth.rule(), Some("P-22"));
    // Claiming the job again gives none of them back.
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    assert!(scene.agent.tag(job, &terms, &scene.passcode).await.is_err());
}

/// Evaluates twice in a fresh job: the second one is a history check.
async fn history_check(scene: &mut Scene) -> Result<(), Option<String>> {
    let job = scene.browser.start_log_in().await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    let second = scene.agent.tag(job, &terms, "Second02").await;
    second.map(|_| ()).map_err(|stop| stop.rule().map(str::to_owned))
}

#[tokio::test]
async fn p22_a_card_has_ten_history_checks_a_day_in_whatever_jobs_and_ten_more_the_next_day() {
    let mut scene = Scene::open().await.unwrap();
    for number in 1..=10 {
        assert_eq!(history_check(&mut scene).await, Ok(()), "{number}");
    }
    assert_eq!(history_check(&mut scene).await, Err(Some("P-22".to_owned())));
    // Logging in asks nothing new and goes on.
    scene.log_in().await.unwrap();
    scene.desk.wait(Duration::hours(15) - Duration::milliseconds(1));
    assert_eq!(history_check(&mut scene).await, Err(Some("P-22".to_owned())));
    scene.desk.wait(Duration::milliseconds(1));
    assert_eq!(history_check(&mut scene).await, Ok(()));
}
