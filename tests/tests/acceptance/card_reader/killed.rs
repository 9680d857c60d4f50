//! kill -9 of the whole server while passcodes are being changed, at moments that lie evenly over a change: each *Update*
//! is done whole or not at all, says the card's own passcode; and what was confirmed is done.

use std::{
    env,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tests::{
    system::{READER, System, system},
    visitor::Visitor,
};

use super::{
    card_takes, go_and_log_in, go_and_update, log_in, new_verification, old_and_new,
    torn::both_told,
};

/// How many times to kill; `./latchkey soak` asks for more.
const CYCLES: &str = "LATCHKEY_SERVER_CRASH_CYCLES";
const CYCLES_DEFAULT: u32 = 2;

/// A guide card first, then a PIV card; all of them, because of P-22 each has ten tries a day.
const CARDS: [&str; 5] = ["tomasz", "maria", "jo", "sam", "asha"];

/// More would be refused for that reason; other tests may have taken some.
const CYCLES_MAX: u32 = 40;

/// A smartcard passcode that cards of both profiles take, a different one each time.
fn passcode(number: u32) -> String {
    format!("{}", 77_000_000 + number)
}

/// Logged in, *Update* sent, card software's page open.
fn ready(system: &System, card: &str, new: &str) -> anyhow::Result<(Visitor, (usize, usize))> {
    system.insert(card)?;
    let mut visitor = Visitor::new()?;
    log_in(system, &mut visitor, &system.passcode(card))?;
    let before = both_told(system, &mut visitor)?;
    let verification = format!("Killed-{new}");
    let mut fields = new_verification(&verification).to_vec();
    fields.push(("smartcard", "true"));
    go_and_update(system, &mut visitor, &fields)?;
    Ok((visitor, before))
}

/// How long a change takes here if nobody disturbs it.
fn undisturbed(system: &System, card: &'static str, new: &str) -> anyhow::Result<Duration> {
    let (mut visitor, _) = ready(system, card, new)?;
    let begun = Instant::now();
    visitor.press("Make these changes", &old_and_new(&system.passcode(card), new))?;
    system.remember(card, new);
    visitor.sees("have been updated")?;
    Ok(begun.elapsed())
}

fn kill_during_a_change(
    system: &mut System,
    card: &'static str,
    new: &str,
    moment: Duration,
) -> anyhow::Result<()> {
    let old = system.passcode(card);
    let (mut visitor, before) = ready(system, card, new)?;
    let server = system.server.take().context("the server runs")?;
    let (browser, typed) = (&mut visitor, old_and_new(&old, new));
    let confirmed = thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        scope.spawn(move || {
            let page = browser.press("Make these changes", &typed);
            ended.send(page.is_ok_and(|page| page.says("have been updated")))
        });
        let early = end.recv_timeout(moment);
        server.kill()?;
        anyhow::Ok(early.or_else(|_| end.recv())?)
    })?;

    system.start_server()?;
    visitor.open(&format!("{}/home", system.origin()))?;
    visitor.reload_until(&format!("Connected Reader: {READER}"))?;
    go_and_log_in(system, &mut visitor)?;
    visitor.press("Log in", &[("current_passcode", new)])?;
    let landed = visitor.page()?.says("Card holder");
    if landed {
        system.remember(card, new);
    } else {
        visitor.sees("The passcode is wrong. 2 tries are left")?;
        visitor.press("Log in", &[("current_passcode", &old)])?;
        visitor.sees("Card holder")?;
    }
    ensure!(landed || !confirmed, "what was confirmed is lost");
    let n_done = usize::from(landed);
    assert_eq!(both_told(system, &mut visitor)?, (before.0 + n_done, before.1 + n_done));
    assert!(card_takes(system, &system.passcode(card))?);
    Ok(())
}

#[test]
fn b28_a_server_that_is_killed_at_any_moment_of_an_update_has_done_all_of_it_or_nothing()
-> anyhow::Result<()> {
    let asked = env::var(CYCLES).ok().and_then(|cycles| cycles.parse().ok());
    let cycles = asked.unwrap_or(CYCLES_DEFAULT);
    ensure!((1..=CYCLES_MAX).contains(&cycles), "{CYCLES} is 1 to {CYCLES_MAX}");
    let mut system = system()?;
    let takes = undisturbed(&system, CARDS[0], &passcode(0))?;
    for (cycle, card) in (0..cycles).zip(CARDS.into_iter().cycle()) {
        let moment = takes * (2 * cycle + 1) / (2 * cycles);
        // An agent that was cut off often tries less often; each cycle has a fresh one.
        system.restart_agent(READER)?;
        kill_during_a_change(&mut system, card, &passcode(cycle + 1), moment)
            .with_context(|| format!("cycle {cycle}, {card}, killed after {moment:?}"))?;
    }
    Ok(())
}
