//! Jobs: what a browser started, an agent carries out, and the same browser brings to an end.
//!
//! The rules of the order are `workflows::card_job`; here are the row it lives in, the return
//! code, and what counts as the browser that started it.

pub mod passcode;
pub mod personalise;
pub mod proof;
pub mod puk;
pub(crate) mod register;
pub mod same_value;
mod settle;
pub mod still_right;
pub mod unlock;
pub mod update;

use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use domain::{
    card::CardBound,
    ids::{CardSerial, CommandId, EventId, HolderId},
};
use protocol::{Act, JobId, Secret};
use stores::{
    job::{Job as Row, JobId as RowId, SaveError},
    token::TokenHash,
};
use workflows::card_job::{CardJob, Goal, Input, OutOfOrder};
use zeroize::Zeroizing;

use crate::{app::App, execute::Cause, keystore::KEY_BYTES, self_service, updates};

/// How long a job that is over is kept, in hours: its page may be asked for again.
pub const OVER_KEPT_HOURS: i64 = 24;

/// How long a job of which nothing came in its time is kept, in minutes: its page can say what it was for,
/// and where to begin again. Anybody can start jobs, so that it is not long.
pub const ENDED_KEPT_MINUTES: i64 = 15;

/// How long a job is kept of which nobody knows yet whether it wrote, in days: until its card is
/// used again.
const UNSETTLED_DAYS: i64 = 36_500;

/// Which of an *Update*'s derived ids is that of its job.
const JOB: u32 = 4_000;

/// How often a step is tried again because the row changed in between.
const SAVES_MAX: u32 = 3;

/// A job and the row it was read from.
#[derive(Debug, Clone)]
pub struct OpenJob {
    /// Its number.
    pub id: JobId,
    /// How far it is.
    pub job: CardJob,
    /// The browser that started it.
    pub browser: Option<TokenHash>,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    version: i64,
}

impl OpenJob {
    /// Refuses a step that does not come next, before anything is done for it. What is done in
    /// between is safe to repeat: [`App::step_job`] decides again.
    pub fn check(&self, input: Input) -> Result<(), StepError> {
        self.job.clone().step(input)?;
        Ok(())
    }

    /// The command that began it all: the *Update*, the registration; a log-in is its job.
    #[must_use]
    pub fn begun_by(&self) -> CommandId {
        match &self.job.goal {
            Goal::LogIn => CommandId(self.id.0),
            Goal::ChangePasscodes(change) => change.command,
            Goal::UpdateCard(planned) => planned.update,
            Goal::Personalise { command, .. } => *command,
            Goal::Register(planned) => planned.registration,
            Goal::BeginUnlock { unlock } => *unlock,
            Goal::Unlock(planned) => planned.unlock,
        }
    }

    /// A command on behalf of this job.
    #[must_use]
    pub fn causes(&self, command: CommandId) -> Cause {
        Cause { command, begun_by: self.begun_by() }
    }
}

/// Why a job did not take a step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The step does not come next.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrder),
    /// The machine failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl App {
    /// Starts a job for the browser with this cookie. An *Update* has one job: the same command
    /// again finds it.
    pub async fn start_job(&self, goal: Goal, browser: TokenHash) -> anyhow::Result<JobId> {
        let id = match &goal {
            Goal::ChangePasscodes(change) => job_of(change.command),
            Goal::Register(planned) => job_of(planned.registration),
            Goal::BeginUnlock { unlock } => job_of(*unlock),
            Goal::Personalise { command, desk: Some(_), .. } => job_of(*command),
            Goal::LogIn | Goal::UpdateCard(_) | Goal::Personalise { .. } | Goal::Unlock(_) => {
                JobId(self.entropy().uuid(self.now()))
            }
        };
        self.start_job_as(id, goal, browser).await
    }

    /// Starts a job under this number, unless there is one.
    async fn start_job_as(
        &self,
        id: JobId,
        goal: Goal,
        browser: TokenHash,
    ) -> anyhow::Result<JobId> {
        let now = self.now();
        let row = row(id, 0, &CardJob::new(goal), Some(browser), now, now)?;
        match self.stores().jobs.create(&row).await {
            Ok(()) | Err(SaveError::Conflict) => Ok(id),
            Err(error) => Err(error.into()),
        }
    }

    /// A job, unless it is unknown, or its ten minutes are over and nothing of it is unsettled.
    pub async fn job(&self, id: JobId) -> anyhow::Result<Option<OpenJob>> {
        let row = self.stores().jobs.load(RowId(id.0), self.now()).await?;
        row.as_ref().map(opened).transpose()
    }

    /// A job of which nothing came in its ten minutes, for as long as it is kept.
    pub async fn ended_job(&self, id: JobId) -> anyhow::Result<Option<OpenJob>> {
        let row = self.stores().jobs.load_ended(RowId(id.0), self.now()).await?;
        let ended = row.as_ref().map(opened).transpose()?;
        Ok(ended.filter(|ended| !ended.job.is_over() && !ended.job.begun))
    }

    /// Jobs with this card of which nobody knows whether they wrote.
    pub async fn unsettled_jobs(&self, card: &CardSerial) -> anyhow::Result<Vec<OpenJob>> {
        let rows = self.stores().jobs.open_for_card(card, self.now()).await?;
        let jobs: Result<Vec<_>, _> = rows.iter().map(opened).collect();
        Ok(jobs?.into_iter().filter(|open| open.job.is_unsettled()).collect())
    }

    /// Takes one step, durably. If the row changed in between, the step is decided anew.
    pub async fn step_job(&self, open: &OpenJob, input: Input) -> Result<OpenJob, StepError> {
        let mut open = open.clone();
        for _ in 0..SAVES_MAX {
            let next = open.job.clone().step(input.clone())?;
            let now = self.now();
            let row = row(open.id, open.version, &next, open.browser, open.started_at, now)?;
            match self.stores().jobs.save(&row, open.version).await {
                Ok(()) => return Ok(OpenJob { job: next, version: open.version + 1, ..open }),
                Err(SaveError::Conflict) => {
                    open = self.job(open.id).await?.ok_or(OutOfOrder::NotNow)?;
                }
                Err(error) => return Err(StepError::Failed(error.into())),
            }
        }
        Err(StepError::OutOfOrder(OutOfOrder::NotNow))
    }

    /// Makes the code that takes the browser back to the portal.
    pub async fn return_code(&self, id: JobId) -> anyhow::Result<Secret> {
        let code = Secret(self.entropy().bytes::<16>().to_vec());
        let now = self.now();
        self.stores().jobs.put_return_code(TokenHash::of(&code.0), RowId(id.0), now).await?;
        Ok(code)
    }

    /// Redeems a return code: the job, if the code is fresh, unused and this job's, and the
    /// browser is the one that started it.
    pub async fn redeem(
        &self,
        id: JobId,
        code: &[u8],
        browser: TokenHash,
    ) -> anyhow::Result<Option<OpenJob>> {
        let code = TokenHash::of(code);
        let taken = self.stores().jobs.take_return_code(code, self.now()).await?;
        if taken != Some(RowId(id.0)) {
            return Ok(None);
        }
        match self.job(id).await?.filter(|open| open.browser == Some(browser)) {
            Some(open) => Ok(Some(self.came_back(open).await?)),
            None => Ok(None),
        }
    }

    /// Remembers of an unlock that its browser is the one at the card reader. Of other jobs nobody asks.
    async fn came_back(&self, mut open: OpenJob) -> anyhow::Result<OpenJob> {
        for _ in 0..SAVES_MAX {
            if open.job.returned || !matches!(open.job.goal, Goal::BeginUnlock { unlock: _ }) {
                return Ok(open);
            }
            let next = CardJob { returned: true, ..open.job.clone() };
            let row = row(open.id, open.version, &next, open.browser, open.started_at, self.now())?;
            match self.stores().jobs.save(&row, open.version).await {
                Ok(()) => return Ok(OpenJob { job: next, version: open.version + 1, ..open }),
                Err(SaveError::Conflict) => {
                    open = self.job(open.id).await?.context("the job is gone")?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        anyhow::bail!("the job changes all the time")
    }

    /// Whose card this is, if it is bound to anybody.
    pub async fn holder_of(&self, card: &CardSerial) -> anyhow::Result<Option<HolderId>> {
        Ok(self.bound(card).await?.map(|bound| bound.holder))
    }

    /// The management key that a card was given when it was bound, whatever is current now.
    ///
    /// # Errors
    /// If it is bound to nobody, or the keystore has the master of that version no longer.
    pub async fn management_key(
        &self,
        card: &CardSerial,
    ) -> anyhow::Result<Zeroizing<[u8; KEY_BYTES]>> {
        let bound = self.bound(card).await?.context("a card that is bound to nobody")?;
        let key = self.keystore().management_key_of(bound.management_key, card);
        key.with_context(|| {
            format!("version {} of the master of management keys is missing", bound.management_key)
        })
    }

    async fn bound(&self, card: &CardSerial) -> anyhow::Result<Option<CardBound>> {
        use futures::TryStreamExt as _;
        use stores::event_store::{Revision, StreamName};
        let stream = StreamName::card(card);
        let first = self.stores().log.read_stream(&stream, Revision(0)).try_next().await?;
        Ok(first.map(|first| serde_json::from_slice(&first.data)).transpose()?)
    }
}

/// The job of an *Update*.
#[must_use]
pub fn job_of(update: CommandId) -> JobId {
    JobId(EventId::derive(update, JOB).0)
}

/// The act that the passcode page shows for a goal.
#[must_use]
pub fn act_of(goal: &Goal) -> Act {
    match goal {
        Goal::LogIn => Act::LogIn,
        Goal::ChangePasscodes(change) => {
            Act::ChangePasscodes { changes: updates::lines(change), smartcard: change.smartcard }
        }
        Goal::Personalise { .. } => Act::Personalise,
        Goal::UpdateCard(_) => Act::UpdateCard,
        Goal::Register(planned) => Act::Register {
            questions: self_service::chosen_anew(planned),
            address: planned.masked.clone(),
        },
        Goal::BeginUnlock { unlock: _ } => Act::BeginUnlock,
        Goal::Unlock(_) => Act::Unlock,
    }
}

/// The holder a goal is for, where that is known before a card is seen.
fn holder_of_goal(goal: &Goal) -> Option<HolderId> {
    match goal {
        Goal::LogIn | Goal::BeginUnlock { unlock: _ } => None,
        Goal::Register(planned) => Some(planned.holder),
        Goal::Unlock(planned) => Some(planned.holder),
        Goal::ChangePasscodes(change) => Some(change.holder),
        Goal::UpdateCard(planned) => Some(planned.holder),
        Goal::Personalise { holder, .. } => Some(*holder),
    }
}

fn row(
    id: JobId,
    version: i64,
    job: &CardJob,
    browser: Option<TokenHash>,
    started_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> anyhow::Result<Row> {
    let holder = job.claim().and_then(|claim| claim.holder).or(holder_of_goal(&job.goal));
    let expires_at = if job.is_unsettled() {
        started_at + Duration::days(UNSETTLED_DAYS)
    // The page of an update that has begun says how far it is, however long that takes.
    } else if job.is_over() || job.begun {
        now + Duration::hours(OVER_KEPT_HOURS)
    } else {
        CardJob::ends_at(started_at)
    };
    Ok(Row {
        job_id: RowId(id.0),
        version,
        state: serde_json::to_string(job)?,
        browser,
        holder,
        // Before a card has shown that it is there, anybody may say its number (B-40).
        card: job.claim().filter(|claim| claim.holder.is_some()).map(|claim| claim.card.clone()),
        created_at: started_at,
        expires_at,
    })
}

fn opened(row: &Row) -> anyhow::Result<OpenJob> {
    Ok(OpenJob {
        id: JobId(row.job_id.0),
        job: serde_json::from_str(&row.state)?,
        browser: row.browser,
        started_at: row.created_at,
        version: row.version,
    })
}
