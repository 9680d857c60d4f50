//! The alert of the day: when it comes, how often, and *Later*.

use axum::http::StatusCode;
use chrono::Duration;
use domain::holder::HolderEvent;
use tests::desk::scene::{Scene, verification};

/// How many alerts were raised and put off.
async fn alerts(scene: &Scene) -> (usize, usize) {
    let events = scene.desk.events(scene.holder).await.unwrap();
    let raised = events.iter().filter(|event| matches!(event, HolderEvent::AlertRaised { .. }));
    let declined = events.iter().filter(|event| matches!(event, HolderEvent::AlertDeclined { .. }));
    (raised.count(), declined.count())
}

/// A holder whose passcode was set so many days ago; it is nine in the morning.
async fn days_after(days: i64) -> Scene {
    let scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(days));
    scene
}

#[tokio::test]
async fn p14_b15_a_log_in_on_day_350_shows_no_alert_and_one_on_day_351_does() {
    for (days, first, raised) in [(350, "/home", 0), (351, "/alert", 1)] {
        let mut scene = days_after(days).await;
        let page = scene.log_in().await.unwrap();
        assert_eq!(page.location(), Some(first), "day {days}");
        assert_eq!(alerts(&scene).await, (raised, 0), "day {days}");
    }
}

#[tokio::test]
async fn b15_five_log_ins_on_one_day_raise_one_alert_and_each_shows_it() {
    let mut scene = days_after(351).await;
    for _ in 0..5 {
        assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
        let page = scene.browser.get("/alert").await.unwrap();
        assert!(page.says("Your smartcard passcode expires in 14 days"), "{}", page.html);
        scene.desk.wait(Duration::hours(1));
    }
    assert_eq!(alerts(&scene).await, (1, 0));
    scene.desk.wait(Duration::days(1));
    scene.log_in().await.unwrap();
    assert_eq!(alerts(&scene).await, (2, 0));
}

#[tokio::test]
async fn p15_b16_later_hides_the_alert_until_midnight_and_blocks_nothing() {
    let mut scene = days_after(351).await;
    scene.desk.wait(Duration::minutes(14 * 60 + 59));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    assert!(scene.browser.get("/home").await.unwrap().says("Renew now"));
    // The form may be sent twice.
    for _ in 0..2 {
        let page = scene.browser.post("/alert/later", &[("on", "2027-02-16")]).await.unwrap();
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/home")));
    }
    let home = scene.browser.get("/home").await.unwrap();
    assert!(home.says("You chose to change your passcodes later"), "{}", home.html);
    assert_eq!(scene.browser.get("/alert").await.unwrap().location(), Some("/home"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    assert_eq!(alerts(&scene).await, (1, 1));

    scene.desk.wait(Duration::minutes(2));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    assert_eq!(alerts(&scene).await, (2, 1));
}

#[tokio::test]
async fn b16_later_of_a_day_that_had_no_alert_is_no_event_and_what_is_no_day_is_refused() {
    let mut scene = days_after(351).await;
    scene.log_in().await.unwrap();
    for on in ["2027-02-15", "2027-02-17", "1999-01-01"] {
        let page = scene.browser.post("/alert/later", &[("on", on)]).await.unwrap();
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{on}");
    }
    for on in ["", "today", "2027-02-30"] {
        let page = scene.browser.post("/alert/later", &[("on", on)]).await.unwrap();
        assert!(page.status.is_client_error() && page.says("<h1"), "{on}: {}", page.status);
    }
    assert_eq!(alerts(&scene).await, (1, 0));
    assert!(scene.browser.get("/home").await.unwrap().says("Renew now"));
}

/// True if the box of the smartcard passcode is ticked.
async fn is_ticked(scene: &mut Scene, path: &str) -> bool {
    let page = scene.browser.get(path).await.unwrap();
    let input = page.html.split("id=\"smartcard\"").nth(1).unwrap();
    input.split('>').next().unwrap().contains("checked")
}

#[tokio::test]
async fn p16_renew_now_leads_to_the_form_with_what_is_due_marked() {
    let mut scene = days_after(351).await;
    scene.log_in().await.unwrap();
    assert!(scene.browser.get("/alert").await.unwrap().says("href=\"/passcodes?renew=due\""));
    assert!(is_ticked(&mut scene, "/passcodes?renew=due").await);
    assert!(!is_ticked(&mut scene, "/passcodes").await);
    let form = scene.browser.get("/passcodes?renew=due").await.unwrap();
    assert!(form.says("Your smartcard passcode expires in 14 days. Change it now or later."));
    assert!(scene.browser.get("/passcodes?renew=x").await.unwrap().status.is_client_error());
}

#[tokio::test]
async fn p16_a_passcode_that_was_renewed_from_the_alert_has_no_alert_any_more() {
    let mut scene = days_after(351).await;
    scene.log_in().await.unwrap();
    scene.change_smartcard("Second02", &[]).await.unwrap();
    assert_eq!(scene.browser.get("/alert").await.unwrap().location(), Some("/home"));
    assert!(!scene.browser.get("/home").await.unwrap().says("Renew now"));
    scene.desk.wait(Duration::days(1));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    assert_eq!(alerts(&scene).await, (1, 0));
}

#[tokio::test]
async fn p15_in_a_session_with_an_alert_any_passcode_may_be_changed() {
    let mut scene = days_after(351).await;
    scene.log_in().await.unwrap();
    let page = scene.change(&verification("Tele1234")).await.unwrap();
    assert!(page.says("Your verification passcode has been updated"), "{}", page.html);
    let page = scene.browser.get("/alert").await.unwrap();
    assert!(page.says("Your smartcard passcode expires in 14 days"), "{}", page.html);
}

#[tokio::test]
async fn what_is_scheduled_is_told_with_its_dates() {
    let mut scene = Scene::logged_in().await.unwrap();
    let page = scene.browser.get("/schedule").await.unwrap();
    for day in
        ["16 February 2027", "2 March 2027", "9 March 2027", "16 March 2027", "23 March 2027"]
    {
        assert!(page.says(day), "{day}: {}", page.html);
    }
    let page = scene.browser.get("/passcodes").await.unwrap();
    assert!(page.says("23 March 2027") && page.says("href=\"/schedule\""), "{}", page.html);
}
