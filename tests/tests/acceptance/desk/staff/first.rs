//! The first manager, and what only he begins with.

use axum::http::{Method, StatusCode};
use chrono::Duration;
use serde_json::Value;
use stores::session::Scope;
use tests::desk::Desk;

use super::ask;
use api::first_manager::{NotMade, invite};

#[tokio::test]
async fn the_first_manager_is_made_by_a_code_of_the_console_once_and_nobody_after_him() {
    let desk = Desk::open().await.unwrap();
    let early = invite(desk.app()).await.map(|_| ());
    assert!(matches!(early, Err(NotMade::NoRoot)));
    desk.found_organisations().await.unwrap();
    let ann = desk.on_paper("Ann", "AA01").await.unwrap();
    let mut browser = desk.session_of(ann, Scope::Full).await.unwrap();
    let good = invite(desk.app()).await.unwrap();
    let page = browser.post("/first-manager", &[("code", "00")]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = browser.post("/first-manager", &[("code", &good.code)]).await.unwrap();
    assert_eq!(page.location(), Some("/home"), "{}", page.html);
    let (status, _) = ask(&mut browser, Method::GET, "/api/desk/staff", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let page = browser.post("/first-manager", &[("code", &good.code)]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "it works once");
    assert!(matches!(invite(desk.app()).await.map(|_| ()), Err(NotMade::ThereIsOne)));
}

#[tokio::test]
async fn the_code_is_good_until_just_before_15_minutes_and_through_four_wrong_ones() {
    for (minutes, wrong, is_good) in [(0, 4, true), (0, 5, false), (14, 0, true), (15, 0, false)] {
        let desk = Desk::open().await.unwrap();
        desk.found_organisations().await.unwrap();
        let ann = desk.on_paper("Ann", "AA01").await.unwrap();
        let mut browser = desk.session_of(ann, Scope::Full).await.unwrap();
        let good = invite(desk.app()).await.unwrap();
        for _ in 0..wrong {
            browser.post("/first-manager", &[("code", "00")]).await.unwrap();
        }
        desk.wait(Duration::minutes(minutes));
        let mut browser = desk.session_of(ann, Scope::Full).await.unwrap();
        let page = browser.post("/first-manager", &[("code", &good.code)]).await.unwrap();
        assert_eq!(page.location() == Some("/home"), is_good, "{minutes} {wrong}");
    }
}
