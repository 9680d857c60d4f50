//! Log in with a card, and what a wrong passcode costs.

use tests::{
    system::{READER, system},
    visitor::Visitor,
};

use super::{go_and_log_in, log_in, told};

fn card_and_passcode_open_the_portal(card: &str, name: &str) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    visitor.open(&format!("{}/home", system.origin()))?;
    visitor.sees("Log in to the Self Service Portal")?;
    log_in(&system, &mut visitor, &system.passcode(card))?;
    assert!(visitor.page()?.address.as_str().starts_with(&system.origin()));
    visitor.sees(name)?;
    visitor.sees(&format!("Connected Reader: {READER}"))
}

#[test]
fn p05_a_guide_card_and_its_passcode_open_the_portal() -> anyhow::Result<()> {
    card_and_passcode_open_the_portal("asha", "Asha Patel")
}

#[test]
fn p05_a_piv_card_and_its_passcode_open_the_portal() -> anyhow::Result<()> {
    card_and_passcode_open_the_portal("sam", "Sam Okafor")
}

fn a_wrong_passcode_costs_one_try_and_the_right_one_gives_it_back(
    card: &str,
    wrong: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")?;
    visitor.press("Log in", &[("current_passcode", wrong)])?;
    visitor.sees("The passcode is wrong. 2 tries are left before the card is locked")?;
    visitor.sees("Tries left 2")?;

    // The job in the portal says the same, and still waits for the right one.
    let page = visitor.page()?.address.to_string();
    visitor.open(&page.replace(&system.agent_origin(), &system.origin()))?;
    visitor.sees("That passcode was wrong. 2 tries are left before the card is locked.")?;
    visitor.follow("Enter your passcode")?;
    visitor.press("Log in", &[("current_passcode", &system.passcode(card))])?;
    visitor.sees("Card holder")?;

    let sentence = "Somebody entered a wrong smartcard passcode; 2 tries are left";
    assert!(1 <= told(&system, &mut visitor, sentence)?);
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")
}

#[test]
fn p25_a_wrong_passcode_costs_a_guide_card_one_try_and_the_right_one_gives_it_back()
-> anyhow::Result<()> {
    a_wrong_passcode_costs_one_try_and_the_right_one_gives_it_back("jo", "sun!")
}

#[test]
fn p25_a_wrong_passcode_costs_a_piv_card_one_try_and_the_right_one_gives_it_back()
-> anyhow::Result<()> {
    a_wrong_passcode_costs_one_try_and_the_right_one_gives_it_back("maria", "00000000")
}

fn an_empty_field_costs_no_try(card: &str) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.press("Log in", &[])?;
    visitor.sees("Enter your current smartcard passcode")?;
    visitor.sees("Tries left 3")
}

#[test]
fn an_empty_field_costs_a_guide_card_no_try() -> anyhow::Result<()> {
    an_empty_field_costs_no_try("jo")
}

#[test]
fn an_empty_field_costs_a_piv_card_no_try() -> anyhow::Result<()> {
    an_empty_field_costs_no_try("maria")
}

fn cancelling_on_the_passcode_page_leads_back_and_costs_nothing(card: &str) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    go_and_log_in(&system, &mut visitor)?;
    visitor.press("Cancel", &[])?;
    visitor.sees("Log in to the Self Service Portal")?;
    assert!(visitor.page()?.address.as_str().starts_with(&system.origin()));
    go_and_log_in(&system, &mut visitor)?;
    visitor.sees("Tries left 3")
}

#[test]
fn p27_cancelling_on_the_passcode_page_leads_back_and_costs_a_guide_card_nothing()
-> anyhow::Result<()> {
    cancelling_on_the_passcode_page_leads_back_and_costs_nothing("jo")
}

#[test]
fn p27_cancelling_on_the_passcode_page_leads_back_and_costs_a_piv_card_nothing()
-> anyhow::Result<()> {
    cancelling_on_the_passcode_page_leads_back_and_costs_nothing("maria")
}
