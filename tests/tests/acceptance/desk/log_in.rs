//! Logging in with the card, seen from browser and agent: what opens a session, and what does not.

use api::cookies::SESSION_COOKIE;
use axum::http::StatusCode;
use chrono::Duration;
use domain::holder::HolderEvent;
use protocol::Secret;
use tests::desk::{agent::Stop, card::SoftCard, scene::Scene};

#[tokio::test]
async fn p05_the_right_card_with_the_right_passcode_opens_a_session_and_the_check_is_recorded() {
    let mut scene = Scene::open().await.unwrap();
    assert!(!scene.browser.is_logged_in().await.unwrap());

    let page = scene.log_in().await.unwrap();

    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/home")));
    let home = scene.browser.get("/home").await.unwrap();
    assert!(home.says("Asha Patel") && home.says("0A01"), "{}", home.html);
    let logons = scene.desk.app().stores().logons.of_holder(scene.holder, None, 10).await.unwrap();
    assert_eq!(logons.len(), 1);
    assert_eq!((logons[0].verdict.as_str(), logons[0].due.as_str()), ("full", "[]"));
    assert_eq!((logons[0].workstation.as_str(), logons[0].at), ("ward 3", scene.desk.now()));
    // What the operator's monitoring sees of it: that somebody has logged in, and nobody's name.
    let measured = api::metrics::text(scene.desk.app()).await.unwrap();
    for line in ["latchkey_logons_total{verdict=\"full\"} 1\n", "latchkey_sessions_open 1\n"] {
        assert!(measured.contains(line), "{measured}");
    }
    for personal in ["Patel", "0A01", "ward 3", &scene.holder.to_string()] {
        assert!(!measured.contains(personal), "{measured}");
    }
}

#[tokio::test]
async fn p03_a_personalised_card_makes_its_holder_and_the_ledger_begins_with_it() {
    let scene = Scene::open().await.unwrap();
    let ledger = scene.desk.ledger(scene.holder).await.unwrap();
    assert_eq!(
        ledger,
        [
            "Your smartcard passcode was set at registration",
            "The unlocking key of your smartcard was put on record",
            "Your smartcard was issued",
            "The registration authority verified your identity at RA desk by a passport and gave \
             you smartcard 0A01",
            "You were registered",
        ]
    );
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    assert_eq!(holder.card().map(|card| card.certificates.len()), Some(2));
}

#[tokio::test]
async fn p05_the_session_is_only_for_the_browser_that_started_the_job() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let mut other = scene.desk.browser();
    other.start_log_in().await.unwrap();

    let in_other = other.come_back(job, &code).await.unwrap();
    let in_own = scene.browser.come_back(job, &code).await.unwrap();

    assert_eq!((in_other.status, in_own.status), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    for browser in [&mut other, &mut scene.browser] {
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
        assert!(!browser.is_logged_in().await.unwrap());
    }
    assert_eq!(scene.desk.logons(scene.holder).await.unwrap(), 0);
}

#[tokio::test]
async fn p05_a_browser_without_any_cookie_gets_nothing_for_a_code() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let mut bare = scene.desk.browser();
    assert_eq!(bare.come_back(job, &code).await.unwrap().status, StatusCode::FORBIDDEN);
    assert!(!bare.is_logged_in().await.unwrap());
    // Without a browser's cookie the code was not even looked at.
    assert_eq!(scene.browser.come_back(job, &code).await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn p05_a_return_code_works_once() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let first = scene.browser.come_back(job, &code).await.unwrap();
    let again = scene.browser.come_back(job, &code).await.unwrap();
    assert_eq!((first.status, again.status), (StatusCode::SEE_OTHER, StatusCode::FORBIDDEN));
    assert_eq!(scene.desk.logons(scene.holder).await.unwrap(), 1);
}

#[tokio::test]
async fn p05_a_return_code_of_another_job_of_the_same_browser_opens_nothing() {
    let mut scene = Scene::open().await.unwrap();
    let other = scene.browser.start_log_in().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let page = scene.browser.come_back(other, &code).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn p05_a_return_code_works_at_59_999_seconds_and_not_at_60() {
    for (millis, status) in [(59_999, StatusCode::SEE_OTHER), (60_000, StatusCode::FORBIDDEN)] {
        let mut scene = Scene::open().await.unwrap();
        let job = scene.browser.start_log_in().await.unwrap();
        let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
        scene.desk.wait(Duration::milliseconds(millis));
        let page = scene.browser.come_back(job, &code).await.unwrap();
        assert_eq!(page.status, status, "after {millis} ms");
    }
}

#[tokio::test]
async fn p05_whatever_is_not_a_return_code_opens_nothing() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let good = hex::encode(&code.0);
    let garbage = [
        String::new(),
        "zz".to_owned(),
        good[1..].to_owned(),
        format!("{good}00"),
        "00".repeat(16),
        "0".repeat(10_000),
        "%00%ff".to_owned(),
        "%zz".to_owned(),
    ];
    for code in garbage {
        let page = scene.browser.get(&format!("/jobs/{job}/return?code={code}")).await.unwrap();
        assert!(page.status.is_client_error(), "{code:.20}: {}", page.status);
        assert!(page.says("<h1"), "{code:.20} has no page");
    }
    for path in [format!("/jobs/{job}/return"), "/jobs/1/return?code=00".to_owned()] {
        assert!(scene.browser.get(&path).await.unwrap().status.is_client_error(), "{path}");
    }
    assert!(!scene.browser.is_logged_in().await.unwrap());
    assert_eq!(scene.browser.come_back(job, &code).await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn a_job_is_there_until_just_before_its_ten_minutes_and_over_at_ten_minutes() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    scene.desk.wait(Duration::milliseconds(599_999));
    assert!(scene.agent.look(job).await.is_ok());
    scene.desk.wait(Duration::milliseconds(1));
    assert!(matches!(scene.agent.look(job).await, Err(Stop::Refused { again: false, .. })));
    let late = scene.agent.finish(job, &mut scene.card, &scene.passcode).await;
    assert!(matches!(late, Err(Stop::Refused { .. })));
    let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
    assert!(page.says("You ran out of time"), "{}", page.html);
}

#[tokio::test]
async fn a_job_claimed_in_time_and_finished_late_opens_nothing() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    scene.desk.wait(Duration::minutes(10));
    assert!(scene.agent.tag(job, &terms, &scene.passcode).await.is_err());
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn p05_a_log_in_finished_in_the_last_second_of_its_job_still_comes_back() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    scene.desk.wait(Duration::milliseconds(599_999));
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    scene.desk.wait(Duration::seconds(59));
    assert_eq!(scene.browser.come_back(job, &code).await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b62_a_log_in_that_fails_evaluates_nothing_and_writes_no_logon() {
    let mut scene = Scene::open().await.unwrap();
    // An alert would be due: a logon that succeeds shows one.
    scene.desk.wait(Duration::days(360));
    let job = scene.browser.start_log_in().await.unwrap();
    let wrong = scene.agent.finish(job, &mut scene.card, "Wrong001").await;
    assert!(matches!(wrong, Err(Stop::WrongPasscode(2))));
    assert_eq!(scene.desk.logons(scene.holder).await.unwrap(), 0);
    let page = scene.browser.come_back(job, &Secret(vec![0; 16])).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!page.says("expires") && !scene.browser.is_logged_in().await.unwrap());
    let events = scene.desk.events(scene.holder).await.unwrap();
    assert_eq!(events.len(), 6, "registration and one refusal: {events:?}");

    scene.log_in().await.unwrap();
    let logons = scene.desk.app().stores().logons.of_holder(scene.holder, None, 10).await.unwrap();
    assert_eq!(logons.len(), 1);
    assert!(logons[0].due.contains("smartcard"), "{}", logons[0].due);
}

#[tokio::test]
async fn p25_a_wrong_passcode_is_in_the_ledger_with_the_tries_left_and_the_same_job_goes_on() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    for tries_left in [2, 1] {
        let wrong = scene.agent.finish(job, &mut scene.card, "Wrong001").await;
        assert!(matches!(wrong, Err(Stop::WrongPasscode(left)) if left == tries_left));
    }
    let ledger = scene.desk.ledger(scene.holder).await.unwrap();
    assert_eq!(
        ledger[..2],
        [
            "Somebody entered a wrong smartcard passcode; 1 try is left",
            "Somebody entered a wrong smartcard passcode; 2 tries are left",
        ]
    );
    let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
    assert!(page.says("One try is left before the card is locked"), "{}", page.html);

    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    assert_eq!(scene.browser.come_back(job, &code).await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b46_the_third_wrong_passcode_says_that_the_card_is_locked() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    for _ in 0..3 {
        assert!(scene.agent.finish(job, &mut scene.card, "Wrong001").await.is_err());
    }
    let right = scene.agent.finish(job, &mut scene.card, &scene.passcode).await;
    assert!(matches!(right, Err(Stop::WrongPasscode(0))));
    let ledger = scene.desk.ledger(scene.holder).await.unwrap();
    assert!(ledger[0].contains("the smartcard is locked"), "{}", ledger[0]);
    let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
    assert!(page.says("the card is locked now"), "{}", page.html);
}

#[tokio::test]
async fn a_card_that_nobody_knows_is_refused_before_anything_is_spent() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let stranger = SoftCard::blank("0B02").unwrap();
    let refused = scene.agent.claim(job, stranger.seen()).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-40"));
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    assert_eq!(scene.browser.come_back(job, &code).await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b61_a_card_whose_personalisation_was_given_up_logs_nobody_in() {
    let mut scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let browser = stores::token::TokenHash::of(b"registration authority");
    let blank = scene.desk.app().start_job(goal, browser).await.unwrap();
    let unfinished = SoftCard::blank("0C03").unwrap();
    scene.agent.claim(blank, unfinished.seen()).await.unwrap();

    let job = scene.browser.start_log_in().await.unwrap();
    let refused = scene.agent.claim(job, unfinished.seen()).await.unwrap_err();

    assert_eq!(refused.rule(), Some("B-61"));
    assert!(scene.desk.events(person).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_page_is_for_the_browser_that_started_it_and_says_how_far_it_is() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let path = format!("/jobs/{job}");
    let waiting = scene.browser.get(&path).await.unwrap();
    assert!(waiting.says(&format!("http://127.0.0.1:7401/jobs/{job}")), "{}", waiting.html);
    assert_eq!(scene.desk.browser().get(&path).await.unwrap().status, StatusCode::NOT_FOUND);
    scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let done = scene.browser.get(&path).await.unwrap();
    assert!(done.says("This has been finished in another window"), "{}", done.html);
}

#[tokio::test]
async fn p18_an_account_that_was_left_to_lock_opens_no_session_and_says_where_to_go() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(385));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.desk.wait(Duration::days(1));
    let page = scene.log_in().await.unwrap();
    assert_eq!(page.status, StatusCode::LOCKED);
    assert!(page.says("Your account is locked") && page.says("P-19"), "{}", page.html);
    let events = scene.desk.events(scene.holder).await.unwrap();
    assert!(!events.iter().any(|event| matches!(event, HolderEvent::PasscodeBlanked { .. })));
}

#[tokio::test]
async fn b61_a_second_card_tried_for_the_same_registration_is_the_one_that_logs_in() {
    let mut scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let browser = stores::token::TokenHash::of(b"registration authority");
    let job = scene.desk.app().start_job(goal, browser).await.unwrap();
    let broken = SoftCard::blank("0C03").unwrap();
    scene.agent.claim(job, broken.seen()).await.unwrap();
    let mut card = SoftCard::blank("0D04").unwrap();
    scene.agent.personalise(job, &mut card, "Number01").await.unwrap();

    scene.agent.sees(Some(&card)).await.unwrap();
    let log_in = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(log_in, &mut card, "Number01").await.unwrap();

    assert_eq!(scene.browser.come_back(log_in, &code).await.unwrap().location(), Some("/home"));
    let refused = scene.agent.claim(log_in, broken.seen()).await;
    assert!(refused.is_err());
}
