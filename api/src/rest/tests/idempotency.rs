//! The same request under the same key.

use domain::passcode::{Form, OptionalFields};
use workflows::card_job::Goal;

use super::*;
use crate::{
    rest::{
        idempotency::{self, IdempotencyKey},
        problem::Problem,
    },
    updates::{self, Planned},
};

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
async fn two_at_the_same_moment_and_a_repeat_after_a_crash_work_under_the_same_command() {
    let site = Site::logged_in().await;
    let seen = Mutex::new(Vec::new());
    let once = async |request: &'static [u8], answer: Result<StatusCode, StatusCode>| {
        let work = async |command: CommandId| {
            seen.lock().unwrap().push(command);
            tokio::task::yield_now().await;
            match answer {
                Ok(status) => Ok(idempotency::Answer::refused(&Problem::of(status))?),
                Err(status) => Err(Problem::of(status)),
            }
        };
        IdempotencyKey(Some(CommandId(KEY.parse().unwrap()))).once(&site.app, request, work).await
    };
    let failed = Err(StatusCode::INTERNAL_SERVER_ERROR);
    let (first, second) = tokio::join!(once(b"request", failed), once(b"request", failed));
    assert!(first.is_err() && second.is_err());
    site.wait(Duration::minutes(10) - Duration::milliseconds(1));
    assert!(once(b"another", failed).await.is_err());
    assert!(once(b"request", Ok(StatusCode::LOCKED)).await.is_ok());
    assert!(once(b"request", Ok(StatusCode::CONFLICT)).await.is_ok());
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen, [seen[0]; 3]);
}

#[tokio::test]
async fn what_failed_and_was_not_repeated_within_the_ten_minutes_of_its_job_needs_a_new_key() {
    let site = Site::logged_in().await;
    let failed = async |_| Err(Problem::of(StatusCode::INTERNAL_SERVER_ERROR));
    let done = async |_| Ok(idempotency::Answer::refused(&Problem::of(StatusCode::LOCKED))?);
    let key = || IdempotencyKey(Some(CommandId(KEY.parse().unwrap())));
    assert!(key().once(&site.app, b"request", failed).await.is_err());
    site.wait(Duration::minutes(10));
    let problem = key().once(&site.app, b"request", done).await.err().unwrap();
    assert_eq!(problem.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_update_that_is_planned_again_under_its_command_finds_its_own_job() {
    let site = Site::logged_in().await;
    let (token, now) = (TokenHash::of(&[7; 32]), site.app.now());
    let session = site.app.stores().sessions.resume(token, now).await.unwrap().unwrap();
    let loaded = site.app.load(HOLDER).await.unwrap();
    let command = site.app.entropy().command_id(site.app.now());
    let start = async || {
        let form = || OptionalFields {
            wanted: "Troubadour7".to_owned().into(),
            confirm: "Troubadour7".to_owned().into(),
            blank: false,
        };
        let form = Form { smartcard: true, verification: form(), ..Form::default() };
        let planned = updates::plan(&site.app, &session, &loaded, &form, command).await.unwrap();
        let Planned::Change(change) = planned else { panic!("nothing is wrong with it") };
        site.app.start_job(Goal::ChangePasscodes(change), TokenHash::of(&[8; 32])).await.unwrap()
    };
    let (one, other) = tokio::join!(start(), start());
    assert_eq!((one, other), (start().await, jobs::job_of(command)));
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
        site.call(update(key, BODY).logged_in()).await.problem(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn a_change_needs_the_browser_that_logged_in() {
    let site = Site::logged_in().await;
    let ask = update(KEY, BODY).with_cookies(&[(SESSION_COOKIE, [7; 32])]);
    site.call(ask).await.problem(StatusCode::FORBIDDEN);
}
