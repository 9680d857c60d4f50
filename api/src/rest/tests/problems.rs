//! What every problem looks like.

use axum::{middleware::from_fn_with_state, response::IntoResponse as _, routing};
use domain::{logon::LogonRefusal, refusal::Refusal, testing::refusals};
use projections::Behind;
use stores::{event_store::Position, vault::VaultError};

use super::{super::problem::Problem, *};
use crate::portal::{
    errors::{PageError, dress},
    view::{paths, problem::ProblemKind, refusal::RefusalView},
};

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

/// What both say, in the API's words.
fn told_by_api(refusal: &Refusal) -> Value {
    serde_json::to_value(Problem::of_refusal(refusal)).unwrap()
}

#[test]
fn b57_every_refusal_is_told_alike_by_api_and_portal() {
    for refusal in refusals::every() {
        let (api, view) = (told_by_api(&refusal), RefusalView::from(&refusal));
        let rule = view.rule.unwrap();
        assert_eq!(api["rule"], rule.text.trim_start_matches("rule "), "{refusal:?}");
        assert_eq!(api["type"], rule.href, "{refusal:?}");
        assert_eq!(api["why"], format!("{}.", view.why), "{refusal:?}");
        assert_eq!(api["way_out"], view.way_out, "{refusal:?}");
        let changes = !api["changes_on"].is_null() || !api["changes_at"].is_null();
        assert_eq!(changes, view.changes_on.is_some(), "{refusal:?}");
        // What the answer changes on is a line of its own on the page.
        let n_facts = api["facts"].as_array().unwrap().len();
        assert_eq!(n_facts, view.facts.len() + usize::from(changes), "{refusal:?}");
        assert!(view.facts.iter().all(|fact| !fact.name.is_empty() && !fact.value.is_empty()));
    }
}

#[test]
fn every_log_in_that_is_refused_says_by_which_rule_why_and_what_to_do() {
    for refusal in refusals::every_log_in() {
        let problem = serde_json::to_value(Problem::of_logon(refusal, &[])).unwrap();
        assert_eq!(problem["rule"], refusal.rule().as_str());
        assert_eq!(problem["type"], paths::rule(refusal.rule().as_str()));
        assert_eq!(problem["why"], format!("{refusal}."));
        assert_eq!(problem["way_out"], refusal.way_out());
    }
}

#[test]
fn whatever_has_a_page_of_its_own_has_words_of_its_own_in_the_api() {
    let said = |status: u16| {
        let problem = Problem::of(StatusCode::from_u16(status).unwrap());
        serde_json::to_value(problem).unwrap()
    };
    let (unknown, failed) = (said(418), said(599));
    for kind in ProblemKind::ALL {
        let status = kind.status();
        let (problem, else_said) = (said(status), if status < 500 { &unknown } else { &failed });
        let is_said_otherwise = ["why", "way_out"].iter().any(|key| problem[key] != else_said[key]);
        assert!(is_said_otherwise || [400, 500].contains(&status), "{status}: {problem}");
        for key in ["why", "way_out", "title"] {
            assert!(problem[key].as_str().is_some_and(|text| 5 < text.len()), "{status} {key}");
        }
    }
}
