//! Waking holders: takes wake-ups that are due, asks each holder to record what holds now, and
//! puts those who have nothing to record back to sleep.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{context::Context, ids::HolderId, policy::Policies};
use futures::future;
use stores::{database::Pool, event_store::StoreError};

use super::{
    EngineError, LEASE, Ticked,
    wake_ups::{self, Taken},
};
use crate::{
    commands::{Actor, Cause, Commands, ExecuteError, Loaded},
    passcode_expiry,
};

/// The most wake-ups that are taken, and holders woken, at a time.
const BATCH_MAX: u32 = 256;

/// The pause after a holder's first failure; each further one in a row doubles it.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// How often it is doubled at the most: to about an hour.
const DOUBLINGS_MAX: u32 = 12;

/// What is needed to wake holders.
pub(super) struct Waker<'a> {
    pub(super) pool: &'a Pool,
    pub(super) commands: &'a Commands,
    pub(super) policies: &'a Policies,
    pub(super) now: DateTime<Utc>,
}

enum Outcome {
    Recorded,
    Nothing,
    Failed,
}

impl Waker<'_> {
    /// Takes one batch of what is due; `None` if nothing is.
    pub(super) async fn round(&self) -> Result<Option<Ticked>, EngineError> {
        let due = wake_ups::take_due(self.pool, self.now, self.now + LEASE, BATCH_MAX).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let holders: Vec<HolderId> = due.iter().map(|taken| taken.holder).collect();
        let outcomes = match self.commands.load_all(&holders).await {
            Ok(loaded) => {
                // All at the same time: their appends are committed together.
                let woken = due.iter().map(|taken| self.wake(*taken, &loaded));
                future::join_all(woken).await
            }
            Err(error) => {
                future::join_all(due.iter().map(|taken| self.failed(*taken, &error))).await
            }
        };
        let mut ticked = Ticked::default();
        for outcome in outcomes {
            ticked.n_woken += 1;
            match outcome? {
                Outcome::Recorded => ticked.n_recorded += 1,
                Outcome::Failed => ticked.n_failed += 1,
                Outcome::Nothing => {}
            }
        }
        Ok(Some(ticked))
    }

    /// One holder. Only the engine's own database can make this fail; whatever else goes wrong is
    /// his alone, and is kept in his row.
    async fn wake(
        &self,
        taken: Taken,
        loaded: &HashMap<HolderId, Result<Arc<Loaded>, StoreError>>,
    ) -> Result<Outcome, EngineError> {
        let holder = taken.holder;
        let loaded = match loaded.get(&holder) {
            Some(Ok(loaded)) => loaded,
            Some(Err(error)) => return self.failed(taken, error).await,
            None => return Err(EngineError::Broken("a wake-up of nobody")),
        };
        let ctx = Context { now: self.now, policies: self.policies };
        let cause = Cause::first(passcode_expiry::command_id(holder, loaded.revision));
        let command = passcode_expiry::woken();
        let done =
            self.commands.attempt(&ctx, holder, loaded, cause, &Actor::System, &command).await;
        match done {
            Ok(executed) if executed.events.is_empty() => {
                let ctx = loaded.context(&ctx);
                let next = passcode_expiry::wake_up(&ctx, &loaded.holder);
                if next.is_some_and(|next| next.due_at <= ctx.now) {
                    return self.failed(taken, &StillDue).await;
                }
                wake_ups::sleep(self.pool, taken, next).await?;
                Ok(Outcome::Nothing)
            }
            // What was recorded is an event of his: following the log renews his row.
            Ok(_) => Ok(Outcome::Recorded),
            // So is what somebody else has recorded meanwhile.
            Err(ExecuteError::Conflict) => Ok(Outcome::Nothing),
            Err(error @ (ExecuteError::Refused(_) | ExecuteError::Failed(_))) => {
                self.failed(taken, &error).await
            }
        }
    }

    async fn failed(
        &self,
        taken: Taken,
        error: &(impl std::error::Error + Sync),
    ) -> Result<Outcome, EngineError> {
        let Taken { holder, attempts, .. } = taken;
        tracing::warn!(%holder, attempts, %error, "a holder could not be woken");
        let again_at = self.now + PAUSE * (1 << attempts.min(DOUBLINGS_MAX));
        wake_ups::postpone(self.pool, taken, again_at, &error.to_string()).await?;
        Ok(Outcome::Failed)
    }
}

/// The wake-up and the decision do not agree.
#[derive(Debug, thiserror::Error)]
#[error("a holder is due, and has nothing to record")]
struct StillDue;
