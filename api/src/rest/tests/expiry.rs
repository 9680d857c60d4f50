//! What time does to passcodes, as a program sees it. The holder's passcode expires on 2026-03-10,
//! and it is the first of March.

use domain::{
    calendar::Phase,
    passcode::{Standing, Status},
};

use super::*;
use crate::{
    required::{Overdue, Required},
    rest::{passcodes, problem::Problem},
};

#[tokio::test]
async fn p14_p15_the_alert_says_what_is_due_and_the_schedule_what_is_to_come() {
    let site = Site::logged_in().await;
    let alert = site.call(get("/api/alert").logged_in()).await;
    insta::assert_snapshot!("alert", serde_json::to_string_pretty(&alert.json()).unwrap());
    let schedule = site.call(get("/api/schedule").logged_in()).await;
    insta::assert_snapshot!("schedule", serde_json::to_string_pretty(&schedule.json()).unwrap());
    let session = site.call(get("/api/session").logged_in()).await.json();
    assert_eq!(
        (&session["due"][0]["phase"], session["due"].as_array().unwrap().len()),
        (&"alert".into(), 1)
    );
}

#[tokio::test]
async fn b16_later_hides_the_alert_until_the_next_day_however_often_it_is_sent() {
    let site = Site::logged_in().await;
    let key = "0199d0a0-0000-7000-8000-000000000001";
    let later = || {
        post("/api/alert/later", r#"{"on":"2026-03-01"}"#).with("idempotency-key", key).logged_in()
    };
    let first = site.call(later()).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.json()["alert"], Value::Null);
    let head = site.app.stores().log.head().await.unwrap();
    let again = site.call(later()).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, first.body));
    let other = post("/api/alert/later", r#"{"on":"2026-03-01"}"#).logged_in();
    assert_eq!(site.call(other).await.status, StatusCode::OK);
    assert_eq!(site.app.stores().log.head().await.unwrap(), head);

    site.travel_to(instant("2026-03-02T00:00:00Z"));
    site.app
        .stores()
        .sessions
        .end(TokenHash::of(&[7; 32]), stores::session::EndReason::SignedOut, site.app.now())
        .await
        .unwrap();
    let holder = site.app.load(HOLDER).await.unwrap();
    let shown = domain::expiry::alert(&site.app.context(&holder), &holder.holder);
    assert!(shown.is_some());
}

#[tokio::test]
async fn p17_what_has_expired_cannot_be_put_off() {
    let site = Site::open().await;
    site.travel_to(instant("2026-03-10T09:00:00Z"));
    site.log_in_with(Scope::Restricted).await;
    let alert = site.call(get("/api/alert").logged_in()).await.json();
    assert_eq!(alert["alert"], Value::Null);
    let later = post("/api/alert/later", r#"{"on":"2026-03-10"}"#).logged_in();
    let problem = site.call(later).await.problem(StatusCode::FORBIDDEN);
    assert_eq!(problem["rule"], "P-17");
}

#[tokio::test]
async fn b17_what_a_restricted_session_is_refused_names_the_rule_the_days_and_the_way_out() {
    let site = Site::open().await;
    site.travel_to(instant("2026-03-10T09:00:00Z"));
    site.log_in_with(Scope::Restricted).await;
    let answer = site.call(get("/api/ledger").logged_in()).await;
    let problem = answer.problem(StatusCode::FORBIDDEN);
    insta::assert_snapshot!("renewal_required", serde_json::to_string_pretty(&problem).unwrap());
}

#[test]
fn b21_what_lapses_names_the_day_from_which_it_counts_as_not_set_and_no_lock() {
    let (kind, expires_on) = (Kind::Verification, "2026-03-10".parse().unwrap());
    let lapses_on = Some("2026-03-31".parse().unwrap());
    let standing = Standing::Set {
        last_changed_on: "2025-03-10".parse().unwrap(),
        expires_on,
        locks_on: None,
        lapses_on,
        days_left: 0,
        phase: Phase::Forced { days_left: 21 },
    };
    let line = passcodes::Line::from(&Status { kind, standing });
    let line = serde_json::to_value(&line).unwrap();
    assert_eq!((&line["locks_on"], &line["lapses_on"]), (&Value::Null, &"2026-03-31".into()));

    let overdue = Overdue { kind, expired_on: expires_on, locks_on: None, lapses_on };
    let refusal = domain::holder::Refusal::RenewalRequired.into();
    let problem = Problem::of_restricted(&refusal, &Required::from_iter([overdue]));
    let facts = serde_json::to_value(&problem).unwrap()["facts"].take();
    let expected = serde_json::json!([
        { "name": "verification_expires_on", "value": "2026-03-10" },
        { "name": "verification_lapses_on", "value": "2026-03-31" },
    ]);
    assert_eq!(facts, expected);
}
