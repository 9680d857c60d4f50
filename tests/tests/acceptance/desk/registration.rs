//! P-03: a blank card becomes somebody's, at the second try too, and only with keys that it has.

use protocol::{Answer, Bytes, Purpose, Request, Slot};
use stores::token::TokenHash;
use tests::desk::{card::SoftCard, faulty_log::Fault, scene::Scene};

#[tokio::test]
async fn p03_a_registration_whose_card_broke_is_finished_with_another_card_in_another_job() {
    let mut scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let browser = TokenHash::of(b"registration authority");
    let first = scene.desk.app().start_job(goal.clone(), browser).await.unwrap();
    let mut broken = SoftCard::blank("0C03").unwrap();
    // The card is written, and its server stops just before it would say so.
    scene.desk.faults().next("holder", Fault::LostBefore);
    assert!(scene.agent.personalise(first, &mut broken, "Number01").await.is_err());

    let second = scene.desk.app().start_job(goal, browser).await.unwrap();
    let mut card = SoftCard::blank("0D04").unwrap();
    scene.agent.personalise(second, &mut card, "Number02").await.unwrap();
    assert_ne!(broken.written.unwrap().puk, card.written.clone().unwrap().puk);

    scene.agent.sees(Some(&card)).await.unwrap();
    let log_in = scene.browser.start_log_in().await.unwrap();
    let code = scene.agent.finish(log_in, &mut card, "Number02").await.unwrap();
    assert_eq!(scene.browser.come_back(log_in, &code).await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn p03_a_card_begun_before_gets_the_same_secrets_again() {
    let scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let browser = TokenHash::of(b"registration authority");
    let card = SoftCard::blank("0C03").unwrap();
    let mut written = Vec::new();
    for _ in 0..2 {
        let job = scene.desk.app().start_job(goal.clone(), browser).await.unwrap();
        written.push(scene.agent.claim(job, card.seen()).await.unwrap().granted.blank.unwrap());
    }
    assert_eq!(written[0], written[1]);
}

#[tokio::test]
async fn a_presence_key_is_recorded_only_if_the_card_signs_with_it_for_this_claim() {
    let scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
    let card = SoftCard::blank("0C03").unwrap();
    let slot = Slot::CardAuthentication;
    let (key, others) = (card.public_key(slot).unwrap(), scene.card.public_key(slot).unwrap());
    let earlier = scene.agent.claim(job, card.seen()).await.unwrap();
    let held = scene.agent.claim(job, card.seen()).await.unwrap();
    let sign = |held, purpose| card.sign(slot, &scene.agent.said(held, purpose).bytes()).unwrap();
    let present = sign(&held, Purpose::Present);
    let mut longer = key.clone();
    longer.push(0);
    for (what, key, proof) in [
        ("nothing", Vec::new(), Vec::new()),
        ("no proof", key.clone(), Vec::new()),
        ("no key", vec![0x30], present.clone()),
        ("a key and more", longer, present.clone()),
        ("somebody else's key", others, present.clone()),
        ("another purpose", key.clone(), sign(&held, Purpose::Personalise)),
        ("another claim", key.clone(), sign(&earlier, Purpose::Present)),
    ] {
        let request =
            Request::KeyGenerated { job, slot, public_key: Bytes(key), proof: Bytes(proof) };
        let answer = scene.agent.ask(request).await;
        let refused = matches!(&answer, Answer::Refused { rule, .. } if rule == "C-09");
        assert!(refused, "{what}: {answer:?}");
    }
    let right = Request::KeyGenerated { job, slot, public_key: Bytes(key), proof: Bytes(present) };
    assert!(matches!(scene.agent.ask(right).await, Answer::Certificate { .. }));
}
