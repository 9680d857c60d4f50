//! A server under the profile `strict`: what the norms of B.1 ask for against the guides, each where it is decided.

use api::{codes::NotDone, self_service};
use axum::http::{Method, StatusCode};
use card_agent::passcode::Passcode;
use chrono::{Duration, TimeDelta};
use domain::{
    policy::Policy,
    refusal::Refusal,
    self_service::{CodePurpose, Refusal as Not},
    staff::Role,
    unlock::Refusal as NoUnlock,
};
use serde_json::json;
use tests::desk::{
    Desk,
    scene::{Scene, account_recovery, verification},
    self_service::{ADDRESS, answers},
};
use workflows::unlock::Next;

use super::staff::ask;

/// Eight digits that are no sequence, do not repeat themselves and are on no list.
const FIRST: &str = "48291573";

async fn strict() -> Scene {
    let desk = Desk::open_under(Policy::strict()).await.unwrap();
    let mut scene = Scene::at(desk, FIRST).await.unwrap();
    scene.log_in().await.unwrap();
    scene
}

#[tokio::test]
async fn p13_under_strict_a_passcode_of_600_days_opens_the_portal_without_an_alert() {
    let mut scene = strict().await;
    scene.desk.wait(Duration::days(600));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    let page = scene.browser.get("/passcodes").await.unwrap();
    assert!(page.says("Does not expire") && !page.says("Account locks"), "{}", page.html);
    let (_, told) =
        ask(&mut scene.browser, Method::GET, "/api/passcodes", &serde_json::Value::Null).await;
    assert!(told.to_string().contains("\"expires_on\":null"), "{told}");
}

#[tokio::test]
async fn b11_under_strict_a_code_is_good_for_10_minutes_and_not_at_10_minutes() {
    for (millis, good) in [(599_999, true), (600_000, false)] {
        let mut scene = strict().await;
        let flow = scene.begin_registration(Some(&answers()), ADDRESS).await.unwrap();
        let purpose = CodePurpose::Registration;
        let code = scene.desk.code(purpose, scene.holder, flow.registration).await.unwrap();
        scene.desk.wait(TimeDelta::milliseconds(millis));
        let entered = self_service::enter_code(scene.desk.app(), &flow, &code).await;
        match entered {
            Ok(()) => assert!(good),
            Err(NotDone::Refused(Refusal::SelfService(Not::CodeExpired))) => assert!(!good),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn p06_p07_under_strict_the_agent_takes_6_to_8_digits_that_are_not_easy_to_guess() {
    let mut scene = strict().await;
    let page = scene.browser.get("/passcodes").await.unwrap();
    assert!(page.says("6 to 8 digits"), "{}", page.html);
    let job = scene.update_smartcard(&[]).await.unwrap();
    let held = scene.agent.claim(job, scene.card.seen()).await.unwrap();
    let taken = |text: &str| Passcode::new(text).unwrap().satisfies(held.granted.rules);
    for good in ["482915", "48291573"] {
        assert!(taken(good), "{good}");
    }
    // Too short, no digits, a sequence, a repetition, on the block list.
    for bad in ["48291", "48291a", "345678", "777777", "121212", "112233"] {
        assert!(!taken(bad), "{bad}");
    }
}

#[tokio::test]
async fn b27_under_strict_one_value_for_two_kinds_is_refused() {
    let mut scene = strict().await;
    let fields = [account_recovery("Same1234"), verification("Same1234")].concat();
    let page = scene.browser.post("/passcodes", &fields).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("B-27") || page.says("the same"), "{}", page.html);
    let job = scene.update_smartcard(&verification("73915284")).await.unwrap();
    let stopped = scene.write(job, "73915284", tests::desk::agent::Write::Good).await;
    assert_eq!(stopped.unwrap_err().rule(), Some("B-27"));
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    scene.write(job, "73915284", tests::desk::agent::Write::Good).await.unwrap();
}

#[tokio::test]
async fn b58_under_strict_nobody_unlocks_a_card_alone_and_with_the_authority_everybody_does() {
    let mut scene = strict().await;
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::days(1));
    scene.lock_card();
    let flow = scene.start_unlock().await.unwrap();
    assert!(
        matches!(flow.next, Next::Over(Refusal::Unlock(NoUnlock::NotOffered))),
        "{:?}",
        flow.next
    );
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    let mut agent = scene.desk.staff("Ben", "BB01", Role::RaAgent, "RXA").await.unwrap().1;
    let path = format!("/api/desk/holders/{}/card-unlock-authorisations", scene.holder);
    let check = json!({"check": {"evidence": "passport", "place": "RA desk"}});
    let (status, done) = ask(&mut agent, Method::POST, &path, &check).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let flow = scene.start_unlock().await.unwrap();
    let job = scene.begin_passcode(&flow).await.unwrap();
    scene.agent.unlock(job, &mut scene.card, "73915284").await.unwrap();
    "73915284".clone_into(&mut scene.passcode);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}
