//! A session in which a change is forced: what it may do, what cures it, and midnight.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use chrono::Duration;
use domain::holder::HolderEvent;
use serde_json::Value;
use tests::desk::{
    browser::Page,
    scene::{Scene, verification},
};

/// A holder whose passcode was set so many days ago and who has just logged in; it is nine in the
/// morning.
async fn logged_in_after(days: i64) -> Scene {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(days));
    scene.log_in().await.unwrap();
    scene
}

/// The same at ten to midnight.
async fn logged_in_late_after(days: i64) -> Scene {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(days) + Duration::minutes(14 * 60 + 50));
    scene.log_in().await.unwrap();
    scene
}

/// Twenty minutes in which the session is used.
async fn twenty_minutes(scene: &mut Scene) {
    for _ in 0..2 {
        scene.desk.wait(Duration::minutes(10));
        assert!(scene.browser.is_logged_in().await.unwrap());
    }
}

async fn ask(scene: &mut Scene, method: Method, path: &str, body: &str) -> Page {
    let request = scene.browser.request(method, path).header("sec-fetch-site", "same-origin");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    scene.browser.send(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
}

async fn api(scene: &mut Scene, path: &str) -> (StatusCode, Value) {
    let page = ask(scene, Method::GET, path, "").await;
    (page.status, serde_json::from_str(&page.html).unwrap())
}

#[tokio::test]
async fn p17_b15_a_log_in_on_day_364_may_put_it_off_and_one_on_day_365_may_not() {
    let mut alert = logged_in_after(364).await;
    assert!(alert.browser.get("/alert").await.unwrap().says("From tomorrow, 2 March 2027"));
    assert_eq!(api(&mut alert, "/api/session").await.1["scope"], "full");

    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(365));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("You have to change your passcode"), "{}", page.html);
    assert!(page.says("Change it before 23 March 2027"), "{}", page.html);
    assert!(scene.browser.get("/home").await.unwrap().says("You have to change your passcode"));
    let (_, session) = api(&mut scene, "/api/session").await;
    assert_eq!(session["scope"], "restricted");
    assert_eq!(session["due"][0]["locks_on"], "2027-03-23");
    let events = scene.desk.events(scene.holder).await.unwrap();
    let last = &events[events.len() - 2..];
    assert!(
        matches!(
            last,
            [HolderEvent::RenewalForced { .. }, HolderEvent::RestrictedSessionOpened { .. }]
        ),
        "{last:?}"
    );
    let later = scene.browser.post("/alert/later", &[("on", "2027-03-02")]).await.unwrap();
    assert!(later.status.is_client_error() && later.says("P-17"), "{}", later.html);
}

/// Every page of a holder: whether a restricted session may open it.
const PAGES: [(&str, bool); 12] = [
    ("/home", true),
    ("/alert", true),
    ("/renewal", true),
    ("/schedule", true),
    ("/passcodes", true),
    ("/passcodes/cancelled", true),
    ("/help", true),
    ("/care-identity-service", false),
    ("/profile", false),
    ("/profile/register", false),
    ("/ledger", false),
    ("/first-manager", false),
];

#[tokio::test]
async fn b17_every_page_of_a_restricted_session_is_shown_or_says_what_comes_first() {
    for days in [350, 365] {
        let mut scene = logged_in_after(days).await;
        for (path, always) in PAGES {
            let page = scene.browser.get(path).await.unwrap();
            if always || days == 350 {
                assert!(!page.status.is_client_error(), "{path} on day {days}: {}", page.status);
            } else {
                assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
                for part in ["B-17", "2 March 2027", "23 March 2027", "href=\"/renewal\""] {
                    assert!(page.says(part), "{path} does not say {part}: {}", page.html);
                }
            }
        }
    }
}

/// What of the API is refused in a restricted session; all the rest answers.
const REFUSED: [&str; 11] = [
    "/api/ledger",
    "/api/ledger/{revision}/not-me",
    "/api/ledger/log-ins",
    "/api/ledger/log-ins/{log_in}/not-me",
    "/api/self-service",
    "/api/self-service/registrations",
    "/api/self-service/registrations/{job}",
    "/api/self-service/registrations/{job}/address",
    "/api/self-service/registrations/{job}/cancel",
    "/api/self-service/registrations/{job}/code",
    "/api/self-service/registrations/{job}/codes",
];

#[tokio::test]
async fn b17_every_route_of_the_api_that_needs_a_session_answers_by_its_scope() {
    for days in [350, 365] {
        let mut scene = logged_in_after(days).await;
        let (_, description) = api(&mut scene, "/api/openapi.json").await;
        let mut asked = 0;
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                // Logging out is tried last, as it ends all of this.
                if operation.pointer("/security/0/session").is_none() || method == "delete" {
                    continue;
                }
                asked += 1;
                let name = method.to_uppercase();
                let page = ask(&mut scene, name.parse().unwrap(), path, "{}").await;
                // What is staff's has tests of its own.
                let of_staff = ["/api/desk/", "/api/audit/", "/api/operation", "/api/policy"];
                let of_staff = of_staff.iter().any(|prefix| path.starts_with(prefix));
                if of_staff && days == 350 {
                    continue;
                }
                let refused = days == 365 && (of_staff || REFUSED.contains(&path.as_str()));
                assert_eq!(
                    page.status == StatusCode::FORBIDDEN && page.says("\"rule\":\"B-17\""),
                    refused,
                    "{name} {path} on day {days}: {}",
                    page.html
                );
                assert_ne!(page.status, StatusCode::UNAUTHORIZED, "{name} {path}");
            }
        }
        assert!(6 <= asked, "{asked}");
        let gone = ask(&mut scene, Method::DELETE, "/api/session", "").await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn b17_a_refused_route_says_why_and_by_which_days() {
    let mut scene = logged_in_after(365).await;
    let (_, problem) = api(&mut scene, "/api/ledger").await;
    assert_eq!(problem["rule"], "B-17");
    assert_eq!(problem["facts"][0]["name"], "smartcard_expires_on");
    assert_eq!(problem["facts"][0]["value"], "2027-03-02");
    assert_eq!(problem["facts"][1]["value"], "2027-03-23");
    assert!(problem["way_out"].as_str().unwrap().contains("Home"));
}

#[tokio::test]
async fn b17_the_update_that_cures_makes_the_session_full() {
    let mut scene = logged_in_after(365).await;
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    let page = scene.change_smartcard("Second02", &[]).await.unwrap();
    assert!(page.says("Your smartcard passcode has been updated"), "{}", page.html);
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
    assert_eq!(scene.browser.get("/renewal").await.unwrap().location(), Some("/home"));
    assert_eq!(api(&mut scene, "/api/session").await.1["scope"], "full");
}

#[tokio::test]
async fn b17_an_update_of_other_passcodes_alone_is_refused_and_changes_nothing() {
    let mut scene = logged_in_after(365).await;
    let before = scene.desk.head().await.unwrap();
    let page = scene.browser.post("/passcodes", &verification("Tele1234")).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Your smartcard passcode has expired: change it now"), "{}", page.html);
    assert!(page.says("href=\"#smartcard\""), "{}", page.html);
    let body = r#"{"verification":{"new":"Tele1234","confirm":"Tele1234"}}"#;
    let answer = ask(&mut scene, Method::POST, "/api/passcodes", body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.says("\"rule\":\"B-17\""), "{}", answer.html);
    assert_eq!(scene.desk.head().await.unwrap(), before);

    let both = scene.change_smartcard("Second02", &verification("Tele1234")).await.unwrap();
    assert!(both.says("have been updated"), "{}", both.html);
}

#[tokio::test]
async fn b20_a_verification_passcode_that_is_overdue_is_cured_by_removing_it() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Tele1234")).await.unwrap();
    scene.desk.wait(Duration::days(10));
    scene.log_in().await.unwrap();
    scene.change_smartcard("Second02", &[]).await.unwrap();
    scene.desk.wait(Duration::days(356));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("Change or remove it before"), "{}", page.html);

    scene.change(&[("blank_verification", "true")]).await.unwrap();

    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
    // The smartcard passcode is ten days younger: it is due, and may be put off.
    assert!(scene.browser.get("/home").await.unwrap().says("Renew now"));
}

#[tokio::test]
async fn b17_b20_a_session_stays_restricted_until_every_expired_passcode_is_changed() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Tele1234")).await.unwrap();
    scene.desk.wait(Duration::days(365));
    scene.log_in().await.unwrap();
    scene.change(&verification("Tele5678")).await.unwrap();
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    scene.change_smartcard("Second02", &[]).await.unwrap();
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn b10_a_full_session_is_not_interrupted_by_the_midnight_of_the_expiry() {
    let mut scene = logged_in_late_after(364).await;
    twenty_minutes(&mut scene).await;
    for (path, _) in PAGES {
        let page = scene.browser.get(path).await.unwrap();
        assert!(!page.status.is_client_error(), "{path}: {}", page.status);
    }
    assert!(scene.browser.get("/home").await.unwrap().says("Your smartcard passcode has expired"));
    let page = scene.change(&verification("Tele1234")).await.unwrap();
    assert!(page.says("Your verification passcode has been updated"), "{}", page.html);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
}

#[tokio::test]
async fn b10_a_change_after_the_midnight_of_the_lock_is_accepted_in_the_session_before_it() {
    let mut scene = logged_in_late_after(385).await;
    twenty_minutes(&mut scene).await;
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("before you log out"), "{}", page.html);
    let page = scene.browser.get("/passcodes").await.unwrap();
    assert!(page.says("Change it before you log out"), "{}", page.html);

    let page = scene.change_smartcard("Second02", &[]).await.unwrap();

    assert!(page.says("Your smartcard passcode has been updated"), "{}", page.html);
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}
