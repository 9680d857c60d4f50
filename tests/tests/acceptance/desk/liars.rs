//! An agent that lies. The server believes nothing but signatures of the card on record over its own sentence.

use domain::holder::HolderEvent;
use protocol::{Act, Answer, Purpose, Request, Secret, Slot};
use stores::token::TokenHash;
use tests::desk::{
    agent::{Held, Said, Stop},
    card::SoftCard,
    scene::Scene,
};

/// Refused by P-05, and the log is where it was.
#[track_caller]
fn refused_as_no_proof(outcome: Result<impl Sized, Stop>) {
    assert_eq!(
        outcome.err().and_then(|stop| stop.rule().map(str::to_owned)).as_deref(),
        Some("P-05")
    );
}

async fn claimed(scene: &mut Scene) -> Held {
    let job = scene.browser.start_log_in().await.unwrap();
    scene.agent.claim(job, scene.card.seen()).await.unwrap()
}

/// A claim whose card has shown that it is there, and whose holder has typed his passcode.
async fn verified(scene: &mut Scene) -> Held {
    let held = claimed(scene).await;
    let sentence = scene.agent.said(&held, Purpose::Present).bytes();
    let signature = scene.card.sign(Slot::CardAuthentication, &sentence).unwrap();
    scene.agent.present(held.job, signature).await.unwrap();
    scene.card.verify(&scene.passcode).unwrap();
    held
}

#[tokio::test]
async fn p05_the_serial_of_another_card_with_a_key_of_ones_own_proves_nothing() {
    let mut scene = Scene::open().await.unwrap();
    let mut own = SoftCard::blank("0B02").unwrap();
    scene.desk.register(&scene.agent, &mut own, "Mallory", "Mallory1").await.unwrap();
    own.serial.clone_from(&scene.card.serial);
    let head = scene.desk.head().await.unwrap();

    let job = scene.browser.start_log_in().await.unwrap();
    refused_as_no_proof(scene.agent.finish(job, &mut own, "Mallory1").await);

    assert_eq!(scene.desk.head().await.unwrap(), head);
    assert!(!scene.browser.is_logged_in().await.unwrap());
}

#[tokio::test]
async fn p05_after_the_real_card_has_shown_itself_another_card_cannot_agree_in_its_place() {
    let mut scene = Scene::open().await.unwrap();
    let mut own = SoftCard::blank("0B02").unwrap();
    scene.desk.register(&scene.agent, &mut own, "Mallory", "Mallory1").await.unwrap();
    own.verify("Mallory1").unwrap();
    let held = verified(&mut scene).await;
    let sentence = scene.agent.said(&held, Purpose::LogIn).bytes();
    let signature = own.sign(Slot::Authentication, &sentence).unwrap();
    refused_as_no_proof(scene.agent.agree(held.job, signature).await);
}

#[tokio::test]
async fn p05_the_key_that_needs_no_passcode_cannot_agree_and_the_others_cannot_stand_in() {
    let mut scene = Scene::open().await.unwrap();
    let held = verified(&mut scene).await;
    let sentence = scene.agent.said(&held, Purpose::LogIn).bytes();
    for slot in [Slot::CardAuthentication, Slot::Signature] {
        let signature = scene.card.sign(slot, &sentence).unwrap();
        refused_as_no_proof(scene.agent.agree(held.job, signature).await);
    }
    let presence = scene.agent.said(&held, Purpose::Present).bytes();
    let signature = scene.card.sign(Slot::CardAuthentication, &presence).unwrap();
    refused_as_no_proof(scene.agent.agree(held.job, signature).await);
}

#[tokio::test]
async fn p05_a_signature_after_the_passcode_does_not_show_that_the_card_is_there() {
    let mut scene = Scene::open().await.unwrap();
    let held = claimed(&mut scene).await;
    scene.card.verify(&scene.passcode).unwrap();
    let sentence = scene.agent.said(&held, Purpose::Present).bytes();
    let signature = scene.card.sign(Slot::Authentication, &sentence).unwrap();
    refused_as_no_proof(scene.agent.present(held.job, signature).await);
}

#[tokio::test]
async fn p05_without_presence_an_agreement_is_worth_nothing() {
    let mut scene = Scene::open().await.unwrap();
    let held = claimed(&mut scene).await;
    scene.card.verify(&scene.passcode).unwrap();
    let sentence = scene.agent.said(&held, Purpose::LogIn).bytes();
    let signature = scene.card.sign(Slot::Authentication, &sentence).unwrap();
    let skipped = scene.agent.agree(held.job, signature).await;
    assert!(matches!(skipped, Err(Stop::Refused { again: false, .. })));
}

#[tokio::test]
async fn p05_one_word_of_the_sentence_changed_is_another_sentence() {
    let mut scene = Scene::open().await.unwrap();
    let held = verified(&mut scene).await;
    let other_job = scene.browser.start_log_in().await.unwrap();
    let right = scene.agent.said(&held, Purpose::LogIn);
    let mut nonce = right.nonce.clone();
    nonce[31] ^= 1;
    let act = Act::ChangePasscodes { changes: Vec::new(), smartcard: true };
    let lies: [(&str, Said); 7] = [
        ("purpose present", Said { purpose: Purpose::Present, ..right.clone() }),
        ("purpose change", Said { purpose: Purpose::ChangePasscodes, ..right.clone() }),
        ("origin", Said { origin: "http://localhost:7500".to_owned(), ..right.clone() }),
        ("job", Said { job: other_job, ..right.clone() }),
        ("nonce", Said { nonce, ..right.clone() }),
        ("no nonce", Said { nonce: Vec::new(), ..right.clone() }),
        ("act", Said { act, ..right.clone() }),
    ];
    for (what, lie) in lies {
        let signature = scene.card.sign(Slot::Authentication, &lie.bytes()).unwrap();
        let outcome = scene.agent.agree(held.job, signature).await;
        assert!(outcome.is_err(), "{what}");
        refused_as_no_proof(outcome);
    }
    let signature = scene.card.sign(Slot::Authentication, &right.bytes()).unwrap();
    assert!(scene.agent.agree(held.job, signature).await.is_ok());
}

#[tokio::test]
async fn p05_what_is_no_signature_is_refused_as_one_that_does_not_verify() {
    let mut scene = Scene::open().await.unwrap();
    let held = verified(&mut scene).await;
    let sentence = scene.agent.said(&held, Purpose::LogIn).bytes();
    let right = scene.card.sign(Slot::Authentication, &sentence).unwrap();
    for bad in [Vec::new(), vec![0], vec![0x30; 72], right[1..].to_vec(), vec![0xFF; 20_000]] {
        refused_as_no_proof(scene.agent.agree(held.job, bad).await);
    }
}

#[tokio::test]
async fn p05_a_signature_of_an_earlier_claim_of_the_same_job_is_not_taken_again() {
    let mut scene = Scene::open().await.unwrap();
    let held = verified(&mut scene).await;
    let sentence = scene.agent.said(&held, Purpose::LogIn).bytes();
    let old = scene.card.sign(Slot::Authentication, &sentence).unwrap();
    let again = scene.agent.claim(held.job, scene.card.seen()).await.unwrap();
    assert_ne!(again.granted.nonce, held.granted.nonce);
    let presence = scene.agent.said(&again, Purpose::Present).bytes();
    let signature = scene.card.sign(Slot::CardAuthentication, &presence).unwrap();
    scene.agent.present(held.job, signature).await.unwrap();
    refused_as_no_proof(scene.agent.agree(held.job, old).await);
}

#[tokio::test]
async fn another_agent_can_do_nothing_with_a_job_that_is_claimed() {
    let mut scene = Scene::open().await.unwrap();
    let other = scene.desk.agent("ward 4").await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    let (held, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
    let before = scene.desk.head().await.unwrap();

    let sentence = other.said(&held, Purpose::LogIn).bytes();
    let signature = scene.card.sign(Slot::Authentication, &sentence).unwrap();
    assert!(other.claim(job, scene.card.seen()).await.is_err());
    assert!(other.present(job, signature.clone()).await.is_err());
    assert!(other.agree(job, signature).await.is_err());
    assert!(other.tag(job, &terms, &scene.passcode).await.is_err());
    assert!(other.abandon(job, protocol::ProblemSeen::Cancelled).await.is_err());
    for request in [
        Request::PasscodeWrong { job, tries_left: Some(0) },
        Request::CurrentTag { job, tag: Secret(vec![1; 64]) },
        Request::NewTag { job, tag: Secret(vec![1; 64]) },
        Request::Written { job, outcome: protocol::WriteOutcome::New },
    ] {
        assert!(matches!(other.ask(request.clone()).await, Answer::Refused { .. }), "{request:?}");
    }

    assert_eq!(scene.desk.head().await.unwrap(), before);
    let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
    assert!(matches!(scene.agent.ask(Request::CurrentTag { job, tag }).await, Answer::Done { .. }));
}

#[tokio::test]
async fn b61_another_agent_cannot_bind_a_card_by_a_job_that_is_claimed() {
    let scene = Scene::open().await.unwrap();
    let other = scene.desk.agent("ward 4").await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
    scene.agent.claim(job, SoftCard::blank("0C03").unwrap().seen()).await.unwrap();
    let head = scene.desk.head().await.unwrap();

    let stolen = other.claim(job, SoftCard::blank("0D04").unwrap().seen()).await;

    assert!(matches!(stolen, Err(Stop::Refused { .. })));
    assert_eq!(scene.desk.head().await.unwrap(), head);
    assert_eq!(scene.desk.app().holder_of(&"0D04".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn b61_the_card_of_one_person_cannot_be_made_anothers() {
    let scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
    let refused = scene.agent.claim(job, scene.card.seen()).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-61"));
}

#[tokio::test]
async fn p03_a_card_that_was_only_claimed_to_be_written_registers_nobody() {
    let scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
    let mut card = SoftCard::blank("0C03").unwrap();
    let held = scene.agent.claim(job, card.seen()).await.unwrap();
    card.set_passcode("Number01");
    card.verify("Number01").unwrap();
    let sentence = scene.agent.said(&held, Purpose::Personalise).bytes();
    let signature = card.sign(Slot::Authentication, &sentence).unwrap();

    assert!(scene.agent.agree(job, signature.clone()).await.is_err());
    let finished = Request::Personalised { job, signature: protocol::Bytes(signature) };
    assert!(matches!(scene.agent.ask(finished).await, Answer::Refused { .. }));
    assert!(!scene.desk.holder(person).await.unwrap().is_registered());
}

#[tokio::test]
async fn a_key_and_a_request_that_do_not_belong_together_get_no_certificate() {
    let scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
    let card = SoftCard::blank("0C03").unwrap();
    scene.agent.claim(job, card.seen()).await.unwrap();
    for (key, proof) in [
        (card.public_key(Slot::Signature).unwrap(), card.request(Slot::Authentication).unwrap()),
        (card.public_key(Slot::Authentication).unwrap(), Vec::new()),
        (Vec::new(), card.request(Slot::Authentication).unwrap()),
    ] {
        let slot = Slot::Authentication;
        let request =
            Request::KeyGenerated { job, slot, public_key: key.into(), proof: proof.into() };
        let answer = scene.agent.ask(request).await;
        assert!(matches!(answer, Answer::Refused { ref rule, .. } if rule == "C-09"), "{answer:?}");
    }
}

#[tokio::test]
async fn p20_a_change_is_for_the_card_of_its_session_and_no_other() {
    let mut scene = Scene::logged_in().await.unwrap();
    let mut other = SoftCard::blank("0B02").unwrap();
    let holder =
        scene.desk.register(&scene.agent, &mut other, "Ben Okafor", "Number01").await.unwrap();
    let job = scene.update(&tests::desk::scene::verification("Tele1234")).await.unwrap();
    let refused = scene.agent.finish(job, &mut other, "Number01").await.unwrap_err();
    assert_eq!(refused.rule(), Some("P-20"));
    for holder in [holder, scene.holder] {
        let events = scene.desk.events(holder).await.unwrap();
        let sets = events.iter().filter(|event| matches!(event, HolderEvent::PasscodeSet { .. }));
        assert_eq!(sets.count(), 1, "{events:?}");
    }
}

#[tokio::test]
async fn what_an_agent_says_of_a_card_is_taken_within_limits_or_not_at_all() {
    let mut scene = Scene::open().await.unwrap();
    let job = scene.browser.start_log_in().await.unwrap();
    for serial in ["", "0", "0a01", "0A01 ", "' or 1=1", &"0".repeat(33), &"A".repeat(60_000)] {
        let mut seen = scene.card.seen();
        serial.clone_into(&mut seen.serial);
        assert!(matches!(scene.agent.claim(job, seen).await, Err(Stop::Refused { .. })));
    }
    let mut seen = scene.card.seen();
    seen.profile = "x".repeat(60_000);
    assert!(scene.agent.claim(job, seen).await.is_ok());
}
