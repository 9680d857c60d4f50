//! The same system over PostgreSQL: what holders do works there, what is due is done, what is shown is what
//! the log makes of it.

use chrono::Duration;
use domain::holder::HolderEvent;
use tests::desk::{
    Desk,
    scene::{FIRST_PASSCODE, Scene, verification},
};

async fn scene() -> Scene {
    Scene::at(Desk::open_on_postgres().await.unwrap(), FIRST_PASSCODE).await.unwrap()
}

#[tokio::test]
async fn a_holder_logs_in_changes_his_passcodes_unlocks_his_card_and_finds_it_all_in_his_ledger() {
    let mut scene = scene().await;
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    scene.change_smartcard("Second02", &verification("Verify88")).await.unwrap();
    scene.log_in().await.unwrap();
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::days(1));
    scene.lock_card();
    scene.unlock("Third003").await.unwrap();
    assert_eq!(scene.card.tries_left(), 3);
    scene.passcode = "Third003".to_owned();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    let ledger = scene.desk.ledger(scene.holder).await.unwrap();
    for said in [
        "You set a new verification passcode",
        "You set a new smartcard passcode by unlocking your smartcard",
    ] {
        assert!(ledger.iter().any(|entry| entry.contains(said)), "{said}: {ledger:?}");
    }
}

#[tokio::test]
async fn a_year_of_neglect_locks_the_account_and_what_is_shown_is_what_a_rebuild_makes() {
    let scene = scene().await;
    let app = scene.desk.app();
    for _ in 0..390 {
        scene.desk.wait(Duration::days(1));
        while app.engine().tick(app.now()).await.unwrap().more {}
    }
    let lived = scene.desk.events(scene.holder).await.unwrap();
    assert!(matches!(lived.last(), Some(HolderEvent::AccountLocked { .. })), "{lived:?}");
    app.catch_up().await.unwrap();
    let before = app.projections().digests().await.unwrap();
    app.projections().rebuild(&*app.stores().log).await.unwrap();
    assert_eq!(app.projections().digests().await.unwrap(), before);
    let standing = app.engine().standing(app.now()).await.unwrap();
    app.engine().rebuild().await.unwrap();
    assert_eq!(app.engine().standing(app.now()).await.unwrap(), standing);
}

#[tokio::test]
async fn a_card_is_unlocked_and_logs_in_where_the_file_was_moved_into_the_server() {
    let mut scene = Scene::registered().await.unwrap();
    let (log, shown) = (scene.desk.head().await.unwrap(), scene.desk.ledger(scene.holder).await);
    let (desk, moved) = scene.desk.move_to_postgres(1_000_000).await.unwrap();
    assert_eq!(moved.n_events, log.0);
    assert!(0 < moved.n_others);
    assert_eq!(desk.ledger(scene.holder).await.unwrap(), shown.unwrap());
    scene.agent = desk.connect(scene.agent.id(), "ward 3").await.unwrap();
    scene.browser = desk.browser();
    scene.desk = desk;
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    scene.lock_card();
    scene.unlock("Second02").await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}
