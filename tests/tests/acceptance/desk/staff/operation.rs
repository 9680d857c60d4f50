//! The operator in the portal and the API: what he sees of the service, and what he can do about it. He is told numbers,
//! and nobody's name.

use axum::http::{Method, StatusCode};
use chrono::Duration;
use domain::{policy::Policy, staff::Role};
use serde_json::{Value, json};
use stores::vault::Person;
use tests::desk::Desk;
use workflows::engine::Breaker;

use super::{super::mailbox::mails, ask};

#[tokio::test]
async fn b09_an_operator_is_shown_what_the_stopped_engine_would_do_and_lets_it_go_on() {
    let policy = Policy { breaker_floor: 1, ..Policy::seed() };
    let desk = Desk::open_under(policy).await.unwrap();
    desk.found_organisations().await.unwrap();
    for serial in ["AB01", "AB02"] {
        desk.on_paper("Somebody", serial).await.unwrap();
    }
    desk.wait(Duration::days(366));
    let (olu, mut browser) =
        desk.staff("Olu Operator", "AA01", Role::Operator, "X26").await.unwrap();
    assert!(desk.app().engine().tick(desk.now()).await.unwrap().stopped);

    for path in ["/operation", "/operation/engine"] {
        let page = browser.get(path).await.unwrap();
        assert!(
            page.says("2 holders would be forced to renew and 0 locked at once"),
            "{}",
            page.html
        );
    }
    let (_, stands) = ask(&mut browser, Method::GET, "/api/operation", &Value::Null).await;
    assert_eq!(stands["engine"]["stopped"]["n_forced"], json!(2), "{stands}");

    let done = browser.post("/operation/engine", &[]).await.unwrap();
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, Some("/operation")));
    assert!(matches!(desk.app().engine().breaker().await.unwrap(), Breaker::Accepted { .. }));
    assert!(!desk.app().engine().tick(desk.now()).await.unwrap().stopped);
    let log = desk.log().await.unwrap();
    let accepted = log.iter().find(|event| event.kind == "BreakerAccepted").unwrap();
    assert!(String::from_utf8(accepted.meta.clone()).unwrap().contains(&olu.to_string()));
    assert_eq!(log.iter().filter(|event| event.kind == "RenewalForced").count(), 2);

    // A second time there is nothing to let go on, and that is said with the rule and the way out.
    let page = browser.post("/operation/engine", &[]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.html);
    assert!(page.says("B-09") && page.says("There is nothing to do"), "{}", page.html);
    let resume = "/api/operation/engine/resume";
    let (status, said) = ask(&mut browser, Method::POST, resume, &Value::Null).await;
    assert_eq!((status, &said["rule"]), (StatusCode::CONFLICT, &json!("B-09")), "{said}");
}

#[tokio::test]
async fn an_operator_sees_the_workstations_and_which_are_connected() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (_, mut browser) = desk.staff("Olu Operator", "AA01", Role::Operator, "X26").await.unwrap();
    assert!(browser.get("/operation/agents").await.unwrap().says("No workstation is enrolled"));
    let agent = desk.agent("ward 3").await.unwrap();
    let page = browser.get("/operation/agents").await.unwrap();
    assert!(page.says("ward 3") && page.says("connected"), "{}", page.html);
    let (_, listed) = ask(&mut browser, Method::GET, "/api/operation/agents", &Value::Null).await;
    let line = &listed["agents"][0];
    assert_eq!((&line["workstation"], &line["connected"]), (&json!("ward 3"), &json!(true)));
    desk.app().agents().hang_up(agent.id()).await.unwrap();
    let (_, listed) = ask(&mut browser, Method::GET, "/api/operation/agents", &Value::Null).await;
    assert_eq!(listed["agents"][0]["connected"], json!(false));
    assert!(browser.get("/operation/cards").await.unwrap().says("No smartcard is stuck"));
    let (status, stuck) =
        ask(&mut browser, Method::GET, "/api/operation/cards", &Value::Null).await;
    assert_eq!((status, stuck), (StatusCode::OK, json!({ "cards": [] })));
}

#[tokio::test]
async fn an_operator_has_a_mail_tried_again_that_was_given_up() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Somebody", "AB01").await.unwrap();
    let lives_at = async |email: &str| {
        let person = Person { name: "Somebody".to_owned(), email: email.to_owned() };
        desk.app().stores().vault.put_person(holder, &person, desk.now()).await.unwrap();
    };
    lives_at("no address").await;
    desk.wait(Duration::days(351));
    let (olu, mut browser) =
        desk.staff("Olu Operator", "AA01", Role::Operator, "X26").await.unwrap();
    let arrived = async || {
        let mails = mails(&desk).await.unwrap();
        mails.iter().filter(|mail| mail.to.contains("somebody@example.org")).count()
    };
    assert_eq!(arrived().await, 0);
    let (_, listed) = ask(&mut browser, Method::GET, "/api/operation/mails", &Value::Null).await;
    let dead = listed["mails"].as_array().unwrap();
    assert_eq!((dead.len(), &dead[0]["holder"]), (1, &json!(holder.to_string())), "{listed}");
    let path = format!("/operation/mails/{}", dead[0]["step"].as_str().unwrap());
    assert!(browser.get("/operation/mails").await.unwrap().html.contains(&path));
    lives_at("somebody@example.org").await;
    let done = browser.post(&path, &[]).await.unwrap();
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, Some("/operation/mails")));
    assert_eq!(arrived().await, 1);
    assert!(browser.get("/operation/mails").await.unwrap().says("None was given up"));
    let log = desk.log().await.unwrap();
    let redriven = log.iter().find(|event| event.kind == "MailRedriven").unwrap();
    assert!(String::from_utf8(redriven.meta.clone()).unwrap().contains(&olu.to_string()));

    // It lies dead no more: a second try says so, and sends nothing.
    let again = browser.post(&path, &[]).await.unwrap();
    assert_eq!(again.status, StatusCode::NOT_FOUND, "{}", again.html);
    assert_eq!(arrived().await, 1);
}
