//! A card that a member of staff has begun to make is not finished for one who has gone.

use api::execute::Actor;
use axum::http::Method;
use domain::{
    desk::{DeskCommand, SuspensionReason},
    holder::HolderCommand,
    ids::HolderId,
    staff::Role,
};
use protocol::JobId;
use serde_json::json;
use stores::{
    agent::AgentId,
    session::{EndReason, NewSession, Scope},
    token::TokenHash,
};
use tests::desk::{agent::Stop, browser::Browser, card::SoftCard, scene::Scene};
use uuid::Uuid;

use super::ask;

/// Somebody whose card is to be replaced, who of the staff has begun it, and the job.
async fn begun() -> (Scene, HolderId, Browser, JobId) {
    let scene = Scene::open().await.unwrap();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    let (ben, mut agent) =
        scene.desk.staff("Ben Agent", "BB01", Role::RaAgent, "RXA").await.unwrap();
    agent.set_cookie(api::cookies::BROWSER_COOKIE, &"5a".repeat(32));
    let check = json!({"evidence": "passport", "place": "RA desk"});
    let damaged = json!({"reason": "damaged", "check": check});
    let path = format!("/api/desk/holders/{}/replacements", scene.holder);
    let (_, issuing) = ask(&mut agent, Method::POST, &path, &damaged).await;
    let job = JobId(issuing["job"].as_str().unwrap().parse().unwrap());
    (scene, ben, agent, job)
}

/// The rule by which a blank card is refused, if it is.
async fn refused(scene: &Scene, job: JobId) -> Option<String> {
    let mut blank = SoftCard::blank("0A03").unwrap();
    match scene.agent.personalise(job, &mut blank, "Second02").await {
        Ok(_) => None,
        Err(Stop::Refused { rule, .. }) => Some(rule),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn b58_whoever_signs_out_after_beginning_a_card_does_not_issue_it() {
    let (scene, _, mut agent, job) = begun().await;
    agent.post("/log-out", &[]).await.unwrap();
    assert_eq!(refused(&scene, job).await.as_deref(), Some("B-58"));
    let card = scene.desk.holder(scene.holder).await.unwrap().card().unwrap().card.clone();
    assert_eq!(card.as_str(), "0A01");
}

#[tokio::test]
async fn b57_b58_whoever_is_suspended_after_beginning_a_card_does_not_issue_it() {
    let (scene, ben, _, job) = begun().await;
    let reason = SuspensionReason::Suspected;
    let suspend = HolderCommand::Desk(DeskCommand::Suspend { reason });
    let app = scene.desk.app();
    app.execute(ben, scene.desk.cause(), Actor::Operator, &suspend).await.unwrap();
    assert_eq!(refused(&scene, job).await.as_deref(), Some("B-58"));
}

#[tokio::test]
async fn b58_whoevers_own_card_leaves_the_reader_for_the_blank_one_issues_it() {
    let (scene, _, mut agent, job) = begun().await;
    let token = agent.cookie(api::cookies::SESSION_COOKIE).unwrap();
    let token = TokenHash::of(&hex::decode(token).unwrap());
    let (sessions, now) = (&scene.desk.app().stores().sessions, scene.desk.now());
    assert_eq!(sessions.end(token, EndReason::CardRemoved, now).await.unwrap(), 1);
    assert!(!agent.is_logged_in().await.unwrap());
    assert_eq!(refused(&scene, job).await, None);
}

#[tokio::test]
async fn b58_whoever_was_suspended_by_another_card_came_back_and_signed_out_does_not_issue_it() {
    let (scene, ben, agent, job) = begun().await;
    let token = agent.cookie(api::cookies::SESSION_COOKIE).unwrap();
    let former = TokenHash::of(&hex::decode(token).unwrap());
    let (sessions, now) = (&scene.desk.app().stores().sessions, scene.desk.now());
    let workstation = AgentId(Uuid::nil());
    assert_eq!(sessions.suspend_others(workstation, scene.holder, now).await.unwrap(), 1);
    let token = TokenHash([7; 32]);
    let card = "BB01".parse().unwrap();
    let again =
        NewSession { token, holder: ben, card, agent: workstation, scope: Scope::Full, endings: 0 };
    assert!(sessions.wake(former, &again, now).await.unwrap());
    assert_eq!(sessions.end(token, EndReason::SignedOut, now).await.unwrap(), 1);
    assert_eq!(refused(&scene, job).await.as_deref(), Some("B-58"));
}
