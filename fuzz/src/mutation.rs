//! How one input becomes another.

use std::collections::BTreeSet;

use crate::bytes::Numbers;

/// Longest input, in bytes: somewhat above what the parsers look at.
const INPUT_BYTES_MAX: usize = 10 * 1024;

/// Most inputs that are mutated further.
const KEPT_MAX: usize = 512;

/// Most mutations of one input.
const MUTATIONS_MAX: usize = 6;

/// Bytes that parsers of lengths and tags stumble over.
const AWKWARD: [u8; 16] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x82, 0x83, 0x84, 0xA0, 0xFF,
];

/// Where the numbers begin; another one would be another run.
const SEED: u64 = 0x6C61_7463_686B_6579;

/// Inputs to make others of, and what came of them.
pub(crate) struct Corpus {
    inputs: Vec<Vec<u8>>,
    outcomes: BTreeSet<u64>,
    numbers: Numbers,
}

impl Corpus {
    pub(crate) fn new(samples: Vec<Vec<u8>>) -> Self {
        let numbers = Numbers::starting_at(SEED);
        Self { inputs: samples, outcomes: BTreeSet::new(), numbers }
    }

    /// How many different things have happened.
    pub(crate) fn n_outcomes(&self) -> usize {
        self.outcomes.len()
    }

    /// Keeps an input whose outcome is new.
    pub(crate) fn learn(&mut self, input: &[u8], outcome: u64) {
        if KEPT_MAX <= self.inputs.len() {
            return;
        }
        if self.outcomes.insert(outcome) && !self.inputs.iter().any(|known| known == input) {
            self.inputs.push(input.to_vec());
        }
    }

    /// Another input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let place = self.numbers.below(self.inputs.len());
        let mut input = self.inputs.get(place).cloned().unwrap_or_default();
        for _ in 0..=self.numbers.below(MUTATIONS_MAX) {
            self.mutate(&mut input);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let numbers = &mut self.numbers;
        let at = numbers.below(input.len());
        let kind = numbers.below(9);
        if input.is_empty() {
            input.push(numbers.byte());
            return;
        }
        match kind {
            0 => input[at] ^= 1 << numbers.below(8),
            1 => input[at] = AWKWARD[numbers.below(AWKWARD.len())],
            2 => input[at] = input[at].wrapping_add(1),
            3 => input[at] = input[at].wrapping_sub(1),
            4 => input.truncate(at),
            5 => {
                input.remove(at);
            }
            6 => {
                let awkward = AWKWARD[numbers.below(AWKWARD.len())];
                let inserted = vec![awkward; 1 + numbers.below(8)];
                input.splice(at..at, inserted);
            }
            7 => {
                let end = at + 1 + numbers.below(input.len() - at);
                let again = input[at..end].to_vec();
                let to = numbers.below(input.len());
                input.splice(to..to, again);
            }
            // A part of another input in the place of a part of this one.
            _ => {
                let other = numbers.below(self.inputs.len());
                let other = self.inputs.get(other).map_or(&[][..], Vec::as_slice);
                let from = numbers.below(other.len());
                let to = (from + numbers.below(other.len() + 1)).min(other.len());
                let end = (at + numbers.below(input.len() + 1)).min(input.len());
                input.splice(at..end, other.get(from..to).unwrap_or_default().to_vec());
            }
        }
    }
}
