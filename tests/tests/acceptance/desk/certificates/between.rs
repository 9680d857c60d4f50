//! A card between old and new, at the desk: what its holder may do meanwhile, what an agent that lies gets, and a
//! log that fails at any step.

use super::{super::update_torn::torn_every, *};

#[tokio::test]
async fn b55_a_card_between_old_and_new_logs_in_restricted_to_finish_and_changes_no_passcode() {
    let mut scene = logged_in_with(25).await;
    let change = scene.update_smartcard(&[]).await.unwrap();
    let job = scene.start_renewal().await.unwrap();
    let mut power = Power::until_after(6);
    scene.agent.update_with(job, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let refused = scene.agent.finish(change, &mut scene.card, &scene.passcode).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-55"));
    scene.browser = scene.desk.browser();
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/renewal"));
    let page = scene.browser.get("/renewal").await.unwrap();
    assert!(page.says("is not finished"), "{}", page.html);
    assert_eq!(scene.browser.get("/ledger").await.unwrap().status, StatusCode::FORBIDDEN);
    scene.renew().await.unwrap();
    assert_eq!(n_renewals(&scene).await, 1);
    assert_eq!(scene.log_in().await.unwrap().location(), Some("/home"));
}

#[tokio::test]
async fn b55_a_second_renewal_cannot_begin_while_one_has_the_card_between_old_and_new() {
    let mut scene = logged_in_with(25).await;
    let (first, second) =
        (scene.start_renewal().await.unwrap(), scene.start_renewal().await.unwrap());
    assert_ne!(first, second);
    let mut power = Power::until_after(6);
    scene.agent.update_with(first, &mut scene.card, &scene.passcode, &mut power).await.unwrap_err();
    let refused = scene.agent.update(second, &mut scene.card, &scene.passcode).await.unwrap_err();
    assert_eq!(refused.rule(), Some("B-55"), "{refused}");
}

#[tokio::test]
async fn c09_the_same_form_sent_twice_is_one_renewal() {
    let mut scene = logged_in_with(25).await;
    let page = scene.browser.get("/certificates/renew").await.unwrap();
    let update = page.field("update").unwrap().to_owned();
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let page = scene.browser.post("/certificates/renew", &[("update", &update)]).await.unwrap();
        jobs.push(page.job().unwrap());
    }
    assert_eq!(jobs[0], jobs[1]);
}

/// A job in which the card has agreed and the update has begun.
async fn begun(scene: &mut Scene) -> (JobId, tests::desk::agent::Held) {
    let job = scene.start_renewal().await.unwrap();
    let passcode = scene.passcode.clone();
    let (held, _) = scene.agent.prove(job, &mut scene.card, &passcode).await.unwrap();
    let answer = scene.agent.ask(Request::BeginUpdate { job }).await;
    assert!(matches!(answer, Answer::Updating { .. }), "{answer:?}");
    (job, held)
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused { .. })
}

#[tokio::test]
async fn b55_an_agent_that_lies_about_keys_slots_and_signatures_gets_nothing() {
    let mut scene = logged_in_with(25).await;
    let (job, held) = begun(&mut scene).await;
    let slot = Slot::Authentication;
    let key = |scene: &Scene, slot| Bytes(scene.card.public_key(slot).unwrap());
    let request = |scene: &Scene, slot| Bytes(scene.card.request(slot).unwrap());
    scene.card.verify(&scene.passcode).unwrap();
    // Before the card was opened; of the key that was there; of a slot that is not renewed; out of turn.
    for (slot, public_key, proof) in [
        (slot, key(&scene, slot), request(&scene, slot)),
        (slot, key(&scene, Slot::Signature), request(&scene, Slot::Signature)),
        (Slot::CardAuthentication, key(&scene, slot), request(&scene, slot)),
    ] {
        let asked = Request::KeyGenerated { job, slot, public_key, proof };
        assert!(is_refused(&scene.agent.ask(asked).await), "{slot:?}");
    }
    for (slot, write) in [
        (Slot::Signature, Write::KeyPair),
        (Slot::CardAuthentication, Write::KeyPair),
        (Slot::Authentication, Write::Certificate),
    ] {
        let witness = Bytes(vec![7; 16]);
        let asked = Request::OpenWrite { job, slot, write, witness };
        assert!(is_refused(&scene.agent.ask(asked).await), "{slot:?} {write:?}");
    }
    for witness in [vec![], vec![7; 15], vec![7; 17]] {
        let witness = Bytes(witness);
        let asked = Request::OpenWrite { job, slot, write: Write::KeyPair, witness };
        assert!(is_refused(&scene.agent.ask(asked).await));
    }
    let mut power = Power::enough();
    let agent = &scene.agent;
    agent.open_write(job, &mut scene.card, slot, Write::KeyPair, &mut power).await.unwrap();
    scene.card.generate(slot).unwrap();
    scene.card.verify(&scene.passcode).unwrap();
    // Another key than the request's; the key of before.
    let (public_key, proof) = (key(&scene, Slot::Signature), request(&scene, slot));
    let asked = Request::KeyGenerated { job, slot, public_key, proof };
    assert!(is_refused(&scene.agent.ask(asked).await));
    let (public_key, proof) = (key(&scene, slot), request(&scene, slot));
    let asked = || Request::KeyGenerated {
        job,
        slot,
        public_key: public_key.clone(),
        proof: proof.clone(),
    };
    let Answer::Certificate { certificate } = scene.agent.ask(asked()).await else {
        panic!("no certificate")
    };
    // The same question has the same answer, for ever.
    assert_eq!(scene.agent.ask(asked()).await, Answer::Certificate { certificate });
    for signature in [
        scene.card.sign(Slot::Signature, &scene.agent.said(&held, Purpose::TestKey(slot)).bytes()),
        scene.card.sign(slot, &scene.agent.said(&held, Purpose::UpdateCard).bytes()),
        scene.card.sign(slot, &scene.agent.said(&held, Purpose::TestKey(Slot::Signature)).bytes()),
    ] {
        let signature = Bytes(signature.unwrap());
        let asked = Request::CertificateWritten { job, slot, signature };
        assert!(is_refused(&scene.agent.ask(asked).await));
    }
    assert!(is_refused(&scene.agent.ask(Request::UpdateFinished { job }).await));
    assert_eq!(n_renewals(&scene).await, 0);
}

#[tokio::test]
async fn b55_each_opening_answers_one_witness_and_there_are_forty_at_most() {
    let mut scene = logged_in_with(25).await;
    let (job, _) = begun(&mut scene).await;
    let (slot, write) = (Slot::Authentication, Write::KeyPair);
    let mut challenges = std::collections::BTreeSet::new();
    for n in 0..41 {
        let witness = Bytes(scene.card.witness().unwrap());
        let answer = scene.agent.ask(Request::OpenWrite { job, slot, write, witness }).await;
        if n == 40 {
            assert!(is_refused(&answer), "{answer:?}");
            continue;
        }
        let Answer::Witness { challenge, .. } = answer else { panic!("{n}: {answer:?}") };
        assert!(challenges.insert(challenge.0), "a challenge came twice");
    }
    let opened = |event: &&HolderEvent| matches!(event, HolderEvent::CardWriteOpened { .. });
    assert_eq!(events(&scene).await.iter().filter(opened).count(), 40);
}

#[tokio::test]
async fn the_log_fails_before_or_after_any_append_of_an_update_and_asking_again_heals_it() {
    // Every append is lost in one of both ways; in the long tests in both.
    let every = torn_every().unwrap().min(2);
    let mut appends = 0;
    for (first, fault) in [(0, Fault::LostBefore), (every - 1, Fault::LostAfter)] {
        for n in (first..).step_by(every) {
            let mut scene = Scene::open().await.unwrap();
            scene.grow_old(25, FRESH[0]).await.unwrap();
            scene.log_in().await.unwrap();
            let job = scene.start_renewal().await.unwrap();
            let before = events(&scene).await.len();
            scene.desk.faults().after("holder", n, fault);
            let ended = scene.agent.update(job, &mut scene.card, &scene.passcode).await;
            let happened = scene.desk.faults().are_spent();
            if ended.is_err() {
                let mut before = std::mem::replace(&mut scene.browser, scene.desk.browser());
                // C-14: whatever the server came to do: what is on record ends the session.
                let is_committed = n_renewals(&scene).await == 1;
                assert_ne!(before.is_logged_in().await.unwrap(), is_committed, "{fault:?} {n}");
                scene.log_in().await.unwrap();
                if n_renewals(&scene).await == 0 {
                    scene.renew().await.unwrap();
                }
            }
            assert_eq!(n_renewals(&scene).await, 1, "{fault:?} {n}");
            assert_no_orphans(&scene).await;
            if !happened {
                appends = appends.max(n);
                assert!(before < events(&scene).await.len());
                break;
            }
        }
    }
    assert!(8 < appends, "an update appends more often than {appends} times");
}

/// Whatever was issued is on the card, or is revoked.
async fn assert_no_orphans(scene: &Scene) {
    scene.desk.app().catch_up().await.unwrap();
    let holder = scene.desk.holder(scene.holder).await.unwrap();
    let on_card = &holder.card().unwrap().certificates;
    for event in events(scene).await {
        let HolderEvent::CertificateIssued { certificate, .. } = event else { continue };
        let status = scene.desk.app().authority().status(&certificate.serial).await.unwrap();
        let is_on_card = on_card.iter().any(|there| there.serial == certificate.serial);
        match status.unwrap().state {
            CertificateState::Good { .. } => assert!(is_on_card),
            CertificateState::Revoked { .. } => assert!(!is_on_card),
            state
            @ (CertificateState::Unconfirmed { .. } | CertificateState::Superseded { .. }) => {
                panic!("{state:?}")
            }
        }
    }
}

#[tokio::test]
async fn b61_no_key_is_believed_of_a_card_that_has_not_shown_its_management_key() {
    let mut scene = logged_in_with(25).await;
    let (job, _) = begun(&mut scene).await;
    let slot = Slot::Authentication;
    let witness = Bytes(scene.card.witness().unwrap());
    let asked = Request::OpenWrite { job, slot, write: Write::KeyPair, witness };
    let Answer::Witness { witness, challenge, .. } = scene.agent.ask(asked).await else {
        panic!("not opened")
    };
    let response = Bytes(scene.card.open(&witness.0, &challenge.0).unwrap());
    scene.card.generate(slot).unwrap();
    scene.card.verify(&scene.passcode).unwrap();
    let made = || Request::KeyGenerated {
        job,
        slot,
        public_key: Bytes(scene.card.public_key(slot).unwrap()),
        proof: Bytes(scene.card.request(slot).unwrap()),
    };
    let early = scene.agent.ask(made()).await;
    assert!(matches!(early, Answer::Refused { ref rule, .. } if rule == "B-61"), "{early:?}");
    let shown = scene.agent.ask(Request::CardAuthenticated { job, response }).await;
    assert!(matches!(shown, Answer::Noted), "{shown:?}");
    assert!(matches!(scene.agent.ask(made()).await, Answer::Certificate { .. }));
}

#[tokio::test]
async fn b61_a_card_is_opened_with_the_management_key_it_was_given_when_the_master_has_changed() {
    let scene = days_left(25).await;
    let keys = scene.desk.data().join("data/keys");
    std::fs::copy(keys.join("seal.1.key"), keys.join("card-management.2.key")).unwrap();
    let desk = scene.desk.copy(2).await.unwrap();
    let agent = desk.connect(scene.agent.id(), "ward 3").await.unwrap();
    let browser = desk.browser();
    let mut scene = Scene { desk, agent, browser, ..scene };
    let mut other = SoftCard::blank("0B02").unwrap();
    scene.desk.register(&scene.agent, &mut other, "Ben Okafor", "Number01").await.unwrap();
    for (card, version) in [(&scene.card, 1), (&other, 2)] {
        let serial = card.serial.parse().unwrap();
        let given = scene.desk.app().keystore().management_key_of(version, &serial).unwrap();
        assert_eq!(card.written.as_ref().unwrap().management_key.0, given.as_slice(), "{version}");
    }
    scene.agent.sees(Some(&scene.card)).await.unwrap();
    scene.log_in().await.unwrap();
    scene.renew().await.unwrap();
    assert_eq!(n_renewals(&scene).await, 1);
}
