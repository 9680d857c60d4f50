//! What the desk does about somebody, and what comes of it for him.

use api::execute::Actor;
use axum::http::{Method, StatusCode};
use chrono::Duration;
use domain::{
    desk::{DeskCommand, DeskEvent},
    holder::{HolderCommand, HolderEvent, Origin},
    ids::HolderId,
    staff::Role,
};
use serde_json::{Value, json};
use tests::desk::{
    Desk,
    agent::Stop,
    browser::Browser,
    card::SoftCard,
    scene::{Scene, account_recovery},
};

use super::ask;

const CHECK: &str = r#"{"evidence": "passport", "place": "RA desk"}"#;

/// A holder with a card, of St Ebba's, and an agent of its registration authority.
async fn scene() -> (Scene, Browser) {
    let scene = Scene::open().await.unwrap();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    let agent = agent(&scene.desk).await;
    (scene, agent)
}

/// Registered today, however old the others are.
async fn agent(desk: &Desk) -> Browser {
    desk.staff("Ben Agent", "BB01", Role::RaAgent, "RXA").await.unwrap().1
}

async fn post(
    browser: &mut Browser,
    holder: HolderId,
    what: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let path = format!("/api/desk/holders/{holder}/{what}");
    ask(browser, Method::POST, &path, body).await
}

fn check() -> Value {
    serde_json::from_str(CHECK).unwrap()
}

#[tokio::test]
async fn b30_a_locked_account_is_opened_by_the_desk_and_new_values_and_by_neither_alone() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    scene.desk.wait(Duration::days(386));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().status, StatusCode::LOCKED);
    let mut agent = agent(&scene.desk).await;
    let holder = scene.holder;
    let vouched = json!({"evidence": "vouched", "place": "RA desk"});
    let (status, problem) =
        post(&mut agent, holder, "account-unlock-authorisations", &vouched).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-63")));
    let (status, allowed) =
        post(&mut agent, holder, "account-unlock-authorisations", &check()).await;
    assert_eq!(status, StatusCode::OK, "{allowed}");
    let until = scene.desk.now() + Duration::minutes(30);
    assert_eq!(allowed["until"], json!(until));
    // Half-way: still locked.
    scene.desk.wait(Duration::minutes(30));
    assert_eq!(scene.log_in().await.unwrap().status, StatusCode::LOCKED);
    let mut agent = self::agent_again(&scene.desk).await;
    post(&mut agent, holder, "account-unlock-authorisations", &check()).await;
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    let page = scene.change_smartcard("Second02", &[]).await.unwrap();
    assert!(page.says("updated"), "{}", page.html);
    let events = scene.desk.events(holder).await.unwrap();
    let last: Vec<_> = events.iter().rev().take(2).collect();
    assert!(matches!(last[0], HolderEvent::Desk(DeskEvent::AccountUnlocked { .. })), "{last:?}");
    assert!(matches!(last[1], HolderEvent::PasscodeSet { .. }), "{last:?}");
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
}

async fn agent_again(desk: &Desk) -> Browser {
    desk.staff("Cem Agent", "BB02", Role::RaAgent, "RXA").await.unwrap().1
}

#[tokio::test]
async fn b63_who_vouches_is_not_who_agrees() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    desk.wait(Duration::days(386));
    let (mut first, mut second) = (agent(&desk).await, agent_again(&desk).await);
    let vouched = json!({"evidence": "vouched", "place": "RA desk"});
    let (status, asked) = post(&mut first, holder, "account-unlock-requests", &vouched).await;
    assert_eq!(status, StatusCode::OK, "{asked}");
    let request = asked["request"].as_str().unwrap();
    let approval = format!("account-unlock-requests/{request}/approval");
    let agree = json!({"confirm": "AGREE"});
    let (status, problem) = post(&mut first, holder, &approval, &agree).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-63")));
    let (status, work) = ask(&mut second, Method::GET, "/api/desk/work", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(work["items"][0]["kind"], "unlock_awaits_approval", "{work}");
    let (status, allowed) = post(&mut second, holder, &approval, &agree).await;
    assert_eq!(status, StatusCode::OK, "{allowed}");
    assert!(allowed["until"].is_string());
    let (_, work) = ask(&mut second, Method::GET, "/api/desk/work", &Value::Null).await;
    assert_eq!(work["items"], json!([]));
}

#[tokio::test]
async fn p08_what_a_caller_says_is_a_match_or_none_and_three_wrong_ones_block() {
    let (mut scene, mut agent) = scene().await;
    let holder = scene.holder;
    let what = "recovery-passcode-checks";
    let said = |value: &str| json!({"passcode": value});
    let (status, result) = post(&mut agent, holder, what, &said("Recover01")).await;
    assert_eq!((status, &result), (StatusCode::OK, &json!({"result": "none_on_record"})));
    scene.log_in().await.unwrap();
    scene.change(&account_recovery("Recover01")).await.unwrap();
    for (value, expected) in [
        ("Recover01", "match"),
        ("recover01", "no_match"),
        ("no", "no_match"),
        ("Recover02", "no_match"),
        ("Recover01", "blocked"),
    ] {
        let (status, result) = post(&mut agent, holder, what, &said(value)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(result, json!({"result": expected}), "{value}");
    }
    let (status, _) = post(&mut agent, holder, "self-service-releases", &check()).await;
    assert_eq!(status, StatusCode::OK);
    let (_, result) = post(&mut agent, holder, what, &said("Recover01")).await;
    assert_eq!(result, json!({"result": "match"}));
}

#[tokio::test]
async fn b57_a_suspended_card_logs_nobody_in_until_it_is_reinstated() {
    let (mut scene, mut agent) = scene().await;
    scene.log_in().await.unwrap();
    let holder = scene.holder;
    let reason = json!({"reason": "mislaid"});
    let (status, done) = post(&mut agent, holder, "suspensions", &reason).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert!(!scene.browser.is_logged_in().await.unwrap());
    let page = scene.log_in().await.unwrap();
    assert!(page.says("B-57") && page.says("suspended"), "{}", page.html);
    scene.desk.app().catch_up().await.unwrap();
    let card = scene.desk.holder(holder).await.unwrap().card().unwrap().clone();
    let status_of = async |scene: &Scene| {
        let serial = &card.certificates[0].serial;
        scene.desk.app().authority().status(serial).await.unwrap().unwrap().state
    };
    let held = status_of(&scene).await;
    assert!(matches!(held, projections::CertificateState::Revoked { reason: 6, .. }), "{held:?}");
    let confirm = json!({"confirm": "REINSTATE"});
    let (status, _) = post(&mut agent, holder, "reinstatements", &confirm).await;
    assert_eq!(status, StatusCode::OK);
    scene.desk.app().catch_up().await.unwrap();
    let good = status_of(&scene).await;
    assert!(matches!(good, projections::CertificateState::Good { .. }), "{good:?}");
    scene.log_in().await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
    let (status, problem) = post(&mut agent, holder, "reinstatements", &confirm).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-57")));
}

#[tokio::test]
async fn b57_a_lost_card_is_revoked_and_out_of_use_at_once_and_its_session_is_over() {
    let (mut scene, mut agent) = scene().await;
    scene.log_in().await.unwrap();
    let holder = scene.holder;
    let lost_at = scene.desk.now() - Duration::hours(3);
    let before = json!({"loss": "lost", "lost_at": lost_at});
    let (status, problem) = post(&mut agent, holder, "losses", &before).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-57")));
    let lost_at = scene.desk.now();
    let soon = scene.desk.now() + Duration::hours(3);
    let (status, _) =
        post(&mut agent, holder, "losses", &json!({"loss": "lost", "lost_at": soon})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let lost = json!({"loss": "stolen", "lost_at": lost_at});
    let (status, done) = post(&mut agent, holder, "losses", &lost).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert!(!scene.browser.is_logged_in().await.unwrap());
    let after = scene.desk.holder(holder).await.unwrap();
    assert!(after.card().is_none());
    assert!(after.desk().lost().is_some());
}

#[tokio::test]
async fn b61_another_card_takes_the_place_of_the_one_before_with_a_passcode_of_the_holder() {
    let (mut scene, mut agent) = scene().await;
    let holder = scene.holder;
    agent.set_cookie(api::cookies::BROWSER_COOKIE, &"5a".repeat(32));
    let (status, _) = post(&mut agent, holder, "replacements", &json!({"reason": "damaged"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "B-49: nobody has looked who it is");
    let vouched = json!({"evidence": "vouched", "place": "RA desk"});
    let vouched = json!({"reason": "damaged", "check": vouched});
    let (status, problem) = post(&mut agent, holder, "replacements", &vouched).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-63")));
    let damaged = json!({"reason": "damaged", "check": check()});
    let (status, issuing) = post(&mut agent, holder, "replacements", &damaged).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{issuing}");
    let job = protocol::JobId(issuing["job"].as_str().unwrap().parse().unwrap());
    let mut other = SoftCard::blank("0A02").unwrap();
    let again = scene.agent.personalise(job, &mut other, "First001").await;
    assert!(again.is_err(), "P-22: the passcode of the card before");
    let (_, issuing) = post(&mut agent, holder, "replacements", &damaged).await;
    let job = protocol::JobId(issuing["job"].as_str().unwrap().parse().unwrap());
    let mut other = SoftCard::blank("0A03").unwrap();
    scene.agent.personalise(job, &mut other, "Second02").await.unwrap();
    let after = scene.desk.holder(holder).await.unwrap();
    assert_eq!(after.card().unwrap().card.as_str(), "0A03");
    let events = scene.desk.events(holder).await.unwrap();
    let is_set = |event: &HolderEvent| {
        matches!(event, HolderEvent::PasscodeSet { origin: Origin::Replacement, .. })
    };
    assert_eq!(events.iter().filter(|event| is_set(event)).count(), 1);
    let is_cancelled =
        |event: &HolderEvent| matches!(event, HolderEvent::Desk(DeskEvent::CardCancelled { .. }));
    assert!(events.iter().any(is_cancelled));
    assert_eq!(n_verified(&events), 2, "B-49: for either card");
    scene.agent.sees(Some(&other)).await.unwrap();
    (scene.card, scene.passcode) = (other, "Second02".to_owned());
    scene.log_in().await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
}

fn n_verified(events: &[HolderEvent]) -> usize {
    let is_it = |event: &&HolderEvent| {
        matches!(event, HolderEvent::Desk(DeskEvent::IdentityVerified { .. }))
    };
    events.iter().filter(is_it).count()
}

#[tokio::test]
async fn b30_a_replacement_that_unlocks_the_account_counts_as_an_unlock_of_who_did_it() {
    let scene = Scene::open().await.unwrap();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    scene.desk.wait(Duration::days(386));
    let mut agent = agent(&scene.desk).await;
    agent.set_cookie(api::cookies::BROWSER_COOKIE, &"5a".repeat(32));
    let damaged = json!({"reason": "damaged", "check": check()});
    let (_, issuing) = post(&mut agent, scene.holder, "replacements", &damaged).await;
    let job = protocol::JobId(issuing["job"].as_str().unwrap().parse().unwrap());
    let mut other = SoftCard::blank("0A03").unwrap();
    scene.agent.personalise(job, &mut other, "Second02").await.unwrap();
    let events = scene.desk.events(scene.holder).await.unwrap();
    let is_unlocked =
        |event: &HolderEvent| matches!(event, HolderEvent::Desk(DeskEvent::AccountUnlocked { .. }));
    assert!(events.iter().any(is_unlocked));
    let app = scene.desk.app();
    app.catch_up().await.unwrap();
    let today = (scene.desk.now() - Duration::hours(12), scene.desk.now() + Duration::hours(12));
    let counts = app.projections().staff_unlocks(today, None, 1, 10).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.n).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn b58_a_role_that_is_withdrawn_while_a_card_is_made_makes_it_nobodys() {
    let scene = Scene::open().await.unwrap();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    let (ben, mut agent) =
        scene.desk.staff("Ben Agent", "BB01", Role::RaAgent, "RXA").await.unwrap();
    let holder = scene.holder;
    agent.set_cookie(api::cookies::BROWSER_COOKIE, &"5a".repeat(32));
    let damaged = json!({"reason": "damaged", "check": check()});
    let (_, issuing) = post(&mut agent, holder, "replacements", &damaged).await;
    let job = protocol::JobId(issuing["job"].as_str().unwrap().parse().unwrap());
    let (role, organisation) = (Role::RaAgent, "RXA".parse().unwrap());
    let withdraw = HolderCommand::Desk(DeskCommand::WithdrawRole { role, organisation });
    let app = scene.desk.app();
    app.execute(ben, scene.desk.cause(), Actor::Operator, &withdraw).await.unwrap();
    let mut other = SoftCard::blank("0A03").unwrap();
    let refused = scene.agent.personalise(job, &mut other, "Second02").await;
    let Err(Stop::Refused { rule, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(rule, "B-58");
    let after = scene.desk.holder(holder).await.unwrap();
    assert_eq!(after.card().unwrap().card.as_str(), "0A01");
}

#[tokio::test]
async fn p03_a_person_who_is_registered_at_the_desk_works_for_its_organisation() {
    let (scene, mut agent) = scene().await;
    let (name, email) = ("Dan Duke", "dan@example.org");
    let person = json!({"name": name, "email": email, "organisation": "RXA", "check": check()});
    let (status, _) = ask(&mut agent, Method::POST, "/api/desk/people", &person).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the browser's cookie is missing");
    agent.set_cookie(api::cookies::BROWSER_COOKIE, &"5a".repeat(32));
    let elsewhere = json!({"name": name, "email": email, "organisation": "RXB", "check": check()});
    let (status, problem) = ask(&mut agent, Method::POST, "/api/desk/people", &elsewhere).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-59")));
    let (status, issuing) = ask(&mut agent, Method::POST, "/api/desk/people", &person).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{issuing}");
    let job = protocol::JobId(issuing["job"].as_str().unwrap().parse().unwrap());
    let mut card = SoftCard::blank("0A07").unwrap();
    scene.agent.personalise(job, &mut card, "Start001").await.unwrap();
    let holder: HolderId = issuing["holder"].as_str().unwrap().parse().unwrap();
    let registered = scene.desk.holder(holder).await.unwrap();
    let codes: Vec<_> = registered
        .roles()
        .assignments()
        .iter()
        .map(domain::ids::OrganisationCode::as_str)
        .collect();
    assert_eq!((codes, registered.card().is_some()), (vec!["RXA"], true));
    let search = json!({"name": "duke"});
    let (_, found) = ask(&mut agent, Method::POST, "/api/desk/searches", &search).await;
    assert_eq!(found["people"][0]["holder"], issuing["holder"]);
}

#[tokio::test]
async fn b45_a_closed_account_can_be_erased_and_an_open_one_cannot() {
    let (mut scene, _) = scene().await;
    scene.log_in().await.unwrap();
    let (_, mut manager) =
        scene.desk.staff("Ann Manager", "BC01", Role::RaManager, "X26").await.unwrap();
    let holder = scene.holder;
    let erase = json!({"confirm": "ERASE"});
    let (status, problem) = post(&mut manager, holder, "erasure", &erase).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("B-45")));
    let close = json!({"reason": "left", "confirm": "CLOSE"});
    let (status, done) = post(&mut manager, holder, "closure", &close).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert!(!scene.browser.is_logged_in().await.unwrap());
    for _ in 0..2 {
        let (status, done) = post(&mut manager, holder, "erasure", &erase).await;
        assert_eq!(status, StatusCode::OK, "{done}");
    }
    assert_eq!(scene.desk.app().stores().vault.person(holder).await.unwrap(), None);
    let search = json!({"name": "patel"});
    let (_, found) = ask(&mut manager, Method::POST, "/api/desk/searches", &search).await;
    assert_eq!(found["people"], json!([]));
    let (status, record) =
        ask(&mut manager, Method::GET, &format!("/api/desk/holders/{holder}"), &Value::Null).await;
    assert_eq!((status, &record["name"]), (StatusCode::OK, &Value::Null), "{record}");
}

#[tokio::test]
async fn b42_a_changed_contact_keeps_the_former_address_for_a_notice() {
    let (scene, mut agent) = scene().await;
    let contact = json!({"name": "Asha Patel-Jones", "email": "asha@example.net"});
    let (status, done) = post(&mut agent, scene.holder, "contact", &contact).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let person = scene.desk.app().stores().vault.person(scene.holder).await.unwrap().unwrap();
    assert_eq!(
        (person.name.as_str(), person.email.as_str()),
        ("Asha Patel-Jones", "asha@example.net")
    );
    let events = scene.desk.events(scene.holder).await.unwrap();
    assert!(matches!(
        events.last(),
        Some(HolderEvent::Desk(DeskEvent::ContactChanged { former: Some(_), .. }))
    ));
    let bad = json!({"name": "", "email": "asha@example.net"});
    let (status, _) = post(&mut agent, scene.holder, "contact", &bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_act_under_a_key_is_done_once_and_looking_is_recorded_once_a_day() {
    let (scene, mut agent) = scene().await;
    let path = format!("/api/desk/holders/{}", scene.holder);
    for _ in 0..3 {
        ask(&mut agent, Method::GET, &path, &Value::Null).await;
    }
    let viewed = |events: &[HolderEvent]| {
        let is_it = |event: &&HolderEvent| {
            matches!(event, HolderEvent::Desk(DeskEvent::RecordViewed { .. }))
        };
        events.iter().filter(is_it).count()
    };
    assert_eq!(viewed(&scene.desk.events(scene.holder).await.unwrap()), 1);
    scene.desk.wait(Duration::minutes(14));
    let key = scene.desk.app().entropy().command_id(scene.desk.now()).to_string();
    let before = scene.desk.events(scene.holder).await.unwrap().len();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = agent
            .request(Method::POST, &format!("{path}/renewal-authorisations"))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .header("idempotency-key", &key);
        let page = agent.send(request.body(CHECK.into()).unwrap()).await.unwrap();
        assert_eq!(page.status, StatusCode::OK, "{}", page.html);
        answers.push(page.html);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(scene.desk.events(scene.holder).await.unwrap().len(), before + 1);
}
