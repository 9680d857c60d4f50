//! What the stores of truth ask: connections that read and connections that write.
//!
//! SQLite lets one writer in at a time; a queue in front of one connection is fair and never waits
//! for a lock. On PostgreSQL every connection does both.

use std::{fs::File, sync::Arc};

use super::Pool;

/// Cheap to clone; all clones share connections, fate and the lock on the file.
#[derive(Clone)]
pub(crate) struct Connections {
    read: Pool,
    write: Pool,
    /// Dropped with the last clone, which lets another process open the file.
    #[expect(dead_code, reason = "held, never read")]
    lock: Option<Arc<File>>,
}

impl Connections {
    /// Those of a file, which nobody else opens as long as there is a clone of them.
    pub(crate) fn of_file(read: Pool, write: Pool, lock: Option<Arc<File>>) -> Self {
        Self { read, write, lock }
    }

    /// Those of a server.
    pub(crate) fn of_server(pool: Pool) -> Self {
        Self { read: pool.clone(), write: pool, lock: None }
    }

    /// For queries.
    pub(crate) fn reader(&self) -> &Pool {
        &self.read
    }

    /// For statements that write, with an answer or without.
    pub(crate) fn writer(&self) -> &Pool {
        &self.write
    }
}
