//! A whole history written at once into an empty database: millions of events in minutes, where the log
//! takes them one by one for as long as they took to happen.
//!
//! What is there afterwards is what the log would have made of the same appends in the same order:
//! positions without gaps, revisions from 0, the same bytes. Nobody else has the database meanwhile,
//! and it counts for nothing before [`Bulk::finish`] has said yes.

mod on_postgres;
mod on_sqlite;
#[cfg(test)]
mod tests;

use std::path::Path;

use chrono::{DateTime, Utc};
use domain::ids::HolderId;

use crate::{
    event_store::{EVENT_BYTES_MAX, NewEvent, Revision, StoreError, StreamName},
    postgres::Options,
    vault::Person,
};
use on_postgres::OnPostgres;
use on_sqlite::OnSqlite;

/// The most events of one statement.
const ROWS_MAX: usize = 4_096;

/// What one command added to one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where.
    pub stream: StreamName,
    /// The place of its first event there. The caller counts; a hole is found in the end.
    pub from: Revision,
    /// When; not before the append before it in its stream.
    pub at: DateTime<Utc>,
    /// At least one, as [`crate::event_store::canonical`] makes their bytes.
    pub events: Vec<NewEvent>,
}

/// Why a history was not written.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// Two lives in one log.
    #[error("there are holders in this database already: name an empty one")]
    NotEmpty,
    /// A stream whose revisions do not count up from 0.
    #[error("a stream has a hole: its events do not count up from 0")]
    Hole,
    /// An append has no events, or one that is too large.
    #[error("an append breaks a limit of the log")]
    Limit,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be used.
    #[error("the database file cannot be written: {0}")]
    File(#[from] std::io::Error),
}

impl From<sqlx::Error> for BulkError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A database that is being filled.
#[derive(Debug)]
pub struct Bulk {
    to: To,
    /// Position of the last event.
    last: i64,
    waiting: Vec<Row>,
}

#[derive(Debug)]
enum To {
    Sqlite(Box<OnSqlite>),
    Postgres(Box<OnPostgres>),
}

/// An event with its place.
#[derive(Debug)]
struct Row {
    position: i64,
    stream: StreamName,
    revision: i64,
    /// Microseconds since 1970.
    at: i64,
    append_rest: i32,
    event: NewEvent,
}

impl Bulk {
    /// Into a file that has the tables and no holders, which nobody else has open. Should this process
    /// die before [`Bulk::finish`] has ended, the file is worth nothing.
    ///
    /// # Errors
    /// [`BulkError::NotEmpty`], or if the file cannot be used.
    pub async fn into_file(path: &Path) -> Result<Self, BulkError> {
        let mut to = OnSqlite::open(path).await?;
        let last = to.last().await?;
        Ok(Self { to: To::Sqlite(Box::new(to)), last, waiting: Vec::new() })
    }

    /// Into a PostgreSQL database that has the tables and no holders: one transaction, which others wait
    /// for.
    ///
    /// # Errors
    /// [`BulkError::NotEmpty`], or if the server fails.
    pub async fn into_server(options: &Options) -> Result<Self, BulkError> {
        let mut to = OnPostgres::open(options).await?;
        let last = to.last().await?;
        Ok(Self { to: To::Postgres(Box::new(to)), last, waiting: Vec::new() })
    }

    /// Adds an append behind all others.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn append(&mut self, append: Append) -> Result<(), BulkError> {
        let Append { stream, from, at, events } = append;
        let is_small = |event: &NewEvent| event.data.len() + event.meta.len() <= EVENT_BYTES_MAX;
        if events.is_empty() || !events.iter().all(is_small) {
            return Err(BulkError::Limit);
        }
        let mut append_rest = i32::try_from(events.len()).map_err(|_| BulkError::Limit)?;
        for (revision, event) in (from.0.cast_signed()..).zip(events) {
            self.last += 1;
            append_rest -= 1;
            let (position, at) = (self.last, at.timestamp_micros());
            let stream = stream.clone();
            self.waiting.push(Row { position, stream, revision, at, append_rest, event });
        }
        if ROWS_MAX <= self.waiting.len() {
            self.flush().await?;
        }
        Ok(())
    }

    /// Adds people to the vault, and by what they are found.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn enter(
        &mut self,
        people: &[(HolderId, Person)],
        now: DateTime<Utc>,
    ) -> Result<(), BulkError> {
        match &mut self.to {
            To::Sqlite(to) => Ok(to.enter(people, now).await?),
            To::Postgres(to) => Ok(to.enter(people, now).await?),
        }
    }

    /// Looks whether all streams are whole, and lets everything count. How many events there are.
    ///
    /// # Errors
    /// [`BulkError::Hole`]; nothing counts then, nor after any other error.
    pub async fn finish(mut self) -> Result<u64, BulkError> {
        self.flush().await?;
        match self.to {
            To::Sqlite(to) => to.finish().await?,
            To::Postgres(to) => to.finish().await?,
        }
        Ok(self.last.cast_unsigned())
    }

    async fn flush(&mut self) -> Result<(), BulkError> {
        match &mut self.to {
            To::Sqlite(to) => to.write(&self.waiting).await?,
            To::Postgres(to) => to.write(&self.waiting).await?,
        }
        self.waiting.clear();
        Ok(())
    }
}

/// True if there is a stream whose events do not count up from 0.
const HAS_HOLE: &str = "
    select exists (
        select 1 from event group by stream having count(*) <> max(revision) + 1 limit 1
    )
";

/// True if somebody has lived here.
const HAS_HOLDERS: &str = "select exists (select 1 from event where category = 'holder')";

const LAST: &str = "select coalesce(max(position), 0) from event";
