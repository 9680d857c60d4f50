//! The desk's pages about cards that are out of use, callers, people who are erased, staff, organisations and counts of
//! unlocks.

use api::{
    desk::check::{CHECKS_A_DAY, counted_at_desk},
    jobs::passcode::takes,
};
use axum::http::{Method, StatusCode};
use chrono::Duration;
use domain::{desk::DeskEvent, holder::HolderEvent, staff::Role};
use serde_json::json;
use stores::session::Scope;
use tests::desk::{
    Desk,
    browser::{Browser, Page},
    scene::{Scene, account_recovery},
};

use super::ask;

const SAID: &str = "Recov-uJ6fXk";

async fn sends(browser: &mut Browser, path: &str, sent: &[(&str, &str)]) -> Page {
    let page = browser.post(path, sent).await.unwrap();
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}: {}", page.html);
    let way = page.location().unwrap().to_owned();
    let page = browser.get(&way).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{way}: {:?}", page.location());
    page
}

#[tokio::test]
async fn b61_a_cancelled_smartcard_is_out_of_use_and_the_record_says_what_cannot_be_done_then() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (_, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let record = format!("/desk/holders/{holder}");
    let page = agent.get(&record).await.unwrap();
    assert!(page.says(&format!("{record}/suspend\"")), "{}", page.html);
    assert!(!page.says(&format!("{record}/reinstate\"")), "{}", page.html);
    assert!(page.says("The certificates on this smartcard are not suspended."), "{}", page.html);
    let nothing = agent.post(&format!("{record}/cancel"), &[]).await.unwrap();
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reason = [("reason", "damaged")];
    let done = sends(&mut agent, &format!("{record}/cancel"), &reason).await;
    assert!(done.says("The smartcard is out of use"), "{}", done.html);
    let page = agent.get(&record).await.unwrap();
    for act in ["cancel", "suspend", "revoke", "report-lost", "caller"] {
        assert!(!page.says(&format!("{record}/{act}\"")), "{act}: {}", page.html);
    }
    assert!(page.says("This person has no smartcard in use."), "{}", page.html);
    assert!(page.says(&format!("{record}/replace\"")), "{}", page.html);
    let page = agent.post(&format!("{record}/revoke"), &[("reason", "damaged")]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Enter REVOKE"), "{}", page.html);
}

#[tokio::test]
async fn p08_b57_for_a_caller_nothing_is_done_before_what_he_says_matches() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery(SAID)).await.unwrap();
    let (desk, holder) = (&scene.desk, scene.holder);
    desk.found_organisations().await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (_, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let record = format!("/desk/holders/{holder}");
    let caller = format!("{record}/caller");
    assert!(agent.get(&record).await.unwrap().says(&format!("{caller}\"")));
    let page = agent.post(&caller, &[("act", "suspected")]).await.unwrap();
    assert!(page.says("Enter what the caller says"), "{}", page.html);
    let wrong = [("passcode", "Recov-other1"), ("act", "suspected")];
    let page = agent.post(&caller, &wrong).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Nothing was done") && page.says("/rules/P-08"), "{}", page.html);
    assert!(!page.says("Recov-other1"), "{}", page.html);
    let is_suspension = |event: &HolderEvent| {
        matches!(event, HolderEvent::Desk(DeskEvent::CertificatesSuspended { .. }))
    };
    assert!(!desk.events(holder).await.unwrap().iter().any(is_suspension));
    let right = [("passcode", SAID), ("act", "suspected")];
    let done = sends(&mut agent, &caller, &right).await;
    assert!(done.says("The certificates are suspended"), "{}", done.html);
    let events = desk.events(holder).await.unwrap();
    let checked = events.iter().position(|event| {
        matches!(event, HolderEvent::Desk(DeskEvent::PasscodeChecked { matched: true, .. }))
    });
    assert!(checked < events.iter().position(is_suspension), "{events:?}");
}

#[tokio::test]
async fn b45_only_the_person_of_a_closed_account_is_erased_and_only_after_the_word_was_typed() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    let (_, mut manager) = desk.staff("Mia Manager", "AA01", Role::RaManager, "X26").await.unwrap();
    let record = format!("/desk/holders/{holder}");
    let (erase, confirmed) = (format!("{record}/erase"), [("confirm", "ERASE")]);
    let page = manager.post(&erase, &confirmed).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("This account is not closed"), "{}", page.html);
    let close = [("reason", "left"), ("confirm", "CLOSE")];
    let page = manager.post(&format!("{record}/close"), &close).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(manager.get(&record).await.unwrap().says(&format!("{erase}\"")));
    let page = manager.post(&erase, &[("confirm", "erase")]).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = manager.post(&erase, &confirmed).await.unwrap();
    assert!(page.says("The person is erased"), "{}", page.html);
    let page = manager.get(&record).await.unwrap();
    assert!(!page.says("Asha"), "{}", page.html);
    assert!(page.says("were erased already."), "{}", page.html);
}

#[tokio::test]
async fn b58_b59_a_manager_sees_staff_and_organisations_and_adds_one_below_his_own() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (_, mut manager) = desk.staff("Mia Manager", "AA01", Role::RaManager, "RXA").await.unwrap();
    let (agent, _) = desk.staff("Ben Agent", "AA02", Role::RaAgent, "RXA").await.unwrap();
    desk.staff("Nia Agent", "AA03", Role::RaAgent, "RXB").await.unwrap();
    let find = manager.get("/desk").await.unwrap();
    for path in ["/desk/staff", "/desk/organisations", "/desk/unlock-counts"] {
        assert!(find.says(&format!("href=\"{path}\"")), "{path}: {}", find.html);
    }
    let staff = manager.get("/desk/staff").await.unwrap();
    assert!(staff.says("Ben Agent") && !staff.says("Nia Agent"), "{}", staff.html);
    assert!(staff.says(&format!("/desk/holders/{agent}/withdraw-role")), "{}", staff.html);
    assert!(staff.says("Nothing: it is your own"), "{}", staff.html);
    assert!(!manager.get("/desk/staff?organisation=RXB").await.unwrap().says("Agent at"));
    let root = manager.get("/desk/organisations").await.unwrap();
    assert!(root.says("Northfield Clinics") && !root.says("/desk/organisations/add"));
    let own = manager.get("/desk/organisations?at=RXA").await.unwrap();
    assert!(own.says("/desk/organisations/add?below=RXA"), "{}", own.html);
    let other = [("code", "RXB1"), ("name", "Outpost"), ("parent", "RXB")];
    let page = manager.post("/desk/organisations/add", &other).await.unwrap();
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.html);
    assert!(page.says("/rules/B-59"), "{}", page.html);
    let taken = [("code", "RXB"), ("name", "Ward block"), ("parent", "RXA")];
    let page = manager.post("/desk/organisations/add", &taken).await.unwrap();
    assert!(page.says("There is another organisation RXB"), "{}", page.html);
    let new = [("code", "rxa1"), ("name", "Ward block"), ("parent", "RXA")];
    let page = sends(&mut manager, "/desk/organisations/add", &new).await;
    assert!(page.says("Ward block") && page.says("RXA1"), "{}", page.html);
}

#[tokio::test]
async fn p19_more_than_ten_unlocks_a_day_by_one_person_stand_on_the_managers_list_and_ten_do_not() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let holder = desk.on_paper("Asha Patel", "AB01").await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (_, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let (mia, mut manager) =
        desk.staff("Mia Manager", "AA02", Role::RaManager, "RXA").await.unwrap();
    let unlock = format!("/desk/holders/{holder}/card-unlock");
    let check = [("evidence", "passport"), ("place", "RA desk")];
    for _ in 0..10 {
        sends(&mut agent, &unlock, &check).await;
    }
    assert!(!manager.get("/desk/work").await.unwrap().says("Ben Agent let"));
    sends(&mut agent, &unlock, &check).await;
    let work = manager.get("/desk/work").await.unwrap();
    assert!(work.says("Ben Agent let 11 people unlock on 2 March 2026"), "{}", work.html);
    assert!(!agent.get("/desk/work").await.unwrap().says("Ben Agent let"));
    let counts = manager.get("/desk/unlock-counts?on=2026-03-02").await.unwrap();
    assert!(counts.says("Ben Agent") && counts.says("Yes: find out why"), "{}", counts.html);
    let mut later = Vec::new();
    for days in [6, 1] {
        desk.wait(Duration::days(days));
        let mut browser = desk.session_of(mia, Scope::Full).await.unwrap();
        later.push(browser.get("/desk/work").await.unwrap().says("Ben Agent let 11"));
    }
    assert_eq!(later, [true, false]);
}

#[tokio::test]
async fn p08_b41_who_has_compared_too_many_today_is_told_since_which_rule_until_when_and_who_can() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery(SAID)).await.unwrap();
    let (desk, holder) = (&scene.desk, scene.holder);
    desk.found_organisations().await.unwrap();
    desk.assign(holder, "RXA").await.unwrap();
    let (ben, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let key = counted_at_desk(ben);
    for _ in 0..CHECKS_A_DAY {
        assert!(takes(desk.app(), &key, CHECKS_A_DAY).await.unwrap());
    }
    let path = format!("/desk/holders/{holder}/recovery-passcode-check");
    let page = agent.post(&path, &[("passcode", SAID)]).await.unwrap();
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    for said in ["/rules/B-41", "3 March 2026", "Let a colleague compare it"] {
        assert!(page.says(said), "{said}: {}", page.html);
    }
    let path = format!("/api/desk/holders/{holder}/recovery-passcode-checks");
    let said = json!({"passcode": SAID});
    let (status, problem) = ask(&mut agent, Method::POST, &path, &said).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::TOO_MANY_REQUESTS, &json!("B-41")));
    assert_eq!(problem["changes_on"], json!("2026-03-03"));
}

#[tokio::test]
async fn p19_others_staff_takes_nobodys_place_among_those_who_let_people_unlock() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (ben, mut agent) = desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    let (_, mut other) = desk.staff("Nia Agent", "AA02", Role::RaAgent, "RXB").await.unwrap();
    let check = [("evidence", "passport"), ("place", "RA desk")];
    for (browser, serial, at, n) in [(&mut agent, "AB01", "RXA", 1), (&mut other, "AB02", "RXB", 2)]
    {
        let holder = desk.on_paper("Asha Patel", serial).await.unwrap();
        desk.assign(holder, at).await.unwrap();
        for _ in 0..n {
            sends(browser, &format!("/desk/holders/{holder}/card-unlock"), &check).await;
        }
    }
    let app = desk.app();
    app.catch_up().await.unwrap();
    let today = (desk.now() - Duration::hours(12), desk.now() + Duration::hours(12));
    let rxa = ["RXA".parse().unwrap()];
    // One line is asked for: that of an organisation's own staff, however busy others are.
    let counts = app.projections().staff_unlocks(today, Some(&rxa), 1, 1).await.unwrap();
    assert_eq!(counts.iter().map(|count| (count.staff, count.n)).collect::<Vec<_>>(), [(ben, 1)]);
    let more = app.projections().staff_unlocks(today, Some(&rxa), 2, 1).await.unwrap();
    assert_eq!(more, []);
}

#[tokio::test]
async fn b59_where_a_list_goes_on_is_nothing_that_somebody_can_write_himself() {
    let desk = Desk::open().await.unwrap();
    desk.found_organisations().await.unwrap();
    let (mia, mut manager) =
        desk.staff("Mia Manager", "AA02", Role::RaManager, "RXA").await.unwrap();
    let nil = uuid::Uuid::nil();
    let micros = desk.now().timestamp_micros();
    for path in [
        format!("/desk/staff?after={mia}.ra-manager.RXA"),
        format!("/desk/work?after={micros}.{nil}.account_locked"),
    ] {
        let page = manager.get(&path).await.unwrap();
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}: {}", page.html);
        let (status, _) =
            ask(&mut manager, Method::GET, &format!("/api{path}"), &serde_json::Value::Null).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}
