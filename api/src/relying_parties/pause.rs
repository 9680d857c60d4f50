//! How long nothing is tried after a failure: an HSM that does not sign is not asked every second, and
//! a list of many entries is not put together every second for nothing.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// After the first failure.
const SHORTEST: Duration = Duration::from_secs(5);

/// After many in a row.
const LONGEST: Duration = Duration::from_mins(1);

/// Twice as long after every failure, from [`SHORTEST`] to [`LONGEST`]. Instants are elapsed time.
#[derive(Default)]
pub(super) struct Pause(Mutex<Option<Going>>);

#[derive(Clone, Copy)]
struct Going {
    until: Duration,
    length: Duration,
}

impl Pause {
    /// True while nothing is to be tried.
    pub(super) fn is_on(&self, elapsed: Duration) -> bool {
        self.going().is_some_and(|going| elapsed < going.until)
    }

    /// It failed.
    pub(super) fn begin(&self, elapsed: Duration) {
        let length = self.going().map_or(SHORTEST, |going| (going.length * 2).min(LONGEST));
        self.set(Some(Going { until: elapsed + length, length }));
    }

    /// It was done.
    pub(super) fn end(&self) {
        self.set(None);
    }

    fn going(&self) -> Option<Going> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, going: Option<Going>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = going;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_lasts_5_seconds_then_10_20_40_and_60_until_it_was_done_once() {
        let (pause, mut elapsed) = (Pause::default(), Duration::from_secs(1000));
        assert!(!pause.is_on(elapsed));
        for seconds in [5, 10, 20, 40, 60, 60] {
            pause.begin(elapsed);
            assert!(pause.is_on(elapsed + Duration::from_secs(seconds - 1)));
            elapsed += Duration::from_secs(seconds);
            assert!(!pause.is_on(elapsed));
        }
        pause.end();
        pause.begin(elapsed);
        assert!(!pause.is_on(elapsed + SHORTEST));
    }
}
