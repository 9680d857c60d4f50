//! B-19: a forced renewal that fails for technical reasons is put off where policy allows it: twice, each time after a
//! failure of that day, and never a third time.

use axum::http::StatusCode;
use chrono::Duration;
use domain::policy::Policy;
use protocol::ProblemSeen;
use tests::desk::{
    Desk,
    browser::Page,
    scene::{FIRST_PASSCODE, Scene},
};

/// Where *Not now* goes.
const DEFER: &str = "/certificates/defer";

/// A holder who has to renew his certificates, under a policy with this switch.
async fn forced(technical_deferral: bool) -> Scene {
    let desk = Desk::open_under(Policy { technical_deferral, ..Policy::seed() }).await.unwrap();
    let mut scene = Scene::at(desk, FIRST_PASSCODE).await.unwrap();
    scene.grow_old(15, "Second02").await.unwrap();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    scene
}

/// A try at the renewal in which the card reader fails.
async fn fails(scene: &mut Scene) {
    let job = scene.start_renewal().await.unwrap();
    scene.agent.claim(job, scene.card.seen()).await.unwrap();
    scene.agent.abandon(job, ProblemSeen::CardFault).await.unwrap();
}

async fn defer(scene: &mut Scene) -> Page {
    scene.browser.post(DEFER, &[]).await.unwrap()
}

#[tokio::test]
async fn b19_a_forced_renewal_that_failed_is_put_off_twice_for_12_hours_and_the_third_deferral_is_refused()
 {
    let mut scene = forced(true).await;
    for _ in 0..2 {
        let early = defer(&mut scene).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", early.html);
        fails(&mut scene).await;
        assert_eq!(defer(&mut scene).await.location(), Some("/home"));
        assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::OK);
        scene.desk.wait(Duration::hours(11));
        scene.agent.sees(Some(&scene.card)).await.unwrap();
        assert_ne!(scene.log_in().await.unwrap().location(), Some("/renewal"));
        // The next day, so that yesterday's failure is none.
        scene.desk.wait(Duration::hours(13));
        scene.agent.sees(Some(&scene.card)).await.unwrap();
        assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    }
    fails(&mut scene).await;
    let third = defer(&mut scene).await;
    assert_eq!(third.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", third.html);
    assert!(third.says("as often as is allowed"), "{}", third.html);
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    scene.renew().await.unwrap();
}

#[tokio::test]
async fn b19_without_the_switch_nothing_is_put_off() {
    let mut scene = forced(false).await;
    fails(&mut scene).await;
    let refused = defer(&mut scene).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.html);
}
