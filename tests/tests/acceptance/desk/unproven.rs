//! Starts of an unlock without a card: they tell nothing of anybody, cost nobody anything, and are counted.

use std::collections::BTreeSet;

use api::{attempts, jobs::unlock::REFUSED_AFTER, unlocks};
use axum::http::HeaderMap;
use chrono::Duration;
use protocol::{Answer, Bytes, Purpose, Request, Slot};
use tests::desk::{agent::READER, card::SoftCard, scene::Scene, self_service::cookie_of};

use super::mailbox;

/// Starts in all; `./latchkey soak` asks for ten thousand.
const STARTS: &str = "LATCHKEY_UNPROVEN_STARTS";
const STARTS_DEFAULT: usize = 1_000;

/// So many a minute: more have no place.
const STARTS_A_MINUTE: usize = 1_000;

/// What an agent hears of one start whose card is not there: everything that the server has said, without what is
/// random.
async fn start(scene: &Scene, card: &str, signer: &SoftCard) -> Vec<String> {
    let app = scene.desk.app();
    let cookie = cookie_of(&scene.browser).unwrap();
    let job = unlocks::start(app, &HeaderMap::new(), cookie).await.unwrap();
    let mut seen = scene.card.seen();
    card.clone_into(&mut seen.serial);
    let claim = Request::Claim { job, reader: READER.to_owned(), card: seen };
    let Answer::Granted(granted) = scene.agent.ask(claim).await else { panic!("not granted") };
    let held = tests::desk::agent::Held { job, granted: *granted };
    let said = scene.agent.said(&held, Purpose::Present).bytes();
    let signature = Bytes(signer.sign(Slot::CardAuthentication, &said).unwrap());
    let mut told = held.granted;
    told.nonce = Bytes(Vec::new());
    let mut heard = vec![serde_json::to_string(&told).unwrap()];
    let answer = scene.agent.ask(Request::Present { job, signature }).await;
    heard.push(serde_json::to_string(&answer).unwrap());
    heard.push(format!("{:?}", unlocks::flow(app, job, cookie).await.unwrap()));
    heard
}

#[tokio::test]
async fn b40_starts_without_a_card_are_answered_alike_whosever_it_is_said_to_be() {
    let starts = std::env::var(STARTS).map_or(STARTS_DEFAULT, |starts| starts.parse().unwrap());
    let mut scene = Scene::registered().await.unwrap();
    scene.browser.start_log_in().await.unwrap();
    let mut unregistered = SoftCard::blank("0B02").unwrap();
    let ben = scene.desk.register(&scene.agent, &mut unregistered, "Ben Okafor", "Number01").await;
    let ben = ben.unwrap();
    scene.lock_card();
    // Whoever has no card signs with one of his own.
    let own = SoftCard::blank("0E0E").unwrap();
    let n_mails = mailbox::mails(&scene.desk).await.unwrap().len();
    let before = scene.desk.head().await.unwrap();

    // Registered and locked; known and not registered; unknown; bound to nobody.
    let cards = ["0A01", "0B02", "0C03", "FFFF"];
    let mut heard = BTreeSet::new();
    for number in 0..starts {
        heard.insert(start(&scene, cards[number % cards.len()], &own).await);
        // A minute has so many places.
        if number % STARTS_A_MINUTE == STARTS_A_MINUTE - 1 {
            scene.desk.wait(Duration::minutes(1));
        }
    }
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert_eq!(scene.desk.head().await.unwrap(), before);
    assert_eq!(mailbox::mails(&scene.desk).await.unwrap().len(), n_mails);
    for holder in [scene.holder, ben] {
        assert_eq!(scene.desk.holder(holder).await.unwrap().self_service().failures(), 0);
    }

    scene.desk.wait(Duration::minutes(3));
    attempts::record(scene.desk.app()).await.unwrap();
    let counted = counted(&scene).await;
    assert_eq!(counted.len(), starts.div_ceil(STARTS_A_MINUTE));
    assert_eq!(counted.iter().sum::<u64>(), u64::try_from(starts).unwrap());
    attempts::record(scene.desk.app()).await.unwrap();
    assert_eq!(self::counted(&scene).await, counted);
}

#[tokio::test]
async fn b40_no_refusal_is_told_sooner_whosever_the_card_is_said_to_be() {
    let mut scene = Scene::registered().await.unwrap();
    scene.browser.start_log_in().await.unwrap();
    let own = SoftCard::blank("0E0E").unwrap();
    // Registered; unknown.
    for card in ["0A01", "0C03"] {
        let before = scene.desk.rested();
        start(&scene, card, &own).await;
        assert_eq!(scene.desk.rested(), before + REFUSED_AFTER, "{card}");
    }
    let before = scene.desk.rested();
    scene.start_unlock().await.unwrap();
    assert_eq!(scene.desk.rested(), before);
}

/// The counts of the events that say how many starts were without proof.
async fn counted(scene: &Scene) -> Vec<u64> {
    let log = scene.desk.log().await.unwrap();
    log.iter()
        .filter(|event| event.kind == "UnprovenStarts")
        .map(|event| {
            let data: serde_json::Value = serde_json::from_slice(&event.data).unwrap();
            assert_eq!(data["workstation"], "ward 3");
            data["count"].as_u64().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn u06_a_start_that_was_proved_is_not_among_those_that_were_not() {
    let mut scene = Scene::registered().await.unwrap();
    scene.start_unlock().await.unwrap();
    start(&scene, "0C03", &SoftCard::blank("0E0E").unwrap()).await;
    scene.start_unlock().await.unwrap();
    scene.desk.wait(Duration::minutes(3));
    attempts::record(scene.desk.app()).await.unwrap();
    assert_eq!(counted(&scene).await, [1]);
}

#[tokio::test]
async fn b40_a_key_of_another_slot_or_a_signature_for_another_start_is_no_proof() {
    let mut scene = Scene::registered().await.unwrap();
    scene.browser.start_log_in().await.unwrap();
    let cookie = cookie_of(&scene.browser).unwrap();
    let app = scene.desk.app();
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let job = unlocks::start(app, &HeaderMap::new(), cookie).await.unwrap();
        jobs.push(scene.agent.claim(job, scene.card.seen()).await.unwrap());
    }
    scene.card.verify(&scene.passcode).unwrap();
    let sentence = scene.agent.said(&jobs[0], Purpose::Present).bytes();
    let other = scene.agent.said(&jobs[1], Purpose::Present).bytes();
    let before = scene.desk.head().await.unwrap();
    for signature in [
        scene.card.sign(Slot::Authentication, &sentence).unwrap(),
        scene.card.sign(Slot::CardAuthentication, &other).unwrap(),
    ] {
        let request = Request::Present { job: jobs[0].job, signature: signature.into() };
        let answer = scene.agent.ask(request).await;
        assert!(matches!(answer, Answer::Refused { ref rule, .. } if rule == "P-05"), "{answer:?}");
    }
    assert_eq!(scene.desk.head().await.unwrap(), before);
}
