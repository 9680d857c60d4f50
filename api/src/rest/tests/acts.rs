//! The acts of a holder, from the first request to the last.

use super::*;

/// Starts a log-in in the browser of these tests; the job.
async fn start(site: &Site) -> String {
    let answer = site.call(post("/api/log-ins", "").in_browser()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.json()["job"].as_str().unwrap().to_owned()
}

fn bring_back(job: &str, code: &str) -> Ask {
    post(&format!("/api/jobs/{job}/return"), &serde_json::json!({"code": code}).to_string())
}

#[tokio::test]
async fn p05_a_log_in_that_the_card_has_finished_opens_a_session() {
    let site = Site::open().await;
    let job = start(&site).await;
    let code = site.card_does_its_part(&job).await;
    let answer = site.call(bring_back(&job, &code).in_browser()).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    let cookie = answer.header(header::SET_COOKIE);
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
    let (cookie, _) = cookie.split_once(';').unwrap();
    let session = site.call(get("/api/session").with("cookie", cookie)).await.json();
    assert_eq!(session["name"], "Sam Okafor");
    assert_eq!((&session["card"], &session["scope"]), (&"00A1".into(), &"full".into()));
    assert_eq!(session["ends_at"], "2026-03-01T09:15:00Z");
}

#[tokio::test]
async fn p05_a_card_that_was_pulled_before_its_log_in_came_back_opens_no_session() {
    let site = Site::open().await;
    let job = start(&site).await;
    let code = site.card_does_its_part(&job).await;
    site.agent_sees(None).await;
    let answer = site.call(bring_back(&job, &code).in_browser()).await;
    answer.problem(StatusCode::FORBIDDEN);
    assert_eq!(answer.header(header::SET_COOKIE), "");
    assert_eq!(answer.json()["why"], "Your card is no longer in the reader.");
}

#[tokio::test]
async fn a_log_in_says_where_the_passcode_is_typed_and_gives_a_browser_its_cookie() {
    let site = Site::open().await;
    let answer = site.call(post("/api/log-ins", "")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(answer.header(header::SET_COOKIE).starts_with(BROWSER_COOKIE));
    let started = answer.json();
    let job = started["job"].as_str().unwrap();
    assert_eq!(answer.header(header::LOCATION), format!("/api/jobs/{job}"));
    assert_eq!(started["passcode_page"], format!("http://127.0.0.1:7401/jobs/{job}"));
    assert_eq!(started["expires_at"], "2026-03-01T09:10:00Z");
}

#[tokio::test]
async fn a_job_that_was_started_in_one_browser_gives_another_nothing() {
    let site = Site::open().await;
    let job = start(&site).await;
    let elsewhere = [(BROWSER_COOKIE, [6; 32])];
    let path = format!("/api/jobs/{job}");
    site.call(get(&path).with_cookies(&elsewhere)).await.problem(StatusCode::NOT_FOUND);
    site.call(get(&path)).await.problem(StatusCode::NOT_FOUND);
    let code = site.card_does_its_part(&job).await;
    let answer = site.call(bring_back(&job, &code).with_cookies(&elsewhere)).await;
    answer.problem(StatusCode::FORBIDDEN);
    assert_eq!(answer.header(header::SET_COOKIE), "");
}

#[tokio::test]
async fn a_return_code_is_good_once_for_its_own_job_and_for_less_than_a_minute() {
    let site = Site::open().await;
    let (one, other) = (start(&site).await, start(&site).await);
    let code = site.card_does_its_part(&one).await;
    let foreign = site.call(bring_back(&other, &code).in_browser()).await;
    foreign.problem(StatusCode::FORBIDDEN);
    let spent = site.call(bring_back(&one, &code).in_browser()).await;
    spent.problem(StatusCode::FORBIDDEN);

    let (in_time, too_late) = (start(&site).await, start(&site).await);
    let (first, second) =
        (site.card_does_its_part(&in_time).await, site.card_does_its_part(&too_late).await);
    site.wait(Duration::seconds(60) - Duration::milliseconds(1));
    let answer = site.call(bring_back(&in_time, &first).in_browser()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    site.wait(Duration::milliseconds(1));
    site.call(bring_back(&too_late, &second).in_browser()).await.problem(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_job_can_be_asked_about_until_just_before_its_ten_minutes_are_over() {
    let site = Site::open().await;
    let path = format!("/api/jobs/{}", start(&site).await);
    site.wait(Duration::minutes(10) - Duration::milliseconds(1));
    let job = site.call(get(&path).in_browser()).await.json();
    assert_eq!((&job["state"], &job["purpose"]), (&"waiting".into(), &"log_in".into()));
    site.wait(Duration::milliseconds(1));
    site.call(get(&path).in_browser()).await.problem(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn p18_a_log_in_is_restricted_on_day_385_and_refused_on_day_386_with_the_facts() {
    let site = Site::open().await;
    site.travel_to(instant("2026-03-30T09:00:00Z"));
    let job = start(&site).await;
    let code = site.card_does_its_part(&job).await;
    let answer = site.call(bring_back(&job, &code).in_browser()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);

    site.travel_to(instant("2026-03-31T09:00:00Z"));
    let job = start(&site).await;
    let code = site.card_does_its_part(&job).await;
    let answer = site.call(bring_back(&job, &code).in_browser()).await;
    assert_eq!(answer.header(header::SET_COOKIE), "");
    let problem = answer.problem(StatusCode::LOCKED);
    insta::assert_snapshot!("locked", serde_json::to_string_pretty(&problem).unwrap());
}

#[tokio::test]
async fn after_logging_out_the_session_is_over() {
    let site = Site::logged_in().await;
    let answer = site.call(ask(Method::DELETE, "/api/session").logged_in()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let problem =
        site.call(get("/api/session").logged_in()).await.problem(StatusCode::UNAUTHORIZED);
    assert_eq!(problem["why"], "You have logged out.");
}

#[tokio::test]
async fn s02_the_status_says_what_is_set_since_when_and_until_when() {
    let site = Site::logged_in().await;
    let passcodes = site.call(get("/api/passcodes").logged_in()).await.json();
    insta::assert_snapshot!("passcodes", serde_json::to_string_pretty(&passcodes).unwrap());
}

#[tokio::test]
async fn p26_a_change_is_confirmed_after_the_card_has_agreed_and_not_before() {
    let site = Site::logged_in().await;
    let body = r#"{"verification": {"new": "Troubadour7", "confirm": "Troubadour7"}}"#;
    let answer = site.call(post("/api/passcodes", body).logged_in()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let job = answer.json()["job"].as_str().unwrap().to_owned();
    assert_eq!(answer.header(header::LOCATION), format!("/api/jobs/{job}"));
    let before = site.call(get("/api/passcodes").logged_in()).await.json();
    assert_eq!(before["passcodes"][2]["set"], false);

    let code = site.card_does_its_part(&job).await;
    let ended = site.call(bring_back(&job, &code).logged_in()).await.json();
    insta::assert_snapshot!("updated", serde_json::to_string_pretty(&ended).unwrap());
    let after = site.call(get("/api/passcodes").logged_in()).await.json();
    assert_eq!(after["passcodes"][2]["last_changed_on"], "2026-03-01");
    let state = site.call(get(&format!("/api/jobs/{job}")).logged_in()).await.json();
    assert_eq!((&state["state"], &state["passcode_page"]), (&"done".into(), &Value::Null));
}

#[tokio::test]
async fn p22_a_value_of_the_last_five_is_a_fault_of_its_field() {
    let site = Site::logged_in().await;
    let body = r#"{"verification": {"new": "Troubadour7", "confirm": "Troubadour7"}}"#;
    let answer = site.call(post("/api/passcodes", body).logged_in()).await;
    let job = answer.json()["job"].as_str().unwrap().to_owned();
    site.card_does_its_part(&job).await;
    let answer = site.call(post("/api/passcodes", body).logged_in()).await;
    let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    let error = &problem["errors"][0];
    assert_eq!((&error["field"], &error["rule"]), (&"new_verification".into(), &"P-22".into()));
}

#[tokio::test]
async fn the_ledger_comes_in_pages_newest_first_without_a_gap_or_a_repeat() {
    let site = Site::logged_in().await;
    let whole = site.call(get("/api/ledger").logged_in()).await.json();
    insta::assert_snapshot!("ledger", serde_json::to_string_pretty(&whole).unwrap());
    let mut paged = vec![];
    let mut path = "/api/ledger?limit=2".to_owned();
    for _ in 0..3 {
        let page = site.call(get(&path).logged_in()).await.json();
        paged.extend(page["entries"].as_array().unwrap().clone());
        path = format!("/api/ledger?limit=2&before={}", page["next_before"]);
    }
    assert_eq!(Value::from(paged), whole["entries"]);
    assert!(path.ends_with("before=null"));
}

#[tokio::test]
async fn the_rules_come_in_pages_in_the_order_of_the_catalogue() {
    let site = Site::open().await;
    let mut ids = vec![];
    let mut path = "/api/rules?limit=60".to_owned();
    for _ in 0..3 {
        let page = site.call(get(&path)).await.json();
        let rules = page["rules"].as_array().unwrap();
        ids.extend(rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()));
        path = format!(
            "/api/rules?limit=60&after={}",
            page["next_after"].as_str().unwrap_or_default()
        );
    }
    let all: Vec<_> = domain::rules::all().iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(ids, all);
    let rule = site.call(get("/api/rules/P-18")).await.json();
    assert_eq!(rule["id"], "P-18");
}
