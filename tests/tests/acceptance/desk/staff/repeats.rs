//! What a browser sends twice is one act: a reload, a double click, *Back*.

use axum::http::StatusCode;
use domain::{desk::DeskEvent, holder::HolderEvent, ids::HolderId, staff::Role};
use tests::desk::{
    Desk,
    browser::{Browser, Page},
    scene::{Scene, account_recovery},
};

const SAID: &str = "Recov-uJ6fXk";

/// A holder of St Ebba's with an account recovery passcode, and somebody of the staff there.
async fn scene() -> (Scene, Browser) {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery(SAID)).await.unwrap();
    scene.desk.found_organisations().await.unwrap();
    scene.desk.assign(scene.holder, "RXA").await.unwrap();
    let (_, agent) = scene.desk.staff("Ben Agent", "AA01", Role::RaAgent, "RXA").await.unwrap();
    (scene, agent)
}

/// Opens a form and sends it twice, filled in so: what came of each.
async fn twice(browser: &mut Browser, path: &str, filled_in: &[(&str, &str)]) -> [Page; 2] {
    let form = browser.get(path).await.unwrap();
    let number = form.field("form").unwrap().to_owned();
    let sent: Vec<_> = filled_in.iter().copied().chain([("form", number.as_str())]).collect();
    [browser.post(path, &sent).await.unwrap(), browser.post(path, &sent).await.unwrap()]
}

async fn n_of(desk: &Desk, holder: HolderId, is_it: impl Fn(&DeskEvent) -> bool) -> usize {
    let events = desk.events(holder).await.unwrap();
    let is_it = |event: &&HolderEvent| matches!(event, HolderEvent::Desk(event) if is_it(event));
    events.iter().filter(is_it).count()
}

fn is_check(event: &DeskEvent) -> bool {
    matches!(event, DeskEvent::PasscodeChecked { .. })
}

#[tokio::test]
async fn p08_b41_a_check_that_is_sent_again_is_told_the_same_and_costs_no_second_try() {
    let (scene, mut agent) = scene().await;
    let path = format!("/desk/holders/{}/recovery-passcode-check", scene.holder);
    for page in twice(&mut agent, &path, &[("passcode", "Recov-other1")]).await {
        assert!(page.says("It is no match"), "{}", page.html);
    }
    assert_eq!(n_of(&scene.desk, scene.holder, is_check).await, 1);
    for page in twice(&mut agent, &path, &[("passcode", SAID)]).await {
        assert!(page.says("It is a match"), "{}", page.html);
    }
    assert_eq!(n_of(&scene.desk, scene.holder, is_check).await, 2);
}

#[tokio::test]
async fn p08_b41_who_goes_back_and_types_something_else_has_it_compared() {
    let (scene, mut agent) = scene().await;
    let path = format!("/desk/holders/{}/recovery-passcode-check", scene.holder);
    let form = agent.get(&path).await.unwrap();
    let number = form.field("form").unwrap().to_owned();
    for (said, told) in [("Recov-other1", "It is no match"), (SAID, "It is a match")] {
        let page = agent.post(&path, &[("passcode", said), ("form", &number)]).await.unwrap();
        assert!(page.says(told), "{}", page.html);
    }
}

#[tokio::test]
async fn p08_b57_what_is_done_for_a_caller_is_done_once() {
    let (scene, mut agent) = scene().await;
    let path = format!("/desk/holders/{}/caller", scene.holder);
    let sent = [("passcode", SAID), ("act", "suspected")];
    for page in twice(&mut agent, &path, &sent).await {
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    }
    let is_suspended = |event: &DeskEvent| matches!(event, DeskEvent::CertificatesSuspended { .. });
    assert_eq!(n_of(&scene.desk, scene.holder, is_check).await, 1);
    assert_eq!(n_of(&scene.desk, scene.holder, is_suspended).await, 1);
}

#[tokio::test]
async fn b57_a_loss_that_is_sent_twice_is_confirmed_twice_and_recorded_once() {
    let (scene, mut agent) = scene().await;
    let path = format!("/desk/holders/{}/report-lost", scene.holder);
    let now = scene.desk.now().with_timezone(&scene.desk.app().policy().zone);
    let parts = ["%d", "%m", "%Y", "%H:%M"].map(|format| now.format(format).to_string());
    let [day, month, year, time] = parts.each_ref().map(String::as_str);
    let sent = [
        ("loss", "lost"),
        ("lost[day]", day),
        ("lost[month]", month),
        ("lost[year]", year),
        ("time", time),
    ];
    for page in twice(&mut agent, &path, &sent).await {
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let done = agent.get(page.location().unwrap()).await.unwrap();
        assert!(done.says("The smartcard is out of use"), "{}", done.html);
    }
    let is_lost = |event: &DeskEvent| matches!(event, DeskEvent::CardReportedLost { .. });
    assert_eq!(n_of(&scene.desk, scene.holder, is_lost).await, 1);
}

#[tokio::test]
async fn p03_a_person_whose_registration_is_sent_twice_is_one_person_with_one_job() {
    let (scene, mut agent) = scene().await;
    let sent = [
        ("name", "Noor Rahman"),
        ("email", "noor@example.org"),
        ("organisation", "RXA"),
        ("evidence", "passport"),
        ("place", "RA desk"),
    ];
    let [first, second] = twice(&mut agent, "/desk/register", &sent).await;
    assert_eq!(first.job().unwrap(), second.job().unwrap());
    // Long after, the form is shown once more, with what was typed, and nothing is begun.
    let form = agent.get("/desk/register").await.unwrap();
    let number = form.field("form").unwrap().to_owned();
    let sent: Vec<_> = sent.into_iter().chain([("form", number.as_str())]).collect();
    agent.post("/desk/register", &sent).await.unwrap().job().unwrap();
    scene.desk.wait(chrono::Duration::minutes(10));
    let page = agent.post("/desk/register", &sent).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(page.says("Noor Rahman") && page.field("form") != Some(number.as_str()));
}

#[tokio::test]
async fn b42_b58_b59_what_was_not_done_is_not_confirmed() {
    let (scene, _) = scene().await;
    let (_, mut manager) =
        scene.desk.staff("Mia Manager", "AA02", Role::RaManager, "RXA").await.unwrap();
    let record = format!("/desk/holders/{}", scene.holder);
    for what in ["contact", "organisations", "roles"] {
        let page = manager.get(&format!("{record}/done/{what}")).await.unwrap();
        assert_eq!(page.location(), Some(record.as_str()), "{what}: {}", page.html);
    }
    // The person has that role already: nothing is done by granting it once more.
    let role = [("role", "sponsor"), ("organisation", "RXA")];
    for told in [true, false] {
        let page = manager.post(&format!("{record}/grant-role"), &role).await.unwrap();
        let done = manager.get(page.location().unwrap()).await.unwrap();
        assert_eq!(done.says("What the person may do as staff is changed"), told);
    }
}
