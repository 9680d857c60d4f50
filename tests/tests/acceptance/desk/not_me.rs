//! "This was not me" (B-57): whoever has a mail of ours can have the certificates suspended, once, for three days, and
//! can do nothing else; the holder can from his own ledger.

use std::path::Path;

use api::demo::mailbox::Received;
use axum::http::{Method, StatusCode};
use chrono::Duration;
use domain::{
    desk::{DeskEvent, SuspensionReason},
    holder::HolderEvent,
    ids::HolderId,
    staff::Role,
};
use serde_json::{Value, json};
use stores::{logon::Logon, session::Scope};
use tests::desk::{
    Desk,
    browser::{Browser, Page},
    leaks::files,
};

use super::{mailbox::mails, staff::ask};

/// A holder of St Ebba's whose contact address somebody of the staff has changed.
struct Changed {
    desk: Desk,
    holder: HolderId,
    agent: Browser,
    mail: Received,
}

const OLD: &str = "holder@example.org";

const NEW: &str = "somebody.else@example.org";

async fn changed() -> Changed {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (_, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let other = [("name", "Asha Patel"), ("email", NEW)];
    let page = agent.post(&format!("/desk/holders/{holder}/contact"), &other).await.unwrap();
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let mails = mails(&desk).await.unwrap();
    let is_it = |mail: &Received| mail.subject == "Your contact details were changed";
    let mail = mails.into_iter().find(is_it).unwrap();
    Changed { desk, holder, agent, mail }
}

/// What stands behind these words in a mail.
pub(super) fn said(mail: &Received, what: &str) -> String {
    let line = mail.text.lines().find_map(|line| line.strip_prefix(&format!("- {what}: ")));
    line.unwrap_or_else(|| panic!("{}", mail.text)).trim().to_owned()
}

/// Whether a mail was sent to this address: the mailbox shows the first alone.
fn goes_to(desk: &Desk, mail: &Received, address: &str) -> bool {
    files(desk.data()).unwrap().into_iter().any(|file| {
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        Path::new(&file.name).extension().is_some_and(|it| it == "eml")
            && text.contains(&mail.message_id)
            && text.contains(address)
    })
}

async fn send(browser: &mut Browser, path: &str, reference: &str, code: &str) -> Page {
    browser.post(path, &[("reference", reference), ("code", code)]).await.unwrap()
}

fn reported(event: &HolderEvent) -> bool {
    matches!(event, HolderEvent::Desk(DeskEvent::NotMeReported { .. }))
}

#[tokio::test]
async fn b57_the_address_before_stops_the_card_by_its_mail_once_after_being_told_what_will_happen()
{
    let Changed { desk, holder, mut agent, mail } = changed().await;
    assert!(goes_to(&desk, &mail, OLD) && goes_to(&desk, &mail, NEW));
    let (reference, code) = (said(&mail, "Reference"), said(&mail, "Code"));
    assert!(mail.text.contains("/not-me") && !mail.text.contains("not-me?"), "{}", mail.text);
    let mut thief = desk.session_of(holder, Scope::Full).await.unwrap();
    let mut browser = desk.browser();
    let before = desk.head().await.unwrap();

    let page = send(&mut browser, "/not-me", &reference, &code.to_lowercase()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(page.says("You are logged out everywhere"), "{}", page.html);
    assert_eq!(desk.head().await.unwrap(), before, "nothing was done yet");
    let reference = page.field("reference").unwrap().to_owned();
    let code = page.field("code").unwrap().to_owned();
    let done = send(&mut browser, "/not-me/confirm", &reference, &code).await;
    assert!(done.says("We have noted that this was not you"), "{}", done.html);

    let events = desk.events(holder).await.unwrap();
    let [.., first, second] = events.as_slice() else { panic!("{events:?}") };
    assert!(reported(first), "{first:?}");
    let is_suspended = matches!(
        second,
        HolderEvent::Desk(DeskEvent::CertificatesSuspended { reason: SuspensionReason::NotMe, .. })
    );
    assert!(is_suspended, "{second:?}");
    assert!(!thief.is_logged_in().await.unwrap());
    let over = thief.get("/logged-out").await.unwrap();
    assert!(over.says("Your certificates are suspended"), "{}", over.html);
    let work = agent.get("/desk/work").await.unwrap();
    assert!(work.says("something was not done by them"), "{}", work.html);

    let told = mails(&desk).await.unwrap().pop().unwrap();
    assert_eq!(told.subject, "You said that this was not you");
    assert!(goes_to(&desk, &told, OLD) && goes_to(&desk, &told, NEW));
    assert!(!told.text.contains("Code:"), "{}", told.text);
    for path in ["/not-me", "/not-me/confirm"] {
        let again = send(&mut browser, path, &reference, &code).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!again.says(&code), "{}", again.html);
    }
    let events = desk.events(holder).await.unwrap();
    assert_eq!(events.iter().filter(|event| reported(event)).count(), 1);
}

#[tokio::test]
async fn b57_a_mail_can_be_answered_for_just_under_72_hours() {
    let Changed { desk, mail, .. } = changed().await;
    let (reference, code) = (said(&mail, "Reference"), said(&mail, "Code"));
    let mut browser = desk.browser();
    desk.wait(Duration::hours(72) - Duration::milliseconds(1));
    let page = send(&mut browser, "/not-me", &reference, &code).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    desk.wait(Duration::milliseconds(1));
    let page = send(&mut browser, "/not-me", &reference, &code).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn b57_whatever_is_wrong_is_answered_in_the_same_words_and_nothing_is_recorded() {
    let Changed { desk, holder, mail, .. } = changed().await;
    let (reference, code) = (said(&mail, "Reference"), said(&mail, "Code"));
    // Another mail of the same holder's.
    desk.grant(holder, Role::Sponsor, "RXA").await.unwrap();
    let other = mails(&desk).await.unwrap().pop().unwrap();
    let mut browser = desk.browser();
    let report = |reference: &str, code: &str, confirmed: bool| serde_json::json!({ "reference": reference, "code": code, "confirmed": confirmed });
    let unconfirmed = report(&reference, &code, false);
    let (status, _) = ask(&mut browser, Method::POST, "/api/not-me", &unconfirmed).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = report(&reference, &code, true);
    let before = desk.head().await.unwrap();
    let mut answers = Vec::new();
    let last = desk.head().await.unwrap().0;
    for (reference, code) in [
        (reference.as_str(), "0000-0000"),
        (&said(&other, "Reference"), &code),
        ("1", &code),
        (&last.to_string(), &code),
        (&(last + 1).to_string(), &code),
        ("9223372036854775808", &code),
        ("not a number", &code),
        ("", ""),
    ] {
        answers.push(
            ask(&mut browser, Method::POST, "/api/not-me", &report(reference, code, true)).await,
        );
    }
    assert_eq!(desk.head().await.unwrap(), before);
    let (status, _) = ask(&mut browser, Method::POST, "/api/not-me", &right).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    // Used.
    answers.push(ask(&mut browser, Method::POST, "/api/not-me", &right).await);
    desk.wait(Duration::hours(72));
    let late = report(&said(&other, "Reference"), &said(&other, "Code"), true);
    answers.push(ask(&mut browser, Method::POST, "/api/not-me", &late).await);
    assert_eq!(answers[0].0, StatusCode::FORBIDDEN);
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    let events = desk.events(holder).await.unwrap();
    assert_eq!(events.iter().filter(|event| reported(event)).count(), 1);
}

#[tokio::test]
async fn b57_a_mail_that_goes_out_too_late_to_be_answered_says_whom_to_tell_and_has_no_code() {
    let desk = Desk::open().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.grant(holder, Role::Sponsor, "RXA").await.unwrap();
    desk.wait(Duration::hours(72));
    let mail = mails(&desk).await.unwrap().pop().unwrap();
    assert!(!mail.text.contains("Code:"), "{}", mail.text);
    assert!(mail.text.contains("tell the registration authority"), "{}", mail.text);
}

#[tokio::test]
async fn b57_a_holder_says_of_what_staff_did_that_it_was_not_for_him_and_his_session_is_over() {
    let Changed { desk, holder, .. } = changed().await;
    let mut browser = desk.session_of(holder, Scope::Full).await.unwrap();
    let ledger = browser.get("/ledger").await.unwrap();
    let events = desk.events(holder).await.unwrap();
    let is_change =
        |event: &HolderEvent| matches!(event, HolderEvent::Desk(DeskEvent::ContactChanged { .. }));
    let revision = events.iter().position(is_change).unwrap();
    let path = format!("/ledger/not-me/event-{revision}");
    assert!(ledger.says(&format!("href=\"{path}\"")), "{}", ledger.html);
    // That he was registered is nobody's act but the product's own.
    assert!(!ledger.says("/ledger/not-me/event-0\""), "{}", ledger.html);
    for none in ["event-0", "event-999", "log-in-7", "x"] {
        let page = browser.get(&format!("/ledger/not-me/{none}")).await.unwrap();
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{none}");
    }
    let page = browser.get(&path).await.unwrap();
    assert!(page.says("Your contact details were changed"), "{}", page.html);
    let page = browser.post(&path, &[]).await.unwrap();
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, Some("/logged-out")));
    let events = desk.events(holder).await.unwrap();
    assert_eq!(events.iter().filter(|event| reported(event)).count(), 1);
    assert!(!browser.is_logged_in().await.unwrap());
    let ledger = desk.ledger(holder).await.unwrap();
    assert!(ledger[1].starts_with("You said that something"), "{ledger:?}");
    let mut again = desk.session_of(holder, Scope::Full).await.unwrap();
    let page = again.post(&path, &[]).await.unwrap();
    assert!(page.says("You have said already"), "{}", page.html);
    let confirmed = serde_json::json!({ "confirmed": true });
    let path = format!("/api/ledger/{revision}/not-me");
    let (status, problem) = ask(&mut again, Method::POST, &path, &confirmed).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &"B-57".into()));
}

/// A log-in with somebody's card at a workstation, as it is recorded.
async fn logged_in_at(desk: &Desk, holder: HolderId, workstation: &str) -> uuid::Uuid {
    let logon = Logon {
        logon_id: desk.app().entropy().uuid(desk.now()),
        holder,
        card: "AB01".parse().unwrap(),
        at: desk.now(),
        workstation: workstation.to_owned(),
        reader: "Reader".to_owned(),
        verdict: "full".to_owned(),
        due: "[]".to_owned(),
    };
    desk.app().stores().logons.record(&logon).await.unwrap();
    desk.wait(Duration::minutes(1));
    logon.logon_id
}

#[tokio::test]
async fn b57_a_program_lists_log_ins_and_says_of_one_elsewhere_that_it_was_not_the_holder() {
    let desk = Desk::open().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    let other = desk.on_paper("Ben Carter", "AB02").await.unwrap();
    let (first, second) =
        (logged_in_at(&desk, holder, "ward 3").await, logged_in_at(&desk, holder, "ward 4").await);
    let others = logged_in_at(&desk, other, "ward 3").await;
    let mut browser = desk.session_of(holder, Scope::Full).await.unwrap();
    let mut seen = Vec::new();
    let mut path = "/api/ledger/log-ins?limit=1".to_owned();
    loop {
        let (status, page) = ask(&mut browser, Method::GET, &path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let log_in = &page["log_ins"][0];
        seen.push((log_in["id"].clone(), log_in["workstation"].clone()));
        assert_eq!(log_in["elsewhere"], true, "{log_in}");
        let Some(next) = page["next_before"].as_str() else { break };
        path = format!("/api/ledger/log-ins?limit=1&before={next}");
    }
    let expected = [(json!(second), json!("ward 4")), (json!(first), json!("ward 3"))];
    assert_eq!(seen, expected);
    let (yes, no) = (json!({ "confirmed": true }), json!({ "confirmed": false }));
    let path = |id: uuid::Uuid| format!("/api/ledger/log-ins/{id}/not-me");
    let before = desk.head().await.unwrap();
    for (id, body, status) in [
        (first, &no, StatusCode::UNPROCESSABLE_ENTITY),
        (others, &yes, StatusCode::NOT_FOUND),
        (uuid::Uuid::nil(), &yes, StatusCode::NOT_FOUND),
    ] {
        let (said, problem) = ask(&mut browser, Method::POST, &path(id), body).await;
        assert_eq!(said, status, "{problem}");
    }
    let older = format!("/api/ledger/log-ins?before={others}");
    let (status, _) = ask(&mut browser, Method::GET, &older, &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(desk.head().await.unwrap(), before);
    let (status, problem) = ask(&mut browser, Method::POST, &path(first), &yes).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{problem}");
    let events = desk.events(holder).await.unwrap();
    assert_eq!(events.iter().filter(|event| reported(event)).count(), 1);
    assert!(!browser.is_logged_in().await.unwrap());
    let mut again = desk.session_of(holder, Scope::Full).await.unwrap();
    let (status, problem) = ask(&mut again, Method::POST, &path(first), &yes).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &"B-57".into()));
}
