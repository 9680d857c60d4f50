//! How long to wait before dialling again: longer each time, to a bound, and never in step with
//! the other thousand agents that lost the same server.

use std::time::Duration;

use crate::entropy::Random;

/// The first pause, before chance halves it at the most.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Grows with each pause.
#[derive(Debug)]
pub(super) struct Backoff {
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { longest: PAUSE_MIN }
    }
}

impl Backoff {
    /// Between half of the longest pause and the whole; the longest then doubles.
    pub(super) fn next_pause(&mut self, random: &mut impl Random) -> Duration {
        let half = self.longest / 2;
        let share = f64::from(random.next_u32()) / f64::from(u32::MAX);
        self.longest = (self.longest * 2).min(PAUSE_MAX);
        half + half.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_ins::Counting;

    #[test]
    fn pauses_grow_from_a_quarter_of_a_second_and_never_exceed_half_a_minute() {
        let mut random = Counting(0);
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..20).map(|_| backoff.next_pause(&mut random)).collect();
        assert!(PAUSE_MIN / 2 <= pauses[0] && pauses[0] <= PAUSE_MIN);
        assert!(pauses.iter().all(|pause| *pause <= PAUSE_MAX));
        assert!(PAUSE_MAX / 2 <= pauses[19]);
    }
}
