//! The one connection that writes and the several that read.
//!
//! SQLite lets one writer in at a time; a queue in front of one connection is fair and never
//! waits for a lock. Readers have their own connections and, by WAL, never wait for the writer.
//! A database in memory has one connection for both.
//!
//! The first error of the disk stops every later write ([`Fate`]).

use std::{fs::File, sync::Arc};

use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::{database::Fate, event_store::StoreError};

/// Taken at the start of a transaction that will write: a reader that turns writer may be refused.
const BEGIN: &str = "begin immediate";

/// Cheap to clone; all clones share connections, fate and the lock on the file.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(super) write: SqlitePool,
    pub(super) read: SqlitePool,
    pub(super) fate: Fate,
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
        self.fate.check()?;
        Ok(&self.write)
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
        Ok(self.fate.settle(result)?)
    }

    /// The same connections without the lock, for a task that must not keep the file from others.
    pub(super) fn unlocked(&self) -> Self {
        Self { lock: None, ..self.clone() }
    }
}
