//! A PUK that an agent was given is worth nothing soon after: it is replaced in the same job, or first thing in the next.

use chrono::Duration;
use domain::card::Puk;
use protocol::{Answer, Bytes, JobId, PukFound, PukPlan, Request};
use tests::desk::{
    Desk,
    agent::{Stop, unlock::Released},
    faulty_log::Fault,
    scene::{FIRST_PASSCODE, Scene},
};

async fn puk(scene: &Scene) -> Puk {
    scene.desk.holder(scene.holder).await.unwrap().puk()
}

/// Where an agent drops the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// It has the PUKs, and does nothing with them.
    Released,
    /// The card has its next PUK; nobody is told.
    Changed,
}

/// An unlock up to the right to write, for whoever goes on by himself.
async fn may_write(scene: &mut Scene, new: &str) -> JobId {
    let (_, job) = scene.pass().await.unwrap();
    let terms = scene.agent.up_to_opened(job, &scene.card).await.unwrap();
    let tag = scene.agent.tag(job, &terms, new).await.unwrap();
    let answer = scene.agent.ask(Request::NewTag { job, tag }).await;
    assert!(matches!(answer, Answer::Write), "{answer:?}");
    job
}

/// A locked card, and an unlock of it that stops there.
async fn torn(until: Until) -> Scene {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    let job = may_write(&mut scene, "Second02").await;
    let released = scene.agent.take_puk(job, &scene.card.serial).await.unwrap();
    let Released::Replace { from, to, .. } = released else { panic!("{released:?}") };
    if until == Until::Changed {
        scene.card.change_puk(&from, &to).unwrap();
    }
    scene
}

#[tokio::test]
async fn u01_an_agent_that_takes_the_puk_and_drops_the_line_leaves_it_exposed_and_the_next_unlock_replaces_it()
 {
    for until in [Until::Released, Until::Changed] {
        let mut scene = torn(until).await;
        assert!(puk(&scene).await.is_exposed(), "{until:?}");
        let known_to_agent = scene.card.puk().to_owned();
        scene.desk.wait(Duration::minutes(2));
        scene.unlock("Third003").await.unwrap();
        assert!(!puk(&scene).await.is_exposed());
        assert_ne!(scene.card.puk().to_owned(), known_to_agent);
        assert!(scene.card.n_wrong_puks() <= 1, "{until:?}");
        assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
    }
}

#[tokio::test]
async fn u01_a_log_in_replaces_an_exposed_puk_too_once_its_holder_has_agreed() {
    for until in [Until::Released, Until::Changed] {
        let mut scene = torn(until).await;
        // The card is unlocked in some other way; what an agent knows of it is exposed still.
        scene.card.set_passcode("First001");
        let exposed = scene.card.puk().to_owned();
        let job = scene.browser.start_log_in().await.unwrap();
        let held = scene.agent.claim(job, scene.card.seen()).await.unwrap();
        assert!(held.granted.heal_puk);
        let early = scene.agent.take_puk(job, &scene.card.serial).await;
        assert!(matches!(early, Err(Stop::Refused { .. })), "{early:?}");
        scene.log_in().await.unwrap();
        assert!(!puk(&scene).await.is_exposed(), "{until:?}");
        assert_ne!(scene.card.puk().to_owned(), exposed);
        assert!(scene.card.n_wrong_puks() <= 1, "{until:?}");
        let job = scene.browser.start_log_in().await.unwrap();
        let held = scene.agent.claim(job, scene.card.seen()).await.unwrap();
        assert!(!held.granted.heal_puk);
    }
}

#[tokio::test]
async fn u01_a_card_that_is_torn_again_while_it_is_asked_costs_one_wrong_try_at_most() {
    // The card has the new one; whoever asks is torn away after each first question.
    let mut scene = torn(Until::Changed).await;
    scene.desk.wait(Duration::minutes(2));
    let job = may_write(&mut scene, "Third003").await;
    let released = scene.agent.take_puk(job, &scene.card.serial).await.unwrap();
    let Released::Find { first, .. } = released else { panic!("{released:?}") };
    scene.card.change_puk(&first, &first).ok();
    let wrong = scene.card.n_wrong_puks();
    // Nobody is told. The next one begins with the other.
    scene.desk.wait(Duration::minutes(2));
    scene.unlock("Fourth04").await.unwrap();
    assert!(wrong <= 1 && scene.card.n_wrong_puks() <= 1, "{}", scene.card.n_wrong_puks());
}

#[tokio::test]
async fn u01_no_puk_is_released_before_the_unlock_has_passed_or_to_another_agent() {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    let flow = scene.start_unlock().await.unwrap();
    let refused = |answer: &Answer| matches!(answer, Answer::Refused { .. });
    let take = |job: JobId| Request::TakePuk { job, key: Bytes(vec![9; 32]) };
    assert!(refused(&scene.agent.ask(take(flow.job)).await));
    scene.pass_questions(&flow).await.unwrap();
    assert!(refused(&scene.agent.ask(take(flow.job)).await));
    let job = scene.begin_passcode(&flow).await.unwrap();
    assert!(refused(&scene.agent.ask(take(job)).await));
    let terms = scene.agent.up_to_opened(job, &scene.card).await.unwrap();
    assert!(refused(&scene.agent.ask(take(job)).await));
    let tag = scene.agent.tag(job, &terms, "Second02").await.unwrap();
    scene.agent.ask(Request::NewTag { job, tag }).await;
    let other = scene.desk.agent("ward 4").await.unwrap();
    assert!(refused(&other.ask(take(job)).await));
    let found = Request::PukFound { job, step: 1, which: PukFound::First };
    assert!(refused(&scene.agent.ask(found).await));
    assert!(!puk(&scene).await.is_exposed());
    assert!(matches!(scene.agent.ask(take(job)).await, Answer::Puk(PukPlan::Replace { .. })));
    assert!(puk(&scene).await.is_exposed());
}

#[tokio::test]
async fn u01_an_agent_that_sends_no_key_gets_no_puk() {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    let job = may_write(&mut scene, "Second02").await;
    for key in [Vec::new(), vec![0; 32], vec![1; 33]] {
        let answer = scene.agent.ask(Request::TakePuk { job, key: key.into() }).await;
        assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn u01_a_server_that_is_lost_at_any_append_about_the_puk_leaves_no_card_that_nobody_can_unlock()
 {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        for place in 0..3 {
            let mut scene = Scene::registered().await.unwrap();
            scene.lock_card();
            let (_, job) = scene.pass().await.unwrap();
            scene.desk.faults().after("holder", place, fault);
            let first = scene.agent.unlock(job, &mut scene.card, "Second02").await;
            let known = scene.card.verify("Second02").is_ok();
            assert!(first.is_err() || known, "{fault:?} {place}");
            scene.desk.wait(Duration::minutes(2));
            scene.unlock("Third003").await.unwrap();
            assert!(!puk(&scene).await.is_exposed(), "{fault:?} {place}");
            assert!(scene.card.n_wrong_puks() <= 1, "{fault:?} {place}");
            assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
        }
    }
}

#[tokio::test]
async fn u01_a_card_from_before_puks_were_on_record_can_be_unlocked_after_its_next_log_in() {
    let desk = Desk::open().await.unwrap();
    desk.faults().leave_out(Some("PukRecorded"));
    let mut scene = Scene::at(desk, FIRST_PASSCODE).await.unwrap();
    scene.desk.faults().leave_out(None);
    assert_eq!(puk(&scene).await, Puk::Unknown);
    // Whether it is put on record or not, he is let in.
    for recorded in [false, true] {
        if !recorded {
            scene.desk.faults().next("holder", Fault::LostBefore);
        }
        assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
        assert_eq!(matches!(puk(&scene).await, Puk::Known(_)), recorded);
    }
    let head = scene.desk.head().await.unwrap();
    scene.log_in().await.unwrap();
    assert_eq!(scene.desk.head().await.unwrap(), head);
    scene.register_for_self_service().await.unwrap();
    scene.desk.wait(Duration::days(1));
    scene.lock_card();
    scene.unlock("Second02").await.unwrap();
    assert!(scene.card.verify("Second02").is_ok());
}

#[tokio::test]
async fn u01_a_puk_that_was_never_released_is_gone_after_a_day_and_those_on_record_stay() {
    let mut scene = Scene::registered().await.unwrap();
    scene.lock_card();
    let job = may_write(&mut scene, "Second02").await;
    scene.desk.faults().next("holder", Fault::LostBefore);
    assert!(scene.agent.take_puk(job, &scene.card.serial).await.is_err());
    let app = scene.desk.app().clone();
    let swept = async |at| {
        let stores = app.stores();
        stores.vault.sweep(stores.log.as_ref(), at, 100).await.unwrap().n_deleted
    };
    let released_at = scene.desk.now();
    scene.desk.wait(Duration::minutes(2));
    scene.unlock("Third003").await.unwrap();
    assert_eq!(swept(released_at + Duration::days(1) - Duration::milliseconds(1)).await, 0);
    // The PUK, and the tag of the passcode that was to be written then.
    assert_eq!(swept(released_at + Duration::days(1)).await, 2);
    assert_eq!(swept(released_at + Duration::days(9)).await, 0);
    scene.desk.wait(Duration::days(9));
    scene.lock_card();
    scene.unlock("Fourth04").await.unwrap();
}
