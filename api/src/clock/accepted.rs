//! Time that a wrong clock cannot turn: the last accepted wall time plus what has gone by since.
//!
//! Alerts, forced renewals and locks follow from what time it is. A wall clock that jumps (an empty
//! battery, a wrong time server, a slip of the operator's) must not lock a hospital, so a jump is
//! kept out until the operator accepts it.

use std::{sync::Mutex, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Clock, WallClock, elapsed_since_boot, whole_micros};

/// The wall clock is taken over silently while it differs from ours by no more seconds than this.
pub const DIFFERENCE_SECS_MAX: i64 = 60;

/// The wall clock is looked at no more often than this. Between two looks only elapsed time counts,
/// so a wall clock that is turned by a minute again and again makes days at most twice as fast.
pub const LOOK_EVERY: Duration = Duration::from_mins(1);

/// At a start the wall clock may be so far ahead of the time that was ours when the server ended: it
/// may have been stopped for so long.
pub const STOPPED_MAX: TimeDelta = TimeDelta::hours(24);

/// Where wall time comes from.
type Wall = Box<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where elapsed time comes from: how long ago some fixed instant was.
type Elapsed = Box<dyn Fn() -> Duration + Send + Sync>;

/// Server time (B-09): never goes back, except where the operator accepts that it does.
pub struct AcceptedClock {
    wall: Wall,
    elapsed: Elapsed,
    state: Mutex<State>,
}

/// How our time and the wall's stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Our time, by which everything is decided.
    pub now: DateTime<Utc>,
    /// What the wall clock shows.
    pub wall: DateTime<Utc>,
    /// True if the wall's time is kept out and waits for the operator.
    pub alarm: bool,
}

struct State {
    /// Wall time when it was last accepted.
    accepted: DateTime<Utc>,
    /// Elapsed time at that moment.
    accepted_at: Duration,
    /// Elapsed time when the wall was last looked at.
    looked_at: Duration,
    /// The last instant that anybody was told.
    told: DateTime<Utc>,
    alarm: bool,
}

impl AcceptedClock {
    /// Over the system's clocks; what the wall clock shows now is accepted.
    #[must_use]
    pub fn system() -> Self {
        Self::over(Box::new(|| WallClock.now()), Box::new(elapsed_since_boot))
    }

    /// Over these two sources; what the wall shows now is accepted.
    #[must_use]
    pub fn over(wall: Wall, elapsed: Elapsed) -> Self {
        let (accepted, accepted_at) = (wall(), elapsed());
        let state =
            State { accepted, accepted_at, looked_at: accepted_at, told: accepted, alarm: false };
        Self { wall, elapsed, state: Mutex::new(state) }
    }

    /// At the start: our time was `last` when it was last known. If the wall is more than
    /// [`DIFFERENCE_SECS_MAX`] behind that, or more than `ahead_max` ahead, our time goes on from
    /// there and the wall is kept out.
    pub fn start_from(&self, last: DateTime<Utc>, ahead_max: Option<TimeDelta>) {
        let mut state = self.lock();
        let ours = state.now((self.elapsed)());
        if ours < last || ahead_max.is_some_and(|max| max < ours - last) {
            state.take_over(last, (self.elapsed)());
            state.told = last;
            state.look((self.wall)(), (self.elapsed)());
        }
    }

    /// Looks at the wall now, whenever the last look was.
    pub fn standing(&self) -> Standing {
        let (wall, elapsed) = ((self.wall)(), (self.elapsed)());
        let mut state = self.lock();
        state.look(wall, elapsed);
        Standing { now: state.now(elapsed), wall, alarm: state.alarm }
    }

    /// The operator accepts this wall time, which [`Self::standing`] has shown him: time goes on
    /// from there, forwards or backwards.
    pub fn accept(&self, wall: DateTime<Utc>) {
        let elapsed = (self.elapsed)();
        let mut state = self.lock();
        state.take_over(wall, elapsed);
        state.told = wall;
        state.alarm = false;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for AcceptedClock {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = (self.elapsed)();
        let mut state = self.lock();
        if state.looked_at + LOOK_EVERY <= elapsed {
            state.look((self.wall)(), elapsed);
        }
        state.now(elapsed)
    }

    fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    fn accepted(&self) -> Option<&AcceptedClock> {
        Some(self)
    }
}

impl State {
    /// Our time, which has thereby been told.
    fn now(&mut self, elapsed: Duration) -> DateTime<Utc> {
        self.told = self.told.max(self.reckoned(elapsed));
        self.told
    }

    fn reckoned(&self, elapsed: Duration) -> DateTime<Utc> {
        let since = TimeDelta::from_std(elapsed.saturating_sub(self.accepted_at));
        let reckoned = since.ok().and_then(|since| self.accepted.checked_add_signed(since));
        whole_micros(reckoned.unwrap_or(self.accepted))
    }

    /// Takes the wall over if it is near enough; otherwise keeps it out, and says so once.
    fn look(&mut self, wall: DateTime<Utc>, elapsed: Duration) {
        self.looked_at = elapsed;
        // Not `told`: after a small step back that stands still until time has come up to it.
        let ours = self.reckoned(elapsed);
        let difference = wall - ours;
        if difference.abs() <= TimeDelta::seconds(DIFFERENCE_SECS_MAX) {
            if self.alarm {
                tracing::info!("the system's clock has come back to our time");
            }
            self.take_over(wall, elapsed);
            self.alarm = false;
        } else if !self.alarm {
            self.alarm = true;
            tracing::error!(
                ours = ours.to_rfc3339(),
                wall = wall.to_rfc3339(),
                difference_secs = difference.num_seconds(),
                "the system's clock differs from our time and is kept out; put it right, or run \
                 `latchkey clock accept`"
            );
        }
    }

    fn take_over(&mut self, wall: DateTime<Utc>, elapsed: Duration) {
        (self.accepted, self.accepted_at) = (wall, elapsed);
    }
}

#[cfg(test)]
pub(crate) mod tests;
