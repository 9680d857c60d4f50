//! How often strangers may make us write: log-ins are started before anybody is known, and each is
//! a row until its ten minutes are over.
//!
//! A bound for the process, not a judgement of anybody; limits per card and person are durable and
//! belong to the acts themselves.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// Log-ins that may be started a minute: several times what 1.5 million holders do at eight in the
/// morning.
pub const LOG_INS_A_MINUTE: u32 = 60_000;

/// Counts within the minute of the server's clock.
#[derive(Debug, Default)]
pub struct Pace(Mutex<(i64, u32)>);

impl Pace {
    /// Takes one of the minute's places; false if they are all taken.
    #[must_use]
    pub fn take(&self, now: DateTime<Utc>, max: u32) -> bool {
        let minute = now.timestamp().div_euclid(60);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != minute {
            *counted = (minute, 0);
        }
        if counted.1 < max {
            counted.1 += 1;
            true
        } else {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_of_a_minute_is_given_the_next_is_not_and_the_next_minute_has_new_ones() {
        let (pace, now) = (Pace::default(), DateTime::UNIX_EPOCH);
        assert!(pace.take(now, 2));
        let end = now + chrono::TimeDelta::milliseconds(59_999);
        assert!(pace.take(end, 2));
        assert!(!pace.take(end, 2));
        assert!(pace.take(now + chrono::TimeDelta::seconds(60), 2));
    }
}
