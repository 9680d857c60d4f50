//! Several processes over one PostgreSQL database: some that serve, without any key for cards, and some that
//! work, to which the card agents are connected.

use std::time::Duration;

use api::{database::Database, news, policies::Next, role::Role};
use axum::http::StatusCode;
use chrono::Duration as Days;
use domain::policy::Policy;
use stores::session::EndReason;
use tests::desk::{
    Desk,
    browser::Browser,
    scene::{FIRST_PASSCODE, Scene, verification},
};
use workflows::commands::{Actor, Cause};

/// How long a test waits for something that happens in the background.
const SOON: Duration = Duration::from_secs(20);

/// A holder whose browser is at a process that serves, and whose card's agent is connected to one that works.
struct Split {
    scene: Scene,
    work: Desk,
}

async fn split() -> Split {
    let work = Desk::open_on_postgres().await.unwrap();
    let serve = work.beside(Role::Serve, 1_000_000).await.unwrap();
    let mut scene = Scene::at(work, FIRST_PASSCODE).await.unwrap();
    scene.browser = serve.browser();
    let work = std::mem::replace(&mut scene.desk, serve);
    Split { scene, work }
}

async fn is_over(browser: &mut Browser) {
    let over = async {
        while browser.is_logged_in().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, over).await.unwrap();
}

#[tokio::test]
async fn a_holder_does_everything_in_a_portal_that_opens_no_key_for_cards() {
    let Split { mut scene, work } = split().await;
    assert!(scene.desk.app().cards_authority().is_err());
    assert!(scene.desk.app().agents_authority().is_err());
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    scene.change_smartcard("Second02", &verification("Verify88")).await.unwrap();
    scene.log_in().await.unwrap();
    scene.register_for_self_service().await.unwrap();
    for desk in [&scene.desk, &work] {
        desk.app().catch_up().await.unwrap();
    }
    work.wait(Days::days(1));
    scene.lock_card();
    scene.unlock("Third003").await.unwrap();
    scene.passcode = "Third003".to_owned();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    let home = scene.browser.get("/home").await.unwrap();
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.says("Latchkey Virtual Reader"), "{}", home.html);
}

#[tokio::test]
async fn p05_a_card_pulled_at_one_process_ends_the_session_that_another_has_opened() {
    let Split { mut scene, work: _work } = split().await;
    scene.log_in().await.unwrap();
    scene.agent.sees(None).await.unwrap();
    is_over(&mut scene.browser).await;
}

#[tokio::test]
async fn p05_a_card_pulled_before_its_log_in_came_back_to_another_process_opens_nothing() {
    let Split { mut scene, work: _work } = split().await;
    let job = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(job, &mut scene.card, &scene.passcode).await.unwrap();
    scene.agent.sees(None).await.unwrap();
    let page = scene.browser.come_back(job, &code).await.unwrap();
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("P-05"), "{}", page.html);
}

#[tokio::test]
async fn a_session_stays_where_its_agent_dials_another_process_and_ends_if_the_card_was_pulled_between()
 {
    let Split { mut scene, work } = split().await;
    let other = work.beside(Role::Work, 2_000_000).await.unwrap();
    scene.log_in().await.unwrap();
    scene.agent.redial_at(other.app()).await.unwrap();
    work.app().agents().keep().await.unwrap();
    assert_eq!((work.app().agents().n_held(), other.app().agents().n_held()), (0, 1));
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    api::housekeeping::end_lost(work.app(), None).await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
    scene.agent.redial_at(work.app()).await.unwrap();
    scene.agent.sees(None).await.unwrap();
    is_over(&mut scene.browser).await;
}

#[tokio::test]
async fn an_agent_that_is_revoked_at_one_process_loses_its_connection_to_another() {
    let Split { scene, work } = split().await;
    let other = work.beside(Role::Work, 2_000_000).await.unwrap();
    let (agent, now) = (scene.agent.id(), work.now());
    assert!(other.app().stores().agents.revoke(agent, now).await.unwrap());
    other.app().agents().hang_up(agent).await.unwrap();
    let ended = other.app().stores().sessions.end_of_agent(agent, EndReason::AgentRevoked, now);
    ended.await.unwrap();
    assert_eq!(work.app().agents().agent(agent).await.unwrap(), None);
    work.app().agents().keep().await.unwrap();
    assert_eq!(work.app().agents().n_held(), 0);
}

#[tokio::test]
async fn b14_a_version_that_one_process_publishes_is_what_all_others_go_by() {
    let Split { scene, work } = split().await;
    let (serve, other) = (&scene.desk, work.beside(Role::Work, 2_000_000).await.unwrap());
    let cause = || Cause::first(serve.app().entropy().command_id(serve.now()));
    let next = |days| {
        let from = serve.now().date_naive() + Days::days(days);
        let policy = Policy { passcode_days: 300, ..Policy::seed() };
        Next { from, policy, after: None }
    };
    let publish = |desk: &Desk, days| {
        let (app, next) = (desk.app().clone(), next(days));
        let cause = cause();
        async move { app.publish_policy(Actor::Operator, cause, next, "shorter lives").await }
    };
    assert_eq!(publish(serve, 2).await.unwrap(), 2);
    // Whoever publishes knows of the others' versions, whatever it was told until then.
    assert_eq!(publish(&other, 3).await.unwrap(), 3);
    for desk in [serve, &work, &other] {
        news::hear(desk.app()).await.unwrap();
        assert_eq!(desk.app().policies().latest().version, 3);
    }
}

#[tokio::test]
async fn b14_an_engine_that_has_not_heard_of_a_version_by_which_another_works_reads_it_first() {
    let Split { scene, work } = split().await;
    let other = work.beside(Role::Work, 2_000_000).await.unwrap();
    work.app().engine().tick(work.now()).await.unwrap();
    let from = work.now().date_naive() + Days::days(1);
    let next = Next { from, policy: Policy { passcode_days: 300, ..Policy::seed() }, after: None };
    let cause = Cause::first(work.app().entropy().command_id(work.now()));
    work.app().publish_policy(Actor::Operator, cause, next, "shorter").await.unwrap();
    // Its wake-ups are of the new version; the other process has been told nothing.
    work.app().engine().tick(work.now()).await.unwrap();
    other.app().engine().tick(other.now()).await.unwrap();
    let standing = work.app().engine().standing(work.now()).await.unwrap();
    work.app().engine().rebuild().await.unwrap();
    assert_eq!(work.app().engine().standing(work.now()).await.unwrap(), standing);
    drop(scene);
}

#[tokio::test]
async fn servers_share_a_database_and_a_command_has_it_for_itself_or_not_at_all() {
    let first = Desk::open_on_postgres().await.unwrap();
    let config = first.app().config().clone();
    let refused = async |config| Database::of_command(config).await.unwrap_err().to_string();
    let second = Database::of_server(&config).await.unwrap();
    assert!(refused(&config).await.contains("another Latchkey has this database"));
    drop(first);
    assert!(refused(&config).await.contains("another Latchkey has this database"));
    drop(second);
    let alone = Database::of_command(&config).await.unwrap();
    let server = Database::of_server(&config).await.unwrap_err().to_string();
    assert!(server.contains("a command has this database for itself"), "{server}");
    drop(alone);
    assert!(Database::of_server(&config).await.is_ok());
}
