//! Forecasts of a running server: all holders are read, in batches, and what the coming days bring to
//! them is added up ([`domain::forecast`]).
//!
//! With a hundred thousand holders that takes a while. So it is worked out beside everything else, one
//! forecast at a time, and kept for some minutes; whoever asks waits a little, and is then told how far
//! it has come. Nothing is recorded, and nobody is woken.

pub mod chart;
pub mod foretold;
pub mod periods;
pub mod summary;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    context::Context,
    forecast::{DAYS_MAX, Forecast, People, Question},
    policy::{InForce, Policies},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use workflows::commands::Commands;

use crate::app::App;

/// Holders who are read together.
const BATCH_HOLDERS: u32 = 256;

/// Holders who are looked at before others have their turn.
const TURN_HOLDERS: usize = 16;

/// The most holders who are looked at: with more, there is no forecast.
const HOLDERS_MAX: u64 = 10_000_000;

/// The most forecasts that are kept or being worked out.
const KEPT_MAX: usize = 8;

/// How long one is good for: somebody may have changed his passcode meanwhile. One that took long is
/// good for twice as long as it took, so that it can be laid beside another that takes as long.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);

/// How long whoever asks waits before he is told how far it has come.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is to be foretold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Days, today the first: 1 to [`DAYS_MAX`].
    pub days: u16,
    /// What is assumed of the holders.
    pub people: People,
    /// A version that is only thought of, checked by [`App::policies_with`]; none for those that are
    /// published.
    pub draft: Option<InForce>,
}

impl Plan {
    /// Under the versions that are published.
    #[must_use]
    pub fn published(days: u16, people: People) -> Self {
        Self { days: days.clamp(1, DAYS_MAX), people, draft: None }
    }

    /// The same under one more.
    #[must_use]
    pub fn with(self, draft: InForce) -> Self {
        Self { draft: Some(draft), ..self }
    }
}

/// A forecast, and what it was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worked {
    /// The numbers.
    pub forecast: Forecast,
    /// The versions that count, the draft included.
    pub policies: Policies,
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// When it was done.
    pub done_at: DateTime<Utc>,
    /// Holders of whom something could not be read: they are not counted.
    pub n_unreadable: u64,
}

impl Worked {
    fn is_good(&self, now: DateTime<Utc>) -> bool {
        let took = self.done_at - self.at;
        self.at <= now && now < self.done_at + GOOD_FOR.max(took * 2)
    }
}

/// What comes of asking.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// There it is.
    Done(Arc<Worked>),
    /// So many holders were looked at so far: ask again.
    Working(u64),
    /// Too many others are being worked out: ask again later.
    Busy,
}

#[derive(Debug, Clone)]
enum Stage {
    Working(u64),
    Done(Arc<Worked>),
    Failed,
}

/// What decides whether a forecast answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    plan: Plan,
    today: NaiveDate,
    version: u32,
}

struct Kept {
    key: Key,
    stage: watch::Receiver<Stage>,
}

/// The forecasts of a server. Cheap to clone.
#[derive(Clone)]
pub struct Forecasts {
    kept: Arc<Mutex<Vec<Kept>>>,
    working: Arc<Semaphore>,
}

impl Default for Forecasts {
    fn default() -> Self {
        Self { kept: Arc::default(), working: Arc::new(Semaphore::new(1)) }
    }
}

impl Forecasts {
    /// One that answers this question and is good still, or the place of a new one; `None` if there
    /// is no place.
    fn find(&self, key: &Key, now: DateTime<Utc>) -> Option<Found> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| match &*one.stage.borrow() {
            Stage::Working(_) => true,
            Stage::Done(worked) => worked.is_good(now),
            Stage::Failed => false,
        });
        if let Some(found) = kept.iter().find(|one| one.key == *key) {
            return Some(Found::There(found.stage.clone()));
        }
        if KEPT_MAX <= kept.len() {
            let is_done = |one: &Kept| matches!(&*one.stage.borrow(), Stage::Done(_));
            let oldest = kept.iter().position(is_done)?;
            kept.remove(oldest);
        }
        let (sender, stage) = watch::channel(Stage::Working(0));
        kept.push(Kept { key: key.clone(), stage: stage.clone() });
        Some(Found::New(sender, stage))
    }
}

enum Found {
    There(watch::Receiver<Stage>),
    New(watch::Sender<Stage>, watch::Receiver<Stage>),
}

impl App {
    /// What the coming days bring: the answer, or how far it has come.
    ///
    /// # Errors
    /// If the log or the engine's tables cannot be read, or the draft does not follow the versions.
    pub async fn forecast(&self, plan: Plan) -> anyhow::Result<Outcome> {
        self.forecast_within(plan, PATIENCE).await
    }

    async fn forecast_within(&self, plan: Plan, patience: Duration) -> anyhow::Result<Outcome> {
        let (now, published) = (self.now(), self.policies());
        let today = Context { now, policies: published }.today();
        let policies = match &plan.draft {
            None => published.clone(),
            Some(draft) => published.publish(today, draft.from, draft.policy.clone())?,
        };
        let key = Key { plan, today, version: published.latest().version };
        let mut stage = match self.forecasts().find(&key, now) {
            None => return Ok(Outcome::Busy),
            Some(Found::There(stage)) => stage,
            Some(Found::New(sender, stage)) => {
                let (app, Plan { days, people, .. }) = (self.clone(), key.plan);
                tokio::spawn(
                    async move { app.work_out(now, policies, (days, people), sender).await },
                );
                stage
            }
        };
        let over = stage.wait_for(|stage| !matches!(stage, Stage::Working(_)));
        let waited = tokio::time::timeout(patience, over).await;
        if let Ok(Err(_)) = waited {
            anyhow::bail!("the forecast ended without an answer");
        }
        drop(waited);
        match stage.borrow().clone() {
            Stage::Working(n_done) => Ok(Outcome::Working(n_done)),
            Stage::Done(worked) => Ok(Outcome::Done(worked)),
            Stage::Failed => anyhow::bail!("the forecast could not be worked out"),
        }
    }

    async fn work_out(
        &self,
        now: DateTime<Utc>,
        policies: Policies,
        asked: (u16, People),
        stage: watch::Sender<Stage>,
    ) {
        let Ok(_working) = self.forecasts().working.acquire().await else { return };
        match self.all_holders(now, policies, asked, &stage).await {
            Ok(worked) => stage.send_replace(Stage::Done(Arc::new(worked))),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a forecast was not worked out");
                stage.send_replace(Stage::Failed)
            }
        };
    }

    async fn all_holders(
        &self,
        now: DateTime<Utc>,
        policies: Policies,
        (days, people): (u16, People),
        stage: &watch::Sender<Stage>,
    ) -> anyhow::Result<Worked> {
        let question = Question { ctx: Context { now, policies: &policies }, days, people };
        let mut forecast = Forecast::begin(&question);
        let (mut after, mut n_done, mut n_unreadable) = (None, 0, 0);
        loop {
            let holders = self.engine().holders(after, BATCH_HOLDERS).await?;
            let Some(last) = holders.last() else { break };
            after = Some(*last);
            // Of its own: whoever was looked at for this does not drive out those whom others need.
            let loaded = Commands::new(Arc::clone(&self.stores().log)).load_all(&holders).await?;
            for turn in holders.chunks(TURN_HOLDERS) {
                for holder in turn {
                    match loaded.get(holder) {
                        Some(Ok(loaded)) => forecast.add(&question, &loaded.holder, loaded.last_at),
                        Some(Err(_)) | None => n_unreadable += 1,
                    }
                    n_done += 1;
                }
                tokio::task::yield_now().await;
            }
            stage.send_replace(Stage::Working(n_done));
            anyhow::ensure!(n_done < HOLDERS_MAX, "more than {HOLDERS_MAX} holders");
        }
        Ok(Worked { forecast, policies, at: now, done_at: self.now(), n_unreadable })
    }
}
