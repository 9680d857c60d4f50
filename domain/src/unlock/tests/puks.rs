//! The PUK of a card: never more than two candidates, never given away without the next one.

use super::*;
use crate::{card::Puk, holder};

const JOB: Uuid = Uuid::from_u128(80);

fn release(to: u128) -> HolderCommand {
    HolderCommand::ReleasePuk { job: JOB, card: card().card, to: secret(to) }
}

fn probe() -> HolderCommand {
    HolderCommand::ProbePuk { job: JOB, card: card().card }
}

fn settle(reference: u128) -> HolderCommand {
    HolderCommand::SettlePuk { card: card().card, secret: secret(reference) }
}

fn replace() -> HolderCommand {
    HolderCommand::ReplacePuk { card: card().card }
}

fn released(from: u128, to: u128) -> HolderEvent {
    let (from, to) = (secret(from), secret(to));
    HolderEvent::PukReleased { card: card().card, job: JOB, from, to }
}

fn probed(first: u128) -> HolderEvent {
    HolderEvent::PukProbed { card: card().card, job: JOB, first: secret(first) }
}

fn replaced(reference: u128) -> HolderEvent {
    HolderEvent::PukReplaced { card: card().card, secret: secret(reference) }
}

fn settled(reference: u128) -> HolderEvent {
    HolderEvent::PukSettled { card: card().card, secret: secret(reference) }
}

/// The code was entered.
fn passed() -> Life {
    let mut life = Life::of(holder());
    life.passed(flow(2));
    life
}

#[test]
fn a_registration_records_the_puk_that_personalisation_wrote() {
    assert_eq!(passed().holder.puk(), Puk::Known(secret(PUK)));
}

#[test]
fn b40_b39_a_puk_is_released_only_where_the_new_passcode_may_be_chosen_and_in_time() {
    let mut life = Life::of(holder());
    assert_eq!(life.tell(release(50)), Err(Refusal::NotThere.into()));
    life.series(flow(2), &[true]);
    assert_eq!(life.tell(release(50)), Err(Refusal::NotThere.into()));
    let mut late = passed();
    late.later(15);
    assert_eq!(late.tell(release(50)), Err(Refusal::TimeOver.into()));
    let mut life = passed();
    life.now += TimeDelta::minutes(15) - TimeDelta::milliseconds(1);
    assert_eq!(life.tell(release(50)), Ok(vec![released(PUK, 50)]));
    assert_eq!(life.tell(release(50)), Ok(vec![]));
    let mut done = passed();
    done.tell(complete(flow(2), 9)).unwrap();
    assert_eq!(done.tell(release(50)), Err(Refusal::NotThere.into()));
}

#[test]
fn what_was_released_is_replaced_in_the_same_job() {
    let mut life = passed();
    life.tell(release(50)).unwrap();
    assert!(life.holder.puk().is_exposed());
    let kept = life.holder.kept(&Policy::seed());
    assert!(kept.contains(&secret(PUK)) && kept.contains(&secret(50)));
    assert_eq!(life.tell(replace()), Ok(vec![replaced(50)]));
    assert_eq!(life.holder.puk(), Puk::Known(secret(50)));
    assert!(!life.holder.kept(&Policy::seed()).contains(&secret(PUK)));
    assert_eq!(life.tell(replace()), Ok(vec![]));
}

#[test]
fn an_agent_that_takes_the_puk_and_is_gone_leaves_it_exposed_until_it_is_settled_and_replaced() {
    let mut life = passed();
    life.tell(release(50)).unwrap();
    let since = life.now;
    life.later(24 * 60);
    assert_eq!(life.holder.puk().exposed_since(), Some(since));
    assert_eq!(life.tell(release(51)), Err(Refusal::PukUnsettled.into()));
    // One tear costs at most one wrong try: the next begins with the other one.
    assert_eq!(life.tell(probe()), Ok(vec![probed(PUK)]));
    assert_eq!(life.tell(probe()), Ok(vec![probed(50)]));
    assert_eq!(life.tell(probe()), Ok(vec![probed(PUK)]));
    assert_eq!(life.tell(settle(50)), Ok(vec![settled(50)]));
    assert_eq!(life.holder.puk(), Puk::Settled { secret: secret(50), since });
    assert_eq!(life.tell(settle(50)), Ok(vec![]));
    // No unlock is needed to replace what an agent knows.
    assert_eq!(life.tell(release(51)), Ok(vec![released(50, 51)]));
    assert_eq!(life.tell(replace()), Ok(vec![replaced(51)]));
    assert_eq!(life.holder.puk(), Puk::Known(secret(51)));
}

#[test]
fn nothing_is_probed_settled_or_replaced_that_is_not_between_two() {
    let mut life = passed();
    assert_eq!(life.tell(probe()), Err(Refusal::NotThere.into()));
    assert_eq!(life.tell(settle(PUK)), Err(Refusal::NotThere.into()));
    assert_eq!(life.tell(replace()), Ok(vec![]));
    life.tell(release(50)).unwrap();
    assert_eq!(life.tell(settle(99)), Err(Refusal::NotThere.into()));
}

#[test]
fn b61_the_puk_of_another_card_is_nobodys_business() {
    let mut life = passed();
    let other = HolderCommand::ReleasePuk { job: JOB, card: serial("00FF"), to: secret(50) };
    assert_eq!(life.tell(other), Err(holder::Refusal::CardNotActive.into()));
}

#[test]
fn a_puk_is_recorded_once_for_a_card_that_has_none() {
    let record =
        |reference| HolderCommand::RecordPuk { card: card().card, secret: secret(reference) };
    let mut life = Life::of(holder().and(instant(NOON), [HolderEvent::CardIssued(card())]));
    assert!(life.holder.puk().is_unknown());
    let recorded = HolderEvent::PukRecorded { card: card().card, secret: secret(60) };
    assert_eq!(life.tell(record(60)), Ok(vec![recorded]));
    assert_eq!(life.tell(record(60)), Ok(vec![]));
    assert_eq!(life.tell(record(61)), Err(Refusal::NotThere.into()));
}
