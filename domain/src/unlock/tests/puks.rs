//! The PUK of a card: never more than two candidates, never given away without the next one.

use super::*;
use crate::{
    card::{NamedPuk, Puk, Step},
    holder,
};

const JOB: Uuid = Uuid::from_u128(80);
const OTHER: Uuid = Uuid::from_u128(81);

/// The first step, the second, … of one visit.
fn step(number: u32) -> Step {
    Step { job: JOB, number }
}

fn release(to: u128) -> HolderCommand {
    release_for(flow(2), to)
}

fn release_for(unlock: CommandId, to: u128) -> HolderCommand {
    let (card, to) = (card().card, secret(to));
    HolderCommand::ReleasePuk { job: JOB, unlock: Some(unlock), card, to }
}

fn probe() -> HolderCommand {
    HolderCommand::ProbePuk { job: JOB, card: card().card }
}

fn settle(number: u32, reference: u128) -> HolderCommand {
    let step = step(number);
    HolderCommand::SettlePuk { step, card: card().card, secret: secret(reference) }
}

fn rule_out(number: u32, reference: u128) -> HolderCommand {
    let step = step(number);
    HolderCommand::RuleOutPuk { step, card: card().card, secret: secret(reference) }
}

fn replace(number: u32) -> HolderCommand {
    HolderCommand::ReplacePuk { step: step(number), card: card().card }
}

fn released(number: u32, from: u128, to: u128) -> HolderEvent {
    let (from, to) = (secret(from), secret(to));
    HolderEvent::PukReleased { card: card().card, step: step(number), from, to }
}

fn probed(number: u32, first: u128) -> HolderEvent {
    HolderEvent::PukProbed { card: card().card, step: step(number), first: secret(first) }
}

fn replaced(number: u32, reference: u128) -> HolderEvent {
    HolderEvent::PukReplaced(NamedPuk {
        card: card().card,
        step: step(number),
        secret: secret(reference),
    })
}

fn settled(number: u32, reference: u128) -> HolderEvent {
    HolderEvent::PukSettled(NamedPuk {
        card: card().card,
        step: step(number),
        secret: secret(reference),
    })
}

fn ruled_out(number: u32, reference: u128) -> HolderEvent {
    HolderEvent::PukRuledOut(NamedPuk {
        card: card().card,
        step: step(number),
        secret: secret(reference),
    })
}

fn not_there() -> Result<Vec<HolderEvent>, crate::refusal::Refusal> {
    Err(Refusal::NotThere.into())
}

/// What the vault keeps for this holder.
fn keeps(life: &Life, reference: u128) -> bool {
    life.holder.kept(&Policy::seed()).contains(&secret(reference))
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
    assert_eq!(life.tell(release(50)), Err(Refusal::Replaced.into()));
    life.series(flow(2), &[true]);
    assert_eq!(life.tell(release(50)), Err(Refusal::NotThere.into()));
    let mut late = passed();
    late.later(15);
    assert_eq!(late.tell(release(50)), Err(Refusal::TimeOver.into()));
    let mut life = passed();
    life.now += TimeDelta::minutes(15) - TimeDelta::milliseconds(1);
    assert_eq!(life.tell(release(50)), Ok(vec![released(1, PUK, 50)]));
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
    assert!(keeps(&life, PUK) && keeps(&life, 50));
    assert_eq!(life.tell(replace(1)), Ok(vec![replaced(1, 50)]));
    assert_eq!(life.holder.puk(), Puk::Known(secret(50)));
    assert_eq!(life.tell(replace(1)), Ok(vec![]));
}

#[test]
fn what_a_card_is_said_not_to_have_is_kept_until_a_later_replacement_is_confirmed() {
    let mut life = passed();
    life.tell(release(50)).unwrap();
    life.tell(probe()).unwrap();
    life.tell(settle(2, PUK)).unwrap();
    assert!(keeps(&life, 50));
    life.tell(release(51)).unwrap();
    life.tell(replace(3)).unwrap();
    assert!(!keeps(&life, 50));
    assert!(keeps(&life, PUK) && keeps(&life, 51));
    life.tell(release(52)).unwrap();
    assert!(keeps(&life, PUK));
    life.tell(replace(4)).unwrap();
    assert!(!keeps(&life, PUK) && keeps(&life, 51) && keeps(&life, 52));
}

#[test]
fn what_an_agent_says_of_a_puk_is_heard_of_its_own_newest_step_only() {
    let mut life = passed();
    life.tell(release(50)).unwrap();
    let of_other = |number| Step { job: OTHER, number };
    let say = |step| HolderCommand::ReplacePuk { step, card: card().card };
    assert_eq!(life.tell(say(of_other(1))), not_there());
    // Another visit begins to ask the card.
    life.tell(HolderCommand::ProbePuk { job: OTHER, card: card().card }).unwrap();
    assert_eq!(life.tell(replace(1)), not_there());
    assert_eq!(life.tell(settle(1, PUK)), not_there());
    assert_eq!(life.tell(settle(2, PUK)), not_there());
    // It asks once more: what it heard the first time is late.
    life.tell(HolderCommand::ProbePuk { job: OTHER, card: card().card }).unwrap();
    let card = card().card;
    let late =
        HolderCommand::SettlePuk { step: of_other(2), card: card.clone(), secret: secret(PUK) };
    assert_eq!(life.tell(late), not_there());
    // A probe is no release.
    assert_eq!(life.tell(say(of_other(3))), not_there());
    let step = of_other(3);
    let settle = HolderCommand::SettlePuk { step, card: card.clone(), secret: secret(50) };
    let settled = HolderEvent::PukSettled(NamedPuk { step, card, secret: secret(50) });
    assert_eq!(life.tell(settle), Ok(vec![settled]));
}

#[test]
fn b39_a_visit_of_an_earlier_unlock_gets_no_puk_for_a_later_one() {
    let mut life = passed();
    life.later(16);
    life.passed(flow(3));
    assert!(matches!(life.tell(release_for(flow(2), 50)), Err(refusal::Refusal::Unlock(_))));
    let (card, to) = (card().card, secret(50));
    let without = HolderCommand::ReleasePuk { job: JOB, unlock: None, card, to };
    assert_eq!(life.tell(without), not_there());
    assert_eq!(life.tell(release_for(flow(3), 50)), Ok(vec![released(1, PUK, 50)]));
}

#[test]
fn a_probe_never_begins_again_with_what_the_card_has_said_no_to() {
    let mut life = passed();
    life.tell(release(50)).unwrap();
    assert_eq!(life.tell(probe()), Ok(vec![probed(2, PUK)]));
    assert_eq!(life.tell(rule_out(2, PUK)), Ok(vec![ruled_out(2, PUK)]));
    assert_eq!(life.tell(rule_out(2, PUK)), Ok(vec![]));
    for number in 3..6 {
        assert_eq!(life.tell(probe()), Ok(vec![probed(number, 50)]));
    }
}

#[test]
fn b40_a_card_that_takes_neither_puk_is_lost_and_nothing_of_it_is_tried_again() {
    let mut life = passed();
    life.tell(release(50)).unwrap();
    // Told at once that the card has not taken the one before.
    assert_eq!(life.tell(rule_out(1, PUK)), Ok(vec![ruled_out(1, PUK)]));
    assert_eq!(life.tell(probe()), Ok(vec![probed(2, 50)]));
    let lost = HolderEvent::PukLost { card: card().card, step: step(2) };
    assert_eq!(life.tell(rule_out(2, 50)), Ok(vec![lost]));
    assert_eq!(life.tell(rule_out(2, 50)), Ok(vec![]));
    assert_eq!(life.holder.puk(), Puk::Lost);
    assert!(!life.holder.puk().is_exposed() && life.holder.puk().is_unknown());
    assert_eq!(life.tell(probe()), not_there());
    assert_eq!(life.tell(settle(2, 50)), not_there());
    assert_eq!(life.tell(replace(2)), not_there());
    assert_eq!(life.tell(release(51)), Err(Refusal::NoPuk.into()));
    // Whoever helps him may want to know what it was.
    assert!(keeps(&life, PUK) && keeps(&life, 50));
    let reason = Refusal::NoPuk;
    let refused = life.tell(start(flow(9))).unwrap();
    assert!(
        matches!(&refused[..], [HolderEvent::UnlockRefused { reason: of, .. }] if *of == reason),
        "{refused:?}"
    );
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
    assert_eq!(life.tell(probe()), Ok(vec![probed(2, PUK)]));
    assert_eq!(life.tell(probe()), Ok(vec![probed(3, 50)]));
    assert_eq!(life.tell(probe()), Ok(vec![probed(4, PUK)]));
    assert_eq!(life.tell(settle(4, 50)), Ok(vec![settled(4, 50)]));
    assert_eq!(life.holder.puk(), Puk::Settled { secret: secret(50), since });
    assert_eq!(life.tell(settle(4, 50)), Ok(vec![]));
    // No unlock is needed to replace what an agent knows.
    assert_eq!(life.tell(release(51)), Ok(vec![released(5, 50, 51)]));
    assert_eq!(life.tell(replace(5)), Ok(vec![replaced(5, 51)]));
    assert_eq!(life.holder.puk(), Puk::Known(secret(51)));
}

#[test]
fn nothing_is_probed_settled_or_replaced_that_is_not_between_two() {
    let mut life = passed();
    assert_eq!(life.tell(probe()), Err(Refusal::NotThere.into()));
    assert_eq!(life.tell(settle(1, PUK)), not_there());
    assert_eq!(life.tell(rule_out(1, PUK)), not_there());
    assert_eq!(life.tell(replace(1)), not_there());
    life.tell(release(50)).unwrap();
    assert_eq!(life.tell(settle(1, PUK)), not_there());
    life.tell(probe()).unwrap();
    assert_eq!(life.tell(settle(2, 99)), not_there());
    assert_eq!(life.tell(rule_out(2, 99)), not_there());
}

#[test]
fn b61_the_puk_of_another_card_is_nobodys_business() {
    let mut life = passed();
    let other = HolderCommand::ReleasePuk {
        job: JOB,
        unlock: Some(flow(2)),
        card: serial("00FF"),
        to: secret(50),
    };
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
