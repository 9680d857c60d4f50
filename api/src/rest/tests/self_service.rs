//! Registering for self-service and unlocking, as a program does it.

use domain::self_service::CodePurpose;
use serde_json::json;
use stores::vault::CodeBinding;

use super::*;

const REGISTRATIONS: &str = "/api/self-service/registrations";

/// Four answers that nobody would guess.
fn answers() -> Value {
    json!([
        {"question": "Q04", "answer": "Wuffletine"},
        {"question": "Q12", "answer": "Cardwell Cycles"},
        {"question": "Q16", "answer": "Captain Zorbalin"},
        {"question": "Q20", "answer": "Pinewhistle Farm"},
    ])
}

async fn register_with(site: &Site, answers: &Value, email: &str) -> Answer {
    let body = json!({"answers": answers, "email": email}).to_string();
    site.call(post(REGISTRATIONS, &body).logged_in()).await
}

/// The registration's job, whose card has done its part.
async fn registered(site: &Site) -> String {
    let answer = register_with(site, &answers(), "nurse@example.net").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.json());
    let job = answer.json()["job"].as_str().unwrap().to_owned();
    assert_eq!(answer.header(header::LOCATION), format!("{REGISTRATIONS}/{job}"));
    site.card_does_its_part(&job).await;
    job
}

/// What is in the mail.
async fn mailed_code(site: &Site) -> String {
    let loaded = site.app.load(HOLDER).await.unwrap();
    let self_service = loaded.holder.self_service();
    let flow = self_service.awaiting(&site.app.context(&loaded)).unwrap().registration;
    let sent = self_service.codes(CodePurpose::Registration, flow).last().unwrap();
    let binding = CodeBinding {
        code: sent.code,
        key: sent.key,
        purpose: CodePurpose::Registration.as_str(),
        holder: HOLDER,
        card: &card(),
        flow,
    };
    site.app.stores().vault.code(&binding).unwrap().plain().to_string()
}

async fn enter(site: &Site, job: &str, code: &str) -> Answer {
    let body = json!({"code": code}).to_string();
    site.call(post(&format!("{REGISTRATIONS}/{job}/code"), &body).logged_in()).await
}

#[tokio::test]
async fn r02_r05_whoever_is_not_registered_sees_twenty_questions_and_nothing_else() {
    let site = Site::logged_in().await;
    let shown = site.call(get("/api/self-service").logged_in()).await.json();
    assert_eq!(shown["registered_on"], Value::Null);
    assert_eq!((&shown["questions"], &shown["address"]), (&json!([]), &Value::Null));
    assert_eq!(shown["choices"].as_array().unwrap().len(), 20);
    assert_eq!(shown["choices"][3], json!({"id": "Q04", "text": "Name of your first soft toy"}));
}

#[tokio::test]
async fn r05_b35_every_fault_of_a_registration_is_told_at_once_and_no_answer_is_repeated() {
    let site = Site::logged_in().await;
    let faulty = json!([
        {"question": "Q04", "answer": "-"},
        {"question": "Q12", "answer": "Wuffletine"},
        {"question": "Q16", "answer": "Wuffletine"},
    ]);
    let answer = register_with(&site, &faulty, "nurse@example.net").await;
    let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["answers", "answers[0]", "answers[2]"]);
    assert!(!String::from_utf8(answer.body).unwrap().contains("Wuffletine"));
}

#[tokio::test]
async fn r07_an_address_that_is_none_is_refused_at_its_field() {
    let site = Site::logged_in().await;
    let answer = register_with(&site, &answers(), "nurse.example.net").await;
    let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        (&problem["rule"], &problem["errors"][0]["field"]),
        (&"R-07".into(), &"email".into())
    );
}

#[tokio::test]
async fn r10_r11_b37_a_wrong_code_is_counted_and_the_right_one_completes_the_registration() {
    let site = Site::logged_in().await;
    let job = registered(&site).await;
    let path = format!("{REGISTRATIONS}/{job}");
    let waiting = site.call(get(&path).logged_in()).await.json();
    assert_eq!((&waiting["state"], &waiting["code"]["number"]), (&"code".into(), &1.into()));
    assert_eq!(waiting["code"]["address"], "n•••@example.net");
    let problem = enter(&site, &job, "00000000").await.problem(StatusCode::FORBIDDEN);
    assert_eq!((&problem["rule"], &problem["facts"][0]["value"]), (&"B-37".into(), &"4".into()));
    let code = mailed_code(&site).await.to_lowercase();
    let done = enter(&site, &job, &code).await;
    assert_eq!((done.status, &done.json()["state"]), (StatusCode::OK, &"registered".into()));
    let shown = site.call(get("/api/self-service").logged_in()).await.json();
    assert_eq!(
        (&shown["registered_on"], &shown["address"]),
        (&"2026-03-01".into(), &"n•••@example.net".into())
    );
    assert_eq!(shown["questions"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn b38_a_registration_is_nobody_elses_than_its_browsers() {
    let site = Site::logged_in().await;
    let job = registered(&site).await;
    let elsewhere = [(BROWSER_COOKIE, [6; 32]), (SESSION_COOKIE, [7; 32])];
    let path = format!("{REGISTRATIONS}/{job}");
    site.call(get(&path).with_cookies(&elsewhere)).await.problem(StatusCode::NOT_FOUND);
    let body = json!({"code": mailed_code(&site).await}).to_string();
    let foreign = post(&format!("{path}/code"), &body).with_cookies(&elsewhere);
    site.call(foreign).await.problem(StatusCode::NOT_FOUND);
    site.call(get(&path).in_browser()).await.problem(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn b36_b44_a_new_code_cannot_be_had_at_once_and_a_registration_can_be_given_up() {
    let site = Site::logged_in().await;
    let job = registered(&site).await;
    let again = || post(&format!("{REGISTRATIONS}/{job}/codes"), "").logged_in();
    site.wait(Duration::seconds(60) - Duration::milliseconds(1));
    let problem = site.call(again()).await.problem(StatusCode::FORBIDDEN);
    assert_eq!(problem["rule"], "B-36");
    assert_eq!(
        problem["facts"][0],
        json!({"name": "not_before", "value": "2026-03-01T09:01:00+00:00"})
    );
    site.wait(Duration::milliseconds(1));
    assert_eq!(site.call(again()).await.json()["code"]["number"], 2);
    let cancelled = site.call(post(&format!("{REGISTRATIONS}/{job}/cancel"), "").logged_in()).await;
    assert_eq!(cancelled.json()["state"], "over");
    let problem = enter(&site, &job, "00000000").await.problem(StatusCode::FORBIDDEN);
    assert_eq!(problem["rule"], "B-44");
}

#[tokio::test]
async fn u04_u06_an_unlock_is_started_by_anybody_who_has_accepted_the_warning() {
    let site = Site::open().await;
    let start =
        |accepted: bool| post("/api/unlocks", &json!({"warning_accepted": accepted}).to_string());
    let problem = site.call(start(false)).await.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["rule"], "U-06");
    let answer = site.call(start(true)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(answer.header(header::SET_COOKIE).starts_with(BROWSER_COOKIE));
    let job = answer.json()["job"].as_str().unwrap().to_owned();
    assert_eq!(answer.header(header::LOCATION), format!("/api/unlocks/{job}"));
}

#[tokio::test]
async fn b40_nothing_is_told_of_an_unlock_before_its_card_has_shown_itself() {
    let site = Site::open().await;
    let start = post("/api/unlocks", r#"{"warning_accepted":true}"#).in_browser();
    let job = site.call(start).await.json()["job"].as_str().unwrap().to_owned();
    let path = format!("/api/unlocks/{job}");
    let attempt = json!({"attempt": 1, "answers": []}).to_string();
    for ask in [
        get(&path),
        post(&format!("{path}/answers"), &attempt),
        post(&format!("{path}/recovery-passcode"), r#"{"passcode":"Orchard-Gate-4"}"#),
        post(&format!("{path}/code"), r#"{"code":"00000000"}"#),
        post(&format!("{path}/codes"), ""),
        post(&format!("{path}/passcode"), ""),
    ] {
        site.call(ask.in_browser()).await.problem(StatusCode::NOT_FOUND);
    }
}
