//! One mail, step by step, and by property.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::drawing::walked::assert_drawn;

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis)
}

fn not_now() -> Input {
    Input::Failed(Failure::Transient("421".to_owned()))
}

fn sending() -> MailDelivery {
    MailDelivery::asked_for(at(0)).step(at(0), 0, &Input::Taken).unwrap()
}

fn due_at(delivery: MailDelivery) -> DateTime<Utc> {
    match delivery.stage {
        Stage::Waiting { due_at } => due_at,
        Stage::Sending | Stage::Delivered | Stage::Withdrawn | Stage::Dead(_) => {
            panic!("it does not wait")
        }
    }
}

#[test]
fn pauses_double_from_a_second_to_a_minute() {
    let seconds: Vec<i64> = (1..=8).map(|attempts| pause(attempts, 0).num_seconds()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(pause(u32::MAX, 0).num_seconds(), 60);
}

#[test]
fn a_pause_varies_by_a_fifth_and_no_more() {
    let millis = |jitter| pause(1, jitter).num_milliseconds();
    assert_eq!([millis(-1000), millis(0), millis(1000)], [800, 1000, 1200]);
    assert_eq!([millis(i64::MIN), millis(i64::MAX)], [800, 1200]);
}

#[test]
fn a_mail_that_is_refused_for_good_is_dead_at_once() {
    let refused = Input::Failed(Failure::Permanent("550".to_owned()));
    let dead = sending().step(at(1), 0, &refused).unwrap();
    assert_eq!(dead.stage, Stage::Dead(Reason::Refused));
    let nobody = sending().step(at(1), 0, &Input::NobodyToSendTo).unwrap();
    assert_eq!(nobody.stage, Stage::Dead(Reason::NobodyToSendTo));
}

#[test]
fn a_mail_is_tried_for_48_hours_and_then_it_is_dead() {
    let end = GIVEN_UP_AFTER.num_milliseconds();
    let last = sending().step(at(end - 1_001), 0, &not_now()).unwrap();
    assert_eq!(due_at(last), at(end - 1));
    let dead = sending().step(at(end - 1_000), 0, &not_now()).unwrap();
    assert_eq!(dead.stage, Stage::Dead(Reason::GivenUp));
}

#[test]
fn a_redriven_mail_has_48_hours_of_its_own() {
    let end = GIVEN_UP_AFTER.num_milliseconds();
    let dead = sending().step(at(end), 0, &not_now()).unwrap();
    let redriven = dead.step(at(end), 0, &Input::Redriven).unwrap();
    assert_eq!(redriven, MailDelivery::asked_for(at(end)));
    assert_eq!(dead.step(at(end), 0, &Input::Taken), Err(OutOfOrder));
}

#[test]
fn a_step_and_what_is_recorded_of_it_have_ids_that_follow_from_its_event() {
    let step = StepId::of_event(EventId(Uuid::from_u128(7)));
    assert_eq!(step, StepId::of_event(EventId(Uuid::from_u128(7))));
    assert_eq!(StepId::of_stream(&step.stream().unwrap()), Some(step));
    assert_eq!(StepId::of_stream(&"holder-1".parse().unwrap()), None);
    assert_ne!(step.command(None), step.command(Some(Revision(0))));
}

/// Each event with the file that holds its `data`, of schema 1: it can be read for ever.
fn golden() -> [(MailEvent, &'static str); 4] {
    let event = EventId(Uuid::from_u128(7));
    let (reason, failure) = (Reason::Refused, "never: 550".to_owned());
    [
        (
            MailEvent::MailDelivered { event, attempts: 2 },
            include_str!("golden/MailDelivered.1.json"),
        ),
        (
            MailEvent::MailFailed { event, reason, failure, attempts: 3 },
            include_str!("golden/MailFailed.1.json"),
        ),
        (MailEvent::MailWithdrawn { event }, include_str!("golden/MailWithdrawn.1.json")),
        (MailEvent::MailRedriven { event }, include_str!("golden/MailRedriven.1.json")),
    ]
}

#[test]
fn each_event_of_a_mail_is_written_as_its_golden_file_says() {
    for (event, file) in golden() {
        let written = serde_json::to_string_pretty(&event.data()).unwrap() + "\n";
        assert_eq!(written, file, "{}", event.kind());
    }
}

#[test]
fn each_golden_file_of_a_mail_is_read_as_its_event() {
    for (event, file) in golden() {
        let data: serde_json::Value = serde_json::from_str(file).unwrap();
        let recorded = serde_json::json!({ "type": event.kind(), "data": data });
        assert_eq!(serde_json::from_value::<MailEvent>(recorded).unwrap(), event);
    }
}

fn drawn(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting { .. } => "waiting",
        Stage::Sending => "sending",
        Stage::Delivered => "delivered",
        Stage::Withdrawn => "withdrawn",
        Stage::Dead(_) => "dead",
    }
}

/// What an input is called on the way to a stage.
fn label(input: &Input, to: Stage) -> &'static str {
    match (input, to) {
        (Input::Taken, _) => "taken by a worker",
        (Input::Delivered, _) => "accepted by the mail server",
        (Input::DoneWith, _) => "what it tells of is done with",
        (Input::Ended, _) | (Input::Failed(_), Stage::Dead(Reason::Expired)) => {
            "the code it brings is over"
        }
        (Input::WorkerGone, _) => "the worker is gone",
        (Input::Redriven, _) => "redriven by the operator",
        (Input::Failed(Failure::Permanent(_)) | Input::NobodyToSendTo, _) => {
            "refused for good, or nobody to send to"
        }
        (Input::Failed(Failure::Transient(_)), Stage::Dead(_)) => "not now for 48 hours",
        (
            Input::Failed(Failure::Transient(_)),
            Stage::Waiting { .. } | Stage::Sending | Stage::Delivered | Stage::Withdrawn,
        ) => "not now, again after a pause",
    }
}

fn every_input() -> [Input; 9] {
    [
        Input::Taken,
        Input::Delivered,
        not_now(),
        Input::Failed(Failure::Permanent("550".to_owned())),
        Input::NobodyToSendTo,
        Input::DoneWith,
        Input::Ended,
        Input::WorkerGone,
        Input::Redriven,
    ]
}

#[test]
fn the_drawing_has_every_way_there_is_and_no_other() {
    let mut found = BTreeSet::new();
    let plain = MailDelivery::asked_for(at(0));
    let mut to_walk = vec![plain, MailDelivery { ends_at: Some(at(900_000)), ..plain }];
    let mut seen = BTreeSet::new();
    while let Some(delivery) = to_walk.pop() {
        for now in [at(0), at(0) + GIVEN_UP_AFTER] {
            for input in every_input() {
                let Ok(next) = delivery.step(now, 0, &input) else { continue };
                let (from, to) = (drawn(delivery.stage), drawn(next.stage));
                found.insert(Arrow { from, label: label(&input, next.stage), to });
                if next.attempts < 3 && seen.insert(format!("{next:?}")) {
                    to_walk.push(next);
                }
            }
        }
    }
    assert_drawn(&DRAWING, &found);
}

#[test]
fn b11_a_mail_that_brings_a_code_is_tried_until_just_before_the_code_is_over() {
    let end = 15 * 60_000;
    let brings = |now| {
        let code = MailDelivery { ends_at: Some(at(end)), ..sending() };
        code.step(at(now), 0, &not_now()).unwrap()
    };
    assert_eq!(due_at(brings(0)), at(1_000));
    assert_eq!(due_at(brings(end - 1_500)), at(end - 1_000));
    assert_eq!(due_at(brings(end - 1_001)), at(end - 1_000));
    assert_eq!(brings(end - 1_000).stage, Stage::Dead(Reason::Expired));
    let redriven = brings(end).step(at(end), 0, &Input::Redriven).unwrap();
    assert_eq!(redriven.ends_at, Some(at(end)));
}

proptest! {
    #[test]
    fn a_mail_server_that_never_answers_ends_in_a_dead_letter_within_48_hours(
        jitters in prop::collection::vec(-1000_i64..=1000, 4000),
    ) {
        let mut delivery = MailDelivery::asked_for(at(0));
        let mut last = at(0);
        for jitter in jitters {
            let Stage::Waiting { due_at } = delivery.stage else { break };
            prop_assert!(due_at < at(0) + GIVEN_UP_AFTER);
            last = due_at;
            let sending = delivery.step(due_at, 0, &Input::Taken).unwrap();
            delivery = sending.step(due_at, jitter, &not_now()).unwrap();
        }
        prop_assert_eq!(delivery.stage, Stage::Dead(Reason::GivenUp));
        prop_assert!(at(0) + GIVEN_UP_AFTER - TimeDelta::seconds(73) < last);
    }
}
