//! A card that three wrong passcodes have locked is unlocked by its holder, over PC/SC; and what other people's tools
//! then say of its counter and its PUK.

use std::fs;

use anyhow::{Context as _, ensure};
use tests::{
    held::until,
    sandbox::reader_name,
    system::{SLOT, System, system},
    visitor::Visitor,
};
use virtual_card::{Faults, OVERHEARD};

use super::{card_takes, go_and_log_in, go_and_update, log_in, piv_tool};

/// What each of them sets for the case that his card is locked (P-09).
const RECOVERY: [(&str, &str); 2] =
    [("new_account_recovery", "Lantern-77"), ("confirm_account_recovery", "Lantern-77")];

/// A PUK that the card was told to replace, and the one that it has taken.
struct Replaced {
    old: String,
    new: String,
}

/// What somebody at the card's contacts has heard: CHANGE REFERENCE DATA, and RESET RETRY COUNTER after it.
fn overheard(system: &System, card: &str) -> anyhow::Result<Replaced> {
    let file = system.sandbox.card_folder(card).join(OVERHEARD);
    let heard = fs::read_to_string(&file)?;
    fs::remove_file(file)?;
    let commands: Vec<Vec<u8>> = heard.lines().map(hex::decode).collect::<Result<_, _>>()?;
    let [change, reset] = &commands[..] else {
        anyhow::bail!("{} commands carried a PUK", commands.len());
    };
    let puk = |command: &[u8], from: usize| -> anyhow::Result<String> {
        let padded = command.get(from..from + 8).context("a short command")?;
        Ok(String::from_utf8(padded.to_vec())?)
    };
    // Four bytes of header and the length stand before the data.
    let replaced = Replaced { old: puk(change, 5)?, new: puk(change, 13)? };
    ensure!(change[1] == 0x24 && reset[1] == 0x2C, "the PUK was used before it was replaced");
    ensure!(puk(reset, 5)? == replaced.new, "another PUK was used");
    Ok(replaced)
}

/// What a tool that knows nothing of us says: how many tries for the passcode are left?
fn tries_left(system: &System) -> anyhow::Result<String> {
    let status = piv_tool(system, &["-r", &reader_name(SLOT), "-a", "status"])?;
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("PIN tries left:"));
    Ok(line.with_context(|| said.clone())?.trim().to_owned())
}

/// What a tool that knows nothing of us says: does the card take this PUK? A wrong one costs a try, the right one gives
/// it back.
fn card_takes_puk(system: &System, puk: &str) -> anyhow::Result<bool> {
    let arguments = ["-r", &reader_name(SLOT), "-a", "change-puk", "-P", puk, "-N", puk];
    Ok(piv_tool(system, &arguments)?.status.success())
}

/// B-46: three wrong passcodes in a row.
fn lock(system: &System, wrong: &str) -> anyhow::Result<()> {
    let mut visitor = Visitor::new()?;
    go_and_log_in(system, &mut visitor)?;
    for said in ["2 tries are left", "1 try is left"] {
        visitor.press("Log in", &[("current_passcode", wrong)])?;
        visitor.sees(said)?;
    }
    visitor.press("Log in", &[("current_passcode", wrong), ("last_try", "yes")])?;
    visitor.sees("Your smartcard is locked")?;
    visitor.follow("Unlock your smartcard")?;
    visitor.sees("Only unlock your own smartcard")
}

/// From a job's page to the card software's, and *Check again* until it has seen the card.
fn go_to_page_of(visitor: &mut Visitor, link: &str, words: &str) -> anyhow::Result<()> {
    visitor.follow(link)?;
    until("the card software sees the card", || {
        if !visitor.page()?.says(words) {
            visitor.reload()?;
            return Ok(None);
        }
        Ok(Some(()))
    })
}

/// U-04, P-09, U-12: all of it, in a browser without a past.
fn unlock(system: &System, new: &str) -> anyhow::Result<()> {
    let mut visitor = Visitor::new()?;
    visitor.open(&format!("{}/unlock", system.origin()))?;
    visitor.press("Start", &[("accept", "true")])?;
    go_to_page_of(&mut visitor, "Show your smartcard", "You do not need its passcode for this")?;
    visitor.press("Use this smartcard", &[])?;
    visitor.sees("Enter your account recovery passcode")?;
    visitor.press("Continue", &[("recovery_passcode", RECOVERY[0].1)])?;
    visitor.sees("Reset Smartcard Passcode")?;
    visitor.press("Choose your new passcode", &[])?;
    go_to_page_of(&mut visitor, "Choose your new passcode", "Reset your smartcard passcode")?;
    visitor.press("Confirm", &[("new_passcode", new), ("confirm_passcode", new)])?;
    visitor.sees("Your smartcard is unlocked")
}

fn a_locked_card_is_unlocked_by_its_holder(
    card: &'static str,
    wrong: &str,
    new: &str,
) -> anyhow::Result<()> {
    let system = system()?;
    system.insert_with(card, Faults { overheard: true, ..Faults::default() })?;
    let (old, mut visitor) = (system.passcode(card), Visitor::new()?);
    log_in(&system, &mut visitor, &old)?;
    go_and_update(&system, &mut visitor, &RECOVERY)?;
    visitor.press("Make these changes", &[("current_passcode", &old)])?;
    visitor.sees("has been updated")?;
    lock(&system, wrong)?;
    ensure!(tries_left(&system)? == "0", "the card is not locked");
    ensure!(!card_takes(&system, &old)?, "the card is not locked");

    unlock(&system, new)?;
    system.remember(card, new);
    ensure!(tries_left(&system)? == "3", "the counter was not filled up");
    ensure!(card_takes(&system, new)?, "the new passcode does not work");
    ensure!(!card_takes(&system, &old)?, "the old passcode still works");
    let puk = overheard(&system, card)?;
    ensure!(!card_takes_puk(&system, &puk.old)?, "the old PUK still works");
    ensure!(card_takes_puk(&system, &puk.new)?, "the card does not have the new PUK");
    log_in(&system, &mut Visitor::new()?, new)
}

#[test]
fn p09_u01_a_locked_guide_card_gets_a_new_passcode_and_a_new_puk() -> anyhow::Result<()> {
    a_locked_card_is_unlocked_by_its_holder("jo", "sun!", "Fern-12")
}

#[test]
fn p09_u01_a_locked_piv_card_gets_a_new_passcode_and_a_new_puk() -> anyhow::Result<()> {
    a_locked_card_is_unlocked_by_its_holder("maria", "00000000", "66743015")
}
