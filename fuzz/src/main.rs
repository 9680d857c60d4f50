//! `latchkey-fuzz TARGET SECONDS`: hostile bytes for one parser, for so long. The same bytes in the
//! same order every time, so that a finding can be found again; a finding is a panic, with the bytes
//! that caused it.
//!
//! Not guided by coverage, which needs a compiler that is not the stable one: bytes are made of real
//! requests, answers and objects by mutation, and what gets an outcome that nothing before it got is
//! mutated further.

mod bytes;
mod mutation;
mod targets;

use std::{
    env, panic,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use mutation::Corpus;
use targets::Target;

/// The longest run, in seconds: a day.
const SECONDS_MAX: u64 = 86_400;

/// Inputs between two looks at the clock.
const BATCH: u64 = 256;

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let usage = || {
        let names: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
        format!("latchkey-fuzz TARGET SECONDS, where TARGET is one of: {}", names.join(", "))
    };
    let name = arguments.next().with_context(usage)?;
    let target = Target::ALL.into_iter().find(|target| target.name() == name);
    let target = target.with_context(usage)?;
    let seconds: u64 = arguments.next().with_context(usage)?.parse().with_context(usage)?;
    anyhow::ensure!(seconds <= SECONDS_MAX, "at most {SECONDS_MAX} seconds");
    let mut run = Run::new(target);
    let (started, length) = (Instant::now(), Duration::from_secs(seconds));
    while started.elapsed() < length {
        run.go_on(BATCH);
    }
    println!(
        "{name}: {} inputs in {seconds} s, {} different outcomes, no finding",
        run.n_inputs,
        run.corpus.n_outcomes(),
    );
    Ok(())
}

/// One parser under fire.
struct Run {
    target: Target,
    corpus: Corpus,
    n_inputs: u64,
}

impl Run {
    fn new(target: Target) -> Self {
        let mut corpus = Corpus::new(target.samples());
        for sample in target.samples() {
            corpus.learn(&sample, target.run(&sample));
        }
        Self { target, corpus, n_inputs: 0 }
    }

    fn go_on(&mut self, n_inputs: u64) {
        for _ in 0..n_inputs {
            let input = self.corpus.next();
            let target = self.target;
            let Ok(outcome) = panic::catch_unwind(|| target.run(&input)) else {
                eprintln!("{}: input {} is a finding", target.name(), self.n_inputs);
                eprintln!("{}", bytes::hexadecimal(&input));
                panic::resume_unwind(Box::new("a finding"));
            };
            self.corpus.learn(&input, outcome);
            self.n_inputs += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough to find again what is coarse; `./latchkey soak` goes on for a minute each.
    const INPUTS: u64 = 3_000;

    #[test]
    fn no_parser_panics_or_breaks_its_word_on_thousands_of_hostile_inputs() {
        for target in Target::ALL {
            let mut run = Run::new(target);
            run.go_on(INPUTS);
            assert_eq!(run.n_inputs, INPUTS);
            assert!(1 < run.corpus.n_outcomes(), "{}: nothing got through", target.name());
        }
    }

    #[test]
    fn the_same_inputs_come_in_the_same_order_every_time() {
        let inputs = || {
            let mut corpus = Corpus::new(Target::Request.samples());
            (0..100).map(|_| corpus.next()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(), inputs());
    }
}
