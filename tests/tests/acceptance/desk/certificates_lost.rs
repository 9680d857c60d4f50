//! Renewals and revocations of which an answer, a line or a page got lost, or that somebody gets in the way of: what is
//! on record decides, and the pages say so.

use axum::http::StatusCode;
use chrono::Duration;
use domain::{certificate::Obstacle, holder::HolderEvent};
use protocol::{Answer, JobId, ProblemSeen, Request, Slot, Write};
use tests::desk::{
    agent::{Stop, update::Power},
    faulty_log::Fault,
    scene::Scene,
};

const REVOKE: [(&str, &str); 2] = [("reason", "lost_or_stolen"), ("confirm", "REVOKE")];

/// A passcode that nobody has used yet.
const FRESH: &str = "Second02";

/// A holder whose certificates have 25 days left, logged in.
async fn due() -> Scene {
    let mut scene = Scene::open().await.unwrap();
    scene.grow_old(25, FRESH).await.unwrap();
    scene.log_in().await.unwrap();
    scene
}

/// A job in which the card has agreed and the update has begun; nothing was opened.
async fn begun(scene: &mut Scene) -> JobId {
    let job = scene.start_renewal().await.unwrap();
    let passcode = scene.passcode.clone();
    scene.agent.prove(job, &mut scene.card, &passcode).await.unwrap();
    let answer = scene.agent.ask(Request::BeginUpdate { job }).await;
    assert!(matches!(answer, Answer::Updating { .. }), "{answer:?}");
    job
}

/// A job whose update was torn after this many steps; its agent says nothing about it.
async fn torn_after(scene: &mut Scene, steps: usize) -> JobId {
    let job = scene.start_renewal().await.unwrap();
    let mut power = Power::until_after(steps);
    scene.agent.update_with(job, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    job
}

async fn page_of(scene: &mut Scene, job: JobId) -> String {
    let page = scene.browser.get(&format!("/card-updates/{job}")).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{:?}", page.location());
    page.html
}

#[tokio::test]
async fn c15_a_revocation_whose_answer_was_lost_has_ended_every_session() {
    let mut scene = Scene::logged_in().await.unwrap();
    let mut elsewhere = scene.desk.browser();
    std::mem::swap(&mut elsewhere, &mut scene.browser);
    scene.log_in().await.unwrap();
    scene.desk.faults().next("holder", Fault::LostAfter);
    let page = scene.browser.post("/certificates/revoke", &REVOKE).await.unwrap();
    assert!(page.status.is_server_error(), "{}", page.status);
    for browser in [&mut scene.browser, &mut elsewhere] {
        assert_eq!(browser.get("/home").await.unwrap().location(), Some("/logged-out"));
        let over = browser.get("/logged-out").await.unwrap();
        assert!(over.says("Your certificates have been revoked"), "{}", over.html);
    }
}

#[tokio::test]
async fn b55_a_refusal_in_an_update_is_what_its_page_says_and_not_what_the_agent_makes_of_it() {
    let mut scene = due().await;
    let job = begun(&mut scene).await;
    let refused = scene.agent.ask(Request::UpdateFinished { job }).await;
    assert!(matches!(refused, Answer::Refused { .. }), "{refused:?}");
    scene.agent.abandon(job, ProblemSeen::CardFault).await.unwrap();
    let page = page_of(&mut scene, job).await;
    assert!(page.contains("The card update is not at that step."), "{page}");
    assert!(page.contains("visit the registration authority") && page.contains("Try again"));
    assert!(!page.contains("in a way we do not understand"));
}

#[tokio::test]
async fn b55_an_update_that_was_tried_too_often_says_so_and_whom_to_visit() {
    let mut scene = due().await;
    let job = begun(&mut scene).await;
    for n in 0..=40 {
        let witness = scene.card.witness().unwrap().into();
        let (slot, write) = (Slot::Authentication, Write::KeyPair);
        let answer = scene.agent.ask(Request::OpenWrite { job, slot, write, witness }).await;
        assert_eq!(matches!(answer, Answer::Refused { .. }), n == 40, "{n}: {answer:?}");
    }
    scene.agent.abandon(job, ProblemSeen::CardFault).await.unwrap();
    let page = page_of(&mut scene, job).await;
    assert!(page.contains("tried too often. Visit the registration authority"), "{page}");
}

#[tokio::test]
async fn c15_the_page_of_an_update_that_was_revoked_meanwhile_says_so() {
    let mut scene = due().await;
    let job = torn_after(&mut scene, 4).await;
    scene.browser.post("/certificates/revoke", &REVOKE).await.unwrap();
    let page = page_of(&mut scene, job).await;
    assert!(page.contains("Your certificates have been revoked"), "{page}");
    let own = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
    assert_eq!(own.location(), Some(&*format!("/card-updates/{job}")));
    let live = scene.browser.get(&format!("/card-updates/{job}/live")).await.unwrap();
    assert!(live.says("event: fragment") && live.says("event: end"), "{}", live.html);
}

#[tokio::test]
async fn b55_the_page_of_an_update_that_another_has_replaced_says_so() {
    let mut scene = due().await;
    let first = begun(&mut scene).await;
    let second = begun(&mut scene).await;
    let page = page_of(&mut scene, first).await;
    assert!(page.contains("This renewal has ended"), "{page}");
    assert!(page_of(&mut scene, second).await.contains("Updating your card"));
}

#[tokio::test]
async fn b55_an_update_that_runs_is_not_taken_over_by_a_claim_nor_ended_by_a_change_of_mind() {
    let mut scene = due().await;
    let job = begun(&mut scene).await;
    let other = scene.desk.agent("ward 4").await.unwrap();
    other.sees(Some(&scene.card)).await.unwrap();
    let passcode = scene.passcode.clone();
    let taken = other.prove(job, &mut scene.card, &passcode).await.unwrap_err();
    assert!(matches!(taken, Stop::Refused { .. }), "{taken}");
    for agent in [&other, &scene.agent] {
        agent.abandon(job, ProblemSeen::Cancelled).await.unwrap_err();
    }
    assert!(page_of(&mut scene, job).await.contains("Updating your card"));
    // Once its line is gone, anybody who has the card may go on.
    scene.agent.leave().await.unwrap();
    assert!(page_of(&mut scene, job).await.contains("Your card is not finished yet"));
    let code = other.update(job, &mut scene.card, &passcode).await.unwrap();
    let page = scene.end(job, &code).await.unwrap();
    assert!(page.says("Certificates renewed and card updated"), "{}", page.html);
}

#[tokio::test]
async fn b18_b55_an_unfinished_update_comes_before_a_passcode_that_has_expired() {
    let mut scene = due().await;
    torn_after(&mut scene, 6).await;
    scene.desk.wait(Duration::days(14));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    scene.browser = scene.desk.browser();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    for path in ["/renewal", "/home"] {
        let page = scene.browser.get(path).await.unwrap();
        assert!(page.says("The renewal of your certificates is not finished"), "{}", page.html);
        assert!(!page.says("change your passcode"), "{}", page.html);
    }
    scene.renew().await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    assert!(scene.browser.get("/renewal").await.unwrap().says("change your passcode"));
}

#[tokio::test]
async fn b19_a_technical_problem_is_on_record_and_by_the_first_policy_puts_nothing_off() {
    let mut scene = Scene::open().await.unwrap();
    scene.grow_old(20, FRESH).await.unwrap();
    scene.log_in().await.unwrap();
    let job = begun(&mut scene).await;
    scene.agent.abandon(job, ProblemSeen::CardFault).await.unwrap();
    let events = scene.desk.events(scene.holder).await.unwrap();
    assert!(events.iter().any(|event| matches!(
        event,
        HolderEvent::RenewalObstructed { obstacle: Obstacle::Reader, .. }
    )));
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("Renew certificates now") && !page.says("Not now"), "{}", page.html);
    let refused = scene.browser.post("/certificates/defer", &[]).await.unwrap();
    assert!(refused.status.is_client_error() && refused.says("B-19"), "{}", refused.html);
}

#[tokio::test]
async fn a_renewal_whose_card_never_agreed_waits_ten_minutes_and_no_longer() {
    let mut scene = due().await;
    let job = scene.start_renewal().await.unwrap();
    scene.agent.update(job, &mut scene.card, "Wrong001").await.unwrap_err();
    let path = format!("/jobs/{job}");
    assert!(scene.browser.get(&path).await.unwrap().says("That passcode was wrong"));
    scene.desk.wait(Duration::minutes(10));
    assert!(!scene.browser.get(&path).await.unwrap().says("That passcode was wrong"));
}
