//! What the rounds have found, and what is told of it: medians, and ratios of what was measured in
//! the same round, because a machine is not as fast at every hour.

use load::Found;

use crate::plan::{Comparison, Goal, Load, Measure};

/// What stands above [`Results::lines`].
pub(crate) const RUNS_HEAD: &str = "comparison,at once,contender,round,per second,p50 ms,p99 ms,own CPU us,server CPU us,conflicts";

/// All runs of one comparison.
pub(crate) struct Results {
    pub(crate) comparison: &'static Comparison,
    /// By load, contender, round.
    runs: Vec<Vec<Vec<Found>>>,
}

/// A median and what lies around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of these, if there are any.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&least, &most) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { least, median, most })
    }
}

impl Results {
    /// None yet.
    pub(crate) fn of(comparison: &'static Comparison) -> Self {
        let of_load = vec![Vec::new(); comparison.contenders.len()];
        Self { comparison, runs: vec![of_load; comparison.loads.len()] }
    }

    /// Adds a run; rounds come in their order.
    pub(crate) fn add(&mut self, load: usize, contender: usize, found: Found) {
        self.runs[load][contender].push(found);
    }

    /// Of all rounds of a contender.
    pub(crate) fn spread(
        &self,
        load: usize,
        contender: usize,
        figure: impl Fn(&Found) -> f64,
    ) -> Option<Spread> {
        Spread::of(self.runs[load][contender].iter().map(figure))
    }

    /// How many times this contender's measure ours was, round by round.
    pub(crate) fn ratio(&self, load: usize, contender: usize, measure: Measure) -> Option<Spread> {
        let figure = |found: &Found| match measure {
            Measure::Rate => found.per_second,
            Measure::MedianTime => found.p50_ms,
        };
        let [ours, theirs] = [0, contender].map(|contender| &self.runs[load][contender]);
        let pairs = ours.iter().zip(theirs);
        Spread::of(pairs.map(|(ours, theirs)| figure(ours) / figure(theirs)))
    }

    /// A goal, and how many times it is.
    pub(crate) fn reached(&self, goal: &Goal) -> Option<Spread> {
        let comparison = self.comparison;
        let load = comparison.loads.iter().position(|load| load.n_writers == goal.n_writers)?;
        let contender = comparison.contenders.iter().position(|one| one.name == goal.over)?;
        self.ratio(load, contender, goal.measure)
    }

    /// Every single run, a line each.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        for (load, of_load) in self.comparison.loads.iter().zip(&self.runs) {
            for (contender, runs) in self.comparison.contenders.iter().zip(of_load) {
                for (round, found) in (1..).zip(runs) {
                    lines.push_str(&line(self.comparison.id, *load, contender.name, round, found));
                }
            }
        }
        lines
    }

    /// Writes that were refused because of somebody else, in all rounds of a contender.
    pub(crate) fn conflicts(&self, contender: usize) -> u32 {
        self.runs.iter().flat_map(|of_load| &of_load[contender]).map(|found| found.conflicts).sum()
    }
}

fn line(id: &str, load: Load, name: &str, round: u32, found: &Found) -> String {
    let Found { per_second, p50_ms, p99_ms, own_us, server_us, conflicts } = found;
    let n = load.n_writers;
    format!(
        "{id},{n},\"{name}\",{round},{per_second:.0},{p50_ms:.3},{p99_ms:.3},{own_us:.1},{server_us:.1},{conflicts}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::COMPARISONS;

    #[test]
    fn a_ratio_is_of_what_was_measured_in_the_same_round() {
        let mut results = Results::of(&COMPARISONS[0]);
        let found = |per_second| Found {
            per_second,
            p50_ms: 1.0 / per_second,
            p99_ms: 0.0,
            own_us: 0.0,
            server_us: 0.0,
            conflicts: 1,
        };
        for (ours, theirs) in [(100.0, 50.0), (400.0, 100.0), (30.0, 10.0)] {
            results.add(0, 0, found(ours));
            results.add(0, 1, found(theirs));
        }
        let ratio = results.ratio(0, 1, Measure::Rate).unwrap();
        assert_eq!(ratio, Spread { least: 2.0, median: 3.0, most: 4.0 });
        let time = results.ratio(0, 1, Measure::MedianTime).unwrap();
        assert!((time.median - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!((results.conflicts(1), results.conflicts(2)), (3, 0));
        let lines = results.lines();
        assert_eq!(lines.lines().count(), 6);
        let second = "append-file,1,\"UmaDB in process\",2,100,0.010,0.000,0.0,0.0,1";
        assert_eq!(lines.lines().nth(4), Some(second));
        assert_eq!(results.ratio(1, 1, Measure::Rate), None);
    }

    #[test]
    fn every_goal_names_a_contender_and_a_load_of_its_comparison() {
        for comparison in COMPARISONS {
            for goal in comparison.goals {
                assert!(comparison.contenders.iter().skip(1).any(|one| one.name == goal.over));
                assert!(comparison.loads.iter().any(|load| load.n_writers == goal.n_writers));
            }
        }
    }
}
