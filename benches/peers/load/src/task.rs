//! What a program is asked for, on its command line, and what it answers: one line of JSON.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::{HOLDERS, Measured, PRELOADED_EACH, Processor};

/// Hundredths of all writes below the two times that are told.
const PERCENTILES: [usize; 2] = [50, 99];

/// What is to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Which of the program's ways of doing it.
    pub way: String,
    /// Writers at the same time.
    pub n_writers: u32,
    /// Writes that are measured, or events that are read.
    pub n_events: u32,
    /// A folder, or the address of a PostgreSQL database.
    pub place: String,
    /// First process of the server, where there is one.
    pub server: Option<u32>,
}

/// What was measured, and what the store holds afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Events or commands a second.
    pub per_second: f64,
    /// Median of the time of one, in milliseconds; 0 where there is no such thing.
    pub p50_ms: f64,
    /// 99 of 100 took no longer, in milliseconds.
    pub p99_ms: f64,
    /// Processor time of the program for each, in microseconds.
    pub own_us: f64,
    /// Processor time of the server for each, in microseconds.
    pub server_us: f64,
    /// Writes that were refused because of somebody else.
    pub conflicts: u32,
}

impl Task {
    /// `WAY WRITERS EVENTS PLACE [PROCESS]`.
    pub fn asked() -> anyhow::Result<Self> {
        let mut words = env::args().skip(1);
        let mut next = |what| words.next().context(what);
        Ok(Self {
            way: next("which way?")?,
            n_writers: next("how many writers?")?.parse()?,
            n_events: next("how many events?")?.parse()?,
            place: next("where?")?,
            server: words.next().map(|process| process.parse()).transpose()?,
        })
    }

    /// Who works.
    #[must_use]
    pub fn processor(&self) -> Processor {
        Processor { server: self.server }
    }

    /// The same as arguments.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut words = vec![
            self.way.clone(),
            self.n_writers.to_string(),
            self.n_events.to_string(),
            self.place.clone(),
        ];
        words.extend(self.server.map(|process| process.to_string()));
        words
    }
}

/// Prints what was measured, if everything acknowledged is there: as many events as were put there
/// before, and one for each acknowledged write.
pub fn tell(measured: &Measured, n_found: u64) -> anyhow::Result<()> {
    let n_before = u64::from(HOLDERS) * u64::from(PRELOADED_EACH);
    let n_wanted = n_before + u64::from(measured.acknowledged);
    ensure!(n_found == n_wanted, "acknowledged: {n_wanted} events, found: {n_found}");
    let n = f64::from(u32::try_from(measured.times.len())?);
    let [p50_ms, p99_ms] = PERCENTILES.map(|hundredths| percentile(&measured.times, hundredths));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / n;
    let found = Found {
        per_second: n / measured.lasted.as_secs_f64(),
        p50_ms,
        p99_ms,
        own_us: each(measured.own),
        server_us: each(measured.server),
        conflicts: measured.conflicts,
    };
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

/// Reads as many events as the task asks for, and prints what that took. `reading` answers how many
/// it has read, which has to be all of them.
pub async fn read<F>(task: &Task, reading: F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<u64>>,
{
    let processor = task.processor();
    let ((own, server), begun) = (processor.used()?, Instant::now());
    let n_read = reading.await?;
    let (lasted, (own_after, server_after)) = (begun.elapsed(), processor.used()?);
    ensure!(n_read == u64::from(task.n_events), "{} events, read: {n_read}", task.n_events);
    let n = f64::from(task.n_events);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / n;
    let found = Found {
        per_second: n / lasted.as_secs_f64(),
        p50_ms: 0.0,
        p99_ms: 0.0,
        own_us: each(own_after.saturating_sub(own)),
        server_us: each(server_after.saturating_sub(server)),
        conflicts: 0,
    };
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

/// In milliseconds, by the nearest rank.
fn percentile(times: &[Duration], hundredths: usize) -> f64 {
    let rank = (times.len() * hundredths).div_ceil(100).max(1);
    times.get(rank - 1).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let times: Vec<_> = (1..=101).map(Duration::from_millis).collect();
        assert!((percentile(&times, 50) - 51.0).abs() < 1e-9);
        assert!((percentile(&times, 99) - 100.0).abs() < 1e-9);
        assert!((percentile(&times[..1], 99) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_told_and_nothing_else() {
        let measured = Measured { acknowledged: 7, ..Measured::default() };
        let wanted = u64::from(HOLDERS * PRELOADED_EACH) + 7;
        assert!(tell(&measured, wanted).is_ok());
        assert!(tell(&measured, wanted - 1).is_err());
    }
}
