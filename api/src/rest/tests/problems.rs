//! What every problem looks like.

use axum::{middleware::from_fn_with_state, response::IntoResponse as _, routing};
use domain::logon::LogonRefusal;
use projections::Behind;
use stores::{event_store::Position, vault::VaultError};

use super::{super::problem::Problem, *};
use crate::portal::errors::{PageError, dress};

const STATUSES: [u16; 13] = [400, 401, 403, 404, 405, 409, 413, 415, 422, 423, 429, 500, 503];

#[test]
fn every_status_has_a_problem_with_a_reason_and_a_way_out() {
    let problems = STATUSES.map(|status| Problem::of(StatusCode::from_u16(status).unwrap()));
    insta::assert_snapshot!("statuses", serde_json::to_string_pretty(&problems).unwrap());
}

#[test]
fn a_log_in_that_is_refused_names_its_rule_and_links_to_it() {
    let problems = [
        LogonRefusal::WrongPasscode { tries_left: Some(2) },
        LogonRefusal::CardLocked,
        LogonRefusal::CardNotKnown,
        LogonRefusal::ProofNotValid,
        LogonRefusal::AccountLocked,
    ]
    .map(|refusal| Problem::of_logon(refusal, &[]));
    insta::assert_snapshot!("log_ins", serde_json::to_string_pretty(&problems).unwrap());
}

#[test]
fn who_is_told_that_we_are_not_ready_is_told_when_to_ask_again() {
    let (wanted, reached) = (Position(2), Position(1));
    let response = Problem::from(Behind { wanted, reached }).into_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
}

#[tokio::test]
async fn who_meets_too_many_passcode_checks_is_told_when_to_come_back_by_api_and_portal() {
    let busy = || anyhow::Error::from(VaultError::Busy).context("while a form was judged");
    let api = Problem::from(busy()).into_response();
    let site = Site::open().await;
    let router = Router::new()
        .route("/busy", routing::get(async move || Err::<(), _>(PageError::from(busy()))))
        .layer(from_fn_with_state(site.app.clone(), dress));
    let portal = call(router, get("/busy")).await;
    for (status, headers) in [(api.status(), api.headers()), (portal.status, &portal.headers)] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers[header::RETRY_AFTER], "5");
    }
}

#[test]
fn a_failure_of_ours_says_nothing_of_its_cause() {
    let problem = Problem::from(anyhow::anyhow!("the inner workings"));
    let text = serde_json::to_string(&problem).unwrap();
    assert!(text.contains("500") && !text.contains("inner workings"));
}
