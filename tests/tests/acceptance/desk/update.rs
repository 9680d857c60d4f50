//! *Update My Card* with an agent that is gone at any step, or that lies.

use domain::holder::HolderEvent;
use protocol::{JobId, Slot, Write};
use tests::desk::{
    agent::{Stop, update::Power},
    scene::Scene,
};

const PASSCODE: &str = "Second02";

/// A holder who has logged in with 25 days left.
async fn in_window() -> Scene {
    let mut scene = Scene::open().await.unwrap();
    scene.grow_old(25, PASSCODE).await.unwrap();
    scene.log_in().await.unwrap();
    scene
}

async fn n_renewals(scene: &Scene) -> usize {
    let events = scene.desk.events(scene.holder).await.unwrap();
    events.iter().filter(|event| matches!(event, HolderEvent::CertificatesRenewed { .. })).count()
}

/// Both slots of the card hold what is on record.
async fn assert_renewed_once(scene: &Scene) {
    assert_eq!(n_renewals(scene).await, 1);
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let keys = &holder.card().unwrap().keys;
    let on_card = |slot| scene.card.public_key(slot).unwrap();
    assert_eq!(keys.authentication.der(), on_card(Slot::Authentication));
    assert_eq!(keys.signature.der(), on_card(Slot::Signature));
    assert!(holder.card_update().is_none());
    assert_eq!(scene.card.tries_left(), 3);
}

#[tokio::test]
async fn c09_a_holder_renews_both_certificates_and_logs_in_with_the_new_key() {
    let mut scene = in_window().await;
    let old = scene.card.public_key(Slot::Authentication).unwrap();
    let page = scene.renew().await.unwrap();
    assert!(page.says("Continue"), "{}", page.html);
    assert_ne!(scene.card.public_key(Slot::Authentication).unwrap(), old);
    assert_renewed_once(&scene).await;
    assert!(!scene.browser.is_logged_in().await.unwrap());
    scene.log_in().await.unwrap();
    assert!(scene.browser.is_logged_in().await.unwrap());
}

async fn torn(scene: &mut Scene, power: &mut Power) -> (JobId, Result<protocol::Secret, Stop>) {
    let job = scene.start_renewal().await.unwrap();
    let ended = scene.agent.update_with(job, &mut scene.card, PASSCODE, power).await;
    (job, ended)
}

#[tokio::test]
async fn b55_an_agent_that_is_gone_at_any_step_is_followed_by_one_that_finishes_it() {
    let mut scene = in_window().await;
    let mut whole = Power::enough();
    torn(&mut scene, &mut whole).await.1.unwrap();
    for n in 0..whole.taken() {
        for mut power in [Power::until_before(n), Power::until_after(n)] {
            let mut scene = in_window().await;
            let (_, ended) = torn(&mut scene, &mut power).await;
            assert!(matches!(ended, Err(Stop::Torn)), "{power:?}: {ended:?}");
            // Elsewhere: another workstation, another browser, nothing but the card.
            scene.agent = scene.desk.agent("ward 4").await.unwrap();
            scene.agent.sees(Some(&scene.card)).await.unwrap();
            scene.browser = scene.desk.browser();
            scene.log_in().await.unwrap();
            if n_renewals(&scene).await == 0 {
                scene.renew().await.unwrap();
            }
            assert_renewed_once(&scene).await;
        }
    }
}

#[tokio::test]
async fn b55_an_older_visit_cannot_go_on_when_another_has_taken_the_update_up() {
    let mut scene = in_window().await;
    let (old, ended) = torn(&mut scene, &mut Power::until_after(5)).await;
    assert!(ended.is_err());
    scene.browser = scene.desk.browser();
    scene.log_in().await.unwrap();
    let (_, ended) = torn(&mut scene, &mut Power::until_after(0)).await;
    assert!(ended.is_err());
    let slot = Slot::Authentication;
    let mut power = Power::enough();
    let opened =
        scene.agent.open_write(old, &mut scene.card, slot, Write::KeyPair, &mut power).await;
    assert!(matches!(opened, Err(Stop::Refused { .. })), "{opened:?}");
    scene.renew().await.unwrap();
    assert_renewed_once(&scene).await;
}

#[tokio::test]
async fn b55_a_card_that_cannot_answer_the_challenge_is_not_written_to() {
    let mut scene = in_window().await;
    let (job, ended) = torn(&mut scene, &mut Power::until_after(1)).await;
    assert!(matches!(ended, Err(Stop::Torn)));
    let lie = protocol::Request::CardAuthenticated { job, response: vec![7; 16].into() };
    let answer = scene.agent.ask(lie).await;
    assert!(matches!(answer, protocol::Answer::Refused { .. }), "{answer:?}");
}
