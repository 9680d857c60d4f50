//! The database behind the projections. Whatever a power cut takes is read from the log again, so a
//! commit does not wait for the disk: a file with WAL and `synchronous=NORMAL`, or a schema of a
//! PostgreSQL database with `synchronous_commit` off.
//!
//! Many processes may follow one PostgreSQL log. Each batch is applied by the one that holds the lock
//! of the checkpoint's row; the next one finds there what it need not do any more. A process that is
//! stopped while it holds the lock loses it with its transaction.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use stores::{
    database::{Area, Executor, Loss, Pool, Query, Transaction},
    event_store::Position,
    postgres::Options,
};

use crate::ProjectionError;

/// Connections at the same time: one applies, the others read.
const CONNECTIONS_MAX: u32 = 5;

/// How long a statement waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a rebuild holds of its database in memory, in KiB (and negative, as SQLite has it).
const REBUILD_CACHE: &str = "-65536";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What is in use.
const LIVE: Area =
    Area { schema: "projections", migrations: &POSTGRES_MIGRATIONS, loss: Loss::LastMoments };

/// What is made anew beside it.
const FRESH: Area = Area { schema: "projections_rebuild", ..LIVE };

/// Where the projections are.
pub(crate) enum Place {
    File(PathBuf),
    Memory,
    Postgres(Box<Options>),
}

impl Place {
    /// Opens what is there, or makes it.
    pub(crate) async fn open(&self) -> Result<Pool, ProjectionError> {
        match self {
            Self::File(path) => open_file(path).await,
            Self::Memory => open_memory().await,
            Self::Postgres(options) => {
                Ok(Pool::open_postgres(options, &LIVE, CONNECTIONS_MAX).await?)
            }
        }
    }

    /// Opens an empty database beside it, in place of one that an interrupted rebuild left: nothing of
    /// a file can be undone, and none of it is on the disk for sure before [`Place::replace`].
    pub(crate) async fn open_beside(&self) -> Result<Pool, ProjectionError> {
        match self {
            Self::File(path) => {
                let beside = with_suffix(path, ".rebuild");
                remove(&beside)?;
                open_beside(&beside).await
            }
            Self::Memory => open_memory().await,
            Self::Postgres(options) => {
                let live = Pool::open_postgres(options, &LIVE, 1).await?;
                Query::new("drop schema if exists projections_rebuild cascade")
                    .execute(&live)
                    .await?;
                live.close().await;
                Ok(Pool::open_postgres(options, &FRESH, 1).await?)
            }
        }
    }

    /// Puts `fresh` into the place of `live`, for whose readers the caller has waited, and to which
    /// nobody else applies anything while `hold` lasts. One rename, so it is the old one or the new
    /// one, whole, whatever happens.
    ///
    /// # Errors
    /// If the rename fails, `live` is the old one. If the file cannot be opened again, `live` is
    /// closed, and all that is asked of it fails: `latchkey rebuild` ends with that error, and whoever
    /// opens the file next has what is in it.
    pub(crate) async fn replace(
        &self,
        live: &mut Pool,
        fresh: Pool,
        mut hold: Transaction,
    ) -> Result<(), ProjectionError> {
        match self {
            Self::File(path) => {
                fresh.close().await;
                let beside = with_suffix(path, ".rebuild");
                File::open(&beside)?.sync_all()?;
                hold.roll_back().await?;
                // The last connection to close moves the write-ahead log into its file, so that
                // nothing of the old one is left when the new one has its name.
                live.close().await;
                let renamed = fs::rename(beside, path);
                *live = open_file(path).await?;
                renamed?;
            }
            Self::Memory => {
                hold.roll_back().await?;
                *live = fresh;
            }
            Self::Postgres(_) => {
                fresh.close().await;
                for statement in [
                    "drop schema projections cascade",
                    "alter schema projections_rebuild rename to projections",
                ] {
                    Query::new(statement).execute(&mut hold).await?;
                }
                hold.commit().await?;
            }
        }
        Ok(())
    }
}

/// The position of the last event applied.
pub(crate) async fn checkpoint<'e>(on: impl Into<Executor<'e>>) -> sqlx::Result<Position> {
    let position: i64 =
        Query::new("select position from checkpoint where checkpoint_id = 1").scalar(on).await?;
    Ok(Position(position.cast_unsigned()))
}

/// The same, and nobody else applies anything before this transaction ends.
pub(crate) async fn held_checkpoint(tx: &mut Transaction) -> sqlx::Result<Position> {
    let position: i64 = Query::new("select position from checkpoint where checkpoint_id = 1")
        .on_postgres("select position from checkpoint where checkpoint_id = 1 for update")
        .scalar(tx)
        .await?;
    Ok(Position(position.cast_unsigned()))
}

/// Moves the checkpoint, in the transaction that applies the events.
pub(crate) async fn set_checkpoint(tx: &mut Transaction, position: Position) -> sqlx::Result<()> {
    Query::new("update checkpoint set position = $1 where checkpoint_id = 1")
        .bind(position.0.cast_signed())
        .execute(tx)
        .await?;
    Ok(())
}

async fn open_beside(path: &Path) -> Result<Pool, ProjectionError> {
    let options = made(path)?
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", REBUILD_CACHE);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    migrated(pool).await
}

/// Makes the file if it is not there: SQLite would make it readable by everybody.
fn made(path: &Path) -> io::Result<SqliteConnectOptions> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    Ok(SqliteConnectOptions::new().filename(path))
}

async fn open_file(path: &Path) -> Result<Pool, ProjectionError> {
    let options = made(path)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        // A file does not hang up; asking it each time would double the round trips.
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    migrated(pool).await
}

/// One connection that is never let go: the database goes with it.
async fn open_memory() -> Result<Pool, ProjectionError> {
    let options = SqliteConnectOptions::new().in_memory(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    migrated(pool).await
}

async fn migrated(pool: SqlitePool) -> Result<Pool, ProjectionError> {
    MIGRATIONS.run(&pool).await?;
    Ok(pool.into())
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
