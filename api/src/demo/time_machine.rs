//! Moving the demonstration's clock on: through everything that happens in between, as if the
//! service had run, or past it, as if the service had been off.
//!
//! It only moves the clock and lets the workflow engine do its work; what then happens is what
//! happens in earnest. One move at a time, and the engine's regular ticks wait meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{bail, ensure};
use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, RwLock, RwLockReadGuard, Semaphore};

use super::clock::VirtualClock;
use crate::{app::App, clock::Clock as _};

/// The most instants at which something happens in one move. A year of fourteen holders has some
/// hundreds.
const STOPS_MAX: u32 = 5_000;

/// The most ticks until the engine has done all that is due at one instant.
const TICKS_MAX: u32 = 1_000;

/// The longest move, in days.
pub const MOVE_DAYS_MAX: i64 = 400;

/// What the service does while the clock is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Whatever is due in between happens, in order, each at its time.
    Running,
    /// Nothing happens in between. At the end the service is on again and does what it does after
    /// every outage: what holds then.
    Off,
}

/// A move of the clock, as far as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Where it began.
    pub from: DateTime<Utc>,
    /// Where it is to end.
    pub to: DateTime<Utc>,
    /// What the service does meanwhile.
    pub service: Service,
    /// Instants so far at which something was due.
    pub n_stops: u32,
    /// Whether, and how, it ended.
    pub state: State,
}

/// How a move stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// On its way.
    OnItsWay,
    /// It has arrived.
    Arrived,
    /// It stopped before the end, and why.
    Stopped(String),
}

/// Somebody else moves the clock just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock is being moved already")]
pub struct Busy;

/// The right to move the clock, which one has at a time.
pub struct Lever(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// The machine.
pub struct TimeMachine {
    clock: Arc<VirtualClock>,
    lever: Arc<Semaphore>,
    /// Written by whoever moves the clock, read by the engine's regular ticks.
    still: RwLock<()>,
    last: Mutex<Option<Move>>,
}

impl TimeMachine {
    /// A machine that moves this clock.
    #[must_use]
    pub fn new(clock: Arc<VirtualClock>) -> Self {
        let lever = Arc::new(Semaphore::new(1));
        Self { clock, lever, still: RwLock::new(()), last: Mutex::new(None) }
    }

    /// The move that goes on, or the last one since the start.
    #[must_use]
    pub fn last_move(&self) -> Option<Move> {
        self.lock().clone()
    }

    /// Forgets the last move, which was nobody's.
    pub(super) fn forget_last_move(&self) {
        *self.lock() = None;
    }

    /// The right to move the clock, unless somebody has it.
    pub fn take_lever(&self) -> Result<Lever, Busy> {
        Arc::clone(&self.lever).try_acquire_owned().map(Lever).map_err(|_| Busy)
    }

    /// Waits until nobody moves the clock, and keeps it unmoved for as long as the guard is held:
    /// what a tick takes for a while must not be given to somebody else because a day has passed.
    pub async fn stand_still(&self) -> RwLockReadGuard<'_, ()> {
        self.still.read().await
    }

    /// Moves the clock to `to`, and does there what is due.
    ///
    /// # Errors
    /// If `to` is not ahead, too far away, or something failed on the way. The clock then stays
    /// where it has come to.
    pub async fn go(
        &self,
        _lever: &Lever,
        app: &App,
        to: DateTime<Utc>,
        service: Service,
    ) -> anyhow::Result<()> {
        let from = self.clock.now();
        ensure!(from < to, "the clock only goes forward");
        ensure!((to - from).num_days() <= MOVE_DAYS_MAX, "that is too far for one move");
        let start = Move { from, to, service, n_stops: 0, state: State::OnItsWay };
        *self.lock() = Some(start);
        let arrived = self.travel(app, to, service).await;
        let state = match &arrived {
            Ok(()) => State::Arrived,
            Err(error) => State::Stopped(format!("{error:#}")),
        };
        self.note(|last| last.state = state);
        arrived
    }

    async fn travel(&self, app: &App, to: DateTime<Utc>, service: Service) -> anyhow::Result<()> {
        let _moving = self.still.write().await;
        match service {
            Service::Running => self.stop_on_the_way(app, to).await?,
            Service::Off => {}
        }
        self.move_to(app, to).await?;
        all_done(app).await
    }

    /// Through every instant before `to` at which something is due.
    async fn stop_on_the_way(&self, app: &App, to: DateTime<Utc>) -> anyhow::Result<()> {
        for _ in 0..STOPS_MAX {
            let due = app.engine().next_due().await?;
            let Some(due) = due.filter(|due| *due <= to) else { return Ok(()) };
            self.move_to(app, due).await?;
            all_done(app).await?;
            self.note(|last| last.n_stops += 1);
        }
        bail!("more than {STOPS_MAX} times something was due before then")
    }

    async fn move_to(&self, app: &App, to: DateTime<Utc>) -> anyhow::Result<()> {
        self.clock.move_to(to, app.entropy().command_id(app.now())).await
    }

    fn note(&self, change: impl FnOnce(&mut Move)) {
        if let Some(last) = self.lock().as_mut() {
            change(last);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Move>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the engine do all that is due now.
async fn all_done(app: &App) -> anyhow::Result<()> {
    for _ in 0..TICKS_MAX {
        let ticked = app.engine().tick(app.now()).await?;
        ensure!(
            !ticked.stopped,
            "too many holders would be forced or locked at once: `latchkey clock accept` lets it \
             happen"
        );
        if !ticked.more {
            return Ok(());
        }
    }
    bail!("the workflow engine does not come to rest")
}

#[cfg(test)]
mod tests;
