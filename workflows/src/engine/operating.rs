//! What the operator sees of the engine, and what he can do: dead letters, and holders who cannot be
//! woken.

use chrono::{DateTime, Utc};
use domain::{context::Context, ids::HolderId};
use stores::event_store::{AppendError, Expected};

use super::{
    Engine, EngineError,
    outbox::{self, DeadLetter},
    wake_ups::{self, Failing},
};
use crate::{
    commands::{Actor, Cause},
    mail_delivery::{MailEvent, StepId},
};

/// The most rows of a list that are given at once.
pub const PAGE_ROWS_MAX: u32 = 100;

/// The most holders that are named at once.
pub const HOLDERS_MAX: u32 = 1_000;

/// What the outbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outbox {
    /// Mails that are to be sent.
    pub n_waiting: u64,
    /// Dead letters.
    pub n_dead: u64,
}

/// Why a dead letter was not redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// No mail of this step lies dead.
    #[error("there is no such dead letter")]
    NotDead,
    /// The machine failed.
    #[error(transparent)]
    Failed(#[from] EngineError),
}

impl Engine {
    /// Up to `limit` mails that are not tried again by themselves (never more than
    /// [`PAGE_ROWS_MAX`]), those after `after` if it is given.
    pub async fn dead_letters(
        &self,
        after: Option<StepId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, EngineError> {
        let live = self.0.live.read().await;
        outbox::dead_letters(&*live, after, limit.min(PAGE_ROWS_MAX)).await
    }

    /// The operator at the console wants a dead letter tried again.
    pub async fn redrive(&self, step: StepId, now: DateTime<Utc>) -> Result<(), RedriveError> {
        self.redrive_by(&Actor::Operator, step, now).await
    }

    /// The same, by somebody who is on record for it.
    pub async fn redrive_by(
        &self,
        actor: &Actor,
        step: StepId,
        now: DateTime<Utc>,
    ) -> Result<(), RedriveError> {
        self.catch_up().await?;
        let dead = {
            let live = self.0.live.read().await;
            outbox::dead(&*live, step).await.map_err(EngineError::from)?
        };
        let (event, settled) = dead.ok_or(RedriveError::NotDead)?;
        let policies = self.policies();
        let ctx = Context { now, policies: &policies };
        let redriven = MailEvent::MailRedriven { event };
        let stream = step.stream().map_err(EngineError::from)?;
        let place = (&stream, settled.map_or(Expected::NoStream, Expected::At));
        let cause = Cause::first(step.command(settled));
        let (kind, data) = (redriven.kind(), redriven.data());
        match self.0.commands.note(&ctx, place, cause, actor, kind, &data).await {
            // Somebody else redrove it at the same moment.
            Ok(_) | Err(AppendError::Conflict { .. }) => Ok(self.catch_up().await?),
            Err(error) => Err(EngineError::from(error).into()),
        }
    }

    /// Up to `limit` holders (never more than [`HOLDERS_MAX`]) in the order of their ids, those after
    /// `after` if it is given: everybody who has ever been registered.
    pub async fn holders(
        &self,
        after: Option<HolderId>,
        limit: u32,
    ) -> Result<Vec<HolderId>, EngineError> {
        self.catch_up().await?;
        let live = self.0.live.read().await;
        Ok(wake_ups::holders(&*live, after, limit.min(HOLDERS_MAX)).await?)
    }

    /// How many mails wait, and how many lie dead.
    pub async fn outbox(&self) -> Result<Outbox, EngineError> {
        let live = self.0.live.read().await;
        let (n_waiting, n_dead) = outbox::numbers(&*live).await?;
        Ok(Outbox { n_waiting, n_dead })
    }

    /// Up to `limit` holders who cannot be woken (never more than [`PAGE_ROWS_MAX`]), those after
    /// `after` if it is given. They are tried again by themselves.
    pub async fn failing(
        &self,
        after: Option<HolderId>,
        limit: u32,
    ) -> Result<Vec<Failing>, EngineError> {
        let live = self.0.live.read().await;
        wake_ups::failing(&*live, after, limit.min(PAGE_ROWS_MAX)).await
    }
}
