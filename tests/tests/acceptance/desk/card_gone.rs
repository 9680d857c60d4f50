//! No session without its card: a card that is gone before its log-in came back, or while nobody was there to notice.

use api::{cookies::SESSION_COOKIE, housekeeping};
use axum::http::StatusCode;
use protocol::{JobId, Secret};
use stores::session::EndReason;
use tests::desk::{browser::Browser, scene::Scene};

/// How long a test waits for something that happens in the background.
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

/// A log-in for which the card has done its part.
async fn done() -> (Scene, JobId, Secret) {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    (scene, job, code)
}

async fn is_refused(scene: &mut Scene, job: JobId, code: &Secret) {
    let page = scene.browser.come_back(job, code).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Your card is no longer in the reader.<"), "{}", page.html);
    assert!(page.says("log in again") && page.says("P-05"), "{}", page.html);
    assert_eq!(scene.browser.cookie(SESSION_COOKIE), None);
    assert_eq!(scene.desk.logons(scene.holder).await.unwrap(), 0);
}

async fn is_over(browser: &mut Browser) {
    let over = async {
        while browser.is_logged_in().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, over).await.unwrap();
}

#[tokio::test]
async fn p05_a_card_pulled_before_its_log_in_came_back_opens_nothing() {
    let (mut scene, job, code) = done().await;
    scene.agent.sees(None).await.unwrap();
    is_refused(&mut scene, job, &code).await;
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn p05_an_agent_that_left_before_its_log_in_came_back_opens_nothing() {
    let (mut scene, job, code) = done().await;
    scene.agent.leave().await.unwrap();
    is_refused(&mut scene, job, &code).await;
}

#[tokio::test]
async fn p05_an_agent_revoked_before_its_log_in_came_back_opens_nothing() {
    let (mut scene, job, code) = done().await;
    let (app, agent, now) = (scene.desk.app(), scene.agent.id(), scene.desk.now());
    app.stores().agents.revoke(agent, now).await.unwrap();
    app.agents().hang_up(agent).await.unwrap();
    app.stores().sessions.end_of_agent(agent, EndReason::AgentRevoked, now).await.unwrap();
    is_refused(&mut scene, job, &code).await;
}

#[tokio::test]
async fn p05_a_card_in_another_workstation_s_reader_opens_nothing() {
    let (mut scene, job, code) = done().await;
    let other = scene.desk.agent("ward 4").await.unwrap();
    scene.agent.sees(None).await.unwrap();
    other.sees(Some(&scene.card)).await.unwrap();
    is_refused(&mut scene, job, &code).await;
}

#[tokio::test]
async fn a_card_pulled_while_its_agent_dialled_anew_ends_its_session() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.agent.redial().await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
    scene.agent.sees(None).await.unwrap();
    is_over(&mut scene.browser).await;
}

#[tokio::test]
async fn an_agent_that_dialled_anew_with_its_card_keeps_its_session() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.agent.redial().await.unwrap();
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    housekeeping::end_lost(scene.desk.app(), None).await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn a_session_whose_agent_never_came_back_after_a_restart_is_ended_and_the_others_stay() {
    let mut scene = Scene::logged_in().await.unwrap();
    let app = scene.desk.app();
    housekeeping::end_lost(app, None).await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
    // A server that has just started knows of no connection, and of none that ended.
    app.agents().hang_up(scene.agent.id()).await.unwrap();
    housekeeping::end_lost(app, None).await.unwrap();
    assert!(!scene.browser.is_logged_in().await.unwrap());
    let page = scene.browser.get("/logged-out").await.unwrap();
    assert!(page.says("You were logged out because your card was removed"), "{}", page.html);
}

#[tokio::test]
async fn a_session_whose_agent_came_back_without_its_card_after_a_restart_is_ended() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.desk.app().agents().hang_up(scene.agent.id()).await.unwrap();
    scene.agent.redial().await.unwrap();
    scene.agent.sees(None).await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
    housekeeping::end_lost(scene.desk.app(), None).await.unwrap();
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn a_session_whose_agent_left_a_moment_ago_is_waited_for() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.agent.leave().await.unwrap();
    housekeeping::end_lost(scene.desk.app(), None).await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
}
