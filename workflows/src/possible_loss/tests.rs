//! Every way through a possible loss, walked against the rules themselves, with and without the workflow.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{
    context::Context,
    decider::Decider as _,
    desk::{DeskCommand, DeskEvent, Loss, SuspensionReason},
    expiry,
    holder::{HolderCommand, HolderEvent},
    policy::Policies,
};

use super::*;
use crate::{drawing::walked::assert_drawn, passcode_expiry::woken, registration::tests::Life};

/// The seed's limit.
const HOURS: i64 = 18;

/// Acts and pauses in a row that are tried.
const DEPTH: usize = 4;

fn drawn(life: &Life, alarmed: bool) -> &'static str {
    match (life.holder.card(), life.holder.desk().in_doubt()) {
        (None, _) if alarmed => "out_of_use_late",
        (None, _) => "out_of_use",
        (Some(_), Some(in_doubt)) if in_doubt.is_overdue => "overdue",
        (Some(_), Some(_)) => "in_doubt",
        (Some(_), None) => "in_use",
    }
}

/// What can be done now, and the label of what comes of it if no alarm does.
fn acts(life: &Life) -> Vec<(&'static str, HolderCommand)> {
    let lost = |lost_at| DeskCommand::ReportLost { loss: Loss::Lost, lost_at };
    vec![
        (
            SUSPENDED,
            HolderCommand::Desk(DeskCommand::Suspend { reason: SuspensionReason::Mislaid }),
        ),
        (REINSTATED, HolderCommand::Desk(DeskCommand::Reinstate {})),
        (ALARM, woken()),
        (LOST, HolderCommand::Desk(lost(life.now))),
        (LOST, HolderCommand::Desk(lost(life.now - TimeDelta::hours(HOURS)))),
    ]
}

fn walk(life: &Life, alarmed: bool, depth: usize, found: &mut BTreeSet<Arrow>) {
    let from = drawn(life, alarmed);
    if depth == 0 || from.starts_with("out_of_use") {
        return;
    }
    walk(&life.later(HOURS * 60), alarmed, depth - 1, found);
    for (label, command) in acts(life) {
        let policies = Policies::seed();
        let ctx = Context { now: life.now, policies: &policies };
        let Ok(events) = life.holder.decide(&ctx, command) else { continue };
        if events.is_empty() {
            continue;
        }
        let is_alarm =
            |event: &HolderEvent| matches!(event, HolderEvent::Desk(DeskEvent::LossOverdue { .. }));
        let raised = events.iter().any(is_alarm);
        let next = Life {
            holder: events
                .iter()
                .fold(life.holder.clone(), |holder, event| holder.evolve(life.now, event)),
            now: life.now,
        };
        let is_of_the_past = label == REINSTATED;
        let alarmed = (alarmed && !is_of_the_past) || raised;
        let label = if raised && label == LOST { LOST_LATE } else { label };
        found.insert(Arrow { from, label, to: drawn(&next, alarmed) });
        walk(&next, alarmed, depth - 1, found);
    }
}

#[test]
fn b57_every_way_through_a_possible_loss_is_drawn() {
    let mut found = BTreeSet::new();
    walk(&Life::new(false), false, DEPTH, &mut found);
    assert_drawn(&DRAWING, &found);
}

#[test]
fn b57_the_alarm_is_due_18_hours_after_the_suspension_and_not_an_instant_before() {
    let suspend = DeskCommand::Suspend { reason: SuspensionReason::Suspected };
    let begun = Life::new(false);
    let at = begun.now;
    let life = begun.after(HolderCommand::Desk(suspend)).unwrap();
    let policies = Policies::seed();
    let ctx = |now| Context { now, policies: &policies };
    let due_at = at + TimeDelta::hours(HOURS);
    let wake_up = expiry::wake_up(&ctx(life.now), &life.holder).unwrap();
    assert_eq!(wake_up.due_at, due_at);
    let recorded = |now| life.holder.decide(&ctx(now), woken()).unwrap();
    assert_eq!(recorded(due_at - TimeDelta::milliseconds(1)), []);
    let [HolderEvent::Desk(DeskEvent::LossOverdue { since, .. })] = &recorded(due_at)[..] else {
        panic!("no alarm")
    };
    assert_eq!(*since, at);
}

#[test]
fn b57_whose_holder_is_away_is_waited_for_without_an_alarm() {
    let suspend = DeskCommand::Suspend { reason: SuspensionReason::Away };
    let life = Life::new(false).after(HolderCommand::Desk(suspend)).unwrap().later(100 * 60);
    assert_eq!(life.holder.desk().in_doubt(), None);
    assert!(life.after(woken()).is_none());
}
