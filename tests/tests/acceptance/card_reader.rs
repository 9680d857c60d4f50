//! Portal, agent and card together, over real PC/SC, on cards of both profiles: what a person does
//! with a browser, a reader and a card, and what other people's tools then say about the card.

mod change;
mod factory;
mod interrupted;
mod killed;
mod killed_update;
mod log_in;
mod torn;
mod unlock;
mod update;

use std::process::Output;

use anyhow::{bail, ensure};
use tests::{
    held::until,
    sandbox::reader_name,
    system::{SLOT, System},
    visitor::Visitor,
};

/// Commands of SP 800-73-4 part 2, as `opensc-tool` takes them.
const SELECT: &str = "00A404000BA00000030800001000010000";

/// Pages of a ledger; the tests fill a few.
const LEDGER_PAGES_MAX: usize = 20;

/// Up to the passcode page, with the card that is in the reader.
fn go_and_log_in(system: &System, visitor: &mut Visitor) -> anyhow::Result<()> {
    visitor.open(&format!("{}/log-in", system.origin()))?;
    visitor.press("Log in with your smartcard", &[])?;
    visitor.sees("Enter your passcode to log in")?;
    go_to_passcode_page(visitor)
}

/// From a job's page to the card software's, and *Check again* until it has seen the card.
fn go_to_passcode_page(visitor: &mut Visitor) -> anyhow::Result<()> {
    visitor.follow("Enter your passcode")?;
    until("the card software sees the card", || {
        if !visitor.page()?.says("Tries left") {
            visitor.reload()?;
            return Ok(None);
        }
        Ok(Some(()))
    })
}

/// P-05, all of it.
fn log_in(system: &System, visitor: &mut Visitor, passcode: &str) -> anyhow::Result<()> {
    go_and_log_in(system, visitor)?;
    visitor.press("Log in", &[("current_passcode", passcode)])?;
    visitor.sees("Card holder")
}

/// *Manage Passcodes*, filled in and sent, up to the passcode page.
fn go_and_update(
    system: &System,
    visitor: &mut Visitor,
    fields: &[(&str, &str)],
) -> anyhow::Result<()> {
    visitor.open(&format!("{}/passcodes", system.origin()))?;
    visitor.press("Update", fields)?;
    visitor.sees("Enter your passcode to update your passcodes")?;
    go_to_passcode_page(visitor)
}

/// The fields of a new verification passcode.
fn new_verification(passcode: &str) -> [(&'static str, &str); 2] {
    [("new_verification", passcode), ("confirm_verification", passcode)]
}

/// What is typed on the passcode page to change the smartcard passcode.
fn old_and_new<'a>(old: &'a str, new: &'a str) -> [(&'static str, &'a str); 3] {
    [("current_passcode", old), ("new_passcode", new), ("confirm_passcode", new)]
}

/// How often a sentence stands in *What happened*, on all its pages.
fn told(system: &System, visitor: &mut Visitor, sentence: &str) -> anyhow::Result<usize> {
    visitor.open(&format!("{}/ledger", system.origin()))?;
    visitor.sees("newest first")?;
    let mut n_told = 0;
    for _ in 0..LEDGER_PAGES_MAX {
        let page = visitor.page()?;
        n_told += page.html.text.matches(sentence).count();
        let older = page.html.links.iter().find(|(words, _)| words.starts_with("Older"));
        let Some(older) = older.map(|(words, _)| words.clone()) else { return Ok(n_told) };
        visitor.follow(&older)?;
    }
    bail!("the ledger has no end")
}

/// What a tool that knows nothing of us says: does the card in the reader take this passcode? A
/// wrong one costs a try.
fn card_takes(system: &System, passcode: &str) -> anyhow::Result<bool> {
    if passcode.len() < 6 {
        let padded = format!("{:f<16}", hex::encode(passcode)).to_uppercase();
        let verify = format!("0020008008{padded}");
        return Ok(apdu(system, &[SELECT, &verify])?.ends_with("SW1=0x90, SW2=0x00"));
    }
    let arguments = ["-r", &reader_name(SLOT), "-a", "verify-pin", "-P", passcode];
    Ok(piv_tool(system, &arguments)?.status.success())
}

/// Another program over PIV. A card that was just put in may still be looked at by the agent, whose reset then ends the
/// other's connection before it has begun: that is tried again, and nothing else is.
fn piv_tool(system: &System, arguments: &[&str]) -> anyhow::Result<Output> {
    until("the card is free", || {
        let output = system.sandbox.run("yubico-piv-tool", arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        Ok((!said.contains("Failed to connect")).then_some(output))
    })
}

/// Sends commands to the card in the reader; what it answers to the last one.
fn apdu(system: &System, commands: &[&str]) -> anyhow::Result<String> {
    let reader = reader_name(SLOT);
    let mut arguments = vec!["--reader", reader.as_str()];
    for command in commands {
        arguments.extend(["--send-apdu", command]);
    }
    let sent = system.sandbox.run("opensc-tool", &arguments)?;
    ensure!(sent.status.success(), "opensc-tool: {sent:?}");
    let said = String::from_utf8_lossy(&sent.stdout).into_owned();
    let last = said.lines().rfind(|line| line.starts_with("Received")).unwrap_or_default();
    Ok(last.trim().trim_end_matches([')', ':']).trim_start_matches("Received (").to_owned())
}
