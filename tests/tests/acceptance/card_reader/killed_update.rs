//! kill -9 of the whole server while certificates are being renewed, at moments that lie evenly over an update: whoever
//! comes back with his card finishes it, it counts once, and both slots work.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tests::{
    held::until,
    system::{READER, System},
    visitor::Visitor,
};

use super::{
    go_to_passcode_page, log_in, told,
    update::{agree, due, enter, is_renewed},
};

/// How many times to kill; `./latchkey soak` asks for more. All of them in one update of one card.
const CYCLES: &str = "LATCHKEY_UPDATE_CRASH_CYCLES";
const CYCLES_DEFAULT: u32 = 3;

/// More would be refused, because each may have opened the card twice (B-55).
const CYCLES_MAX: u32 = 19;

/// About how long an update takes; nothing depends on its being right but where the kills fall.
const UPDATE: Duration = Duration::from_secs(6);

/// Whose certificates are due.
const CARD: &str = "jo";

/// P-05 and *Renew Certificates*, up to where the card software works on by itself; false if it is done already.
fn goes_on(system: &System, visitor: &mut Visitor) -> anyhow::Result<bool> {
    enter(system, visitor, CARD)?;
    visitor.open(&format!("{}/certificates/renew", system.origin()))?;
    let page = visitor.page()?;
    let button = if page.says("Finish renewing") {
        "Finish renewing"
    } else if page.says("Start renewing") {
        "Start renewing"
    } else {
        return Ok(false);
    };
    visitor.press(button, &[])?;
    go_to_passcode_page(visitor)?;
    agree(system, visitor, CARD)?;
    Ok(true)
}

#[test]
fn b55_a_server_that_is_killed_at_any_moment_of_an_update_is_no_end_of_it() -> anyhow::Result<()> {
    let asked = env::var(CYCLES).ok().and_then(|cycles| cycles.parse().ok());
    let cycles = asked.unwrap_or(CYCLES_DEFAULT);
    ensure!((1..=CYCLES_MAX).contains(&cycles), "{CYCLES} is 1 to {CYCLES_MAX}");
    let mut system = due()?;
    system.insert(CARD)?;
    for cycle in 0..cycles {
        system.restart_agent(READER)?;
        let mut visitor = Visitor::new()?;
        if !goes_on(&system, &mut visitor).with_context(|| format!("cycle {cycle}"))? {
            break;
        }
        let begun = Instant::now();
        let moment = UPDATE * (2 * cycle + 1) / (2 * cycles);
        until("the moment has come", || Ok((moment <= begun.elapsed()).then_some(())))?;
        system.server.take().context("the server runs")?.kill()?;
        system.start_server()?;
    }
    system.restart_agent(READER)?;
    let mut visitor = Visitor::new()?;
    if goes_on(&system, &mut visitor)? {
        is_renewed(&system, &mut visitor)?;
        log_in(&system, &mut visitor, &system.passcode(CARD))?;
    }
    let renewed = told(&system, &mut visitor, "You renewed")?;
    ensure!(renewed == 1, "{renewed} renewals are told");
    Ok(())
}
