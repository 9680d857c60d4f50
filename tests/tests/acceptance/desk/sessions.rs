//! Without a session nothing of a holder is shown or changed; and whoever had one is told why it is over.

use std::time::Duration as Limit;

use api::{
    control::{self, Question, Reply},
    cookies::SESSION_COOKIE,
    housekeeping,
};
use axum::http::StatusCode;
use chrono::Duration;
use domain::holder::HolderEvent;
use tests::desk::{
    browser::Browser,
    card::SoftCard,
    scene::{Scene, verification},
};
use tokio_util::sync::CancellationToken;

/// How long a test waits for something that happens in the background.
const SOON: Limit = Limit::from_secs(20);

/// Pages that are a holder's: each needs a session.
const PAGES: [&str; 10] = [
    "/home",
    "/alert",
    "/renewal",
    "/schedule",
    "/passcodes",
    "/passcodes/cancelled",
    "/passcodes/updated/00000000-0000-7000-8000-000000000001",
    "/profile",
    "/profile/register",
    "/ledger",
];

/// What is a holder's and is only sent: each needs a session.
const FORMS: [&str; 10] = [
    "/ledger/not-me/event-0",
    "/session/keep",
    "/certificates/renew",
    "/certificates/later",
    "/certificates/defer",
    "/certificates/revoke",
    "/profile/register",
    "/profile/register/questions",
    "/profile/register/email",
    "/profile/register/check",
];

/// Pages that are for everybody.
const PUBLIC: [&str; 6] = ["/", "/log-in", "/unlock", "/not-me", "/help", "/accessibility"];

async fn is_sent_away(browser: &mut Browser) {
    for path in PAGES {
        let page = browser.get(path).await.unwrap();
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::SEE_OTHER, Some("/logged-out")),
            "{path}"
        );
    }
    let page = browser.post("/passcodes", &verification("Tele1234")).await.unwrap();
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/logged-out")));
    for path in FORMS {
        let page = browser.post(path, &[]).await.unwrap();
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/logged-out")));
    }
}

/// The page after the session says why it is over, and the session is.
async fn is_told(scene: &mut Scene, why: &str) {
    is_sent_away(&mut scene.browser).await;
    let page = scene.browser.get("/logged-out").await.unwrap();
    assert!(page.says(why), "{}", page.html);
}

/// Waits until the session is over: some of its ends come from elsewhere.
async fn is_over(scene: &mut Scene) {
    let over = async {
        while scene.browser.is_logged_in().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, over).await.unwrap();
}

#[tokio::test]
async fn p20_without_a_session_no_page_of_a_holder_is_shown_and_no_form_is_taken() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.head().await.unwrap();
    let mut stranger = scene.desk.browser();
    is_sent_away(&mut stranger).await;
    assert_eq!(stranger.get("/logged-out").await.unwrap().location(), Some("/log-in"));
    for path in PUBLIC {
        assert_eq!(stranger.get(path).await.unwrap().status, StatusCode::OK, "{path}");
    }
    for path in PAGES.iter().filter(|path| !path.contains("updated")) {
        let page = scene.browser.get(path).await.unwrap();
        // Nothing is due, so there is no alert and nothing to renew.
        let nothing = ["/alert", "/renewal"].contains(path);
        let status = if nothing { StatusCode::SEE_OTHER } else { StatusCode::OK };
        assert_eq!(page.status, status, "{path}");
        assert_eq!(page.location(), nothing.then_some("/home"), "{path}");
    }
    assert_eq!(scene.desk.head().await.unwrap(), before);
}

#[test]
fn p20_every_route_of_the_portal_is_known_to_these_tests_as_public_or_not() {
    let source = include_str!("../../../../api/src/portal.rs");
    let known = [
        "paths::START",
        "paths::CARE_IDENTITY_SERVICE",
        "paths::ACCESSIBILITY",
        "paths::HELP",
        "\"/help/{topic}\"",
        "\"/rules/{id}\"",
        "paths::LOG_IN",
        "paths::LOG_OUT",
        "paths::LOGGED_OUT",
        "paths::NOT_ME",
        "paths::NOT_ME_CONFIRM",
        // Tied to the browser that started the job.
        "\"/jobs/{id}\"",
        "\"/jobs/{id}/return\"",
        "\"/card-updates/{id}\"",
        "\"/card-updates/{id}/live\"",
        "\"/card-updates/{id}/again\"",
        "\"/card-updates/{id}/continue\"",
        "paths::UNLOCK",
        "\"/unlock/{job}\"",
        "\"/unlock/{job}/answers\"",
        "\"/unlock/{job}/answers/{number}\"",
        "\"/unlock/{job}/recovery-passcode\"",
        "\"/unlock/{job}/code\"",
        "\"/unlock/{job}/codes\"",
        "\"/unlock/{job}/passcode\"",
        // With a session only.
        "paths::HOME",
        "paths::ALERT",
        "paths::ALERT_LATER",
        "paths::RENEWAL",
        "paths::SCHEDULE",
        "paths::PASSCODES",
        "paths::PASSCODES_CANCELLED",
        "\"/passcodes/updated/{id}\"",
        "paths::CERTIFICATES_RENEW",
        "paths::CERTIFICATES_LATER",
        "paths::CERTIFICATES_DEFER",
        "paths::CERTIFICATES_REVOKE",
        "paths::PROFILE",
        "paths::REGISTER",
        "paths::REGISTER_QUESTIONS",
        "\"/profile/register/answers/{number}\"",
        "paths::REGISTER_EMAIL",
        "paths::REGISTER_CHECK",
        "\"/profile/register/{job}\"",
        "\"/profile/register/{job}/codes\"",
        "\"/profile/register/{job}/address\"",
        "\"/profile/register/{job}/cancel\"",
        "paths::LEDGER",
        "\"/ledger/not-me/{line}\"",
        "paths::SESSION_KEEP",
        "paths::FIRST_MANAGER",
        // The demonstration's drawer, time machine and mailbox.
        "paths::DEMO",
        "paths::DEMO_INSERT",
        "paths::DEMO_BLANK",
        "paths::DEMO_REMOVE",
        "paths::DEMO_TIME",
        "paths::DEMO_MAILBOX",
        "\"/demo/mailbox/{number}\"",
    ];
    for route in source.split(".route(").skip(1) {
        let path = route.split(',').next().unwrap_or_default().trim();
        assert!(known.contains(&path), "{path} is new: does it need a session?");
    }
}

#[tokio::test]
async fn p20_an_invented_a_garbled_or_a_foreign_cookie_is_no_session() {
    let mut scene = Scene::logged_in().await.unwrap();
    let own = scene.browser.cookie(SESSION_COOKIE).unwrap().to_owned();
    let browsers_own = scene.browser.cookie(api::cookies::BROWSER_COOKIE).unwrap().to_owned();
    let mut changed = own.clone().into_bytes();
    changed[63] = if changed[63] == b'0' { b'1' } else { b'0' };
    for value in [
        String::from_utf8(changed).unwrap(),
        own[..62].to_owned(),
        format!("{own}00"),
        "0".repeat(64),
        String::new(),
        "x".repeat(5_000),
        "'; drop table session --".to_owned(),
        // The cookie of the browser is none of a session.
        browsers_own,
    ] {
        let mut stranger = scene.desk.browser();
        stranger.set_cookie(SESSION_COOKIE, &value);
        is_sent_away(&mut stranger).await;
    }
    assert!(scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn a_session_cookie_is_for_this_host_alone_and_no_script_reads_it() {
    let mut scene = Scene::open().await.unwrap();
    let page = scene.log_in().await.unwrap();
    let set: Vec<_> =
        page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = set.iter().find(|cookie| cookie.starts_with("__Host-latchkey=")).unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Domain"), "{session}");
}

#[tokio::test]
async fn a_session_ends_by_logging_out_and_its_cookie_is_worth_nothing_afterwards() {
    let mut scene = Scene::logged_in().await.unwrap();
    let page = scene.browser.post("/log-out", &[]).await.unwrap();
    assert_eq!(page.location(), Some("/logged-out"));
    is_told(&mut scene, "You have logged out").await;
    scene.log_in().await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn a_session_is_there_until_just_before_15_idle_minutes_and_over_at_15_minutes() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.desk.wait(Duration::milliseconds(899_999));
    assert!(scene.browser.is_logged_in().await.unwrap());
    scene.desk.wait(Duration::milliseconds(899_999));
    assert!(scene.browser.is_logged_in().await.unwrap());
    scene.desk.wait(Duration::minutes(15));
    is_told(&mut scene, "You did nothing for 15 minutes").await;
}

#[tokio::test]
async fn a_session_in_use_is_over_at_12_hours_and_says_so_even_after_the_tables_were_swept() {
    let mut scene = Scene::logged_in().await.unwrap();
    for _ in 0..71 {
        scene.desk.wait(Duration::minutes(10));
        assert!(scene.browser.is_logged_in().await.unwrap());
    }
    scene.desk.wait(Duration::milliseconds(599_999));
    assert!(scene.browser.is_logged_in().await.unwrap());
    scene.desk.wait(Duration::milliseconds(1));
    housekeeping::sweep(scene.desk.app()).await.unwrap();
    is_told(&mut scene, "We logged you out after 12 hours").await;
}

#[tokio::test]
async fn a_session_ends_when_its_card_leaves_the_reader() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.agent.sees(None).await.unwrap();
    is_over(&mut scene).await;
    is_told(&mut scene, "You were logged out because your card was removed").await;
}

#[tokio::test]
async fn a_session_stays_when_another_card_or_another_workstation_s_reader_changes() {
    let mut scene = Scene::logged_in().await.unwrap();
    let other = scene.desk.agent("ward 4").await.unwrap();
    let mut card = SoftCard::blank("0B02").unwrap();
    scene.desk.register(&other, &mut card, "Ben Okafor", "Number01").await.unwrap();
    // Another workstation says that it had this very card and has it no more.
    other.sees(Some(&scene.card)).await.unwrap();
    other.sees(None).await.unwrap();
    let mut bens = scene.desk.browser();
    other.sees(Some(&card)).await.unwrap();
    let job = bens.start_log_in().await.unwrap();
    let code = other.finish(job, &mut card, "Number01").await.unwrap();
    bens.come_back(job, &code).await.unwrap();
    other.sees(None).await.unwrap();
    let over = async {
        while bens.is_logged_in().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, over).await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn a_session_ends_when_an_operator_revokes_its_workstation() {
    let mut scene = Scene::logged_in().await.unwrap();
    let stop = CancellationToken::new();
    let data = scene.desk.app().config().data_dir.clone();
    let door = control::open(&data).unwrap();
    let listening = tokio::spawn(door.answer(scene.desk.app().clone(), stop.clone()));
    let question = Question::Revoke { agent: scene.agent.id().0 };
    let asked = control::ask(&data, &question);
    let reply = tokio::time::timeout(SOON, asked).await.unwrap().unwrap();
    assert!(matches!(reply, Reply::Revoked { was_enrolled: true }));
    is_told(&mut scene, "Your session has been ended").await;
    stop.cancel();
    listening.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_holder_finished_before_his_session_ended_stays() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&verification("Tele1234")).await.unwrap();
    scene.browser.post("/log-out", &[]).await.unwrap();
    let events = scene.desk.events(scene.holder).await.unwrap();
    assert!(matches!(events.last(), Some(HolderEvent::PasscodeSet { .. })));
}

#[tokio::test]
async fn two_browsers_have_two_sessions_and_each_ends_by_itself() {
    let mut scene = Scene::logged_in().await.unwrap();
    let mut other = scene.desk.browser();
    std::mem::swap(&mut scene.browser, &mut other);
    scene.log_in().await.unwrap();
    other.post("/log-out", &[]).await.unwrap();
    assert!(!other.is_logged_in().await.unwrap());
    assert!(scene.browser.is_logged_in().await.unwrap());
}

/// *Stay logged in*, as the script of the warning presses it: when the session ends now.
async fn keep(scene: &mut Scene) -> serde_json::Value {
    let answer = scene.browser.post("/session/keep", &[]).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    serde_json::from_str(&answer.html).unwrap()
}

#[tokio::test]
async fn a_session_that_is_kept_again_and_again_lasts_12_hours_and_says_before_that_it_cannot_be_put_off()
 {
    let mut scene = Scene::logged_in().await.unwrap();
    // Every 14 minutes, until the quarter of an hour before the end.
    for _ in 0..50 {
        scene.desk.wait(Duration::minutes(14));
        let kept = keep(&mut scene).await;
        assert_eq!(
            (kept["ends_after_secs"].as_u64(), &kept["may_stay"]),
            (Some(900), &true.into())
        );
    }
    scene.desk.wait(Duration::minutes(14));
    let kept = keep(&mut scene).await;
    assert_eq!((kept["ends_after_secs"].as_u64(), &kept["may_stay"]), (Some(360), &false.into()));
    scene.desk.wait(Duration::minutes(6));
    is_told(&mut scene, "We logged you out after 12 hours").await;
}

#[tokio::test]
async fn a_page_of_a_holder_knows_when_to_warn_him_and_a_public_page_does_not() {
    let mut scene = Scene::logged_in().await.unwrap();
    let page = scene.browser.get("/home").await.unwrap();
    for words in [
        r#"data-ends-after-secs="900""#,
        r#"data-warn-secs="120""#,
        r#"data-may-stay="true""#,
        "we will log you out at",
    ] {
        assert!(page.html.contains(words), "{words}");
    }
    let page = scene.desk.browser().get("/help").await.unwrap();
    assert!(!page.html.contains("<dialog"));
}
