//! A telephone service, by its bearer token (P-11).

use api::{
    desk::check::{TELEPHONE_CHECKS_AN_HOUR, TOLD_AFTER, counted},
    execute::Actor,
    tokens::{self, Wanted},
};
use axum::http::{Method, StatusCode, header};
use chrono::{Duration, DurationRound as _};
use domain::{
    desk::{CancelReason, DeskCommand, DeskEvent},
    holder::{HolderCommand, HolderEvent},
    staff::Role,
};
use serde_json::{Value, json};
use tests::desk::scene::{Scene, verification};

/// What the service is told.
async fn said(scene: &Scene, bearer: &str, body: &Value) -> (StatusCode, Value) {
    let mut browser = scene.desk.browser();
    let request = browser
        .request(Method::POST, "/api/verification-checks")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    let page = browser.send(request.body(body.to_string().into()).unwrap()).await.unwrap();
    (page.status, serde_json::from_str(&page.html).unwrap())
}

async fn token(scene: &Scene, role: &str) -> String {
    let (role, name) = (role.to_owned(), "help line".to_owned());
    let wanted = Wanted { role, name, organisation: None, days: 90 }.check().unwrap();
    tokens::issue(scene.desk.app(), wanted).await.unwrap().bearer.to_string()
}

#[tokio::test]
async fn p11_a_telephone_service_is_told_match_or_no_match_and_after_three_wrong_ones_no_match() {
    let mut scene = Scene::logged_in().await.unwrap();
    let bearer = token(&scene, "telephone-service").await;
    let ask = |value: &str| json!({"holder": scene.holder.0, "passcode": value});
    let no_match = json!({"result": "no_match"});
    assert_eq!(said(&scene, &bearer, &ask("Tele1234")).await.1, no_match, "none is set");
    let ask = {
        let holder = scene.holder.0;
        move |value: &str| json!({"holder": holder, "passcode": value})
    };
    scene.change(&verification("Tele1234")).await.unwrap();
    let by_card = json!({"card": "0A01", "passcode": "Tele1234"});
    assert_eq!(said(&scene, &bearer, &by_card).await.1, json!({"result": "match"}));
    let nobody = json!({"holder": uuid::Uuid::nil(), "passcode": "Tele1234"});
    for asked in [&nobody, &json!({"card": "0A77", "passcode": "Tele1234"}), &ask("Tele9999")] {
        let before = scene.desk.rested();
        assert_eq!(said(&scene, &bearer, asked).await.1, no_match);
        assert_eq!(scene.desk.rested(), before + TOLD_AFTER, "whoever it is takes as long");
    }
    assert_eq!(said(&scene, &bearer, &by_card).await.1, json!({"result": "match"}));
    assert_eq!(said(&scene, &bearer, &ask("Tele9999")).await.1, no_match, "the second one");
    assert_eq!(said(&scene, &bearer, &ask("Tele1234")).await.1, json!({"result": "match"}));
    for value in ["Tele9999", "Tele9999", "Tele9999", "Tele1234"] {
        let (status, answer) = said(&scene, &bearer, &ask(value)).await;
        assert_eq!((status, answer), (StatusCode::OK, no_match.clone()), "{value}");
    }
    scene.change(&verification("Tele5678")).await.unwrap();
    assert_eq!(said(&scene, &bearer, &ask("Tele5678")).await.1, json!({"result": "match"}));
    let other = token(&scene, "logon-checks").await;
    assert_eq!(said(&scene, &other, &ask("Tele5678")).await.0, StatusCode::FORBIDDEN);
    let both = json!({"holder": scene.holder.0, "card": "0A01", "passcode": "Tele5678"});
    assert_eq!(said(&scene, &bearer, &both).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn p11_a_blocked_verification_passcode_waits_at_the_desk_and_is_accepted_again_when_released()
{
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Tele1234")).await.unwrap();
    let (bearer, holder) = (token(&scene, "telephone-service").await, scene.holder);
    let ask = |value: &str| json!({"holder": holder.0, "passcode": value});
    for value in ["Tele9999", "Tele9999", "Tele9999", "Tele1234"] {
        assert_eq!(said(&scene, &bearer, &ask(value)).await.1, json!({"result": "no_match"}));
    }
    let desk = &scene.desk;
    desk.found_organisations().await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (_, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let work = agent.get("/desk/work").await.unwrap();
    let waits = "The verification passcode is not checked any more";
    assert!(work.says(waits), "{}", work.html);
    let (record, release) =
        (format!("/desk/holders/{holder}"), format!("/desk/holders/{holder}/release"));
    let page = agent.get(&record).await.unwrap();
    assert!(page.says("The verification passcode is not accepted any more since 2 March 2026"));
    assert!(page.says("/rules/P-11") && page.says(&format!("{release}\"")), "{}", page.html);
    let check = [("evidence", "passport"), ("place", "RA desk")];
    let done = agent.post(&release, &check).await.unwrap();
    let done = agent.get(done.location().unwrap()).await.unwrap();
    assert!(done.says("Nothing is blocked any more"), "{}", done.html);
    assert!(!agent.get("/desk/work").await.unwrap().says(waits));
    let right = said(&scene, &bearer, &ask("Tele1234")).await.1;
    assert_eq!(right, json!({"result": "match"}));
    let home = scene.browser.get("/home").await.unwrap();
    assert!(home.says("Somebody gave a wrong verification passcode too often"), "{}", home.html);
    scene.change(&verification("Tele5678")).await.unwrap();
    let home = scene.browser.get("/home").await.unwrap();
    assert!(!home.says("too often"), "{}", home.html);
}

#[tokio::test]
async fn p11_every_reason_for_no_match_is_answered_the_same_and_costs_a_try_only_if_it_was_wrong() {
    let mut scene = Scene::logged_in().await.unwrap();
    let bearer = token(&scene, "telephone-service").await;
    let holder = scene.holder.0;
    let ask = |value: &str| json!({"holder": holder, "passcode": value});
    let (right, no_match) = (json!({"result": "match"}), json!({"result": "no_match"}));
    scene.change(&verification("V\u{e9}rify-01")).await.unwrap();
    // B-23: exact code points after NFC; what can be no passcode is a wrong one.
    for (value, expected) in [
        ("V\u{e9}rify-01", &right),
        ("Ve\u{301}rify-01", &right),
        ("v\u{e9}rify-01", &no_match),
        ("V\u{e9}rify-01 ", &no_match),
    ] {
        let (status, answer) = said(&scene, &bearer, &ask(value)).await;
        assert_eq!((status, &answer), (StatusCode::OK, expected), "{value:?}");
    }
    let of_nobody = json!({"card": "0A77", "passcode": "V\u{e9}rify-01"});
    assert_eq!(said(&scene, &bearer, &of_nobody).await, (StatusCode::OK, no_match.clone()));
    // P-18: nothing is a proof for a locked account.
    scene.desk.wait(Duration::days(386));
    let bearer = token(&scene, "telephone-service").await;
    let locked = said(&scene, &bearer, &ask("V\u{e9}rify-01")).await;
    assert_eq!(locked, (StatusCode::OK, no_match));
    let events = scene.desk.events(scene.holder).await.unwrap();
    let checks = events.iter().filter_map(|event| {
        let HolderEvent::Desk(DeskEvent::PasscodeChecked { matched, failures, .. }) = event else {
            return None;
        };
        Some((*matched, *failures))
    });
    let expected = [(true, 0), (true, 0), (false, 1), (false, 2), (false, 2)];
    assert_eq!(checks.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn p11_b61_a_card_says_who_it_is_only_while_it_is_in_use() {
    let mut scene = Scene::logged_in().await.unwrap();
    let bearer = token(&scene, "telephone-service").await;
    scene.change(&verification("Tele1234")).await.unwrap();
    let by_card = json!({"card": "0A01", "passcode": "Tele1234"});
    assert_eq!(said(&scene, &bearer, &by_card).await.1, json!({"result": "match"}));
    let reason = CancelReason::Damaged;
    let cancel = HolderCommand::Desk(DeskCommand::CancelCard { reason });
    let app = scene.desk.app();
    app.execute(scene.holder, scene.desk.cause(), Actor::Operator, &cancel).await.unwrap();
    let n_checks = async || {
        let events = scene.desk.events(scene.holder).await.unwrap();
        let is_check = |event: &&HolderEvent| {
            matches!(event, HolderEvent::Desk(DeskEvent::PasscodeChecked { .. }))
        };
        events.iter().filter(is_check).count()
    };
    let before = n_checks().await;
    assert_eq!(said(&scene, &bearer, &by_card).await.1, json!({"result": "no_match"}));
    assert_eq!(n_checks().await, before, "nothing is recorded of who had the card");
}

#[tokio::test]
async fn p11_a_service_asks_a_thousand_times_an_hour_and_is_told_when_it_may_again() {
    let scene = Scene::open().await.unwrap();
    let (role, name) = ("telephone-service".to_owned(), "help line".to_owned());
    let wanted = Wanted { role, name, organisation: None, days: 90 }.check().unwrap();
    let issued = tokens::issue(scene.desk.app(), wanted).await.unwrap();
    let (bearer, service) = (issued.bearer.to_string(), issued.api_token_id.0);
    let hour = scene.desk.now().duration_trunc(Duration::hours(1)).unwrap();
    let limits = &scene.desk.app().stores().limits;
    for _ in 1..TELEPHONE_CHECKS_AN_HOUR {
        assert!(limits.take(&counted(service), hour, TELEPHONE_CHECKS_AN_HOUR).await.unwrap());
    }
    let about = json!({"holder": scene.holder.0, "passcode": "Tele1234"});
    assert_eq!(said(&scene, &bearer, &about).await.0, StatusCode::OK);
    let (status, problem) = said(&scene, &bearer, &about).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::TOO_MANY_REQUESTS, &json!("P-11")));
    let why = problem["why"].as_str().unwrap();
    assert!(why.contains("2026-03-02 10:00:00 UTC"), "{why}");
    // Another service has an hour of its own, and this one has the next.
    let other = token(&scene, "telephone-service").await;
    assert_eq!(said(&scene, &other, &about).await.0, StatusCode::OK);
    scene.desk.wait(Duration::hours(1));
    assert_eq!(said(&scene, &bearer, &about).await.0, StatusCode::OK);
}
