//! Certificates as a holder lives with them: alerts, renewal by himself and by leave of the registration authority,
//! the end, revocation; and what goes wrong on our side in between.

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
    faulty_log::Fault,
    scene::Scene,
};

/// How long certificates are good for, in days.
const CERTIFICATE_DAYS: i64 = 730;

/// Passcodes that nobody has used yet.
const FRESH: [&str; 2] = ["Second02", "Third003"];

/// Time passes, so many days; on the way the smartcard passcode is changed so often that it is never what is due.
async fn days_pass(scene: &mut Scene, days: i64) {
    const AT_A_TIME: i64 = 150;
    let mut left = days;
    while AT_A_TIME < left {
        scene.desk.wait(Duration::days(AT_A_TIME));
        left -= AT_A_TIME;
        scene.agent.sees(Some(&scene.card));
        let page = scene.log_in().await.unwrap();
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let fresh = format!("Fresh{:03}", events(scene).await.len());
        scene.change_smartcard(&fresh, &[]).await.unwrap();
    }
    scene.desk.wait(Duration::days(left));
    scene.agent.sees(Some(&scene.card));
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
    scene.agent.redial();
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
    scene.agent.sees(Some(&scene.card));
    scene.log_in().await.unwrap();
    scene.change_smartcard(FRESH[0], &[]).await.unwrap();
    scene.desk.wait(Duration::days(365));
    scene.agent.sees(Some(&scene.card));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    assert!(scene.browser.get("/renewal").await.unwrap().says("change your passcode"));
    let refused = scene.browser.get("/certificates/renew").await.unwrap();
    assert!(refused.says("B-18"), "{}", refused.html);
    scene.change_smartcard(FRESH[1], &[]).await.unwrap();
    assert!(scene.browser.get("/renewal").await.unwrap().says("renew your certificates"));
    scene.renew().await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

/// A bearer token of the registration authority's own system.
async fn registration_authority(desk: &Desk) -> String {
    let (role, name) = ("registration-authority".to_owned(), "desk 7".to_owned());
    let wanted = Wanted { role, name, organisation: None, days: 90 }.check().unwrap();
    tokens::issue(desk.app(), wanted).await.unwrap().bearer.to_string()
}

async fn authorise(scene: &mut Scene, bearer: &str) -> (StatusCode, Value) {
    let path = format!("/api/holders/{}/renewal-authorisations", scene.holder);
    let mut browser = scene.desk.browser();
    let request = browser.request(Method::POST, &path);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = r#"{"evidence": "passport", "place": "Ward 3, room 12"}"#;
    let page = browser.send(request.body(Body::from(body)).unwrap()).await.unwrap();
    (page.status, serde_json::from_str(&page.html).unwrap())
}

#[tokio::test]
async fn c03_c04_b49_b51_twice_by_oneself_then_the_registration_authority_and_the_count_begins_anew()
 {
    let mut scene = logged_in_with(30).await;
    scene.renew().await.unwrap();
    for expected in [1, 2] {
        assert_eq!(self_renewals(&scene).await, expected);
        days_pass(&mut scene, CERTIFICATE_DAYS - 15).await;
        if expected == 1 {
            scene.log_in().await.unwrap();
            scene.renew().await.unwrap();
        }
    }
    // B-51: 15 days left and nothing he could do: a full session, and a notice.
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/alert"));
    let alert = scene.browser.get("/alert").await.unwrap();
    assert!(alert.says("registration authority has to check who you are"), "{}", alert.html);
    assert!(!alert.says("Renew certificates now") && !alert.says("/certificates/later"));
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
    let refused = scene.browser.get("/certificates/renew").await.unwrap();
    assert!(refused.says("C-04"), "{}", refused.html);
    let wanted = |event: &HolderEvent| matches!(event, HolderEvent::RaRenewalNeeded { .. });
    assert_eq!(events(&scene).await.iter().filter(|event| wanted(event)).count(), 1);

    assert_eq!(authorise(&mut scene, "nobody").await.0, StatusCode::UNAUTHORIZED);
    let bearer = registration_authority(&scene.desk).await;
    let (status, answer) = authorise(&mut scene, &bearer).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    scene.renew().await.unwrap();
    assert_eq!(self_renewals(&scene).await, 0);
    let last = events(&scene).await;
    assert!(last.iter().rev().any(|event| matches!(
        event,
        HolderEvent::CertificatesRenewed { by: domain::certificate::Renewer::Authority, .. }
    )));
}

#[tokio::test]
async fn b52_the_last_second_logs_in_and_the_one_after_does_not_but_by_the_authoritys_leave() {
    let mut scene = days_left(0).await;
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let ends = holder.card().unwrap().certificates.iter().map(|one| one.not_after).min().unwrap();
    scene.desk.wait(ends - scene.desk.now());
    scene.agent.sees(Some(&scene.card));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.desk.wait(Duration::seconds(1));
    let page = scene.log_in().await.unwrap();
    assert!(page.says("B-52") && page.says("registration authority"), "{}", page.html);
    let bearer = registration_authority(&scene.desk).await;
    assert_eq!(authorise(&mut scene, &bearer).await.0, StatusCode::OK);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.renew().await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b52_a_session_that_is_open_when_they_expire_cannot_begin_to_renew_them() {
    let mut scene = days_left(0).await;
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let ends = holder.card().unwrap().certificates.iter().map(|one| one.not_after).min().unwrap();
    scene.desk.wait(ends - scene.desk.now() - Duration::minutes(5));
    scene.agent.sees(Some(&scene.card));
    scene.log_in().await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    scene.desk.wait(Duration::minutes(6));
    let refused = scene.agent.update(job, &mut scene.card, &scene.passcode).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-52"), "{refused}");
    assert_eq!(n_renewals(&scene).await, 0);
}

const REVOKE: [(&str, &str); 2] = [("reason", "lost_or_stolen"), ("confirm", "REVOKE")];

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
        .filter_map(|event| match event {
            HolderEvent::CertificatesRevoked { reason, serials, .. } => {
                Some((reason, serials.len()))
            }
            _ => None,
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
    let issued = events(&scene).await.into_iter().filter_map(|event| match event {
        HolderEvent::CertificateIssued { certificate, .. } => Some(certificate.serial),
        _ => None,
    });
    for serial in issued.collect::<Vec<_>>() {
        let status = scene.desk.app().authority().status(&serial).await.unwrap().unwrap();
        assert!(matches!(status.state, CertificateState::Revoked { .. }), "{:?}", status.state);
    }
}

#[tokio::test]
async fn b55_a_card_between_old_and_new_logs_in_restricted_to_finish_and_changes_no_passcode() {
    let mut scene = logged_in_with(25).await;
    let change = scene.update_smartcard(&[]).await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    let mut power = Power::until_after(6);
    scene.agent.update_with(job, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let refused = scene.agent.finish(change, &mut scene.card, &scene.passcode).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-55"));
    scene.browser = scene.desk.browser();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("is not finished"), "{}", page.html);
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    scene.renew().await.unwrap();
    assert_eq!(n_renewals(&scene).await, 1);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b55_a_second_renewal_cannot_begin_while_one_has_the_card_between_old_and_new() {
    let mut scene = logged_in_with(25).await;
    let (first, second) =
        (scene.start_renewal().await.unwrap(), scene.start_renewal().await.unwrap());
    assert_ne!(first, second);
    let mut power = Power::until_after(6);
    scene.agent.update_with(first, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let refused = scene.agent.update(second, &mut scene.card, &scene.passcode).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-55"), "{refused}");
}

#[tokio::test]
async fn c09_the_same_form_sent_twice_is_one_renewal() {
    let mut scene = logged_in_with(25).await;
    let page = scene.browser.get("/certificates/renew").await.unwrap();
    let update = page.field("update").unwrap().to_owned();
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let page = scene.browser.post("/certificates/renew", &[("update", &update)]).await.unwrap();
        jobs.push(page.job().unwrap());
    }
    assert_eq!(jobs[0], jobs[1]);
}

/// A job in which the card has agreed and the update has begun.
async fn begun(scene: &mut Scene) -> (JobId, tests::desk::agent::Held) {
    let job = scene.start_renewal().await.unwrap();
    let passcode = scene.passcode.clone();
    let (held, _) = scene.agent.prove(job, &mut scene.card, &passcode).await.unwrap();
    let answer = scene.agent.ask(Request::BeginUpdate { job }).await;
    assert!(matches!(answer, Answer::Updating { .. }), "{answer:?}");
    (job, held)
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused { .. })
}

#[tokio::test]
async fn b55_an_agent_that_lies_about_keys_slots_and_signatures_gets_nothing() {
    let mut scene = logged_in_with(25).await;
    let (job, held) = begun(&mut scene).await;
    let slot = Slot::Authentication;
    let key = |scene: &Scene, slot| Bytes(scene.card.public_key(slot).unwrap());
    let request = |scene: &Scene, slot| Bytes(scene.card.request(slot).unwrap());
    scene.card.verify(&scene.passcode).unwrap();
    // Before the card was opened; of the key that was there; of a slot that is not renewed; out of turn.
    for (slot, public_key, proof) in [
        (slot, key(&scene, slot), request(&scene, slot)),
        (slot, key(&scene, Slot::Signature), request(&scene, Slot::Signature)),
        (Slot::CardAuthentication, key(&scene, slot), request(&scene, slot)),
    ] {
        let asked = Request::KeyGenerated { job, slot, public_key, proof };
        assert!(is_refused(&scene.agent.ask(asked).await), "{slot:?}");
    }
    for (slot, write) in [
        (Slot::Signature, Write::KeyPair),
        (Slot::CardAuthentication, Write::KeyPair),
        (Slot::Authentication, Write::Certificate),
    ] {
        let witness = Bytes(vec![7; 16]);
        let asked = Request::OpenWrite { job, slot, write, witness };
        assert!(is_refused(&scene.agent.ask(asked).await), "{slot:?} {write:?}");
    }
    for witness in [vec![], vec![7; 15], vec![7; 17]] {
        let witness = Bytes(witness);
        let asked = Request::OpenWrite { job, slot, write: Write::KeyPair, witness };
        assert!(is_refused(&scene.agent.ask(asked).await));
    }
    let mut power = Power::enough();
    let agent = &scene.agent;
    agent.open_write(job, &mut scene.card, slot, Write::KeyPair, &mut power).await.unwrap();
    scene.card.generate(slot).unwrap();
    scene.card.verify(&scene.passcode).unwrap();
    // Another key than the request's; the key of before.
    let (public_key, proof) = (key(&scene, Slot::Signature), request(&scene, slot));
    let asked = Request::KeyGenerated { job, slot, public_key, proof };
    assert!(is_refused(&scene.agent.ask(asked).await));
    let (public_key, proof) = (key(&scene, slot), request(&scene, slot));
    let asked = || Request::KeyGenerated {
        job,
        slot,
        public_key: public_key.clone(),
        proof: proof.clone(),
    };
    let Answer::Certificate { certificate } = scene.agent.ask(asked()).await else {
        panic!("no certificate")
    };
    // The same question has the same answer, for ever.
    assert_eq!(scene.agent.ask(asked()).await, Answer::Certificate { certificate });
    for signature in [
        scene.card.sign(Slot::Signature, &scene.agent.said(&held, Purpose::TestKey(slot)).bytes()),
        scene.card.sign(slot, &scene.agent.said(&held, Purpose::UpdateCard).bytes()),
        scene.card.sign(slot, &scene.agent.said(&held, Purpose::TestKey(Slot::Signature)).bytes()),
    ] {
        let signature = Bytes(signature.unwrap());
        let asked = Request::CertificateWritten { job, slot, signature };
        assert!(is_refused(&scene.agent.ask(asked).await));
    }
    assert!(is_refused(&scene.agent.ask(Request::UpdateFinished { job }).await));
    assert_eq!(n_renewals(&scene).await, 0);
}

#[tokio::test]
async fn b55_each_opening_answers_one_witness_and_there_are_forty_at_most() {
    let mut scene = logged_in_with(25).await;
    let (job, _) = begun(&mut scene).await;
    let (slot, write) = (Slot::Authentication, Write::KeyPair);
    let mut challenges = std::collections::BTreeSet::new();
    for n in 0..41 {
        let witness = Bytes(scene.card.witness().unwrap());
        let answer = scene.agent.ask(Request::OpenWrite { job, slot, write, witness }).await;
        if n == 40 {
            assert!(is_refused(&answer), "{answer:?}");
            continue;
        }
        let Answer::Witness { challenge, .. } = answer else { panic!("{n}: {answer:?}") };
        assert!(challenges.insert(challenge.0), "a challenge came twice");
    }
    let opened = |event: &&HolderEvent| matches!(event, HolderEvent::CardWriteOpened { .. });
    assert_eq!(events(&scene).await.iter().filter(opened).count(), 40);
}

#[tokio::test]
async fn the_log_fails_before_or_after_any_append_of_an_update_and_asking_again_heals_it() {
    let mut appends = 0;
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        for n in 0.. {
            let mut scene = Scene::open().await.unwrap();
            scene.grow_old(25, FRESH[0]).await.unwrap();
            scene.log_in().await.unwrap();
            let job = scene.start_renewal().await.unwrap();
            let before = events(&scene).await.len();
            scene.desk.faults().after("holder", n, fault);
            let ended = scene.agent.update(job, &mut scene.card, &scene.passcode).await;
            let happened = scene.desk.faults().are_spent();
            if ended.is_err() {
                let mut before = std::mem::replace(&mut scene.browser, scene.desk.browser());
                // C-14: whatever the server came to do: what is on record ends the session.
                let is_committed = n_renewals(&scene).await == 1;
                assert_ne!(before.is_logged_in().await.unwrap(), is_committed, "{fault:?} {n}");
                scene.log_in().await.unwrap();
                if n_renewals(&scene).await == 0 {
                    scene.renew().await.unwrap();
                }
            }
            assert_eq!(n_renewals(&scene).await, 1, "{fault:?} {n}");
            assert_no_orphans(&scene).await;
            if !happened {
                appends = appends.max(n);
                assert!(before < events(&scene).await.len());
                break;
            }
        }
    }
    assert!(8 < appends, "an update appends more often than {appends} times");
}

/// Whatever was issued is on the card, or is revoked.
async fn assert_no_orphans(scene: &Scene) {
    scene.desk.app().catch_up().await.unwrap();
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let on_card = &holder.card().unwrap().certificates;
    for event in events(scene).await {
        let HolderEvent::CertificateIssued { certificate, .. } = event else { continue };
        let status = scene.desk.app().authority().status(&certificate.serial).await.unwrap();
        let is_on_card = on_card.iter().any(|there| there.serial == certificate.serial);
        match status.unwrap().state {
            CertificateState::Good { .. } => assert!(is_on_card),
            CertificateState::Revoked { .. } => assert!(!is_on_card),
            state => panic!("{state:?}"),
        }
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
