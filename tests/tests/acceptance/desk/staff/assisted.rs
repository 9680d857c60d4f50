//! A locked card with somebody's help (B-58): of the registration authority, of a sponsor.

use axum::http::{Method, StatusCode};
use domain::{self_service::CodePurpose, staff::Role, unlock::Stage};
use serde_json::{Value, json};
use tests::desk::{browser::Browser, scene::Scene};
use workflows::unlock::Next;

use super::ask;

/// A holder of St Ebba's who is registered for self-service and has locked his card, and somebody there who has this
/// role.
async fn locked(role: Role) -> (Scene, Browser) {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    let helper = scene.desk.staff("Ben Helper", "BB01", role, "RXA").await.unwrap().1;
    (scene, helper)
}

async fn assist(scene: &Scene, helper: &mut Browser, body: &Value) -> (StatusCode, Value) {
    let path = format!("/api/desk/holders/{}/card-unlock-authorisations", scene.holder);
    ask(helper, Method::POST, &path, body).await
}

fn check() -> Value {
    json!({"check": {"evidence": "passport", "place": "RA desk"}})
}

#[tokio::test]
async fn b58_with_the_registration_authoritys_help_the_holder_goes_straight_to_the_new_passcode() {
    let (mut scene, mut helper) = locked(Role::RaAgent).await;
    let (status, problem) = assist(&scene, &mut helper, &json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "nobody was looked at: {problem}");
    let (status, done) = assist(&scene, &mut helper, &check()).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let flow = scene.start_unlock().await.unwrap();
    assert!(matches!(flow.next, Next::Passcode { .. }), "{:?}", flow.next);
    let job = scene.begin_passcode(&flow).await.unwrap();
    scene.agent.unlock(job, &mut scene.card, "Second02").await.unwrap();
    assert_eq!(scene.desk.stage(&flow).await.unwrap(), Stage::Done);
    "Second02".clone_into(&mut scene.passcode);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    // It was for once.
    let flow = scene.start_unlock().await.unwrap();
    assert!(matches!(flow.next, Next::Questions { .. }), "{:?}", flow.next);
}

#[tokio::test]
async fn b58_a_sponsors_word_is_not_enough_and_a_mailed_code_is_sent_at_once() {
    let (mut scene, mut helper) = locked(Role::Sponsor).await;
    // The hour of the registration's code is not over: another one may be sent after a minute.
    scene.desk.wait(chrono::Duration::minutes(2));
    let (status, done) = assist(&scene, &mut helper, &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let flow = scene.start_unlock().await.unwrap();
    assert!(matches!(flow.next, Next::Code { .. }), "{:?}", flow.next);
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let codes = holder.self_service().codes(CodePurpose::Unlock, flow.unlock);
    assert_eq!(codes.len(), 1);
    assert!(scene.begin_passcode(&flow).await.is_err(), "the code comes first");
}

#[tokio::test]
async fn b58_a_sponsor_helps_with_no_account_and_only_where_there_is_a_second_proof() {
    let (scene, mut helper) = locked(Role::Sponsor).await;
    let unregistered = scene.desk.on_paper("Nobody Registered", "AB07").await.unwrap();
    scene.desk.assign(unregistered, "RXA").await.unwrap();
    let path = format!("/api/desk/holders/{unregistered}/card-unlock-authorisations");
    let (status, problem) = ask(&mut helper, Method::POST, &path, &json!({})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-58")), "{problem}");
    scene.desk.wait(chrono::Duration::days(386));
    let mut later = scene.desk.staff("Cem", "BB02", Role::Sponsor, "RXA").await.unwrap().1;
    let (status, problem) = assist(&scene, &mut later, &json!({})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("P-19")), "{problem}");
}
