//! The policy in portal and API (B-14): who sees it, what the coming days bring, what other numbers would, and the next
//! version, which is published once, in somebody's name, and never over somebody else's.

use axum::http::{Method, StatusCode, header};
use domain::{ids::HolderId, staff::Role};
use serde_json::{Value, json};
use tests::desk::{
    Desk,
    browser::{Browser, Page},
};

use super::ask;

/// A first day for versions that are published here: the desks open on 2 March 2026.
const FROM: &str = "2026-04-01";

/// A policy owner, and two people of RXA and one of RXB.
async fn office() -> (Desk, HolderId, Browser) {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (owner, browser) = desk.staff("Yuki", "AA01", Role::PolicyOwner, "X26").await.unwrap();
    for (name, serial, at) in
        [("Ben", "AB01", "RXA"), ("Cat", "AB02", "RXA"), ("Dan", "AC01", "RXB")]
    {
        let holder = desk.on_paper(name, serial).await.unwrap();
        desk.assign(holder, at).await.unwrap();
    }
    // The engine's tables name everybody who is registered.
    desk.app().engine().tick(desk.now()).await.unwrap();
    (desk, owner, browser)
}

async fn simulated(owner: &mut Browser, change: &dyn Fn(&str) -> String) -> Page {
    let form = owner.get("/policy/simulate").await.unwrap();
    assert_eq!(form.status, StatusCode::OK, "{}", form.html);
    let numbers = change(&numbers(&form));
    let fields = [("numbers", &*numbers), ("from", FROM), ("after", "1"), ("days", "400")];
    owner.post("/policy/simulate", &fields).await.unwrap()
}

/// What stands in the text field.
fn numbers(page: &Page) -> String {
    let (_, rest) = page.html.split_once("<textarea").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let text = rest.split_once("</textarea>").unwrap().0;
    text.replace("&quot;", "\"").replace("&#x2f;", "/")
}

fn half_a_year(numbers: &str) -> String {
    numbers.replace("passcode_days = 365", "passcode_days = 180")
}

#[tokio::test]
async fn b14_a_policy_owner_tries_other_numbers_sees_what_they_bring_and_publishes_them() {
    let (_desk, _, mut yuki) = office().await;
    let page = simulated(&mut yuki, &half_a_year).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    for words in [
        "What these numbers would bring",
        "Days after which a passcode has expired",
        "1 April 2026",
        "400 days from 2 March 2026, 4 people",
        "Accounts locked",
        "Ebba",
        "With the new version",
        "breaker",
    ] {
        assert!(page.says(words), "{words}: {}", page.html);
    }
    let sent = [
        ("numbers", page.field("numbers").unwrap().replace("&quot;", "\"").replace("&#x2f;", "/")),
        ("from", FROM.to_owned()),
        ("after", "1".to_owned()),
    ];
    let sent: Vec<_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let asked = yuki.post("/policy/check", &sent).await.unwrap();
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.html);
    assert!(
        asked.says("Publish version 2 of the policy") && asked.says("at least 14 days of notice")
    );
    let command = asked.field("command").unwrap().to_owned();
    let mut whole = sent.clone();
    whole.extend([("command", command.as_str()), ("reason", " ")]);
    let refused = yuki.post("/policy/publish", &whole).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("A reason has 1 to 400 characters"), "{}", refused.html);
    assert_eq!(refused.field("command"), Some(&*command));
    whole.pop();
    whole.push(("reason", "Half a year\r\nis enough"));
    let done = yuki.post("/policy/publish", &whole).await.unwrap();
    assert_eq!(done.location(), Some("/policy?published=2"), "{}", done.html);
    // A second press of the button is the same act.
    let again = yuki.post("/policy/publish", &whole).await.unwrap();
    assert_eq!(again.location(), done.location());
    let page = yuki.get("/policy?published=2").await.unwrap();
    for words in [
        "Version 2 is published and holds from 1 April 2026",
        "Half a year is enough",
        "You",
        "To come",
        "In force",
    ] {
        assert!(page.says(words), "{words}: {}", page.html);
    }
    assert!(!page.says("Version 3"));
    let version = yuki.get("/policy/versions/2").await.unwrap();
    assert!(version.says("What it changed") && version.says("365") && version.says("180"));
    assert_eq!(yuki.get("/policy/versions/3").await.unwrap().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn b14_nobody_publishes_over_a_version_that_he_has_not_read() {
    let (desk, _, mut yuki) = office().await;
    let (_, mut zed) = desk.staff("Zed", "AD01", Role::PolicyOwner, "X26").await.unwrap();
    let body = |after: u32, from: &str| json!({ "after": after, "from": from, "numbers": { "history": 6 }, "reason": "More history" });
    let path = "/api/policy/versions";
    let (status, said) = ask(&mut zed, Method::POST, path, &body(1, FROM)).await;
    assert_eq!((status, &said["version"]), (StatusCode::OK, &json!(2)), "{said}");
    let (status, said) = ask(&mut yuki, Method::POST, path, &body(1, "2026-05-01")).await;
    assert_eq!((status, &said["rule"]), (StatusCode::CONFLICT, &json!("B-14")), "{said}");
    assert!(said["way_out"].as_str().unwrap().contains("latest version"));
    let form = yuki.get("/policy/simulate").await.unwrap();
    let fields = [("numbers", &*numbers(&form)), ("from", "2026-05-01"), ("after", "1")];
    let page = yuki.post("/policy/check", &fields).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.html);
    assert!(page.says("Another version was published meanwhile") && page.says("B-14"));
    let page = yuki.get("/policy").await.unwrap();
    assert!(page.says("Policy owner at X26") && !page.says("Zed"), "{}", page.html);
}

#[tokio::test]
async fn b14_what_is_wrong_with_numbers_is_said_by_rule_in_portal_and_api_alike() {
    let (_desk, _, mut yuki) = office().await;
    let no_alert = |numbers: &str| numbers.replace("alert_days = 14", "alert_days = 0");
    let page = simulated(&mut yuki, &no_alert).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("alert_days (P-14): there is at least 1 day of alert"), "{}", page.html);
    let unknown = |numbers: &str| numbers.replace("alert_days", "alarm_days");
    let page = simulated(&mut yuki, &unknown).await;
    assert!(page.says("These are no numbers of a policy: unknown field"), "{}", page.html);
    let path = "/api/policy/simulations";
    for (from, numbers, rule, why) in [
        (FROM, json!({ "alert_days": 0 }), "P-14", "alert_days"),
        (FROM, json!({ "alarm_days": 7 }), "B-14", "unknown field"),
        ("2026-03-02", json!({}), "B-14", "tomorrow at the earliest"),
        (FROM, json!({ "zone": "Asia/Tokyo" }), "B-14", "time zone"),
    ] {
        let body = json!({ "from": from, "numbers": numbers });
        let (status, said) = ask(&mut yuki, Method::POST, path, &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        let text = said.to_string();
        assert!(text.contains(rule) && text.contains(why), "{why}: {said}");
    }
}

#[tokio::test]
async fn b14_the_api_tells_the_forecast_and_what_other_numbers_would_change_of_it() {
    let (_desk, _, mut yuki) = office().await;
    let path = "/api/policy/forecast?days=400&organisation=RXA";
    let (status, told) = ask(&mut yuki, Method::GET, path, &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!((&told["n_holders"], &told["totals"]["locked"]), (&json!(2), &json!(2)));
    assert_eq!(told["by_day"].as_array().unwrap().last().unwrap()["on"], "2027-03-23");
    let table = yuki.get("/api/policy/forecast.csv?days=400").await.unwrap();
    assert!(table.html.starts_with("\"forecast\",\"on\",\"alerted\""), "{}", table.html);
    assert!(table.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
    let body = json!({ "from": FROM, "numbers": { "passcode_days": 180 }, "organisation": "RXA" });
    let (status, told) = ask(&mut yuki, Method::POST, "/api/policy/simulations", &body).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["changes"][0]["name"], "passcode_days");
    let forced = |which: &str| told[which]["peaks"][1]["on"].as_str().unwrap().to_owned();
    assert_eq!((&*forced("published"), &*forced("tried")), ("2027-03-02", "2026-08-29"));
    let nobody = json!({ "from": FROM, "numbers": {}, "organisation": "X27" });
    let (status, said) = ask(&mut yuki, Method::POST, "/api/policy/simulations", &nobody).await;
    assert_eq!((status, &said["rule"]), (StatusCode::FORBIDDEN, &json!("B-59")), "{said}");
}

#[tokio::test]
async fn b59_an_auditor_of_an_organisation_sees_its_forecast_and_no_other() {
    let (desk, _, _) = office().await;
    let (_, mut roy) = desk.staff("Roy", "AE01", Role::Auditor, "RXA").await.unwrap();
    desk.app().engine().tick(desk.now()).await.unwrap();
    let page = roy.get("/policy/forecast").await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(page.says("of organisation RXA") && !page.says("Northfield"), "{}", page.html);
    let page = roy.get("/policy/forecast?organisation=RXB").await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("B-59"), "{}", page.html);
    let page = roy.get("/policy/forecast?days=0&organisation=no-code").await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("from 1 to 800") && page.says("Enter the code"), "{}", page.html);
    let page = roy.get("/policy").await.unwrap();
    assert!(page.says("Version 1") && !page.says("Try other numbers"), "{}", page.html);
}
