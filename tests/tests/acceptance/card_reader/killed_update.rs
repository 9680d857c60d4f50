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

/// How many times to kill; `./latchkey soak` asks for more.
const CYCLES: &str = "LATCHKEY_UPDATE_CRASH_CYCLES";
const CYCLES_DEFAULT: u32 = 2;

/// How often in one update: more would be refused, because each may have opened the card twice (B-55).
const CYCLES_OF_AN_UPDATE: usize = 19;

/// So many would take an hour.
const CYCLES_MAX: u32 = 400;

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
    let mut kills = 0;
    while kills < cycles {
        let moments = (kills..cycles).take(CYCLES_OF_AN_UPDATE).map(moment);
        let more = killed_in_one_update(moments).with_context(|| format!("after {kills} kills"))?;
        ensure!(0 < more, "nobody was killed");
        kills += more;
    }
    Ok(())
}

/// So long after its beginning: the moments of any number of kills lie evenly over an update (multiples of the golden
/// section, of which each falls into the widest gap).
fn moment(kill: u32) -> Duration {
    UPDATE.mul_f64((f64::from(kill) + 0.5) * 0.618_034 % 1.0)
}

/// One card is updated, and the server killed so long after each time that it goes on. How many times it was, until the
/// update was done all the same.
fn killed_in_one_update(moments: impl Iterator<Item = Duration>) -> anyhow::Result<u32> {
    let mut system = due()?;
    system.insert(CARD)?;
    let mut kills = 0;
    for moment in moments {
        system.restart_agent(READER)?;
        let mut visitor = Visitor::new()?;
        if !goes_on(&system, &mut visitor).with_context(|| format!("killed at {moment:?}"))? {
            break;
        }
        let begun = Instant::now();
        until("the moment has come", || Ok((moment <= begun.elapsed()).then_some(())))?;
        system.server.take().context("the server runs")?.kill()?;
        system.start_server()?;
        kills += 1;
    }
    system.restart_agent(READER)?;
    let mut visitor = Visitor::new()?;
    if goes_on(&system, &mut visitor)? {
        is_renewed(&system, &mut visitor)?;
        log_in(&system, &mut visitor, &system.passcode(CARD))?;
    }
    let renewed = told(&system, &mut visitor, "You renewed")?;
    ensure!(renewed == 1, "{renewed} renewals are told");
    Ok(kills)
}
