//! New passcodes: on the card, in the ledger, and refused where a rule says so.

use tests::{
    sandbox::reader_name,
    system::{SLOT, System, system},
    visitor::Visitor,
};

use super::{card_takes, go_and_update, log_in, new_verification, old_and_new, piv_tool, told};

const SET: [&str; 3] = [
    "You set a new smartcard passcode",
    "You set a new account recovery passcode",
    "You set a new verification passcode",
];

/// How often the ledger tells that each of the three was set.
fn all_told(system: &System, visitor: &mut Visitor) -> anyhow::Result<[usize; 3]> {
    let mut n_told = [0; 3];
    for (n, sentence) in n_told.iter_mut().zip(SET) {
        *n = told(system, visitor, sentence)?;
    }
    Ok(n_told)
}

fn all_three_passcodes_are_changed_in_one_update(
    card: &'static str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let (old, mut visitor) = (system.passcode(card), Visitor::new()?);
    log_in(&system, &mut visitor, &old)?;
    let before = all_told(&system, &mut visitor)?;
    let fields = [
        ("new_account_recovery", "Gatekeeper-9"),
        ("confirm_account_recovery", "Gatekeeper-9"),
        ("new_verification", "Lighthouse-4"),
        ("confirm_verification", "Lighthouse-4"),
        ("smartcard", "true"),
    ];
    go_and_update(&system, &mut visitor, &fields)?;
    visitor.sees("Set a new account recovery passcode")?;
    visitor.sees("Set a new verification passcode")?;
    visitor.sees("Set a new smartcard passcode")?;
    visitor.press("Make these changes", &old_and_new(&old, new))?;
    system.remember(card, new);
    visitor.sees("have been updated")?;

    assert_eq!(all_told(&system, &mut visitor)?, before.map(|n| n + 1));
    assert!(!card_takes(&system, &old)?, "the old passcode still works");
    assert!(card_takes(&system, new)?, "the new passcode does not work");
    Ok(())
}

#[test]
fn p21_p26_b28_all_three_passcodes_are_changed_in_one_update_of_a_guide_card() -> anyhow::Result<()>
{
    all_three_passcodes_are_changed_in_one_update("asha", "tree")
}

#[test]
fn p21_p26_b28_all_three_passcodes_are_changed_in_one_update_of_a_piv_card() -> anyhow::Result<()> {
    all_three_passcodes_are_changed_in_one_update("sam", "80402016")
}

fn a_passcode_used_before_is_refused_and_nothing_is_written(
    card: &'static str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let (old, mut visitor) = (system.passcode(card), Visitor::new()?);
    log_in(&system, &mut visitor, &old)?;
    go_and_update(&system, &mut visitor, &[("smartcard", "true")])?;
    visitor.press("Make these changes", &old_and_new(&old, new))?;
    system.remember(card, new);
    visitor.sees("Your smartcard passcode has been updated")?;

    let before = all_told(&system, &mut visitor)?;
    let mut fields = new_verification("Lighthouse-5").to_vec();
    fields.push(("smartcard", "true"));
    go_and_update(&system, &mut visitor, &fields)?;
    visitor.press("Make these changes", &old_and_new(new, &old))?;
    visitor.sees("There is a problem")?;
    visitor.sees("You have used this passcode before")?;

    let refused = "A new smartcard passcode was not accepted because it had been used before";
    assert_eq!(told(&system, &mut visitor, refused)?, 1);
    assert_eq!(all_told(&system, &mut visitor)?, before);
    assert!(!card_takes(&system, &old)?);
    assert!(card_takes(&system, new)?);
    Ok(())
}

#[test]
fn p22_a_guide_cards_passcode_of_before_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    a_passcode_used_before_is_refused_and_nothing_is_written("jo", "Oak-leaf")
}

#[test]
fn p22_a_piv_cards_passcode_of_before_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    a_passcode_used_before_is_refused_and_nothing_is_written("maria", "31415926")
}

/// The rule is read before anything is typed; what breaks it costs nothing; what keeps it is taken.
fn a_card_says_what_it_takes(
    card: &'static str,
    rule: &str,
    refused: &[&str],
    taken: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let (old, mut visitor) = (system.passcode(card), Visitor::new()?);
    log_in(&system, &mut visitor, &old)?;
    visitor.open(&format!("{}/passcodes", system.origin()))?;
    visitor.sees(&format!("On this card: {rule}"))?;
    go_and_update(&system, &mut visitor, &[("smartcard", "true")])?;
    visitor.sees(&format!("This card takes {rule}"))?;
    for wrong in refused {
        visitor.press("Make these changes", &old_and_new(&old, wrong))?;
        visitor.sees(&format!("Your new smartcard passcode must be {rule}"))?;
        visitor.sees("Tries left 3")?;
    }
    visitor.press("Make these changes", &old_and_new(&old, taken))?;
    system.remember(card, taken);
    visitor.sees("Your smartcard passcode has been updated")?;
    assert!(card_takes(&system, taken)?);
    Ok(())
}

#[test]
fn p06_a_guide_card_takes_4_and_8_characters_and_refuses_3_and_9() -> anyhow::Result<()> {
    let rule = "4 to 8 characters";
    a_card_says_what_it_takes("asha", rule, &["kit", "ninechars"], "kite")?;
    a_card_says_what_it_takes("asha", rule, &[], "Eight-ch")
}

#[test]
fn p06_a_piv_card_takes_6_and_8_digits_and_refuses_5_and_9_and_letters() -> anyhow::Result<()> {
    let rule = "6 to 8 digits";
    let refused = ["12345", "123456789", "abcdef"];
    a_card_says_what_it_takes("sam", rule, &refused, "602214")?;
    a_card_says_what_it_takes("sam", rule, &[], "27182818")
}

fn a_wrong_current_passcode_changes_none_of_the_three(
    card: &str,
    wrong: &str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let (passcode, mut visitor) = (system.passcode(card), Visitor::new()?);
    log_in(&system, &mut visitor, &passcode)?;
    let mut fields = new_verification("Lighthouse-6").to_vec();
    fields.push(("smartcard", "true"));
    let before = all_told(&system, &mut visitor)?;
    go_and_update(&system, &mut visitor, &fields)?;
    visitor.press("Make these changes", &old_and_new(wrong, new))?;
    visitor.sees("The passcode is wrong. 2 tries are left")?;
    assert_eq!(all_told(&system, &mut visitor)?, before);
    assert!(card_takes(&system, &passcode)?, "the right one also gives the try back");
    Ok(())
}

#[test]
fn b28_a_wrong_current_passcode_changes_none_of_the_three_of_a_guide_card() -> anyhow::Result<()> {
    a_wrong_current_passcode_changes_none_of_the_three("tomasz", "Blue43", "Green-1")
}

#[test]
fn b28_a_wrong_current_passcode_changes_none_of_the_three_of_a_piv_card() -> anyhow::Result<()> {
    a_wrong_current_passcode_changes_none_of_the_three("maria", "00000000", "66260701")
}

fn an_update_that_is_cancelled_on_the_passcode_page_changes_nothing(
    card: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    log_in(&system, &mut visitor, &system.passcode(card))?;
    let before = all_told(&system, &mut visitor)?;
    go_and_update(&system, &mut visitor, &new_verification("Lighthouse-3"))?;
    visitor.press("Cancel", &[])?;
    visitor.sees("You cancelled the update")?;
    assert_eq!(all_told(&system, &mut visitor)?, before);
    Ok(())
}

#[test]
fn p27_an_update_that_is_cancelled_on_the_passcode_page_changes_nothing_with_a_guide_card()
-> anyhow::Result<()> {
    an_update_that_is_cancelled_on_the_passcode_page_changes_nothing("tomasz")
}

#[test]
fn p27_an_update_that_is_cancelled_on_the_passcode_page_changes_nothing_with_a_piv_card()
-> anyhow::Result<()> {
    an_update_that_is_cancelled_on_the_passcode_page_changes_nothing("maria")
}

fn a_passcode_changed_with_another_program_is_found_at_the_next_log_in(
    card: &'static str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert(card)?;
    let old = system.passcode(card);
    // After a log-in the agent leaves the card in peace; while it reads a card that was just put
    // in, it may reset it between two commands of the other program.
    let mut visitor = Visitor::new()?;
    log_in(&system, &mut visitor, &old)?;
    let reader = reader_name(SLOT);
    let change = ["-r", reader.as_str(), "-a", "change-pin", "-P", &old, "-N", new];
    assert!(piv_tool(&system, &change)?.status.success());
    system.remember(card, new);
    log_in(&system, &mut visitor, new)?;
    let sentence = "Your smartcard passcode was changed outside this service";
    assert_eq!(told(&system, &mut visitor, sentence)?, 1);
    Ok(())
}

#[test]
fn a_guide_cards_passcode_changed_with_another_program_is_found_at_the_next_log_in()
-> anyhow::Result<()> {
    a_passcode_changed_with_another_program_is_found_at_the_next_log_in("tomasz", "Indigo-7")
}

#[test]
fn a_piv_cards_passcode_changed_with_another_program_is_found_at_the_next_log_in()
-> anyhow::Result<()> {
    a_passcode_changed_with_another_program_is_found_at_the_next_log_in("maria", "14142135")
}
