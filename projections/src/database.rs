//! The file behind the projections: WAL, `synchronous=NORMAL`, because whatever a power cut takes
//! is read from the log again.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqliteConnection, SqliteExecutor, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use stores::event_store::Position;

use crate::ProjectionError;

/// Connections at the same time: one applies, the others read.
const CONNECTIONS_MAX: u32 = 5;

/// How long a statement waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Where the projections are.
pub(crate) enum Place {
    File(PathBuf),
    Memory,
}

impl Place {
    /// Opens what is there, or makes it.
    pub(crate) async fn open(&self) -> Result<SqlitePool, ProjectionError> {
        match self {
            Self::File(path) => open_file(path).await,
            Self::Memory => open_memory().await,
        }
    }

    /// Opens an empty database beside it, in place of one that an interrupted rebuild left.
    pub(crate) async fn open_beside(&self) -> Result<SqlitePool, ProjectionError> {
        match self {
            Self::File(path) => {
                let beside = with_suffix(path, ".rebuild");
                remove(&beside)?;
                open_file(&beside).await
            }
            Self::Memory => open_memory().await,
        }
    }

    /// Puts `fresh` into the place of `live`, for whose readers the caller has waited. One rename, so
    /// the file is the old one or the new one, whole, whatever happens.
    ///
    /// # Errors
    /// If the rename fails, `live` is the old one. If the file cannot be opened again, `live` is
    /// closed, and all that is asked of it fails: `latchkey rebuild` ends with that error, and whoever
    /// opens the file next has what is in it.
    pub(crate) async fn replace(
        &self,
        live: &mut SqlitePool,
        fresh: SqlitePool,
    ) -> Result<(), ProjectionError> {
        match self {
            Self::File(path) => {
                // The last connection to close moves the write-ahead log into its file, so that
                // one rename moves everything.
                fresh.close().await;
                live.close().await;
                let renamed = fs::rename(with_suffix(path, ".rebuild"), path);
                *live = open_file(path).await?;
                renamed?;
            }
            Self::Memory => *live = fresh,
        }
        Ok(())
    }
}

/// The position of the last event applied.
pub(crate) async fn checkpoint(executor: impl SqliteExecutor<'_>) -> sqlx::Result<Position> {
    let (position,): (i64,) =
        sqlx::query_as("select position from checkpoint where checkpoint_id = 1")
            .fetch_one(executor)
            .await?;
    Ok(Position(position.cast_unsigned()))
}

/// Moves the checkpoint, in the transaction that applies the events.
pub(crate) async fn set_checkpoint(
    tx: &mut SqliteConnection,
    position: Position,
) -> sqlx::Result<()> {
    sqlx::query("update checkpoint set position = $1 where checkpoint_id = 1")
        .bind(position.0.cast_signed())
        .execute(tx)
        .await?;
    Ok(())
}

async fn open_file(path: &Path) -> Result<SqlitePool, ProjectionError> {
    // SQLite would make it readable by everybody.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        // A file does not hang up; asking it each time would double the round trips.
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    MIGRATIONS.run(&pool).await?;
    Ok(pool)
}

/// One connection that is never let go: the database goes with it.
async fn open_memory() -> Result<SqlitePool, ProjectionError> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    MIGRATIONS.run(&pool).await?;
    Ok(pool)
}

/// Removes a database that was left behind, if there is one.
fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        match fs::remove_file(with_suffix(path, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
