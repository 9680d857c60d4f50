//! The one module that reads the wall clock and asks the system for randomness.
//!
//! Everybody else is handed both, so that a year can be lived through in a test.

pub mod acceptance;
pub(crate) mod accepted;
mod stamp;

use std::{
    sync::{Mutex, MutexGuard},
    time,
};

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use domain::ids::CommandId;
use futures::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

pub use accepted::{AcceptedClock, DIFFERENCE_SECS_MAX, LOOK_EVERY, STOPPED_MAX, Standing};

/// Server time (B-09). Never the agent's, never the browser's.
pub trait Clock: Send + Sync + 'static {
    /// The instant, in whole microseconds.
    fn now(&self) -> DateTime<Utc>;

    /// How long ago some fixed instant was. Goes on while [`Clock::now`] stands still because the
    /// wall clock was set back a little, and never goes back: for what follows something else by a
    /// few seconds.
    fn elapsed(&self) -> time::Duration {
        elapsed_since_boot()
    }

    /// Lets so much time go by, for what must not be over sooner.
    fn rest(&self, time: time::Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    /// The guard between this clock and the wall clock, where there is one.
    fn accepted(&self) -> Option<&AcceptedClock> {
        None
    }

    /// The instant by which TLS judges certificates, here and at the agents: the same, but in the
    /// demonstration, whose clock can be moved.
    fn real_now(&self) -> DateTime<Utc> {
        self.now()
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this is the module that reads the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        whole_micros(Utc::now())
    }
}

/// How long ago the system was started, its sleep included: not moved by whoever sets the clock.
fn elapsed_since_boot() -> time::Duration {
    // A laptop's lid may be closed for a night, and that night has gone by.
    let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time::Duration::try_from(since).unwrap_or_default()
}

/// A clock that stands still until it is moved: for tests. Whoever rests by it does not wait.
#[derive(Debug)]
pub struct StandingClock(Mutex<Shown>);

#[derive(Debug, Clone, Copy)]
struct Shown {
    now: DateTime<Utc>,
    elapsed: time::Duration,
    rested: time::Duration,
}

impl StandingClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        let (elapsed, rested) = (time::Duration::ZERO, time::Duration::ZERO);
        Self(Mutex::new(Shown { now: whole_micros(now), elapsed, rested }))
    }

    /// Moves it on; or sets it back, which takes no time.
    pub fn advance(&self, by: Duration) {
        let mut shown = self.shown();
        shown.now += by;
        shown.elapsed += by.to_std().unwrap_or_default();
    }

    /// How long everybody together would have rested.
    #[must_use]
    pub fn rested(&self) -> time::Duration {
        self.shown().rested
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for StandingClock {
    fn now(&self) -> DateTime<Utc> {
        self.shown().now
    }

    fn elapsed(&self) -> time::Duration {
        self.shown().elapsed
    }

    fn rest(&self, time: time::Duration) -> BoxFuture<'_, ()> {
        self.shown().rested += time;
        Box::pin(std::future::ready(()))
    }
}

/// Databases keep microseconds; so do we, or a value read back would differ from the one written.
fn whole_micros(instant: DateTime<Utc>) -> DateTime<Utc> {
    Utc.timestamp_micros(instant.timestamp_micros()).single().unwrap_or(instant)
}

/// Where random bytes come from.
#[derive(Debug)]
pub enum Entropy {
    /// The operating system.
    System,
    /// A counter under SHA-256: for tests that must come out the same twice. Predictable.
    Seeded(Mutex<u64>),
}

impl Entropy {
    /// Fills `bytes`.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: nothing safe can be done without it.
    #[expect(clippy::disallowed_methods, reason = "this is the module that asks for randomness")]
    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::System => getrandom::fill(bytes).expect("the system gives randomness"),
            Self::Seeded(counter) => {
                let mut counter = counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                for chunk in bytes.chunks_mut(32) {
                    *counter += 1;
                    chunk.copy_from_slice(&Sha256::digest(counter.to_be_bytes())[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A fresh identifier for something that is not a command (a job, an agent).
    #[must_use]
    pub fn uuid(&self, now: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A command's id, for whoever has an intention and no `Idempotency-Key`.
    #[must_use]
    pub fn command_id(&self, now: DateTime<Utc>) -> CommandId {
        CommandId(self.uuid(now))
    }

    /// `n` random decimal digits, without bias.
    #[must_use]
    pub fn digits(&self, n: usize) -> Vec<u8> {
        let mut digits = Vec::with_capacity(n);
        while digits.len() < n {
            let [byte] = self.bytes();
            if byte < 250 {
                digits.push(b'0' + byte % 10);
            }
        }
        digits
    }
}

/// `voprf` asks for a generator of the older `rand_core`.
impl rand_core_06::RngCore for &Entropy {
    fn next_u32(&mut self) -> u32 {
        u32::from_be_bytes(self.bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_be_bytes(self.bytes())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for &Entropy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeded_source_gives_the_same_bytes_twice_and_never_the_same_bytes_again() {
        let (one, two) = (Entropy::Seeded(Mutex::new(1)), Entropy::Seeded(Mutex::new(1)));
        let first: [u8; 40] = one.bytes();
        assert_eq!(first, two.bytes());
        assert_ne!(first, one.bytes());
    }

    #[test]
    fn digits_are_digits() {
        let digits = Entropy::Seeded(Mutex::new(3)).digits(8);
        assert_eq!(digits.len(), 8);
        assert!(digits.iter().all(u8::is_ascii_digit));
    }
}
