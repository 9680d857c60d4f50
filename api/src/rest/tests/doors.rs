//! Who is let in, and what is said to those who are not.

use super::*;

/// Every route that is somebody's own.
pub(super) fn own() -> [Ask; 13] {
    [
        get("/api/session"),
        ask(Method::DELETE, "/api/session"),
        get("/api/passcodes"),
        post("/api/passcodes", "{}"),
        get("/api/ledger"),
        post("/api/ledger/0/not-me", r#"{"confirmed":true}"#),
        get("/api/ledger/log-ins"),
        post(
            "/api/ledger/log-ins/00000000-0000-0000-0000-000000000000/not-me",
            r#"{"confirmed":true}"#,
        ),
        get("/api/alert"),
        post("/api/alert/later", r#"{"on":"2026-03-01"}"#),
        get("/api/schedule"),
        get("/api/self-service"),
        post("/api/self-service/registrations", "{}"),
    ]
}

#[tokio::test]
async fn p20_without_a_session_every_route_of_a_holder_answers_401_whatever_is_sent() {
    let site = Site::open().await;
    for ask in own() {
        let path = ask.path.clone();
        let answer = site.call(ask).await;
        let problem = answer.problem(StatusCode::UNAUTHORIZED);
        assert_eq!(problem["why"], "You are not logged in.", "{path}");
        assert!(answer.header(header::WWW_AUTHENTICATE).starts_with("Cookie "), "{path}");
    }
}

#[tokio::test]
async fn a_cookie_that_is_no_token_or_nobodys_is_no_session() {
    let site = Site::open().await;
    for cookie in ["", "zz", "00", &"00".repeat(32), &"00".repeat(33)] {
        let ask = get("/api/session").with("cookie", &format!("{SESSION_COOKIE}={cookie}"));
        site.call(ask).await.problem(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_session_answers_until_just_before_15_minutes_without_use_and_then_says_why_not() {
    let site = Site::logged_in().await;
    site.wait(Duration::minutes(15) - Duration::milliseconds(1));
    assert_eq!(site.call(get("/api/session").logged_in()).await.status, StatusCode::OK);
    site.wait(Duration::minutes(15));
    let problem =
        site.call(get("/api/session").logged_in()).await.problem(StatusCode::UNAUTHORIZED);
    assert_eq!(problem["why"], "Your session was not used for 15 minutes.");
}

#[tokio::test]
async fn a_request_that_comes_from_another_website_is_refused() {
    let site = Site::logged_in().await;
    for ask in [post("/api/log-ins", ""), post("/api/passcodes", "{}").logged_in()] {
        let ask = ask.with("sec-fetch-site", "cross-site");
        site.call(ask).await.problem(StatusCode::FORBIDDEN);
    }
    let same = post("/api/log-ins", "").with("sec-fetch-site", "same-origin");
    assert_eq!(site.call(same).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_address_that_is_not_there_and_a_method_it_has_not_are_problems_too() {
    let site = Site::open().await;
    for path in ["/api", "/api/", "/api/passcode", "/api/jobs", "/api/rules/P-99"] {
        site.call(get(path)).await.problem(StatusCode::NOT_FOUND);
    }
    let answer = site.call(ask(Method::PUT, "/api/session")).await;
    answer.problem(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header(header::ALLOW), "GET,HEAD,DELETE");
}

#[tokio::test]
async fn an_answer_about_a_person_is_not_to_be_kept() {
    let site = Site::logged_in().await;
    let answer = site.call(get("/api/session").logged_in()).await;
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_that_says_nothing_of_why() {
    let site = Site::open().await;
    let route = axum::routing::get(falls_over);
    let router = super::super::layered(Router::new().route("/", route));
    let answer = call(router.with_state(site.app.clone()), get("/")).await;
    answer.problem(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!String::from_utf8(answer.body).unwrap().contains("inner workings"));
}

async fn falls_over() -> &'static str {
    panic!("the inner workings")
}
