//! The one connection that writes and the several that read.
//!
//! SQLite lets one writer in at a time; a queue in front of one connection is fair and never
//! waits for a lock. Readers have their own connections and, by WAL, never wait for the writer.
//! A database in memory has one connection for both.
//!
//! **Fail-stop.** After a failed flush the kernel may have dropped the very pages that could not be
//! written and call the next flush a success; trying again would acknowledge what is not on the
//! disk. So the first I/O error of a write stops every later write of this process: nothing more
//! is acknowledged, and a restart reads what is really there.

use std::{
    fs::File,
    sync::{Arc, OnceLock},
};

use sqlx::{Sqlite, SqlitePool, Transaction, error::DatabaseError};

use crate::event_store::StoreError;

/// Taken at the start of a transaction that will write: a reader that turns writer may be refused.
const BEGIN: &str = "begin immediate";

/// SQLite's primary result codes (sqlite.org/rescode.html) after which nothing was written and
/// nothing is wrong with the file: BUSY, LOCKED, INTERRUPT, TOOBIG, CONSTRAINT, MISMATCH.
const HARMLESS_CODES: [i64; 6] = [5, 6, 9, 18, 19, 20];

/// Cheap to clone; all clones share connections, fate and the lock on the file.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(super) write: SqlitePool,
    pub(super) read: SqlitePool,
    pub(super) stopped: Arc<OnceLock<String>>,
    /// Dropped with the last clone, which lets another process open the file.
    #[expect(dead_code, reason = "held, never read")]
    pub(super) lock: Option<Arc<File>>,
}

impl Connections {
    /// For queries.
    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.read
    }

    /// For one statement that writes; its result goes through [`Self::settle`].
    pub(crate) fn writer(&self) -> Result<&SqlitePool, StoreError> {
        match self.stopped.get() {
            None => Ok(&self.write),
            Some(reason) => Err(StoreError(anyhow::anyhow!(
                "writing stopped after an error of the disk, restart the program: {reason}"
            ))),
        }
    }

    /// For several statements that belong together.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.settle(self.writer()?.begin_with(BEGIN).await)
    }

    /// Makes a transaction durable.
    pub(crate) async fn commit(&self, tx: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
        self.settle(tx.commit().await)
    }

    /// Every result of a write passes here, so that none fails unnoticed.
    pub(crate) fn settle<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            if is_fatal(&error) && self.stopped.set(error.to_string()).is_ok() {
                tracing::error!(%error, "writing failed: nothing more will be written");
            }
            StoreError::from(error)
        })
    }

    /// The same connections without the lock, for a task that must not keep the file from others.
    pub(super) fn unlocked(&self) -> Self {
        Self { lock: None, ..self.clone() }
    }
}

/// Everything else is what our own code or a slow machine did wrong: the file is as it was.
fn is_fatal(error: &sqlx::Error) -> bool {
    match error.as_database_error() {
        Some(error) => !code(error).is_some_and(is_harmless),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed),
    }
}

fn code(error: &dyn DatabaseError) -> Option<i64> {
    error.code().and_then(|code| code.parse().ok())
}

fn is_harmless(extended_code: i64) -> bool {
    HARMLESS_CODES.contains(&(extended_code & 0xff))
}
