//! The engine that runs the workflows: the only part here that waits for anything.
//!
//! It follows the log and keeps two tables made from it: *wake-ups* (when a workflow has something
//! to record for a holder) and the *outbox* (mails that are to be sent). [`Engine::tick`] does what
//! is due; it is told the time and reads no clock. Whatever ticks it knows no rule.
//!
//! The tables can be thrown away. What they hold is worked out from the log, so a crash between any
//! two steps costs no more than doing the later one again: a holder who is woken twice has nothing
//! to record the second time, and a mail that is sent twice has the same Message-ID.
//!
//! Every lease is longer than what is done under it, every batch and number of rounds is bounded;
//! what a tick leaves undone it says ([`Ticked::more`]), and the next one does.

mod applying;
mod breaker;
mod checkpoint;
mod database;
mod error;
mod following;
mod known;
mod mailing;
mod operating;
mod outbox;
mod sending;
mod standing;
mod wake_ups;
mod waking;

#[cfg(test)]
mod tests;

use std::{
    path::Path,
    pin::pin,
    sync::{Arc, PoisonError, RwLock as StdRwLock},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{context::Context, policy::Policies};
use futures::StreamExt as _;
use stores::{
    database::{Place, Pool},
    event_store::{EventStore, Position},
    postgres::Options,
    vault::Vault,
};
use tokio::sync::{Mutex, RwLock, Semaphore};

pub use breaker::{ACCEPTED_FOR, AcceptError, Breaker, Effects};
use database::TABLES;
pub use error::EngineError;
use following::Follower;
pub use operating::{HOLDERS_MAX, Outbox, PAGE_ROWS_MAX, RedriveError};
pub use outbox::{CodeMail, DeadLetter};
pub use standing::{COUNTED_MAX, Standing};
pub use wake_ups::Failing;
use waking::Waker;

use crate::{
    commands::Commands,
    mail::{Composer, Courier},
};

/// How long a worker has a wake-up that it has taken. Should it come back later, what it does then
/// is recognised as done already.
pub const LEASE: TimeDelta = TimeDelta::seconds(30);

/// How long a worker has a mail that it has taken: longer than all mails of a tick may take, so that
/// nobody else sends one that is being sent.
pub const MAIL_LEASE: TimeDelta = TimeDelta::minutes(5);

/// The same of a mail that brings a code, which has no time to lose when a worker is gone; longer than
/// the one batch that is sent under it may take.
pub const CODE_LEASE: TimeDelta = TimeDelta::minutes(2);

/// The most batches of mails with codes on their way at the same time: one that hangs does not hold
/// up the others.
const CODE_BATCHES_MAX: usize = 4;

/// The most batches of wake-ups in one tick.
const WAKE_ROUNDS_MAX: u32 = 16;

/// The most batches of mails in one tick: so many as fit into the lease if each mail hangs.
const MAIL_ROUNDS_MAX: u32 = 2;

/// The most batches of holders in one tick whose wake-ups are worked out anew for a new policy.
const RECOMPUTE_ROUNDS_MAX: u32 = 16;

/// How often in a row following the log may fail, without any progress, before it is given up.
const FAILURES_MAX: u32 = 30;

/// How long following rests after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// What the engine works with.
pub struct Parts {
    /// The event log.
    pub log: Arc<dyn EventStore>,
    /// Who holders are.
    pub vault: Vault,
    /// The numbers, as they were read at the start; newer ones are read at the next, unless
    /// [`Engine::adopt`] brings them.
    pub policies: Arc<Policies>,
    /// Writes the mails.
    pub composer: Composer,
    /// Carries them.
    pub courier: Arc<dyn Courier>,
}

/// The engine of one log. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    place: Place,
    log: Arc<dyn EventStore>,
    commands: Commands,
    vault: Vault,
    composer: Composer,
    courier: Arc<dyn Courier>,
    policies: StdRwLock<Arc<Policies>>,
    /// The tables. Held for writing only while rebuilt ones take their place.
    live: RwLock<Pool>,
    /// Held by whoever applies events or is about to swap. A head of the log up to which all is in the
    /// tables that are in use, since this engine was opened or has swapped them.
    following: Mutex<Option<Position>>,
    /// Held by the tick that sends mails: a slow mail server is not asked by all of them.
    sending: Mutex<()>,
    /// The same for urgent mails.
    sending_urgent: Mutex<()>,
    /// A place for each batch of mails with codes.
    sending_codes: Semaphore,
    /// Held for reading by ticks, which have taken rows that a swap would let others take again.
    ticking: RwLock<()>,
}

/// What a tick has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Holders who were woken.
    pub n_woken: u32,
    /// Of these, those for whom something was recorded.
    pub n_recorded: u32,
    /// Of these, those who could not be woken; they are tried again later.
    pub n_failed: u32,
    /// Mails that a mail server has taken.
    pub n_delivered: u32,
    /// Mails that are to be tried again later.
    pub n_postponed: u32,
    /// Mails that are not tried again by themselves.
    pub n_dead: u32,
    /// True if the breaker has stopped the engine: nothing was done but what it does not hold up.
    pub stopped: bool,
    /// True if there may be more to do at the same instant: tick again at once.
    pub more: bool,
}

impl Ticked {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            n_woken: self.n_woken + other.n_woken,
            n_recorded: self.n_recorded + other.n_recorded,
            n_failed: self.n_failed + other.n_failed,
            n_delivered: self.n_delivered + other.n_delivered,
            n_postponed: self.n_postponed + other.n_postponed,
            n_dead: self.n_dead + other.n_dead,
            stopped: self.stopped || other.stopped,
            more: self.more || other.more,
        }
    }
}

impl Engine {
    /// Opens the file, made (readable by its owner only) and brought up to date if need be.
    pub async fn open(path: &Path, parts: Parts) -> Result<Self, EngineError> {
        Self::at(Place::File(path.to_owned()), parts).await
    }

    /// Opens those of a PostgreSQL database, made and brought up to date if need be. Any number of
    /// processes may have them open, and tick: no two of them take the same row.
    pub async fn open_postgres(options: &Options, parts: Parts) -> Result<Self, EngineError> {
        Self::at(Place::Postgres(Box::new(options.clone())), parts).await
    }

    /// Tables that are gone with the last clone.
    pub async fn in_memory(parts: Parts) -> Result<Self, EngineError> {
        Self::at(Place::Memory, parts).await
    }

    async fn at(place: Place, parts: Parts) -> Result<Self, EngineError> {
        let Parts { log, vault, policies, composer, courier } = parts;
        let live = RwLock::new(TABLES.open(&place).await?);
        let commands = Commands::new(log.clone());
        let policies = StdRwLock::new(policies);
        let (following, sending) = (Mutex::new(None), Mutex::new(()));
        let ticking = RwLock::new(());
        Ok(Self(Arc::new(Inner {
            place,
            log,
            commands,
            vault,
            composer,
            courier,
            policies,
            live,
            following,
            sending,
            sending_urgent: Mutex::new(()),
            sending_codes: Semaphore::new(CODE_BATCHES_MAX),
            ticking,
        })))
    }

    /// Follows the log until `shutdown` comes or the store is closed. What fails is tried again.
    pub async fn follow(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), EngineError> {
        let mut shutdown = pin!(shutdown);
        let mut n_failures = 0;
        let mut before = Position::START;
        loop {
            let outcome = tokio::select! {
                () = &mut shutdown => return Ok(()),
                outcome = self.follow_once() => outcome,
            };
            let error = match outcome {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // Whether the position can be read at all is part of what may fail.
            let reached = self.position().await.unwrap_or(before);
            n_failures = if before < reached { 1 } else { n_failures + 1 };
            before = reached;
            if !error.may_pass() || FAILURES_MAX < n_failures {
                return Err(error);
            }
            tracing::warn!(%error, n_failures, "the workflow engine could not follow the log");
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = tokio::time::sleep(FAILURE_PAUSE) => {}
            }
        }
    }

    async fn follow_once(&self) -> Result<(), EngineError> {
        self.catch_up().await?;
        let from = self.position().await?;
        let mut batches = following::in_batches(self.0.log.subscribe(from, following::filter()));
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            self.keep_policies().await?;
            let _following = self.0.following.lock().await;
            let (live, policies) = (self.0.live.read().await, self.policies());
            self.follower(&live, &policies).apply(&batch).await?;
        }
        Ok(())
    }

    /// Applies what the log has and the tables have not.
    pub async fn catch_up(&self) -> Result<(), EngineError> {
        let mut reached = self.0.following.lock().await;
        let head = self.0.log.head().await?;
        // Asked for many times a tick: most of them find nothing new.
        if *reached == Some(head) {
            return Ok(());
        }
        self.keep_policies().await?;
        let (live, policies) = (self.0.live.read().await, self.policies());
        self.follower(&live, &policies).catch_up().await?;
        *reached = Some(head);
        Ok(())
    }

    /// How far the tables have followed the log.
    pub async fn position(&self) -> Result<Position, EngineError> {
        let live = self.0.live.read().await;
        Ok(checkpoint::read(&*live).await?.position)
    }

    /// The way of a command: whoever gives commands to the holders of this log uses these, so that each
    /// holder is read once for all.
    #[must_use]
    pub fn commands(&self) -> &Commands {
        &self.0.commands
    }

    /// Brings newer policies (B-14) to an engine that is running. Wake-ups of older ones are worked
    /// out anew by the next ticks, which wake nobody before that is done, as after a start with newer
    /// policies.
    pub fn adopt(&self, policies: Arc<Policies>) {
        *self.0.policies.write().unwrap_or_else(PoisonError::into_inner) = policies;
    }

    /// Reads the policies from the log if another process works by newer ones already: nobody is woken,
    /// and no row is written, by those of before.
    async fn keep_policies(&self) -> Result<(), EngineError> {
        let newest = checkpoint::read(&*self.0.live.read().await).await?.newest_version();
        if self.policies().latest().version < newest
            && let Some(policies) = stores::policy::read(&*self.0.log).await?
        {
            self.adopt(Arc::new(policies));
        }
        Ok(())
    }

    /// Works out all wake-ups anew if they are of an older policy; goes on where an earlier try was
    /// interrupted.
    pub async fn recompute_all(&self) -> Result<(), EngineError> {
        while !self.recompute_batch().await? {}
        Ok(())
    }

    async fn recompute_batch(&self) -> Result<bool, EngineError> {
        let _following = self.0.following.lock().await;
        let (live, policies) = (self.0.live.read().await, self.policies());
        self.follower(&live, &policies).recompute_batch().await
    }

    /// Builds the tables anew from the log, beside what is in use, and puts them in its place. What
    /// is in use is used and goes on meanwhile; if this fails, it stays.
    pub async fn rebuild(&self) -> Result<(), EngineError> {
        let policies = self.policies();
        let fresh = TABLES.open_beside(&self.0.place).await?;
        self.reader(&fresh, &policies).catch_up().await?;
        // From here on nothing is taken or applied, so the rest is short.
        let _ticking = self.0.ticking.write().await;
        let mut reached = self.0.following.lock().await;
        let mut live = self.0.live.write().await;
        let mut hold = live.begin().await?;
        checkpoint::hold(&mut hold).await?;
        self.reader(&fresh, &policies).catch_up().await?;
        database::outnumber(&mut hold).await?;
        *reached = None;
        Ok(TABLES.replace(&self.0.place, (&mut *live, fresh), hold).await?)
    }

    /// Does what is due at `now`. Any number of ticks may run at the same time, here or in other
    /// processes over the same tables: no two of them take the same row.
    pub async fn tick(&self, now: DateTime<Utc>) -> Result<Ticked, EngineError> {
        let _ticking = self.0.ticking.read().await;
        self.catch_up().await?;
        self.keep_policies().await?;
        for _ in 0..RECOMPUTE_ROUNDS_MAX {
            if self.recompute_batch().await? {
                return self.act(now).await;
            }
        }
        Ok(Ticked { more: true, ..Ticked::default() })
    }

    async fn act(&self, now: DateTime<Utc>) -> Result<Ticked, EngineError> {
        let policies = self.policies();
        let ctx = Context { now, policies: &policies };
        let mut ticked = Ticked::default();
        // Somebody waits for his code, or has to know what was done with his card, whatever becomes
        // of everybody else.
        let sent_first = self.unstoppable(&ctx, &mut ticked).await?;
        if !self.may_act(&ctx).await? {
            return Ok(Ticked { stopped: true, more: !sent_first, ..ticked });
        }
        let woken_all = self.wake(&ctx, &mut ticked).await?;
        let sent_all = self.send(&ctx, &mut ticked).await?;
        ticked.more = !(sent_first && woken_all && sent_all);
        Ok(ticked)
    }

    /// True if nobody who is due is left.
    async fn wake(&self, ctx: &Context<'_>, ticked: &mut Ticked) -> Result<bool, EngineError> {
        for _ in 0..WAKE_ROUNDS_MAX {
            let round = {
                let live = self.0.live.read().await;
                let commands = &self.0.commands;
                Waker { pool: &live, commands, policies: ctx.policies, now: ctx.now }
                    .round()
                    .await?
            };
            let Some(round) = round else { return Ok(true) };
            *ticked = ticked.and(round);
            // What was recorded renews the rows, and asks for mails.
            self.catch_up().await?;
        }
        Ok(false)
    }

    /// When the next tick will have something to do; `None` if nothing is planned. While the
    /// breaker has stopped the engine, that may be in the past.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, EngineError> {
        self.catch_up().await?;
        let live = self.0.live.read().await;
        let (wake_up, mail) = (wake_ups::next(&*live).await?, outbox::next(&*live).await?);
        Ok([wake_up, mail].into_iter().flatten().min())
    }

    fn policies(&self) -> Arc<Policies> {
        self.0.policies.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn follower<'a>(&'a self, pool: &'a Pool, policies: &'a Policies) -> Follower<'a> {
        let Inner { log, commands, vault, .. } = &*self.0;
        Follower { pool, log: &**log, commands, policies, vault: Some(vault) }
    }

    /// Follows what was followed before, into other tables.
    fn reader<'a>(&'a self, pool: &'a Pool, policies: &'a Policies) -> Follower<'a> {
        Follower { vault: None, ..self.follower(pool, policies) }
    }
}
