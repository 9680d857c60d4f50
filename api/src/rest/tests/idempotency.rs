//! The same request under the same key.

use super::*;

const KEY: &str = "01957a00-0000-7000-8000-000000000001";
const BODY: &str = r#"{"verification": {"new": "Troubadour7", "confirm": "Troubadour7"}}"#;

fn update(key: &str, body: &str) -> Ask {
    post("/api/passcodes", body).with("idempotency-key", key)
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_same_bytes_and_starts_nothing() {
    let site = Site::logged_in().await;
    let first = site.call(update(KEY, BODY).logged_in()).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    site.wait(Duration::minutes(1));
    let again = site.call(update(KEY, BODY).logged_in()).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header(header::LOCATION), first.header(header::LOCATION));
    let without = site.call(post("/api/passcodes", BODY).logged_in()).await;
    assert_ne!(without.json()["job"], first.json()["job"]);
}

#[tokio::test]
async fn a_repeat_at_the_same_moment_is_answered_with_the_same_bytes() {
    let site = Site::logged_in().await;
    let (one, other) = tokio::join!(
        site.call(update(KEY, BODY).logged_in()),
        site.call(update(KEY, BODY).logged_in())
    );
    assert_eq!((one.status, one.body), (StatusCode::ACCEPTED, other.body));
}

#[tokio::test]
async fn a_refusal_is_repeated_too_and_noted_once() {
    let site = Site::logged_in().await;
    let job = site.call(post("/api/passcodes", BODY).logged_in()).await.json()["job"].clone();
    site.card_does_its_part(job.as_str().unwrap()).await;
    let first = site.call(update(KEY, BODY).logged_in()).await;
    first.problem(StatusCode::UNPROCESSABLE_ENTITY);
    let before = site.app.stores().log.head().await.unwrap();
    let again = site.call(update(KEY, BODY).logged_in()).await;
    again.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.body, first.body);
    assert_eq!(site.app.stores().log.head().await.unwrap(), before);
}

#[tokio::test]
async fn a_key_serves_one_request_of_one_browser_only() {
    let site = Site::logged_in().await;
    site.call(update(KEY, BODY).logged_in()).await;
    let other_body = site.call(update(KEY, r#"{"smartcard": true}"#).logged_in()).await;
    let problem = other_body.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["why"], "This Idempotency-Key was used for another request.");
    let elsewhere = [(BROWSER_COOKIE, [6; 32]), (SESSION_COOKIE, [7; 32])];
    let other_browser = site.call(update(KEY, BODY).with_cookies(&elsewhere)).await;
    other_browser.problem(StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_answer_is_repeated_until_just_before_24_hours_are_over() {
    let site = Site::logged_in().await;
    let first = site.call(update(KEY, BODY).logged_in()).await;
    site.wait(Duration::hours(24) - Duration::milliseconds(1));
    site.app.stores().sessions.sweep(site.app.now(), 10).await.unwrap();
    site.log_in().await;
    let again = site.call(update(KEY, BODY).logged_in()).await;
    assert_eq!(again.body, first.body);
    site.wait(Duration::milliseconds(1));
    let anew = site.call(update(KEY, BODY).logged_in()).await;
    assert_ne!(anew.json()["job"], first.json()["job"]);
}

#[tokio::test]
async fn a_key_that_is_no_uuid_of_version_7_is_refused() {
    let site = Site::logged_in().await;
    for key in ["", "1", "01957a00-0000-4000-8000-000000000001", &"7".repeat(400)] {
        site.call(update(key, BODY).logged_in()).await.problem(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_change_needs_the_browser_that_logged_in() {
    let site = Site::logged_in().await;
    let ask = update(KEY, BODY).with_cookies(&[(SESSION_COOKIE, [7; 32])]);
    site.call(ask).await.problem(StatusCode::FORBIDDEN);
}
