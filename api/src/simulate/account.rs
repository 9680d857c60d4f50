//! What a simulation has left in its log: counts, a digest, and, if wanted, an export.

use std::{collections::BTreeMap, io::Write};

use anyhow::Context as _;
use domain::policy::Policies;
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use stores::event_store::{EventStore, Filter, Position, Recorded};

use crate::export;

/// The sum of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Events by type.
    pub n_by_kind: BTreeMap<String, u64>,
    /// The same for the same events in each stream, in whatever order streams were written: the sum
    /// of SHA-256 over (stream, revision, type, time, data).
    pub digest: [u8; 32],
}

impl Account {
    /// Reads a log from its first event to its last, and writes each as a line of `lines` if that
    /// is given.
    ///
    /// # Errors
    /// If the log cannot be read, or a line not be written.
    pub async fn of(
        log: &dyn EventStore,
        policies: &Policies,
        mut lines: Option<&mut dyn Write>,
    ) -> anyhow::Result<Self> {
        let mut account = Self::default();
        let mut events = log.read_all(Position::START, Filter::All);
        while let Some(recorded) = events.try_next().await? {
            account.add(&recorded);
            if let Some(lines) = &mut lines {
                let line = export::line(&recorded, policies)?;
                lines.write_all(&line).context("the export")?;
            }
        }
        if let Some(lines) = &mut lines {
            lines.flush().context("the export")?;
        }
        Ok(account)
    }

    /// All events.
    #[must_use]
    pub fn n_events(&self) -> u64 {
        self.n_by_kind.values().sum()
    }

    fn add(&mut self, recorded: &Recorded) {
        *self.n_by_kind.entry(recorded.kind.clone()).or_default() += 1;
        let mut hash = Sha256::new();
        for part in [recorded.stream.as_str().as_bytes(), recorded.kind.as_bytes(), &recorded.data]
        {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        hash.update(recorded.revision.0.to_be_bytes());
        hash.update(recorded.at.timestamp_micros().to_be_bytes());
        self.digest = sum(self.digest, hash.finalize().into());
    }
}

/// The sum of two numbers of 256 bits, modulo 2^256.
fn sum(one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0_u16;
    for place in (0..32).rev() {
        let digit = u16::from(one[place]) + u16::from(other[place]) + carry;
        sum[place] = digit.to_le_bytes()[0];
        carry = digit >> 8;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_carries_and_does_not_depend_on_the_order() {
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(sum([255; 32], one), [0; 32]);
        let (a, b): ([u8; 32], [u8; 32]) = (Sha256::digest("a").into(), Sha256::digest("b").into());
        assert_eq!(sum(a, b), sum(b, a));
    }
}
