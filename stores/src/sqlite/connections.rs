//! The one connection that writes and the several that read.
//!
//! SQLite lets one writer in at a time; a queue in front of one connection is fair and never
//! waits for a lock. Readers have their own connections and, by WAL, never wait for the writer.
//! A database in memory has one connection for both.
//!
//! The first error of the disk stops every later write ([`Fate`]).

use std::{fs::File, sync::Arc};

use sqlx::SqlitePool;

use crate::{
    database::{self, Fate, Pool},
    event_store::StoreError,
};

/// Cheap to clone; all clones share connections, fate and the lock on the file.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(super) write: SqlitePool,
    pub(super) read: SqlitePool,
    pub(super) fate: Fate,
    /// Dropped with the last clone, which lets another process open the file.
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

    /// Every result of a write passes here, so that none fails unnoticed.
    pub(crate) fn settle<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        Ok(self.fate.settle(result)?)
    }

    /// The same, for the tables beside the log.
    pub(super) fn of_tables(&self) -> database::Connections {
        let write = Pool::fail_stop(self.write.clone(), self.fate.clone());
        database::Connections::of_file(Pool::from(self.read.clone()), write, self.lock.clone())
    }

    /// The same connections without the lock, for a task that must not keep the file from others.
    pub(super) fn unlocked(&self) -> Self {
        Self { lock: None, ..self.clone() }
    }
}
