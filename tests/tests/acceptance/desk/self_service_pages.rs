//! Registering and unlocking as a browser sees it, where something came in between: what was typed is not lost, every
//! page is about what was begun, and every refusal says from when on, and leads on.

use axum::http::header;
use chrono::Duration;
use protocol::{JobId, ProblemSeen, Request, WriteOutcome};
use tests::desk::{
    agent::{Stop, update::Power},
    browser::Page,
    scene::{Scene, account_recovery},
    self_service::{ADDRESS, ANSWERS, WRONG, answers},
};

/// Minutes that a job waits.
const JOB_MINUTES: i64 = 10;

const QUESTIONS: &str = "/profile/register/questions";
const CHECK: &str = "/profile/register/check";

/// everything that is typed before the card is asked.
async fn type_registration(scene: &mut Scene) {
    let browser = &mut scene.browser;
    browser.post("/profile/register", &[]).await.unwrap();
    browser.post(QUESTIONS, &ANSWERS.map(|(question, _)| ("questions", question))).await.unwrap();
    for (number, (_, answer)) in ANSWERS.iter().enumerate() {
        let path = format!("/profile/register/answers/{}", number + 1);
        browser.post(&path, &[("answer", answer)]).await.unwrap();
    }
    let page = browser.post("/profile/register/email", &[("email", ADDRESS)]).await;
    assert_eq!(page.unwrap().location(), Some(CHECK));
}

/// R-04: *Confirm with your smartcard*.
async fn confirm(scene: &mut Scene) -> Page {
    scene.browser.post(CHECK, &[]).await.unwrap()
}

async fn get(scene: &mut Scene, path: &str) -> Page {
    scene.browser.get(path).await.unwrap()
}

/// The page to which this one leads at once.
async fn follow(scene: &mut Scene, path: &str) -> Page {
    let page = get(scene, path).await;
    let Some(location) = page.location() else { panic!("{path} leads nowhere: {}", page.html) };
    get(scene, location).await
}

fn path(job: JobId) -> String {
    format!("/jobs/{job}")
}

fn unlock(job: JobId) -> String {
    format!("/unlock/{job}")
}

async fn is_registered_and_locked() -> Scene {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    scene
}

#[tokio::test]
async fn r04_who_cancels_at_the_card_types_nothing_again_and_confirms_once_more() {
    let mut scene = Scene::logged_in().await.unwrap();
    type_registration(&mut scene).await;
    let first = confirm(&mut scene).await.job().unwrap();
    scene.agent.claim(first, scene.card.seen()).await.unwrap();
    scene.agent.abandon(first, ProblemSeen::Cancelled).await.unwrap();
    let cancelled = get(&mut scene, &path(first)).await;
    assert!(cancelled.says(CHECK) && cancelled.says("You cancelled"), "{}", cancelled.html);
    assert!(get(&mut scene, "/profile/register").await.says(CHECK));
    let check = get(&mut scene, CHECK).await;
    assert!(check.says(ADDRESS) && check.says("Answered"), "{}", check.html);

    let second = confirm(&mut scene).await.job().unwrap();
    assert_ne!(first, second);
    let code = scene.agent.finish(second, &mut scene.card, &scene.passcode).await.unwrap();
    let code_page = scene.browser.come_back(second, &code).await.unwrap();
    let code_page = get(&mut scene, code_page.location().unwrap()).await;
    assert!(code_page.says("Registration code"), "{}", code_page.html);
    // Now it is not needed any more. On the way back from the agent's page the browser does not send it.
    let gone = code_page.headers.get_all(header::SET_COOKIE).iter();
    let is_gone = |cookie: &str| cookie.contains("-draft=;") && cookie.contains("Max-Age=0");
    assert!(gone.map(|cookie| cookie.to_str().unwrap()).any(is_gone), "{:?}", code_page.headers);
    assert_eq!(get(&mut scene, CHECK).await.location(), Some("/profile/register"));
}

#[tokio::test]
async fn r04_a_registration_that_ran_out_of_time_at_the_card_leads_back_to_what_was_typed() {
    let mut scene = Scene::logged_in().await.unwrap();
    type_registration(&mut scene).await;
    let job = confirm(&mut scene).await.job().unwrap();
    scene.desk.wait(Duration::minutes(JOB_MINUTES));
    let page = get(&mut scene, &path(job)).await;
    assert!(page.says("You ran out of time") && page.says(CHECK), "{}", page.html);
    assert!(!page.says("has been deleted"));
    assert!(get(&mut scene, CHECK).await.says(ADDRESS));
}

#[tokio::test]
async fn b36_a_registration_too_soon_after_a_code_says_from_when_on_and_leads_back() {
    let mut scene = Scene::logged_in().await.unwrap();
    type_registration(&mut scene).await;
    let job = confirm(&mut scene).await.job().unwrap();
    scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    let refused = confirm(&mut scene).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("2 March 2026 at 9:01am") && refused.says(CHECK), "{}", refused.html);
}

#[tokio::test]
async fn r04_b36_what_the_card_is_refused_for_names_the_way_out() {
    let mut scene = Scene::logged_in().await.unwrap();
    type_registration(&mut scene).await;
    let jobs = [confirm(&mut scene).await.job().unwrap(), confirm(&mut scene).await.job().unwrap()];
    assert_ne!(jobs[0], jobs[1]);
    scene.agent.finish(jobs[0], &mut scene.card, &scene.passcode).await.unwrap();
    let refused = scene.agent.finish(jobs[1], &mut scene.card, &scene.passcode).await;
    let Err(Stop::Refused { message, .. }) = refused else { panic!("{refused:?}") };
    assert!(message.contains("ask for a code later"), "{message}");
}

#[tokio::test]
async fn b39_who_cancels_the_new_passcode_is_still_at_choosing_it() {
    let mut scene = is_registered_and_locked().await;
    let (flow, visit) = scene.pass().await.unwrap();
    scene.agent.up_to_opened(visit, &scene.card).await.unwrap();
    scene.agent.abandon(visit, ProblemSeen::Cancelled).await.unwrap();
    let page = get(&mut scene, &path(visit)).await;
    assert!(page.location().is_some_and(|way| way.starts_with(&unlock(flow.job))), "{page:?}");
    let page = follow(&mut scene, &path(visit)).await;
    assert!(page.says("Reset Smartcard Passcode") && page.says("You cancelled"), "{}", page.html);
    // Whose visit it was is not told to others, and another visit is not this one's.
    let other = format!("{}?visit={}", unlock(flow.job), flow.job);
    assert!(!get(&mut scene, &other).await.says("You cancelled"));
}

#[tokio::test]
async fn b39_a_visit_that_ran_out_of_time_leads_back_to_the_new_passcode_while_its_time_runs() {
    let mut scene = is_registered_and_locked().await;
    let (flow, visit) = scene.pass().await.unwrap();
    scene.desk.wait(Duration::minutes(JOB_MINUTES) - Duration::milliseconds(1));
    assert!(get(&mut scene, &path(visit)).await.says("Choose your new smartcard passcode"));
    scene.desk.wait(Duration::milliseconds(1));
    let page = get(&mut scene, &path(visit)).await;
    assert!(page.says("You ran out of time") && page.says(&unlock(flow.job)), "{}", page.html);
    assert!(!page.says("logging in"), "{}", page.html);
    assert!(get(&mut scene, &unlock(flow.job)).await.says("Choose your new passcode"));
    scene.desk.wait(Duration::minutes(5));
    assert!(get(&mut scene, &unlock(flow.job)).await.says("The time for this unlock is over"));
}

#[tokio::test]
async fn u04_an_unlock_whose_card_never_came_is_not_taken_for_a_log_in() {
    let mut scene = Scene::open().await.unwrap();
    let started = scene.browser.post("/unlock", &[("accept", "true")]).await.unwrap();
    let job = started.job().unwrap();
    scene.desk.wait(Duration::minutes(JOB_MINUTES));
    for page in [get(&mut scene, &path(job)).await, follow(&mut scene, &unlock(job)).await] {
        assert!(page.says("Start unlocking again") && !page.says("logging in"), "{}", page.html);
    }
    let mut other = scene.desk.browser();
    other.start_log_in().await.unwrap();
    assert_eq!(other.get(&path(job)).await.unwrap().status, 404);
    // Later nobody knows what it was, and nobody says so.
    scene.desk.wait(Duration::minutes(15));
    api::housekeeping::sweep(scene.desk.app()).await.unwrap();
    let page = get(&mut scene, &path(job)).await;
    assert!(page.says("You ran out of time") && !page.says("logging in"), "{}", page.html);
}

#[tokio::test]
async fn b28_a_visit_that_a_later_one_has_settled_leads_to_its_unlock() {
    for told in [None, Some(WriteOutcome::Unknown)] {
        let mut scene = is_registered_and_locked().await;
        let (flow, torn) = scene.pass().await.unwrap();
        let mut power = Power::until_after(4);
        let ended = scene.agent.unlock_with(torn, &mut scene.card, "Second02", &mut power).await;
        assert!(matches!(ended, Err(Stop::Torn)));
        if let Some(outcome) = told {
            scene.agent.ask(Request::Written { job: torn, outcome }).await;
            assert!(get(&mut scene, &path(torn)).await.says("We do not know yet"));
        }
        let later = scene.begin_passcode(&flow).await.unwrap();
        scene.agent.unlock(later, &mut scene.card, "Third003").await.unwrap();
        let page = follow(&mut scene, &path(torn)).await;
        assert!(page.says("Your smartcard is unlocked"), "{told:?}: {}", page.html);
    }
}

/// B-41: a wrong account recovery passcode, and the page that follows.
async fn wrong_recovery(scene: &mut Scene) -> Page {
    let flow = scene.start_unlock().await.unwrap();
    let path = format!("{}/recovery-passcode", unlock(flow.job));
    let page = scene.browser.post(&path, &[("recovery_passcode", WRONG)]).await.unwrap();
    get(scene, page.location().unwrap()).await
}

#[tokio::test]
async fn b41_the_third_wrong_account_recovery_passcode_is_said_to_be_blocked_and_what_else_there_is()
 {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.change(&account_recovery("Recover1")).await.unwrap();
    scene.register_for_self_service().await.unwrap();
    scene.lock_card();
    for _ in 0..2 {
        let page = wrong_recovery(&mut scene).await;
        assert!(page.says("was not right") && !page.says("blocked"), "{}", page.html);
    }
    let page = wrong_recovery(&mut scene).await;
    assert!(page.says("blocked") && page.says("security questions"), "{}", page.html);
    assert!(page.says("registration authority"), "{}", page.html);
}

#[tokio::test]
async fn b37_my_profile_says_until_when_unlocking_is_paused() {
    let mut scene = Scene::registered().await.unwrap();
    let flow = scene.start_unlock().await.unwrap();
    scene.answer(&flow, true).await.unwrap();
    let path = format!("{}/code", unlock(flow.job));
    for number in 1..=3 {
        for _ in 0..5 {
            scene.browser.post(&path, &[("code", "22222222")]).await.unwrap();
        }
        if number < 3 {
            scene.desk.wait(Duration::seconds(61));
            let codes = format!("{}/codes", unlock(flow.job));
            scene.browser.post(&codes, &[]).await.unwrap();
        }
    }
    scene.log_in().await.unwrap();
    let until = "4 March 2026 at 9:03am";
    let page = get(&mut scene, "/profile").await;
    assert!(page.says("Paused") && page.says(until), "{}", page.html);
    assert!(!page.says("unlock it yourself"), "{}", page.html);
}

#[tokio::test]
async fn b36_a_minute_that_is_shown_is_one_in_which_a_code_can_be_sent() {
    let mut scene = Scene::logged_in().await.unwrap();
    scene.desk.wait(Duration::seconds(10));
    let flow = scene.begin_registration(Some(&answers()), ADDRESS).await;
    let page = get(&mut scene, &format!("/profile/register/{}", flow.unwrap().job)).await;
    assert!(page.says("from 9:02am"), "{}", page.html);
}
