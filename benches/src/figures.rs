//! The table: a line a figure, as soon as it is known, with the machine's load just before it was
//! measured, because a figure of a busy machine is another one.

use std::{fs, time::Duration};

use anyhow::Context as _;

/// The table while it grows.
pub(crate) struct Table {
    load: String,
}

/// Lengths of time, in the order of their length.
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    /// Of these; at least one.
    pub(crate) fn of(mut times: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!times.is_empty(), "nothing was measured");
        times.sort_unstable();
        Ok(Self(times))
    }

    /// The smallest one that is not below so many hundredths of all (nearest rank).
    fn percentile(&self, hundredths: usize) -> Duration {
        let rank = (self.0.len() * hundredths).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    fn max(&self) -> Duration {
        self.percentile(100)
    }
}

impl Table {
    /// Prints what is above the figures.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism()?;
        println!(
            "cores: {cores}; load: runnable tasks, mean of the last minute, before the figure"
        );
        println!();
        println!("| figure | value | p50 | p99 | max | unit | n | load |");
        println!("|---|---:|---:|---:|---:|---|---:|---:|");
        Self::new()
    }

    /// More lines of a table whose head somebody else has printed.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut table = Self { load: String::new() };
        table.next()?;
        Ok(table)
    }

    /// Another measurement begins: the load before it.
    pub(crate) fn next(&mut self) -> anyhow::Result<()> {
        let load = fs::read_to_string("/proc/loadavg").context("the load")?;
        load.split(' ').next().unwrap_or_default().clone_into(&mut self.load);
        Ok(())
    }

    /// A figure of how long something takes.
    pub(crate) fn spread(&self, name: &str, spread: &Spread) {
        let millis = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1000.0);
        let [p50, p99] = [50, 99].map(|hundredths| millis(spread.percentile(hundredths)));
        let (max, n) = (millis(spread.max()), spread.0.len());
        println!("| {name} | | {p50} | {p99} | {max} | ms | {n} | {} |", self.load);
    }

    /// Any other figure.
    pub(crate) fn value(&self, name: &str, value: f64, unit: &str, n: usize) {
        let places = if value < 100.0 { 2 } else { 0 };
        println!("| {name} | {value:.places$} | | | | {unit} | {n} | {} |", self.load);
    }
}

/// A number of things.
pub(crate) fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let spread =
            |n: u64| Spread::of((1..=n).rev().map(Duration::from_millis).collect()).unwrap();
        for (n, p50, p99) in [(1, 1, 1), (2, 1, 2), (100, 50, 99), (101, 51, 100), (1000, 500, 990)]
        {
            let spread = spread(n);
            let found = [50, 99].map(|hundredths| spread.percentile(hundredths));
            assert_eq!(found, [p50, p99].map(Duration::from_millis), "{n}");
            assert_eq!(spread.max(), Duration::from_millis(n));
        }
        assert!(Spread::of(Vec::new()).is_err());
    }
}
