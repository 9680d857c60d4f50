//! Certificates as a holder lives with them: alerts, renewal by himself and by leave of the registration authority,
//! the end, revocation; and what goes wrong on our side in between.

mod between;
mod visit;

use api::tokens::{self, Wanted};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use chrono::Duration;
use domain::{
    certificate::{Phase, RevocationReason},
    holder::HolderEvent,
};
use projections::CertificateState;
use protocol::{Answer, Bytes, JobId, ProblemSeen, Purpose, Request, Slot, Write};
use serde_json::{Value, json};
use tests::desk::{
    Desk,
    agent::{Stop, update::Power},
    browser::Page,
    card::SoftCard,
    faulty_log::Fault,
    scene::Scene,
};

/// How long certificates are good for, in days.
const CERTIFICATE_DAYS: i64 = 730;

/// Passcodes that nobody has used yet.
const FRESH: [&str; 2] = ["Second02", "Third003"];

/// What the form of a revocation sends.
const REVOKE: [(&str, &str); 2] = [("reason", "lost_or_stolen"), ("confirm", "REVOKE")];

/// Time passes, so many days; on the way the smartcard passcode is changed so often that it is never what is due.
async fn days_pass(scene: &mut Scene, days: i64) {
    const AT_A_TIME: i64 = 150;
    let mut left = days;
    while AT_A_TIME < left {
        scene.desk.wait(Duration::days(AT_A_TIME));
        left -= AT_A_TIME;
        scene.agent.sees(Some(&scene.card)).await.unwrap();
        let page = scene.log_in().await.unwrap();
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let fresh = format!("Fresh{:03}", events(scene).await.len());
        scene.change_smartcard(&fresh, &[]).await.unwrap();
    }
    scene.desk.wait(Duration::days(left));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
}

/// A holder whose certificates have so many days left, at nine in the morning.
async fn days_left(left: i64) -> Scene {
    let mut scene = Scene::open().await.unwrap();
    days_pass(&mut scene, CERTIFICATE_DAYS - left).await;
    scene
}

/// The same, logged in.
async fn logged_in_with(left: i64) -> Scene {
    let mut scene = days_left(left).await;
    scene.log_in().await.unwrap();
    scene
}

async fn events(scene: &Scene) -> Vec<HolderEvent> {
    scene.desk.events(scene.holder).await.unwrap()
}

async fn n_renewals(scene: &Scene) -> usize {
    let events = events(scene).await;
    events.iter().filter(|event| matches!(event, HolderEvent::CertificatesRenewed { .. })).count()
}

async fn self_renewals(scene: &Scene) -> u8 {
    scene.desk.holder(scene.holder).await.unwrap().certificate_records().self_renewals()
}

async fn ask(scene: &mut Scene, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    let request = scene.browser.request(method, path).header("sec-fetch-site", "same-origin");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let page = scene.browser.send(request.body(Body::from(body.to_owned())).unwrap()).await;
    let page = page.unwrap();
    (page.status, serde_json::from_str(&page.html).unwrap_or(Value::Null))
}

#[tokio::test]
async fn c01_b53_with_31_days_left_nothing_is_offered_and_with_30_it_is() {
    let mut early = logged_in_with(31).await;
    assert!(!early.browser.get("/home").await.unwrap().says("Renew Certificates"));
    for page in [
        early.browser.get("/certificates/renew").await.unwrap(),
        early
            .browser
            .post("/certificates/renew", &[("update", "01957a00-0000-7000-8000-000000000001")])
            .await
            .unwrap(),
    ] {
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("C-01") && page.says("31 January 2028"), "{}", page.html);
    }
    let (_, status) = ask(&mut early, Method::GET, "/api/certificates", "").await;
    assert_eq!(status["certificates"]["phase"], "quiet");
    let (refused, problem) = ask(&mut early, Method::POST, "/api/renewals", "").await;
    assert_eq!((refused, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("C-01")));

    let mut scene = days_left(30).await;
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    let alert = scene.browser.get("/alert").await.unwrap();
    assert!(alert.says("Your certificates expire in 30 days") && alert.says("Later"));
    assert!(scene.browser.get("/home").await.unwrap().says("Renew Certificates"));
}

#[tokio::test]
async fn c06_b16_later_hides_the_alert_until_the_next_day() {
    let mut scene = days_left(25).await;
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    let later = scene.browser.get("/alert").await.unwrap();
    let on = later.field("on").unwrap().to_owned();
    for _ in 0..2 {
        let page = scene.browser.post("/certificates/later", &[("on", &on)]).await.unwrap();
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/home")));
    }
    let home = scene.browser.get("/home").await.unwrap();
    assert!(home.says("You chose to do it later"), "{}", home.html);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    scene.desk.wait(Duration::days(1));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
}

#[tokio::test]
async fn c07_b13_with_21_days_left_it_may_be_put_off_and_with_20_it_may_not() {
    let mut alert = days_left(21).await;
    assert_eq!(alert.log_in().await.unwrap().location(), Some("/alert"));
    assert!(alert.browser.get("/alert").await.unwrap().says("Later"));
    let mut scene = days_left(20).await;
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("You have to renew your certificates"), "{}", page.html);
    assert!(!page.says("/certificates/later"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    let on = scene.desk.now().date_naive().to_string();
    let later = scene.browser.post("/certificates/later", &[("on", &on)]).await.unwrap();
    assert!(later.status.is_client_error() && later.says("C-07"), "{}", later.html);
    // It cures it, and the next log-in is full.
    let page = scene.renew().await.unwrap();
    assert!(page.says("Certificates renewed and card updated"), "{}", page.html);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn c12_c13_c14_success_is_shown_for_five_minutes_and_everything_else_is_over() {
    let mut scene = logged_in_with(30).await;
    let job = scene.start_renewal().await.unwrap();
    let code = scene.agent.update(job, &mut scene.card, &scene.passcode).await.unwrap();
    let path = format!("/card-updates/{job}");
    assert_eq!(scene.browser.come_back(job, &code).await.unwrap().location(), Some(&*path));
    let page = scene.browser.get(&path).await.unwrap();
    assert!(page.says("Certificates renewed and card updated") && page.says("Continue"));
    // C-14: the session is over everywhere.
    let home = scene.browser.get("/home").await.unwrap();
    assert_eq!(home.location(), Some("/logged-out"));
    assert!(scene.browser.get("/logged-out").await.unwrap().says("log in again"));
    let (status, _) = ask(&mut scene, Method::GET, "/api/session", "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    // Somebody else who knows the address sees nothing.
    let other = scene.desk.browser().get(&path).await.unwrap();
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        let page = scene.browser.post(&format!("{path}/continue"), &[]).await.unwrap();
        assert_eq!(page.location(), Some(&*path));
    }
    assert!(scene.browser.get(&path).await.unwrap().says("Log in again"));
    let acknowledged =
        |event: &&HolderEvent| matches!(event, HolderEvent::RenewalAcknowledged { .. });
    assert_eq!(events(&scene).await.iter().filter(acknowledged).count(), 1);
    scene.desk.wait(Duration::minutes(5) - Duration::seconds(1));
    assert_eq!(scene.browser.get(&path).await.unwrap().status, StatusCode::OK);
    scene.desk.wait(Duration::seconds(1));
    assert_eq!(scene.browser.get(&path).await.unwrap().location(), Some("/log-in"));
}

#[tokio::test]
async fn b56_without_continue_the_renewal_stands() {
    let mut scene = logged_in_with(30).await;
    scene.renew().await.unwrap();
    scene.desk.wait(Duration::hours(1));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    assert_eq!(n_renewals(&scene).await, 1);
    let (_, status) = ask(&mut scene, Method::GET, "/api/certificates", "").await;
    assert_eq!(status["certificates"]["phase"], "quiet");
    assert_eq!(status["certificates"]["self_renewals_left"], 1);
}

#[tokio::test]
async fn c11_progress_is_a_page_that_asks_again_and_events_that_carry_what_has_changed() {
    let mut scene = logged_in_with(30).await;
    let job = scene.start_renewal().await.unwrap();
    let path = format!("/card-updates/{job}");
    // Before the card has agreed the job's own page says what comes next.
    assert_eq!(scene.browser.get(&path).await.unwrap().location(), Some(&*format!("/jobs/{job}")));
    let mut power = Power::until_after(3);
    scene.agent.update_with(job, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let working = scene.browser.get(&path).await.unwrap();
    assert!(working.says("Updating your card") && working.says("Do not remove your smartcard"));
    assert!(
        working.says("http-equiv=\"refresh\"") && working.says("/assets/live-"),
        "{}",
        working.html
    );
    // Whoever worked on it is gone with his connection, whether or not the agent has dialled anew.
    scene.agent.redial().await.unwrap();
    let stopped = scene.browser.get(&path).await.unwrap();
    assert!(stopped.says("Your card is not finished yet") && stopped.says("Try again"));
    scene.agent.abandon(job, ProblemSeen::CardRemoved).await.unwrap();
    let stopped = scene.browser.get(&path).await.unwrap();
    assert!(stopped.says("Your card is not finished yet"), "{}", stopped.html);
    assert!(stopped.says("The card left the reader") && stopped.says("Try again"));
    // B-55: without a session, with the same card.
    let again = scene.browser.post(&format!("{path}/again"), &[]).await.unwrap();
    let again = again.job().unwrap();
    let code = scene.agent.update(again, &mut scene.card, &scene.passcode).await.unwrap();
    let page = scene.end(again, &code).await.unwrap();
    assert!(page.says("Certificates renewed and card updated"), "{}", page.html);
    let live = scene.browser.get(&format!("/card-updates/{again}/live")).await.unwrap();
    assert_eq!(live.headers[header::CONTENT_TYPE], "text/event-stream");
    assert!(live.says("event: fragment") && live.says("event: end"), "{}", live.html);
    assert!(live.says("data: ") && live.says("Certificates renewed and card updated"));
    assert_eq!(n_renewals(&scene).await, 1);
}

#[tokio::test]
async fn b18_an_expired_passcode_comes_before_certificates() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(CERTIFICATE_DAYS / 2));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    scene.log_in().await.unwrap();
    scene.change_smartcard(FRESH[0], &[]).await.unwrap();
    scene.desk.wait(Duration::days(365));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    assert!(scene.browser.get("/renewal").await.unwrap().says("change your passcode"));
    let refused = scene.browser.get("/certificates/renew").await.unwrap();
    assert!(refused.says("B-18"), "{}", refused.html);
    scene.change_smartcard(FRESH[1], &[]).await.unwrap();
    assert!(scene.browser.get("/renewal").await.unwrap().says("renew your certificates"));
    scene.renew().await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn c15_b57_revoking_asks_twice_ends_every_session_and_lets_nobody_in_again() {
    let mut scene = Scene::logged_in().await.unwrap();
    let mut elsewhere = scene.desk.browser();
    std::mem::swap(&mut elsewhere, &mut scene.browser);
    scene.log_in().await.unwrap();
    for fields in [&[][..], &REVOKE[..1], &[("reason", "compromised"), ("confirm", "revoke")]] {
        let page = scene.browser.post("/certificates/revoke", fields).await.unwrap();
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(page.says("There is a problem"), "{}", page.html);
    }
    let page = scene.browser.post("/certificates/revoke", &REVOKE).await.unwrap();
    assert_eq!(page.location(), Some("/logged-out"), "{}", page.html);
    let over = scene.browser.get("/logged-out").await.unwrap();
    assert!(over.says("Your certificates have been revoked"), "{}", over.html);
    assert!(!scene.browser.is_logged_in().await.unwrap());
    assert!(!elsewhere.is_logged_in().await.unwrap());
    let page = scene.log_in().await.unwrap();
    assert!(page.says("C-15"), "{}", page.html);
    let reasons: Vec<_> = events(&scene)
        .await
        .into_iter()
        .filter_map(|event| {
            let HolderEvent::CertificatesRevoked { reason, serials, .. } = event else {
                return None;
            };
            Some((reason, serials.len()))
        })
        .collect();
    assert_eq!(reasons, [(RevocationReason::LostOrStolen, 2)]);
    scene.desk.app().catch_up().await.unwrap();
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    for certificate in &holder.card().unwrap().certificates {
        let status = scene.desk.app().authority().status(&certificate.serial).await.unwrap();
        let state = status.unwrap().state;
        assert!(matches!(state, CertificateState::Revoked { reason: 1, .. }), "{state:?}");
    }
}

#[tokio::test]
async fn c15_a_restricted_session_may_revoke() {
    let mut scene = logged_in_with(10).await;
    let page = scene.browser.post("/certificates/revoke", &REVOKE).await.unwrap();
    assert_eq!(page.location(), Some("/logged-out"), "{}", page.html);
}

#[tokio::test]
async fn c15_an_update_of_a_card_that_is_revoked_meanwhile_goes_nowhere_and_leaves_no_good_certificate()
 {
    let mut scene = logged_in_with(25).await;
    let job = scene.start_renewal().await.unwrap();
    let mut power = Power::until_after(4);
    scene.agent.update_with(job, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let page = scene.browser.post("/certificates/revoke", &REVOKE).await.unwrap();
    assert_eq!(page.location(), Some("/logged-out"), "{}", page.html);
    let again = scene.agent.update(job, &mut scene.card, &scene.passcode).await;
    assert!(matches!(again, Err(Stop::Refused { .. })), "{again:?}");
    scene.desk.app().catch_up().await.unwrap();
    let issued = events(&scene).await.into_iter().filter_map(|event| {
        let HolderEvent::CertificateIssued { certificate, .. } = event else { return None };
        Some(certificate.serial)
    });
    for serial in issued.collect::<Vec<_>>() {
        let status = scene.desk.app().authority().status(&serial).await.unwrap().unwrap();
        assert!(matches!(status.state, CertificateState::Revoked { .. }), "{:?}", status.state);
    }
}

#[tokio::test]
async fn c09_the_api_renews_with_the_same_steps() {
    let mut scene = logged_in_with(25).await;
    let (status, started) = ask(&mut scene, Method::POST, "/api/renewals", "").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{started}");
    let job = JobId(started["job"].as_str().unwrap().parse().unwrap());
    let path = format!("/api/renewals/{job}");
    assert_eq!(ask(&mut scene, Method::GET, &path, "").await.1["state"], "waiting");
    let early = ask(&mut scene, Method::POST, &format!("{path}/acknowledgement"), "").await;
    assert_eq!(early.0, StatusCode::CONFLICT);
    let mut power = Power::until_after(4);
    scene.agent.update_with(job, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let (_, working) = ask(&mut scene, Method::GET, &path, "").await;
    assert_eq!(
        (&working["state"], working["steps"].as_array().unwrap().len()),
        (&json!("working"), 5)
    );
    scene.agent.abandon(job, ProblemSeen::CardRemoved).await.unwrap();
    assert_eq!(ask(&mut scene, Method::GET, &path, "").await.1["state"], "interrupted");
    let (status, again) = ask(&mut scene, Method::POST, &format!("{path}/again"), "").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{again}");
    let job = JobId(again["job"].as_str().unwrap().parse().unwrap());
    let code = scene.agent.update(job, &mut scene.card, &scene.passcode).await.unwrap();
    let body = json!({ "code": hex::encode(&code.0) }).to_string();
    let (_, back) = ask(&mut scene, Method::POST, &format!("/api/jobs/{job}/return"), &body).await;
    assert_eq!(back["state"], "renewed", "{back}");
    let path = format!("/api/renewals/{job}/acknowledgement");
    assert_eq!(ask(&mut scene, Method::POST, &path, "").await.1["state"], "acknowledged");
    assert_eq!(ask(&mut scene, Method::GET, "/api/session", "").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn c15_the_api_revokes_only_what_is_confirmed() {
    let mut scene = Scene::logged_in().await.unwrap();
    let body = |confirm: &str| json!({ "reason": "damaged", "confirm": confirm }).to_string();
    let (status, problem) = ask(&mut scene, Method::POST, "/api/revocations", &body("yes")).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("B-57")));
    let (status, done) = ask(&mut scene, Method::POST, "/api/revocations", &body("REVOKE")).await;
    assert_eq!((status, &done["certificates"]["phase"]), (StatusCode::OK, &json!("revoked")));
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let loaded = scene.desk.app().load(scene.holder).await.unwrap();
    let standing = holder.certificates(&scene.desk.app().context(&loaded)).unwrap();
    assert_eq!(standing.phase, Phase::Revoked);
    let page: Page = scene.browser.get("/home").await.unwrap();
    assert_eq!(page.location(), Some("/logged-out"));
}
