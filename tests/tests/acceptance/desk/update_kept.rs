//! B-55: an opening of the card that the card has never used is settled by the old key's signature, and by nothing less.

use card_agent::operations::Halt;
use domain::{
    card::{Slot, SlotState},
    holder::HolderEvent,
};
use protocol::Request;
use tests::desk::{Desk, agent::update::Power, scene::Scene};
use virtual_card::{Faults, Moment, Profile, TearAt};

use super::{update_torn::is_renewed, workplace::Workplace};

const PASSCODE: &str = "Second02";

/// How far 9A is.
async fn state(desk: &Desk, holder: domain::ids::HolderId) -> SlotState {
    let holder = desk.holder(holder).await.unwrap();
    holder.card_update().unwrap().slot(Slot::Authentication).clone()
}

async fn n_kept(place: &Workplace) -> usize {
    let events = place.desk.events(place.holder).await.unwrap();
    events.iter().filter(|event| matches!(event, HolderEvent::CardKeyKept(_))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn b55_a_card_that_refuses_our_management_key_is_logged_in_with_by_9a_again() {
    let mut place = Workplace::due(Profile::Piv).await.unwrap();
    // Torn out before GENERATE: nobody knows, and 9C agrees.
    let job = place.start_renewal().await.unwrap();
    let before = TearAt { ins: 0x47, nth: 1, moment: Moment::Before };
    let torn = Faults { tear_ins: Some(before), ..Faults::default() };
    assert_eq!(place.carry_out(job, torn).await.unwrap().ended, Err(Halt::CardLost));
    assert_eq!(state(&place.desk, place.holder).await, SlotState::Opened);
    place.walk_away().await.unwrap();
    place.log_in().await.unwrap();
    assert_eq!(place.browser.get("/profile").await.unwrap().status, 403);
    // It is taken up again: the old key signs. Opened once more, refused, and it signs again.
    let job = place.start_renewal().await.unwrap();
    place.refuses_rights = true;
    let ended = place.carry_out(job, Faults::default()).await.unwrap().ended;
    assert!(matches!(ended, Err(Halt::CardFault(_))), "{ended:?}");
    assert_eq!(state(&place.desk, place.holder).await, SlotState::Untouched);
    assert_eq!(n_kept(&place).await, 2);
    place.log_in().await.unwrap();
    assert_eq!(place.browser.get("/profile").await.unwrap().status, 200);
    // The card is put right, and the renewal is done.
    place.refuses_rights = false;
    let job = place.start_renewal().await.unwrap();
    place.carry_out(job, Faults::default()).await.unwrap().good().unwrap();
    is_renewed(&place).await.unwrap();
    assert_eq!(n_kept(&place).await, 2);
}

#[tokio::test]
async fn b55_neither_silence_nor_a_word_settles_what_a_signature_has_to() {
    let mut scene = Scene::open().await.unwrap();
    scene.grow_old(25, PASSCODE).await.unwrap();
    scene.log_in().await.unwrap();
    let torn = async |scene: &mut Scene, steps| {
        let job = scene.start_renewal().await.unwrap();
        let mut power = Power::until_after(steps);
        scene.agent.update_with(job, &mut scene.card, PASSCODE, &mut power).await.unwrap_err();
        job
    };
    torn(&mut scene, 1).await;
    assert_eq!(state(&scene.desk, scene.holder).await, SlotState::Opened);
    // Taken up, and nothing is said; then something that no key has signed.
    scene.log_in().await.unwrap();
    let job = torn(&mut scene, 0).await;
    assert_eq!(state(&scene.desk, scene.holder).await, SlotState::Opened);
    let (slot, opening) = (protocol::Slot::Authentication, 1);
    let lie = Request::SlotSigned { job, slot, opening, signature: vec![7; 70].into() };
    assert_eq!(scene.agent.ask(lie).await, protocol::Answer::Noted);
    assert_eq!(state(&scene.desk, scene.holder).await, SlotState::Opened);
    // The key itself.
    scene.log_in().await.unwrap();
    torn(&mut scene, 1).await;
    assert_eq!(state(&scene.desk, scene.holder).await, SlotState::Untouched);
    scene.log_in().await.unwrap();
    scene.renew().await.unwrap();
}
