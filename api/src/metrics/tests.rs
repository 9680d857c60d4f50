//! What monitoring reads: the standing of each part, and what was counted.

use std::sync::{Arc, Mutex};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use domain::{
    holder::HolderCommand, ids::CommandId, logon::LogonRefusal, refusal::RuleId, testing::instant,
};
use stores::event_store::{AppendError, Expected, StreamName};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::{
    app::App,
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
    execute::{Actor, Cause},
    health, relying_parties,
};

/// Bytes of an answer that a test looks at.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

async fn server() -> (App, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StandingClock::at(instant("2026-03-02T09:00:00Z")));
    let config = Config::for_testing(folder.path());
    let app = serve::open(config, clock, Entropy::Seeded(Mutex::new(0))).await.unwrap();
    let (following, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
    tokio::spawn(async move { following.follow(log, std::future::pending()).await });
    (app, folder)
}

/// What the operator's port answers.
async fn measured(app: &App) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = health::router(app.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], super::CONTENT_TYPE);
    let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The value of a series, as it is written.
#[track_caller]
fn value<'a>(text: &'a str, series: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {series} in {text}"))
}

#[tokio::test]
async fn the_standing_of_each_part_is_measured() {
    let (app, _folder) = server().await;
    app.catch_up().await.unwrap();
    app.engine().catch_up().await.unwrap();
    let head = app.stores().log.head().await.unwrap().0.to_string();
    let before = measured(&app).await;
    assert_eq!(value(&before, "latchkey_log_head_position"), head);
    assert_eq!(value(&before, "latchkey_log_reader_position{reader=\"projections\"}"), head);
    for key in ["pepper", "poprf", "seal", "card-management", "ticket"] {
        assert_eq!(value(&before, &format!("latchkey_key_version{{key=\"{key}\"}}")), "1");
    }
    for (nothing, zero) in [
        ("latchkey_wake_ups_due", "0"),
        ("latchkey_wake_ups_failing", "0"),
        ("latchkey_mails_waiting", "0"),
        ("latchkey_mails_dead", "0"),
        ("latchkey_agents_connected", "0"),
        ("latchkey_breaker_stopped", "0"),
        ("latchkey_clock_alarm", "0"),
        ("latchkey_sessions_open", "0"),
    ] {
        assert_eq!(value(&before, nothing), zero, "{nothing}");
    }
    // Nobody has made a list yet, and that is late.
    assert_eq!(value(&before, "latchkey_crl_late"), "1");
    assert!(!before.contains("latchkey_crl_age_seconds"));
    relying_parties::tick(&app).await;
    let after = measured(&app).await;
    assert_eq!(value(&after, "latchkey_crl_late"), "0");
    let next_update = instant("2026-03-04T09:00:00Z").timestamp().to_string();
    assert_eq!(value(&after, "latchkey_crl_next_update_timestamp_seconds"), next_update);
    assert!(after.ends_with("# EOF\n"), "{after}");
}

#[tokio::test]
async fn appends_are_counted_and_timed_by_what_came_of_them() {
    let (app, _folder) = server().await;
    let before = measured(&app).await;
    let n_before: u64 = value(&before, "latchkey_log_append_seconds_count").parse().unwrap();
    let stream: StreamName = "test-metrics".parse().unwrap();
    let note = async |number: u128, expected| {
        let cause = Cause::first(CommandId(Uuid::from_u128(number)));
        app.note(&stream, expected, cause, "Noted", &serde_json::json!({})).await
    };
    note(1, Expected::NoStream).await.unwrap();
    let again = note(2, Expected::NoStream).await;
    assert!(matches!(again, Err(AppendError::Conflict { .. })));
    let after = measured(&app).await;
    assert_eq!(value(&after, "latchkey_log_events_total{type=\"Noted\"}"), "1");
    assert_eq!(value(&after, "latchkey_log_appends_total{outcome=\"conflict\"}"), "1");
    let n_after: u64 = value(&after, "latchkey_log_append_seconds_count").parse().unwrap();
    assert_eq!(n_after, n_before + 2);
}

#[tokio::test]
async fn refusals_are_counted_by_rule_and_no_label_is_an_id() {
    let (app, _folder) = server().await;
    let holder = domain::ids::HolderId(Uuid::from_u128(1));
    let record = HolderCommand::NoteLogonRefused { reason: LogonRefusal::AccountLocked };
    for number in 1..=2 {
        let cause = Cause::first(CommandId(Uuid::from_u128(number)));
        app.execute(holder, cause, Actor::System, &record).await.unwrap_err();
    }
    app.metrics().refused(const { RuleId::new("P-19") });
    let text = measured(&app).await;
    assert_eq!(value(&text, "latchkey_refusals_total{rule=\"P-03\"}"), "2");
    assert_eq!(value(&text, "latchkey_refusals_total{rule=\"P-19\"}"), "1");
    let labels = text.split('"').skip(1).step_by(2);
    assert!(labels.clone().all(|label| label.parse::<Uuid>().is_err() && !label.contains('@')));
    assert!(10 < labels.count());
}

#[tokio::test]
async fn what_the_authority_could_not_do_is_counted_with_its_instant() {
    let (app, _folder) = server().await;
    let before = measured(&app).await;
    assert_eq!(value(&before, "latchkey_authority_failures_total"), "0");
    assert_eq!(value(&before, "latchkey_authority_failed_timestamp_seconds"), "0");
    app.metrics().authority_failed(app.now());
    let after = measured(&app).await;
    assert_eq!(value(&after, "latchkey_authority_failures_total"), "1");
    let now = app.now().timestamp().to_string();
    assert_eq!(value(&after, "latchkey_authority_failed_timestamp_seconds"), now);
}
