//! What belongs together can be found: everything that one *Update*, one log-in or one registration leads to carries
//! the `$correlationId` of the command that began it, on whatever stream and however much later it is recorded.

use std::collections::BTreeSet;

use domain::ids::{CommandId, EventId};
use protocol::JobId;
use stores::event_store::Recorded;
use tests::desk::{
    agent::Write,
    scene::{Scene, account_recovery, verification},
};
use workflows::card_job::Goal;

/// The most derived ids that are looked through for the command of an event.
const EVENTS_OF_A_COMMAND: u32 = 16;

/// What `meta` says under this name.
fn said(event: &Recorded, name: &str) -> CommandId {
    let meta: serde_json::Value = serde_json::from_slice(&event.meta).unwrap();
    serde_json::from_value(meta[name].clone()).unwrap()
}

/// The types of these events, once each; and the one command that began them all.
fn told(events: &[Recorded]) -> (BTreeSet<&str>, CommandId) {
    let kinds = events.iter().map(|event| event.kind.as_str()).collect();
    let begun_by: BTreeSet<_> =
        events.iter().map(|event| said(event, "$correlationId").0).collect();
    assert_eq!(begun_by.len(), 1, "{kinds:?} were begun by {begun_by:?}");
    for event in events {
        let command = said(event, "$causationId");
        let mut ids = (0..EVENTS_OF_A_COMMAND).map(|index| EventId::derive(command, index));
        assert!(ids.any(|id| id == event.id), "{} has another command's id", event.kind);
    }
    let begun_by = begun_by.into_iter().next().unwrap();
    (kinds, CommandId(begun_by))
}

/// The command of an *Update* that waits for the card.
async fn command_of(scene: &Scene, job: JobId) -> CommandId {
    let Goal::ChangePasscodes(change) = scene.desk.app().job(job).await.unwrap().unwrap().job.goal
    else {
        panic!("this job is no Update");
    };
    change.command
}

#[tokio::test]
async fn everything_that_an_update_leads_to_carries_its_command_up_to_the_last_line_of_the_journal()
{
    let mut scene = Scene::logged_in().await.unwrap();
    let before = scene.desk.log().await.unwrap().len();
    let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
    let used_before = scene.passcode.clone();
    scene.write(job, &used_before, Write::Good).await.unwrap_err();
    scene.agent.prove(job, &mut scene.card, "Wrong001").await.unwrap_err();
    scene.write(job, "Second02", Write::Good).await.unwrap();

    let log = scene.desk.log().await.unwrap();
    let (kinds, begun_by) = told(&log[before..]);
    assert_eq!(begun_by, command_of(&scene, job).await);
    let expected = [
        "CardWriteConfirmed",
        "CardWritePrepared",
        "LogonRefused",
        "PasscodeSet",
        "UsedBeforeRefused",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
}

#[tokio::test]
async fn an_update_that_only_a_later_log_in_settles_keeps_its_own_command() {
    let landed = ["CardWriteConfirmed", "CardWritePrepared", "CardWriteUnknown", "PasscodeSet"];
    let not_landed = ["CardWriteAbandoned", "CardWritePrepared", "CardWriteUnknown"];
    for (write, expected) in
        [(Write::TornAfter, landed.as_slice()), (Write::TornBefore, &not_landed)]
    {
        let mut scene = Scene::logged_in().await.unwrap();
        let before = scene.desk.log().await.unwrap().len();
        let job = scene.update_smartcard(&verification("Tele1234")).await.unwrap();
        scene.write(job, "Second02", write).await.unwrap_err();
        scene.card.reset();
        scene.log_in().await.unwrap();

        let log = scene.desk.log().await.unwrap();
        let (kinds, begun_by) = told(&log[before..]);
        assert_eq!(begun_by, command_of(&scene, job).await);
        assert_eq!(kinds, expected.iter().copied().collect());
    }
}

#[tokio::test]
async fn two_values_that_one_form_is_refused_for_carry_the_same_command() {
    let mut scene = Scene::logged_in().await.unwrap();
    let both = [account_recovery("Recover1"), verification("Tele1234")].concat();
    scene.change(&both).await.unwrap();
    let before = scene.desk.log().await.unwrap().len();
    scene.browser.post("/passcodes", &both).await.unwrap();

    let log = scene.desk.log().await.unwrap();
    assert_eq!(log[before..].len(), 2);
    assert_eq!(told(&log[before..]).0, BTreeSet::from(["UsedBeforeRefused"]));
}

#[tokio::test]
async fn what_a_log_in_finds_out_and_what_it_refuses_belong_to_the_same_job() {
    let mut scene = Scene::open().await.unwrap();
    let before = scene.desk.log().await.unwrap().len();
    scene.card.set_passcode("Elsewh01");
    let job = scene.browser.start_log_in().await.unwrap();
    scene.agent.finish(job, &mut scene.card, "Wrong001").await.unwrap_err();
    scene.agent.finish(job, &mut scene.card, "Elsewh01").await.unwrap();

    let log = scene.desk.log().await.unwrap();
    let (kinds, begun_by) = told(&log[before..]);
    assert_eq!(begun_by, CommandId(job.0));
    assert_eq!(kinds, BTreeSet::from(["LogonRefused", "PasscodeChangedElsewhere"]));
}

#[tokio::test]
async fn a_registration_is_one_story_from_the_binding_of_its_card_to_the_last_line_of_the_journal()
{
    let scene = Scene::open().await.unwrap();
    let log = scene.desk.log().await.unwrap();
    // Before anybody is registered, the log says what it is for, and by which numbers.
    let (kinds, _) = told(&log[2..]);
    let expected = [
        "CardBound",
        "CardIssued",
        "CardWriteConfirmed",
        "CardWritePrepared",
        "HolderRegistered",
        "IdentityVerified",
        "PasscodeSet",
        "PukRecorded",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
}
