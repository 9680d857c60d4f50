//! The mass-effect breaker: a wrong clock must not lock a hospital.
//!
//! Before its first effect a tick counts how many holders it would force to change or lock. If that
//! is more than the policy's share of all holders, and more than its floor, nothing is done until
//! the operator has accepted the clock. That it stopped, and that it was accepted, are events of
//! the stream `breaker-<day>`, so that neither a restart nor a rebuild forgets them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{context::Context, ids::CommandId, policy::Policy};
use serde::{Deserialize, Serialize};
use stores::{
    database::{Executor, Query, Transaction},
    event_store::{Expected, NotAStreamName, StreamName},
};

use super::{
    Engine, EngineError,
    database::{instant, micros},
    wake_ups,
};
use crate::{
    commands::{Actor, Cause},
    derived::derived,
};

/// The category of the breaker's streams.
pub(super) const CATEGORY: &str = "breaker";

/// How long an operator's word holds at the most, should the work it was given for never end.
pub const ACCEPTED_FOR: TimeDelta = TimeDelta::hours(24);

/// How many would be forced to change, and locked, of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    /// Holders who would be forced to change.
    pub n_forced: u64,
    /// Holders who would be locked.
    pub n_locked: u64,
    /// Holders in all.
    pub n_holders: u64,
}

impl Effects {
    fn total(self) -> u64 {
        self.n_forced.saturating_add(self.n_locked)
    }

    /// True if whoever said yes to `others` has said yes to these: not more, and not more of the
    /// worse.
    fn are_within(self, others: Self) -> bool {
        self.total() <= others.total() && self.n_locked <= others.n_locked
    }

    /// More than the share and more than the floor.
    fn too_many(self, policy: &Policy) -> bool {
        policy.effects_max(self.n_holders) < self.total()
    }
}

/// Whether the engine acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// It acts.
    Closed,
    /// It does nothing, and waits for the operator.
    Stopped {
        /// Since when.
        since: DateTime<Utc>,
        /// What it would have done.
        effects: Effects,
    },
    /// It acts because the operator has accepted that many effects.
    Accepted {
        /// When.
        since: DateTime<Utc>,
        /// Of what there was then to do.
        effects: Effects,
    },
}

/// What a tick may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its work.
    Act,
    /// Its work; what the operator has accepted is done.
    ActAndClose,
    /// Nothing, and this is new.
    Stop,
    /// Nothing, as before.
    Wait,
}

impl Breaker {
    pub(super) fn judge(&self, ctx: &Context<'_>, effects: Effects) -> Verdict {
        let too_many = effects.too_many(ctx.policy());
        match self {
            Self::Stopped { .. } => Verdict::Wait,
            Self::Accepted { since, effects: accepted } => {
                let holds = ctx.now < *since + ACCEPTED_FOR && effects.are_within(*accepted);
                match (too_many, holds) {
                    (false, _) => Verdict::ActAndClose,
                    (true, true) => Verdict::Act,
                    (true, false) => Verdict::Stop,
                }
            }
            Self::Closed if too_many => Verdict::Stop,
            Self::Closed => Verdict::Act,
        }
    }
}

/// What is recorded of the breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub(super) enum BreakerEvent {
    /// A tick would have done too much.
    BreakerStopped(Effects),
    /// The operator says that the clock is right, and so are these effects.
    BreakerAccepted(Effects),
}

impl BreakerEvent {
    /// Its type, as recorded.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::BreakerStopped(_) => "BreakerStopped",
            Self::BreakerAccepted(_) => "BreakerAccepted",
        }
    }

    /// Its data.
    pub(super) fn effects(&self) -> Effects {
        match self {
            Self::BreakerStopped(effects) | Self::BreakerAccepted(effects) => *effects,
        }
    }
}

/// Where it is recorded.
pub(super) fn stream(ctx: &Context<'_>) -> Result<StreamName, NotAStreamName> {
    format!("{CATEGORY}-{}", ctx.today()).parse()
}

/// The command that records the next event, after so many: the same for whoever records it.
pub(super) fn command_id(n_events: u64) -> CommandId {
    CommandId(derived(CATEGORY, &[&n_events.to_be_bytes()]))
}

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The breaker has not stopped anything.
    #[error("nothing waits to be accepted")]
    NotStopped,
    /// By now it would do more than the operator was shown. That is recorded as what was stopped.
    #[error(
        "nothing was accepted: by now {} of {} holders would be forced to renew and {} locked at \
         once; accept again if that is right",
        .0.n_forced, .0.n_holders, .0.n_locked
    )]
    More(Effects),
    /// The machine failed.
    #[error(transparent)]
    Failed(#[from] EngineError),
}

impl Engine {
    /// Whether it acts.
    pub async fn breaker(&self) -> Result<Breaker, EngineError> {
        let live = self.0.live.read().await;
        Ok(read(&*live).await?.0)
    }

    /// Counts before the first effect. Records, once, that it stops.
    pub(super) async fn may_act(&self, ctx: &Context<'_>) -> Result<bool, EngineError> {
        let (breaker, n_events) = {
            let live = self.0.live.read().await;
            read(&*live).await?
        };
        let effects = self.effects(ctx.now).await?;
        match breaker.judge(ctx, effects) {
            Verdict::Act => Ok(true),
            Verdict::Wait => Ok(false),
            Verdict::ActAndClose => {
                let live = self.0.live.read().await;
                close(&*live).await?;
                Ok(true)
            }
            Verdict::Stop => {
                let Effects { n_forced, n_locked, n_holders } = effects;
                tracing::error!(
                    n_forced,
                    n_locked,
                    n_holders,
                    now = %ctx.now,
                    "too many would be forced or locked at once: is the clock right?"
                );
                let stopped = BreakerEvent::BreakerStopped(effects);
                self.note_breaker(ctx, n_events, &Actor::System, &stopped).await?;
                Ok(false)
            }
        }
    }

    /// The operator at the console says that the clock is right: what was stopped, as far as there is something to
    /// do at `now`, is done.
    ///
    /// # Errors
    /// [`AcceptError::More`] if there is more to do at `now` than was stopped.
    pub async fn accept(&self, now: DateTime<Utc>) -> Result<Effects, AcceptError> {
        self.accept_by(&Actor::Operator, now).await
    }

    /// The same, by somebody who is on record for it.
    ///
    /// # Errors
    /// As [`Engine::accept`].
    pub async fn accept_by(
        &self,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Effects, AcceptError> {
        self.catch_up().await?;
        let (breaker, n_events) = {
            let live = self.0.live.read().await;
            read(&*live).await?
        };
        let shown = match breaker {
            Breaker::Stopped { effects, .. } => effects,
            Breaker::Closed | Breaker::Accepted { .. } => return Err(AcceptError::NotStopped),
        };
        let effects = self.effects(now).await?;
        let policies = self.policies();
        let ctx = Context { now, policies: &policies };
        if !effects.are_within(shown) {
            let stopped = BreakerEvent::BreakerStopped(effects);
            self.note_breaker(&ctx, n_events, &Actor::System, &stopped).await?;
            return Err(AcceptError::More(effects));
        }
        let accepted = BreakerEvent::BreakerAccepted(effects);
        self.note_breaker(&ctx, n_events, actor, &accepted).await?;
        Ok(effects)
    }

    async fn effects(&self, now: DateTime<Utc>) -> Result<Effects, EngineError> {
        let live = self.0.live.read().await;
        Ok(wake_ups::count_effects(&*live, now).await?)
    }

    async fn note_breaker(
        &self,
        ctx: &Context<'_>,
        n_events: u64,
        actor: &Actor,
        event: &BreakerEvent,
    ) -> Result<(), EngineError> {
        let stream = stream(ctx)?;
        let cause = Cause::first(command_id(n_events));
        let (place, effects) = ((&stream, Expected::Any), event.effects());
        self.0.commands.note(ctx, place, cause, actor, event.kind(), &effects).await?;
        self.catch_up().await
    }
}

/// The breaker, and how many events it has had.
pub(super) async fn read(on: impl Into<Executor<'_>>) -> Result<(Breaker, u64), EngineError> {
    let (state, since, n_forced, n_locked, n_holders, n_events): (
        String,
        Option<i64>,
        i64,
        i64,
        i64,
        i64,
    ) = Query::new(
        "
        select state, since, n_forced, n_locked, n_holders, n_events
        from breaker where breaker_id = 1
        ",
    )
    .fetch_one(on)
    .await?;
    let effects = Effects {
        n_forced: n_forced.cast_unsigned(),
        n_locked: n_locked.cast_unsigned(),
        n_holders: n_holders.cast_unsigned(),
    };
    let since = since.map(instant).transpose()?;
    let breaker = match (state.as_str(), since) {
        ("closed", _) => Breaker::Closed,
        ("stopped", Some(since)) => Breaker::Stopped { since, effects },
        ("accepted", Some(since)) => Breaker::Accepted { since, effects },
        _ => return Err(EngineError::Broken("the state of the breaker")),
    };
    Ok((breaker, n_events.cast_unsigned()))
}

/// After an event of this instant.
pub(super) async fn evolve(
    tx: &mut Transaction,
    at: DateTime<Utc>,
    event: &BreakerEvent,
) -> sqlx::Result<()> {
    let (state, effects) = match event {
        BreakerEvent::BreakerStopped(effects) => ("stopped", effects),
        BreakerEvent::BreakerAccepted(effects) => ("accepted", effects),
    };
    Query::new(
        "
        update breaker
        set state = $1, since = $2, n_forced = $3, n_locked = $4, n_holders = $5,
            n_events = n_events + 1
        where breaker_id = 1
        ",
    )
    .bind(state)
    .bind(micros(at))
    .bind(effects.n_forced.cast_signed())
    .bind(effects.n_locked.cast_signed())
    .bind(effects.n_holders.cast_signed())
    .execute(tx)
    .await?;
    Ok(())
}

/// What the operator has accepted is done.
pub(super) async fn close(on: impl Into<Executor<'_>>) -> sqlx::Result<()> {
    Query::new("update breaker set state = 'closed' where breaker_id = 1 and state = 'accepted'")
        .execute(on)
        .await?;
    Ok(())
}
