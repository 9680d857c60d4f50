//! Interactive jobs: log-in, passcode change, personalisation. An act that a person is in the
//! middle of, between browser, server and agent; and the codes that lead the browser back.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CardSerial, HolderId};
use uuid::Uuid;

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
    token::TokenHash,
};

/// How long a return code leads back, in seconds.
pub const RETURN_CODE_SECS: i64 = 60;

/// The longest state of a job, in bytes.
pub const STATE_BYTES_MAX: usize = 60_000;

/// The most open jobs of one card that are looked at; one is usual.
const JOBS_OF_CARD_MAX: i64 = 16;

/// A job's number. No secret: knowing it lets nobody do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub Uuid);

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub job_id: JobId,
    /// Counts up with each save; [`Jobs::save`] wants the one that was loaded.
    pub version: i64,
    /// JSON of the one who runs the job, at most [`STATE_BYTES_MAX`]. Never a secret.
    pub state: String,
    /// Hash of the cookie of the browser that started it; never changes.
    pub browser: Option<TokenHash>,
    /// Whom it is about, once known.
    pub holder: Option<HolderId>,
    /// The card, once known.
    pub card: Option<CardSerial>,
    /// When it was started; never changes.
    pub created_at: DateTime<Utc>,
    /// From this instant on there is no such job.
    pub expires_at: DateTime<Utc>,
}

/// Why a job was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Somebody else saved it first, or it is gone: load it and try again.
    #[error("the job has changed meanwhile")]
    Conflict,
    /// The state is too long.
    #[error("the state of a job is too long")]
    TooLong,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SaveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The tables. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    connections: Connections,
}

impl Jobs {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Writes a new job. [`SaveError::Conflict`] if there is one of this number.
    pub async fn create(&self, job: &Job) -> Result<(), SaveError> {
        check(job)?;
        let created = Query::new(
            "
            insert into job
                (job_id, version, state, browser_sha256, holder_id, card, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (job_id) do nothing
            ",
        )
        .bind(job.job_id.0)
        .bind(job.version)
        .bind(&job.state)
        .bind(job.browser.map(|browser| browser.as_bytes().to_vec()))
        .bind(job.holder.map(|holder| holder.0))
        .bind(job.card.as_ref().map(|card| card.as_str().to_owned()))
        .bind(job.created_at)
        .bind(job.expires_at)
        .execute(self.connections.writer())
        .await?;
        one_row(created)
    }

    /// A job; `None` if there is none of this number, or its time is over.
    pub async fn load(&self, job_id: JobId, now: DateTime<Utc>) -> Result<Option<Job>, StoreError> {
        let row: Option<Row> = Query::new(
            "
            select job_id, version, state, browser_sha256, holder_id, card, created_at, expires_at
            from job
            where job_id = $1 and $2 < expires_at
            ",
        )
        .bind(job_id.0)
        .bind(now)
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(Job::try_from).transpose()
    }

    /// A job whose time is over and whose row is still there, which is until a sweep takes it: for whoever
    /// wants to know what it was. Nothing can be done with it any more.
    pub async fn load_ended(
        &self,
        job_id: JobId,
        now: DateTime<Utc>,
    ) -> Result<Option<Job>, StoreError> {
        let row: Option<Row> = Query::new(
            "
            select job_id, version, state, browser_sha256, holder_id, card, created_at, expires_at
            from job
            where job_id = $1 and expires_at <= $2
            ",
        )
        .bind(job_id.0)
        .bind(now)
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(Job::try_from).transpose()
    }

    /// Saves state, holder, card and end of a job that was loaded at `expected_version`. The new
    /// version is one higher.
    pub async fn save(&self, job: &Job, expected_version: i64) -> Result<(), SaveError> {
        check(job)?;
        let saved = Query::new(
            "
            update job
            set version = $2 + 1, state = $3, holder_id = $4, card = $5, expires_at = $6
            where job_id = $1 and version = $2
            ",
        )
        .bind(job.job_id.0)
        .bind(expected_version)
        .bind(&job.state)
        .bind(job.holder.map(|holder| holder.0))
        .bind(job.card.as_ref().map(|card| card.as_str().to_owned()))
        .bind(job.expires_at)
        .execute(self.connections.writer())
        .await?;
        one_row(saved)
    }

    /// The jobs with a card whose time is not over: those that are kept longest first, which are the
    /// unsettled ones, so that no number of others hides them; of these the newest first.
    pub async fn open_for_card(
        &self,
        card: &CardSerial,
        now: DateTime<Utc>,
    ) -> Result<Vec<Job>, StoreError> {
        let rows: Vec<Row> = Query::new(
            "
            select job_id, version, state, browser_sha256, holder_id, card, created_at, expires_at
            from job
            where card = $1 and $2 < expires_at
            order by expires_at desc, created_at desc, job_id
            limit $3
            ",
        )
        .bind(card.as_str())
        .bind(now)
        .bind(JOBS_OF_CARD_MAX)
        .fetch_all(self.connections.reader())
        .await?;
        rows.into_iter().map(Job::try_from).collect()
    }

    /// Whom the jobs are about whose state begins so and whose time is over after one instant, and not
    /// after another; each once, at most `limit`.
    pub async fn holders_of_ending(
        &self,
        begins: &str,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<HolderId>, StoreError> {
        let holders: Vec<(Uuid,)> = Query::new(
            "
            select distinct holder_id from job
            where $1 < expires_at and expires_at <= $2
                and substr(state, 1, $3) = $4 and holder_id is not null
            order by holder_id
            limit $5
            ",
        )
        .bind(after)
        .bind(until)
        .bind(i32::try_from(begins.len()).unwrap_or(i32::MAX))
        .bind(begins)
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        Ok(holders.into_iter().map(|(holder,)| HolderId(holder)).collect())
    }

    /// Lets a return code lead to a job for [`RETURN_CODE_SECS`].
    pub async fn put_return_code(
        &self,
        code: TokenHash,
        job_id: JobId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Query::new("insert into return_code (code_sha256, job_id, expires_at) values ($1, $2, $3)")
            .bind(code.as_bytes())
            .bind(job_id.0)
            .bind(now + TimeDelta::seconds(RETURN_CODE_SECS))
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }

    /// Where a return code leads, once. `None` if it was used, its time is over, or there never
    /// was one.
    pub async fn take_return_code(
        &self,
        code: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<JobId>, StoreError> {
        let taken: Option<Uuid> = Query::new(
            "
            update return_code set used_at = $2
            where code_sha256 = $1 and used_at is null and $2 < expires_at
            returning job_id
            ",
        )
        .bind(code.as_bytes())
        .bind(now)
        .scalar_optional(self.connections.writer())
        .await?;
        Ok(taken.map(JobId))
    }

    /// Deletes up to `limit` jobs and up to `limit` return codes whose time is over. How many; to
    /// be called until it says 0.
    pub async fn sweep(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut n_deleted = 0;
        for delete in [
            "
            delete from job where job_id in (
                select job_id from job where expires_at <= $1 order by expires_at limit $2
            )
            ",
            "
            delete from return_code where code_sha256 in (
                select code_sha256 from return_code
                where expires_at <= $1 order by expires_at limit $2
            )
            ",
        ] {
            let deleted = Query::new(delete)
                .bind(now)
                .bind(i64::from(limit))
                .execute(self.connections.writer())
                .await?;
            n_deleted += deleted;
        }
        Ok(n_deleted)
    }
}

/// No row: somebody else was first.
fn one_row(n_rows: u64) -> Result<(), SaveError> {
    if n_rows == 0 { Err(SaveError::Conflict) } else { Ok(()) }
}

fn check(job: &Job) -> Result<(), SaveError> {
    if STATE_BYTES_MAX < job.state.len() { Err(SaveError::TooLong) } else { Ok(()) }
}

#[derive(sqlx::FromRow)]
struct Row {
    job_id: Uuid,
    version: i64,
    state: String,
    browser_sha256: Option<Vec<u8>>,
    holder_id: Option<Uuid>,
    card: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for Job {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let broken = |what| StoreError(anyhow::anyhow!("job {} has a broken {what}", row.job_id));
        let browser = row.browser_sha256.map(<[u8; 32]>::try_from).transpose();
        let card = row.card.as_deref().map(str::parse).transpose();
        Ok(Self {
            job_id: JobId(row.job_id),
            version: row.version,
            browser: browser.map_err(|_| broken("browser"))?.map(TokenHash),
            holder: row.holder_id.map(HolderId),
            card: card.map_err(|_| broken("card"))?,
            state: row.state,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

#[cfg(test)]
mod tests;
