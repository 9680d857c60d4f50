//! A day of the workflow engine over the whole hospital: its locks at midnight, its alerts, forced
//! changes and announcements at the alert hour, the mails about all of them; and a second on which
//! nothing is due, of which a day has 86,400.

use std::time::{Duration, Instant};

use chrono::{DateTime, Days, Utc};
use workflows::engine::{AcceptError, Engine, Ticked};

use crate::{
    figures::{Spread, Table, count},
    hospital::Hospital,
};

/// Ticks with nothing to do that are measured.
const IDLE_TICKS: u32 = 2_000;

/// Ticks at one instant before we give up.
const TICKS_MAX: u32 = 10_000;

/// The last hour in which anything is due.
const EVENING: u8 = 20;

/// Prints the figures.
pub(crate) async fn measure(table: &mut Table, hospital: &Hospital) -> anyhow::Result<()> {
    eve(table, hospital).await?;
    table.next()?;
    let engine = &hospital.engine;
    let midnight = hospital.at_hour(hospital.day() + Days::new(1), 0);
    let (mut times, mut sum) = (Vec::new(), Ticked::default());
    while let Some(at) = engine.next_due().await?.filter(|at| *at < midnight) {
        let begun = Instant::now();
        let ticked = tick(engine, at).await?;
        times.push(begun.elapsed());
        anyhow::ensure!(!ticked.stopped, "the breaker stopped an ordinary day");
        sum = sum.and(ticked);
    }
    let whole: Duration = times.iter().sum();
    let n_recorded = count(sum.n_recorded);
    table.value(
        "a day with its alerts, forced changes, locks and mails: all of it",
        whole.as_secs_f64(),
        "s",
        n_recorded,
    );
    table.value(
        "of it, mails (to a courier that carries them nowhere)",
        f64::from(sum.n_delivered),
        "mails",
        n_recorded,
    );
    let holders = format!("{} holders", hospital.n_holders);
    measure_idle(table, engine, hospital.at_hour(hospital.day(), EVENING), &holders).await
}

/// Prints what a tick costs that has nothing to do.
pub(crate) async fn measure_idle(
    table: &mut Table,
    engine: &Engine,
    now: DateTime<Utc>,
    of: &str,
) -> anyhow::Result<()> {
    engine.tick(now).await?;
    table.next()?;
    let mut times = Vec::new();
    for _ in 0..IDLE_TICKS {
        let begun = Instant::now();
        let ticked = engine.tick(now).await?;
        times.push(begun.elapsed());
        anyhow::ensure!(ticked == Ticked::default(), "there was something to do: {ticked:?}");
    }
    table.spread(&format!("a tick with nothing due, {of}"), &Spread::of(times)?);
    Ok(())
}

/// The evening before, on which the engine runs for the first time: everybody is told how he stands
/// now (B-15), after the operator, a stand-in, has said that the clock is right.
async fn eve(table: &mut Table, hospital: &Hospital) -> anyhow::Result<()> {
    table.next()?;
    let at = hospital.at_hour(hospital.day() - Days::new(1), EVENING);
    let begun = Instant::now();
    let mut ticked = tick(&hospital.engine, at).await?;
    if ticked.stopped {
        match hospital.engine.accept(at).await {
            Ok(_) | Err(AcceptError::NotStopped) => {}
            Err(error @ (AcceptError::More(_) | AcceptError::Failed(_))) => {
                return Err(error.into());
            }
        }
        ticked = tick(&hospital.engine, at).await?;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    let title = "catching up with 35 days on which no engine ran, its mails too";
    table.value(title, elapsed, "s", count(ticked.n_recorded));
    Ok(())
}

/// Ticks until nothing is left to do at this instant.
async fn tick(engine: &Engine, now: DateTime<Utc>) -> anyhow::Result<Ticked> {
    let mut sum = Ticked::default();
    for _ in 0..TICKS_MAX {
        let ticked = engine.tick(now).await?;
        sum = sum.and(Ticked { more: false, ..ticked });
        if ticked.stopped || !ticked.more {
            return Ok(sum);
        }
    }
    anyhow::bail!("the engine is never done at {now}")
}
