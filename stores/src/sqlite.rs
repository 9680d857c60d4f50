//! SQLite: the embedded database, and the default. One file for the log, the vault and the small
//! tables beside them, so that one backup is consistent.
//!
//! Nothing that was acknowledged may be lost by a power cut: WAL with `synchronous=FULL` is set on
//! every connection and asked back at the start; a database that does not answer so is refused.

mod connections;
mod copying;
mod event_log;
mod pages;
#[cfg(test)]
mod tests;
mod writing;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(crate) use connections::Connections;
pub use copying::{CopyError, Extent, copy, examine};
pub use event_log::SqliteEventStore;

use crate::{database::Fate, event_store::StoreError, truth::Stores, vault::VaultKeys};

/// How long a statement waits for another process's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a connection before it is told that the store is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The WAL is folded into the file when it has so many pages (of 4 kB). Four times SQLite's default:
/// a page that many batches touch is copied once for all of them; measured: a tenth more appends,
/// and the slowest one in a hundred takes 1.5 ms, not 5.
const WAL_PAGES: &str = "4000";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections that read at the same time, at least 1.
    pub readers: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4 }
    }
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Two processes on one log would not wake each other's subscribers.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// A power cut could take back what was acknowledged.
    #[error("the database does not keep what it acknowledges: {setting} is {found}, not {wanted}")]
    NotDurable {
        /// Name of the pragma.
        setting: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The file cannot be made or read.
    #[error("the database file cannot be opened: {0}")]
    File(#[from] std::io::Error),
    /// SQLite refused.
    #[error("the database cannot be opened: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// The file was made by a newer version, or a migration failed.
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An open database. Cheap to clone; the file is let go with the last clone and the last store
/// made from it.
#[derive(Clone)]
pub struct Database {
    pub(crate) connections: Connections,
    log: SqliteEventStore,
}

impl Database {
    /// Opens the file, which is made (readable by its owner only) and brought up to date if need
    /// be. Must be called inside a tokio runtime: the writer of the log is a task.
    pub async fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let connect = common(SqliteConnectOptions::new().filename(path))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", WAL_PAGES)
            .row_buffer_size(pages::PAGE_ROWS);
        let write = pool(1, connect.clone()).await?;
        assert_durable(&write).await?;
        MIGRATIONS.run(&write).await?;
        let read = pool(options.readers.max(1), connect.pragma("query_only", "on")).await?;
        Self::over(write, read, Some(Arc::new(lock))).await
    }

    /// A database that is gone with its last clone: for tests and the demonstration.
    pub async fn in_memory() -> Result<Self, OpenError> {
        let only = pool(1, common(SqliteConnectOptions::new().in_memory(true))).await?;
        MIGRATIONS.run(&only).await?;
        Self::over(only.clone(), only, None).await
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> SqliteEventStore {
        self.log.clone()
    }

    /// For queries.
    pub(crate) fn reader(&self) -> &SqlitePool {
        self.connections.reader()
    }

    /// Every store over this database.
    #[must_use]
    pub fn stores(&self, keys: VaultKeys) -> Stores {
        Stores::over(Arc::new(self.log()), &self.connections.of_tables(), keys)
    }

    /// Closes all connections, once what is running has ended: the last one folds the WAL into the
    /// file. Every store made from this database fails from now on. A process that is killed
    /// instead loses nothing.
    pub async fn close(self) {
        self.connections.write.close().await;
        self.connections.read.close().await;
    }

    async fn over(
        write: SqlitePool,
        read: SqlitePool,
        lock: Option<Arc<File>>,
    ) -> Result<Self, OpenError> {
        let connections = Connections { write, read, fate: Fate::fail_stop(), lock };
        let log = SqliteEventStore::start(connections.clone()).await?;
        Ok(Self { connections, log })
    }
}

/// Takes the file `<database>-lock` and sees to it that the database is never readable by others.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let lock =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(name)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    // Never opens a file that is there: closing it again would drop SQLite's own locks on it.
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Ok(_) => Ok(lock),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(lock),
        Err(error) => Err(error.into()),
    }
}

fn common(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // Erased means overwritten.
        .pragma("secure_delete", "on")
        .pragma("trusted_schema", "off")
        .disable_statement_logging()
}

/// Connections that stay open: a connection in memory is the database.
async fn pool(connections: u32, options: SqliteConnectOptions) -> Result<SqlitePool, OpenError> {
    let pool = SqlitePoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// Asks back what was set: SQLite ignores a setting that it cannot follow.
async fn assert_durable(write: &SqlitePool) -> Result<(), OpenError> {
    let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(write).await?;
    if journal != "wal" {
        return Err(OpenError::NotDurable {
            setting: "journal_mode",
            wanted: "wal",
            found: journal,
        });
    }
    let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(write).await?;
    if synchronous != 2 {
        return Err(OpenError::NotDurable {
            setting: "synchronous",
            wanted: "2 (full)",
            found: synchronous.to_string(),
        });
    }
    Ok(())
}
