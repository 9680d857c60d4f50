//! An account that was left to lock: nobody gets in, and everybody is told where to go.

use axum::http::StatusCode;
use chrono::Duration;
use domain::{holder::HolderEvent, logon::LogonRefusal};
use tests::desk::scene::Scene;

#[tokio::test]
async fn p18_p19_a_log_in_on_day_385_is_restricted_and_on_day_386_a_dead_end() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(385));
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene.desk.wait(Duration::days(1));
    let page = scene.log_in().await.unwrap();
    assert_eq!(page.status, StatusCode::LOCKED);
    for part in [
        "Your account is locked",
        "since 23 March 2027",
        "Last changed on 2 March 2026",
        "Visit the registration authority",
        "href=\"/help/account-locked\"",
    ] {
        assert!(page.says(part), "{part}: {}", page.html);
    }
    assert!(!page.says("href=\"/log-in\"") && !page.says("<form"), "{}", page.html);
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

/// Nothing ran that would have recorded the lock on its day.
#[tokio::test]
async fn b08_a_lock_that_nobody_recorded_holds_all_the_same_and_is_recorded_from_its_day() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(400));
    for _ in 0..2 {
        assert_eq!(scene.log_in().await.unwrap().status, StatusCode::LOCKED);
    }
    let events = scene.desk.events(scene.holder).await.unwrap();
    let lock = |event: &HolderEvent| {
        let HolderEvent::AccountLocked { effective_from, on, .. } = event else { return None };
        Some((effective_from.to_string(), on.to_string()))
    };
    let locked: Vec<_> = events.iter().filter_map(lock).collect();
    assert_eq!(locked, [("2027-03-23".to_owned(), "2027-04-06".to_owned())]);
    let turned_away = HolderEvent::LogonRefused { reason: LogonRefusal::AccountLocked };
    assert_eq!(events.iter().filter(|event| **event == turned_away).count(), 2);
    assert!(!events.iter().any(|event| matches!(event, HolderEvent::AlertRaised { .. })));
}

#[tokio::test]
async fn p19_the_ledger_remembers_only_so_many_log_ins_to_a_locked_account_a_day() {
    let mut scene = Scene::open().await.unwrap();
    scene.desk.wait(Duration::days(400));
    let most = usize::try_from(api::log_in::LOCKED_NOTED_A_DAY).unwrap();
    for _ in 0..most + 2 {
        scene.log_in().await.unwrap();
    }
    let events = scene.desk.events(scene.holder).await.unwrap();
    let noted = events.iter().filter(|event| matches!(event, HolderEvent::LogonRefused { .. }));
    assert_eq!(noted.count(), most);
}
