//! The card loses its power while its passcode is being written: nobody knows which one it has,
//! until it says so itself.

use tests::{
    system::{System, system},
    visitor::Visitor,
};
use virtual_card::{Faults, Moment, TearAt};

use super::{
    card_takes, go_and_log_in, go_and_update, log_in, new_verification, old_and_new, told,
};

const SET_SMARTCARD: &str = "You set a new smartcard passcode";
const SET_VERIFICATION: &str = "You set a new verification passcode";

/// Both events of one *Update*, as often as each is told.
pub(super) fn both_told(system: &System, visitor: &mut Visitor) -> anyhow::Result<(usize, usize)> {
    Ok((told(system, visitor, SET_SMARTCARD)?, told(system, visitor, SET_VERIFICATION)?))
}

/// An *Update* of two passcodes whose CHANGE REFERENCE DATA the card does not survive. Gives back
/// what the ledger told before.
fn tear(
    system: &System,
    visitor: &mut Visitor,
    card: &str,
    moment: Moment,
    new: &str,
) -> anyhow::Result<(usize, usize)> {
    let tear_ins = Some(TearAt { ins: 0x24, nth: 1, moment });
    system.insert_with(card, Faults { tear_ins, ..Faults::default() })?;
    let old = system.passcode(card);
    log_in(system, visitor, &old)?;
    let before = both_told(system, visitor)?;
    let verification = format!("Harbour-{new}");
    let mut fields = new_verification(&verification).to_vec();
    fields.push(("smartcard", "true"));
    go_and_update(system, visitor, &fields)?;
    let job = visitor.page()?.address.to_string();
    visitor.press("Make these changes", &old_and_new(&old, new))?;
    visitor.sees("It is not known which passcode your card has")?;
    visitor.open(&job.replace(&system.agent_origin(), &system.origin()))?;
    visitor.sees("We do not know yet whether your card was changed")?;
    Ok(before)
}

fn a_write_that_landed_is_settled_by_the_new_passcode(
    card: &'static str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    let (old, mut visitor) = (system.passcode(card), Visitor::new()?);
    let before = tear(&system, &mut visitor, card, Moment::After, new)?;
    system.remember(card, new);
    system.insert(card)?;
    log_in(&system, &mut visitor, new)?;
    assert_eq!(both_told(&system, &mut visitor)?, (before.0 + 1, before.1 + 1));
    assert!(!card_takes(&system, &old)?);
    assert!(card_takes(&system, new)?);
    Ok(())
}

#[test]
fn p26_a_guide_card_torn_after_the_write_is_settled_by_the_new_passcode() -> anyhow::Result<()> {
    a_write_that_landed_is_settled_by_the_new_passcode("asha", "Torn-1")
}

#[test]
fn p26_a_piv_card_torn_after_the_write_is_settled_by_the_new_passcode() -> anyhow::Result<()> {
    a_write_that_landed_is_settled_by_the_new_passcode("sam", "16180339")
}

/// The page advises to try the new one first, and that costs a try here.
fn a_write_that_did_not_land_is_settled_by_the_old_passcode(
    card: &'static str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    let (old, mut visitor) = (system.passcode(card), Visitor::new()?);
    let before = tear(&system, &mut visitor, card, Moment::Before, new)?;
    system.insert(card)?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.press("Log in", &[("current_passcode", new)])?;
    visitor.sees("The passcode is wrong. 2 tries are left")?;
    visitor.press("Log in", &[("current_passcode", &old)])?;
    visitor.sees("Card holder")?;
    assert_eq!(both_told(&system, &mut visitor)?, before);
    Ok(())
}

#[test]
fn b28_a_guide_card_torn_before_the_write_is_settled_by_the_old_passcode() -> anyhow::Result<()> {
    a_write_that_did_not_land_is_settled_by_the_old_passcode("asha", "Torn-2")
}

#[test]
fn b28_a_piv_card_torn_before_the_write_is_settled_by_the_old_passcode() -> anyhow::Result<()> {
    a_write_that_did_not_land_is_settled_by_the_old_passcode("sam", "57721566")
}

fn a_card_pulled_out_at_its_verification_changes_nothing(card: &str) -> anyhow::Result<()> {
    let system = system()?;
    let tear_ins = Some(TearAt { ins: 0x87, nth: 2, moment: Moment::Before });
    system.insert_with(card, Faults { tear_ins, ..Faults::default() })?;
    let (passcode, mut visitor) = (system.passcode(card), Visitor::new()?);
    go_and_log_in(&system, &mut visitor)?;
    visitor.press("Log in", &[("current_passcode", &passcode)])?;
    visitor.sees("Your card was taken out too early")?;
    visitor.sees("Nothing was changed")?;
    system.insert(card)?;
    log_in(&system, &mut visitor, &passcode)
}

#[test]
fn a_guide_card_pulled_out_while_it_signs_can_be_used_again_at_once() -> anyhow::Result<()> {
    a_card_pulled_out_at_its_verification_changes_nothing("tomasz")
}

#[test]
fn a_piv_card_pulled_out_while_it_signs_can_be_used_again_at_once() -> anyhow::Result<()> {
    a_card_pulled_out_at_its_verification_changes_nothing("maria")
}
