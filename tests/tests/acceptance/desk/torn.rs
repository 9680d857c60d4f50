//! Cards pulled in the middle, answers lost, power cut: an *Update* ends whole or not at all, and never twice.

use chrono::Duration;
use domain::{holder::HolderEvent, passcode::Kind};
use protocol::{Answer, Purpose, Request, Slot, WriteOutcome};
use stores::token::TokenHash;
use tests::desk::{
    agent::{Stop, Write, noted},
    card::SoftCard,
    faulty_log::Fault,
    scene::{Scene, verification},
};

/// The events of a registration.
const REGISTRATION: usize = 5;

/// What happened to the holder, without registration, by type.
async fn happened(scene: &Scene) -> Vec<&'static str> {
    let events = scene.desk.events(scene.holder).await.unwrap();
    events.iter().skip(REGISTRATION).map(HolderEvent::kind).collect()
}

/// A change of smartcard and verification passcode whose write goes like this.
async fn torn(scene: &mut Scene, write: Write) -> protocol::JobId {
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    let outcome = scene.write(job, "Second02", write).await;
    assert!(matches!(outcome, Err(Stop::Refused { again: false, .. })));
    scene.card.reset();
    job
}

#[tokio::test]
async fn b28_while_nobody_knows_whether_the_card_was_written_nothing_is_changed_and_the_page_says_so()
 {
    for write in [Write::TornBefore, Write::TornAfter] {
        let mut scene = Scene::logged_in().await.unwrap();
        let job = torn(&mut scene, write).await;
        assert!(happened(&scene).await.is_empty());
        let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
        assert!(page.says("We do not know yet"), "{}", page.html);
        let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
        assert!(page.says("We do not know yet"), "{}", page.html);
    }
}

#[tokio::test]
async fn b28_the_next_log_in_with_the_new_passcode_makes_all_of_the_update_true() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = torn(&mut scene, Write::TornAfter).await;
    scene.log_in().await.unwrap();
    assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"]);
    let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
    assert!(
        page.says("Your smartcard passcode and verification passcode have been updated"),
        "{}",
        page.html
    );
    scene.log_in().await.unwrap();
    assert_eq!(happened(&scene).await.len(), 2);
}

#[tokio::test]
async fn b28_the_next_log_in_with_the_old_passcode_takes_all_of_the_update_back() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = torn(&mut scene, Write::TornBefore).await;
    scene.log_in().await.unwrap();
    assert!(happened(&scene).await.is_empty());
    let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
    assert!(page.says("Your passcodes were not updated"), "{}", page.html);
    let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
    assert!(page.says("so nothing was changed.<"), "{}", page.html);
    // Neither value is history: both may be set now.
    scene.change_smartcard("Second02", &verification("Tele1234")).await.unwrap();
    assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"]);
}

#[tokio::test]
async fn b28_a_torn_update_waits_for_its_card_for_days_and_loses_nothing_meanwhile() {
    let mut scene = Scene::logged_in().await.unwrap();
    torn(&mut scene, Write::TornAfter).await;
    for _ in 0..3 {
        scene.desk.wait(Duration::hours(25));
        api::housekeeping::sweep(scene.desk.app()).await.unwrap();
    }
    scene.log_in().await.unwrap();
    assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"]);
    // The digest is there, too: the value is known as used.
    let page = scene.browser.post("/passcodes", &verification("Tele1234")).await.unwrap();
    assert!(page.says("was used in one of your last changes"), "{}", page.html);
    scene.log_in().await.unwrap();
    assert!(!happened(&scene).await.contains(&"PasscodeChangedElsewhere"));
}

#[tokio::test]
async fn b28_a_torn_update_is_settled_by_the_next_change_as_well() {
    let mut scene = Scene::logged_in().await.unwrap();
    torn(&mut scene, Write::TornAfter).await;
    // What it was judged by is not so any more: it has to be sent again.
    let refused = scene.change_smartcard("Third003", &[]).await.unwrap_err();
    assert!(refused.to_string().contains("changed meanwhile"), "{refused}");
    assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"]);
    scene.change_smartcard("Third003", &[]).await.unwrap();
    assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet", "PasscodeSet"]);
}

#[tokio::test]
async fn b28_a_card_that_kept_its_passcode_changes_nothing_and_the_job_can_be_tried_again() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    let kept = scene.write(job, "Second02", Write::Kept).await;
    assert!(matches!(kept, Err(Stop::Refused { again: true, .. })));
    assert!(happened(&scene).await.is_empty());
    let page = scene.browser.get(&format!("/jobs/{job}")).await.unwrap();
    assert!(page.says("The card did not take the new passcode"), "{}", page.html);
    let code = scene.write(job, "Third003", Write::Good).await.unwrap();
    assert!(scene.end(job, &code).await.unwrap().says("have been updated"));
}

#[tokio::test]
async fn a_passcode_changed_elsewhere_is_noticed_once_and_keeps_its_clock() {
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.holder(scene.holder).await.unwrap();
    scene.desk.wait(Duration::days(100));
    scene.card.set_passcode("Elsewh01");
    "Elsewh01".clone_into(&mut scene.passcode);
    scene.log_in().await.unwrap();
    scene.log_in().await.unwrap();
    assert_eq!(happened(&scene).await, ["PasscodeChangedElsewhere"]);
    let after = scene.desk.holder(scene.holder).await.unwrap();
    let on = |holder: &domain::holder::Holder| {
        holder.passcodes().current(Kind::Smartcard).map(|current| current.on)
    };
    assert_eq!(on(&after), on(&before));
    assert_eq!(
        scene.desk.ledger(scene.holder).await.unwrap()[0],
        "Your smartcard passcode was changed outside this service"
    );
}

#[tokio::test]
async fn a_torn_update_and_a_third_passcode_is_an_update_that_did_not_land_and_a_change_elsewhere()
{
    let mut scene = Scene::logged_in().await.unwrap();
    torn(&mut scene, Write::TornAfter).await;
    scene.card.set_passcode("Elsewh01");
    "Elsewh01".clone_into(&mut scene.passcode);
    scene.log_in().await.unwrap();
    assert_eq!(happened(&scene).await, ["PasscodeChangedElsewhere"]);
}

#[tokio::test]
async fn a_message_that_is_delivered_twice_doubles_nothing() {
    let mut scene = Scene::logged_in().await.unwrap();
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    scene.write(job, "Second02", Write::Good).await.unwrap();
    let head = scene.desk.head().await.unwrap();
    for outcome in [WriteOutcome::New, WriteOutcome::Old, WriteOutcome::Unknown] {
        scene.agent.ask(Request::Written { job, outcome }).await;
    }
    assert_eq!(scene.desk.head().await.unwrap(), head);
    assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"]);
}

#[tokio::test]
async fn a_power_cut_before_or_after_the_commit_of_a_written_card_is_made_good_by_the_next_log_in()
{
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let mut scene = Scene::logged_in().await.unwrap();
        let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
        scene.desk.faults().next("holder", fault);
        let Err(Stop::Refused { message, .. }) = scene.write(job, "Second02", Write::Good).await
        else {
            panic!("{fault:?}: a lost commit was acknowledged");
        };
        assert!(!message.contains("Nothing was changed"), "{message}");
        let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
        assert!(!page.says("has been updated") && !page.says("have been updated"), "{fault:?}");
        scene.log_in().await.unwrap();
        assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"], "{fault:?}");
        let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
        assert!(page.says("have been updated"), "{fault:?}: {}", page.html);
    }
}

#[tokio::test]
async fn a_power_cut_between_the_commit_and_its_journal_doubles_nothing() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let mut scene = Scene::logged_in().await.unwrap();
        let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
        let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
        let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
        noted(scene.agent.ask(Request::CurrentTag { job, tag }).await).unwrap();
        let tag = scene.agent.tag(job, &terms, "Second02").await.unwrap();
        assert_eq!(scene.agent.ask(Request::NewTag { job, tag }).await, Answer::Write);
        scene.card.set_passcode("Second02");
        "Second02".clone_into(&mut scene.passcode);
        scene.desk.faults().next("cardwrite", fault);
        let written = Request::Written { job, outcome: WriteOutcome::New };
        assert!(matches!(scene.agent.ask(written.clone()).await, Answer::Refused { .. }));
        assert!(matches!(scene.agent.ask(written).await, Answer::Done { .. }), "{fault:?}");
        scene.log_in().await.unwrap();
        assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"], "{fault:?}");
    }
}

#[tokio::test]
async fn a_power_cut_between_vault_and_log_writes_no_card_and_the_same_job_goes_on() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let mut scene = Scene::logged_in().await.unwrap();
        let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
        scene.desk.faults().next("cardwrite", fault);
        assert!(scene.write(job, "Second02", Write::Good).await.is_err());
        assert_eq!(scene.passcode, "First001", "{fault:?}: the card was written");
        let code = scene.write(job, "Third003", Write::Good).await.unwrap();
        assert!(scene.end(job, &code).await.unwrap().says("have been updated"));
        assert_eq!(happened(&scene).await, ["PasscodeSet", "PasscodeSet"], "{fault:?}");
    }
}

#[tokio::test]
async fn p26_a_change_without_the_card_s_own_passcode_is_not_done_before_its_commit() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let mut scene = Scene::logged_in().await.unwrap();
        let job = scene.update(&verification("Tele1234")).await.unwrap();
        let (_, terms) = scene.agent.prove(job, &mut scene.card, &scene.passcode).await.unwrap();
        let tag = scene.agent.tag(job, &terms, &scene.passcode).await.unwrap();
        scene.desk.faults().next("holder", fault);
        let lost = scene.agent.ask(Request::CurrentTag { job, tag: tag.clone() }).await;
        assert!(matches!(lost, Answer::Refused { .. }), "{fault:?}: {lost:?}");
        let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
        assert!(!page.says("has been updated"), "{fault:?}");
        let again = scene.agent.ask(Request::CurrentTag { job, tag }).await;
        assert!(matches!(again, Answer::Done { .. }), "{fault:?}: {again:?}");
        assert_eq!(happened(&scene).await, ["PasscodeSet"], "{fault:?}");
        let page = scene.browser.get(&format!("/passcodes/updated/{job}")).await.unwrap();
        assert!(
            page.says("Your verification passcode has been updated"),
            "{fault:?}: {}",
            page.html
        );
    }
}

#[tokio::test]
async fn p03_a_registration_through_a_power_cut_happens_once_and_the_card_works() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let scene = Scene::open().await.unwrap();
        let person = scene.desk.person("Ben Okafor").await.unwrap();
        let goal = scene.desk.personalising(person);
        let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
        let mut card = SoftCard::blank("0C03").unwrap();
        scene.desk.faults().next("holder", fault);
        assert!(scene.agent.personalise(job, &mut card, "Number01").await.is_err());
        // Begun again from its start, as at a desk; what is true already is not made anew.
        let again = scene.agent.personalise(job, &mut card, "Number01").await;
        match fault {
            Fault::LostBefore => assert!(again.is_ok(), "{again:?}"),
            Fault::LostAfter => assert_eq!(again.unwrap_err().rule(), Some("P-03")),
            Fault::Overtaken => unreachable!("not one of these power cuts"),
        }
        let events = scene.desk.events(person).await.unwrap();
        let kinds: Vec<_> = events.iter().map(HolderEvent::kind).collect();
        assert_eq!(
            kinds,
            ["HolderRegistered", "IdentityVerified", "CardIssued", "PukRecorded", "PasscodeSet"],
            "{fault:?}"
        );
        let mut browser = scene.desk.browser();
        scene.agent.sees(Some(&card)).await.unwrap();
        let log_in = browser.start_log_in().await.unwrap();
        let code = scene.agent.finish(log_in, &mut card, "Number01").await.unwrap();
        assert_eq!(browser.come_back(log_in, &code).await.unwrap().location(), Some("/home"));
    }
}

#[tokio::test]
async fn p03_a_registration_that_is_reported_twice_happens_once() {
    let scene = Scene::open().await.unwrap();
    let person = scene.desk.person("Ben Okafor").await.unwrap();
    let goal = scene.desk.personalising(person);
    let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
    let mut card = SoftCard::blank("0C03").unwrap();
    scene.agent.personalise(job, &mut card, "Number01").await.unwrap();
    let head = scene.desk.head().await.unwrap();
    let message = Purpose::Personalise.word();
    let signature = card.sign(Slot::Authentication, message.as_bytes()).unwrap().into();
    let again = scene.agent.ask(Request::Personalised { job, signature }).await;
    assert!(matches!(again, Answer::Refused { .. }), "{again:?}");
    assert!(scene.agent.claim(job, card.seen()).await.is_err());
    assert_eq!(scene.desk.head().await.unwrap(), head);
}

#[tokio::test]
async fn b61_a_power_cut_while_a_card_is_bound_binds_it_once() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let scene = Scene::open().await.unwrap();
        let person = scene.desk.person("Ben Okafor").await.unwrap();
        let goal = scene.desk.personalising(person);
        let job = scene.desk.app().start_job(goal, TokenHash::of(b"desk")).await.unwrap();
        let mut card = SoftCard::blank("0C03").unwrap();
        scene.desk.faults().next("card", fault);
        assert!(scene.agent.personalise(job, &mut card, "Number01").await.is_err());
        scene.agent.personalise(job, &mut card, "Number01").await.unwrap();
        let log = scene.desk.log().await.unwrap();
        let bound = log.iter().filter(|event| event.stream.as_str() == "card-0C03").count();
        assert_eq!(bound, 1, "{fault:?}");
    }
}
