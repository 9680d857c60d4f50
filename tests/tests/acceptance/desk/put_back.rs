//! Holders whose own time is ahead of the server's, because its clock was put back; and log-ins at
//! which somebody else is always faster to write.

use axum::http::StatusCode;
use chrono::Duration;
use tests::desk::{faulty_log::Fault, scene::Scene};

/// How often one command is tried.
const TRIES: usize = 5;

#[tokio::test]
async fn a_session_of_before_the_clock_was_put_back_is_over() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.desk.wait(-Duration::seconds(60));
    assert!(scene.browser.is_logged_in().await.unwrap());
    scene.desk.wait(-Duration::seconds(1));
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn b09_a_session_ends_in_time_though_its_holders_own_time_is_ahead() {
    let mut scene = Scene::open().await.unwrap();
    // On the first day of the alert something is recorded.
    scene.desk.wait(Duration::days(351));
    scene.log_in().await.unwrap();
    scene.desk.wait(-Duration::days(100));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    assert!(scene.browser.is_logged_in().await.unwrap());
    // The page says what the alert says.
    let page = scene.browser.get("/passcodes").await.unwrap();
    assert!(page.says("2 March 2027"), "{}", page.html);
    scene.desk.wait(Duration::minutes(15));
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn p17_whose_own_time_is_ahead_is_restricted_by_it_until_he_has_renewed() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(366));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.desk.wait(-Duration::days(100));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    assert!(scene.browser.get("/renewal").await.unwrap().says("2 March 2027"));
}

#[tokio::test]
async fn b08_a_log_in_does_not_hang_on_what_is_only_recorded_at_it() {
    for (days, location, status) in [
        (351, Some("/alert"), StatusCode::SEE_OTHER),
        (366, Some("/renewal"), StatusCode::SEE_OTHER),
        (400, None, StatusCode::LOCKED),
    ] {
        let mut scene = Scene::open().await.unwrap();
        scene.desk.wait(Duration::days(days));
        let before = scene.desk.events(scene.holder).await.unwrap();
        // Neither what time has done, nor how the log-in went.
        for _ in 0..2 * TRIES {
            scene.desk.faults().next("holder", Fault::Overtaken);
        }
        let page = scene.log_in().await.unwrap();
        assert_eq!((page.status, page.location()), (status, location), "{}", page.html);
        let events = scene.desk.events(scene.holder).await.unwrap();
        assert_eq!(events, before);
    }
}
