//! Breaking glass: where nobody of the registration authority can act any more, two operators let a manager in, and
//! everybody who should know is told.

use axum::http::{Method, StatusCode};
use chrono::Duration;
use domain::{
    desk::{Alarm, DeskEvent},
    holder::HolderEvent,
    ids::HolderId,
    staff::Role,
};
use serde_json::{Value, json};
use tests::desk::{Desk, browser::Browser};

use super::{super::mailbox::mails, alarms::told, ask};

/// A manager and an auditor of everything, and an agent of the hospital, all of them locked out since today; and two
/// operators who are not.
struct Office {
    desk: Desk,
    manager: HolderId,
    auditor: HolderId,
    operators: [HolderId; 2],
    one: Browser,
    other: Browser,
}

async fn office() -> Office {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (manager, _) = desk.staff("Ann", "AA01", Role::RaManager, "X26").await.unwrap();
    let (auditor, _) = desk.staff("Ada", "AA02", Role::Auditor, "X26").await.unwrap();
    desk.staff("Ben", "AA03", Role::RaAgent, "RXA").await.unwrap();
    desk.wait(Duration::days(386));
    let (first, one) = desk.staff("Olu", "AA04", Role::Operator, "X26").await.unwrap();
    let (second, other) = desk.staff("Ola", "AA05", Role::Operator, "X26").await.unwrap();
    Office { desk, manager, auditor, operators: [first, second], one, other }
}

async fn asks(browser: &mut Browser, holder: HolderId) -> (StatusCode, Value) {
    let path = format!("/api/desk/holders/{holder}/glass-requests");
    let passport = json!({ "evidence": "passport", "place": "Data centre" });
    ask(browser, Method::POST, &path, &passport).await
}

async fn agrees(browser: &mut Browser, holder: HolderId, asked: &Value) -> (StatusCode, Value) {
    let request = asked["request"].as_str().unwrap();
    let path = format!("/api/desk/holders/{holder}/glass-requests/{request}/approval");
    ask(browser, Method::POST, &path, &json!({ "confirm": "AGREE" })).await
}

async fn refused(browser: &mut Browser, holder: HolderId, rule: &str) {
    let (status, said) = asks(browser, holder).await;
    assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!(rule)), "{said}");
}

async fn waits(browser: &mut Browser) -> bool {
    let (_, list) = ask(browser, Method::GET, "/api/desk/work", &Value::Null).await;
    list["items"].as_array().unwrap().iter().any(|item| item["kind"] == "glass_broken")
}

#[tokio::test]
async fn b59_b63_two_operators_let_the_last_manager_in_and_never_one_alone() {
    let Office { desk, manager, mut one, mut other, operators, .. } = office().await;
    let (_, list) = ask(&mut one, Method::GET, "/api/desk/glass", &Value::Null).await;
    let [locked_out] = &list["locked_out"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!(locked_out["holder"], manager.to_string());
    let (status, asked) = asks(&mut one, manager).await;
    assert_eq!(status, StatusCode::OK, "{asked}");
    let (status, said) = agrees(&mut one, manager, &asked).await;
    assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!("B-63")), "{said}");
    let (status, said) = agrees(&mut other, manager, &asked).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert!(said["until"].is_string(), "{said}");
    let events = desk.events(manager).await.unwrap();
    let let_in = events.iter().find_map(|event| {
        let HolderEvent::Desk(DeskEvent::AccountUnlockAuthorised { check, glass, .. }) = event
        else {
            return None;
        };
        Some((check.second, glass.as_ref().map(ToString::to_string)))
    });
    assert_eq!(let_in, Some((Some(operators[1]), Some("X26".to_owned()))));
}

#[tokio::test]
async fn b59_b63_broken_glass_is_told_at_once_to_managers_auditors_and_operators() {
    let Office { desk, manager, auditor, operators, mut one, mut other } = office().await;
    let (_, asked) = asks(&mut one, manager).await;
    agrees(&mut other, manager, &asked).await;
    let alarm = (Alarm::GlassBroken { organisation: "X26".parse().unwrap() }, manager);
    // As every minute: nobody is told twice.
    api::alarms::tell(desk.app()).await.unwrap();
    for holder in [manager, auditor, operators[0], operators[1]] {
        let told = told(&desk, holder).await;
        assert_eq!(told.iter().filter(|one| **one == alarm).count(), 1, "{told:?}");
    }
    let mails = mails(&desk).await.unwrap();
    let is_it = |subject: &str| subject == "Two operators let a manager unlock an account";
    assert_eq!(mails.iter().filter(|mail| is_it(&mail.subject)).count(), 4);
    let ledger = desk.ledger(manager).await.unwrap();
    assert!(ledger.iter().any(|line| line.starts_with("Two operators let you")), "{ledger:?}");
}

#[tokio::test]
async fn b59_broken_glass_stays_on_the_work_list_until_somebody_has_looked_at_the_record() {
    let Office { desk, manager, mut one, mut other, .. } = office().await;
    let (_, asked) = asks(&mut one, manager).await;
    agrees(&mut other, manager, &asked).await;
    let (_, mut max) = desk.staff("Max", "AA06", Role::RaManager, "X26").await.unwrap();
    assert!(waits(&mut max).await);
    let record = format!("/api/desk/holders/{manager}");
    let (status, _) = ask(&mut max, Method::GET, &record, &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!waits(&mut max).await);
}

#[tokio::test]
async fn b59_no_glass_is_broken_where_somebody_of_the_authority_can_act_or_for_whom_it_is_not() {
    let Office { desk, manager, auditor, operators, mut one, .. } = office().await;
    refused(&mut one, auditor, "B-59").await;
    refused(&mut one, operators[0], "B-63").await;
    let vouched = json!({ "evidence": "vouched", "place": "Data centre" });
    let path = format!("/api/desk/holders/{manager}/glass-requests");
    let (status, said) = ask(&mut one, Method::POST, &path, &vouched).await;
    assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!("B-63")), "{said}");
    // An agent who covers the organisation can let the manager in.
    desk.staff("Amy", "AA07", Role::RaAgent, "X26").await.unwrap();
    refused(&mut one, manager, "B-59").await;
    let (_, list) = ask(&mut one, Method::GET, "/api/desk/glass", &Value::Null).await;
    assert_eq!(list["locked_out"], json!([]));
}

#[tokio::test]
async fn b63_another_operator_can_agree_to_break_glass_for_30_minutes() {
    for (minutes, status) in [(29, StatusCode::OK), (30, StatusCode::FORBIDDEN)] {
        let Office { desk, manager, operators, mut one, .. } = office().await;
        let (_, asked) = asks(&mut one, manager).await;
        desk.wait(Duration::minutes(minutes));
        let mut other = desk.session_of(operators[1], stores::session::Scope::Full).await.unwrap();
        let (said, problem) = agrees(&mut other, manager, &asked).await;
        assert_eq!(said, status, "{minutes}: {problem}");
    }
}

#[tokio::test]
async fn b59_on_pages_operators_see_who_is_locked_out_and_ask_and_agree() {
    let Office { desk: _desk, manager, mut one, mut other, .. } = office().await;
    let home = one.get("/home").await.unwrap();
    assert!(home.says("href=\"/desk/glass\""), "{}", home.html);
    let list = one.get("/desk/glass").await.unwrap();
    let path = format!("/desk/holders/{manager}/break-glass");
    assert!(list.says(&path) && list.says("Nobody has asked"), "{}", list.html);
    let empty = one.post(&path, &[]).await.unwrap();
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let identity = [("evidence", "passport"), ("place", "Data centre")];
    let page = one.post(&path, &identity).await.unwrap();
    assert_eq!(page.location(), Some("/desk/glass"), "{}", page.html);
    let approval = format!("{path}-approval");
    let form = other.get(&approval).await.unwrap();
    assert!(form.says("Olu has checked who this manager is"), "{}", form.html);
    let request = form.field("request").unwrap().to_owned();
    let own = one.post(&approval, &[("request", &request)]).await.unwrap();
    assert!(own.says("B-63") && own.says("Back to the list"), "{}", own.html);
    let page = other.post(&approval, &[("request", &request)]).await.unwrap();
    assert_eq!(page.location(), Some("/desk/glass"), "{}", page.html);
    let list = other.get("/desk/glass").await.unwrap();
    assert!(list.says("The manager may unlock the account until"), "{}", list.html);
}
