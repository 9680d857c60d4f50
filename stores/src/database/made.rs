//! Tables that are made from the log: thrown away and made anew at will. Whatever a power cut takes is
//! read from the log again, so a commit does not wait for the disk.
//!
//! They are a file (WAL, `synchronous=NORMAL`), a memory, or a schema of a PostgreSQL database. Made
//! anew, they grow beside those in use, and take their place by one rename.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Area, Loss, Pool, Query, Transaction};
use crate::postgres::{OpenError, Options};

/// Connections at the same time: one applies, the others read.
const CONNECTIONS_MAX: u32 = 5;

/// How long a statement waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What making a file anew holds of it in memory, in KiB (and negative, as SQLite has it).
const FRESH_CACHE: &str = "-65536";

/// Which tables.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// Their schema in a PostgreSQL database.
    pub schema: &'static str,
    /// The schema in which they are made anew.
    pub fresh_schema: &'static str,
    /// What brings a file up to date.
    pub sqlite: &'static Migrator,
    /// What brings a schema up to date.
    pub postgres: &'static Migrator,
}

/// Where they are.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file, made (readable by its owner only) if it is not there.
    File(PathBuf),
    /// Gone with the last connection.
    Memory,
    /// In a PostgreSQL database, in a schema of their own.
    Postgres(Box<Options>),
}

/// Why they were not opened, or did not take the place of others.
#[derive(Debug, thiserror::Error)]
pub enum MadeError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The file was made by a newer version, or a migration failed. It can be deleted and made anew.
    #[error("it cannot be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// The PostgreSQL database was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file cannot be made or replaced.
    #[error("the file cannot be used: {0}")]
    File(#[from] io::Error),
}

impl Made {
    /// Opens what is there, or makes it.
    ///
    /// # Errors
    /// If the place cannot be used, or what is there is of a newer version.
    pub async fn open(&self, place: &Place) -> Result<Pool, MadeError> {
        match place {
            Place::File(path) => self.open_file(path).await,
            Place::Memory => self.open_memory().await,
            Place::Postgres(options) => {
                Ok(Pool::open_postgres(options, &self.area(self.schema), CONNECTIONS_MAX).await?)
            }
        }
    }

    /// Opens empty ones beside them, in place of those that an interrupted try left, over one
    /// connection. Nothing that is written to a file so can be undone, and none of it is on the disk for
    /// sure before [`Made::replace`].
    ///
    /// # Errors
    /// As [`Made::open`].
    pub async fn open_beside(&self, place: &Place) -> Result<Pool, MadeError> {
        match place {
            Place::File(path) => {
                let beside = with_suffix(path, ".rebuild");
                remove(&beside)?;
                self.open_fresh_file(&beside).await
            }
            Place::Memory => self.open_memory().await,
            Place::Postgres(options) => {
                let live = Pool::open_postgres(options, &self.area(self.schema), 1).await?;
                let left = format!("drop schema if exists {} cascade", self.fresh_schema);
                // A name of our own.
                Query::asserted(AssertSqlSafe(left)).once().execute(&live).await?;
                live.close().await;
                Ok(Pool::open_postgres(options, &self.area(self.fresh_schema), 1).await?)
            }
        }
    }

    /// Puts `fresh` into the place of `live`, for whose users in this process the caller has waited, and
    /// to which nobody anywhere applies anything while `hold` lasts. It is the old ones or the new ones,
    /// whole, whatever happens.
    ///
    /// # Errors
    /// If the rename fails, `live` is the old one. If a file cannot be opened again, `live` is closed,
    /// and all that is asked of it fails; whoever opens the file next has what is in it.
    pub async fn replace(
        &self,
        place: &Place,
        (live, fresh): (&mut Pool, Pool),
        mut hold: Transaction,
    ) -> Result<(), MadeError> {
        match place {
            Place::File(path) => {
                fresh.close().await;
                let beside = with_suffix(path, ".rebuild");
                File::open(&beside)?.sync_all()?;
                hold.roll_back().await?;
                // The last connection to close moves the write-ahead log into its file, so that
                // nothing of the old one is left when the new one has its name.
                live.close().await;
                let renamed = fs::rename(beside, path);
                *live = self.open_file(path).await?;
                renamed?;
            }
            Place::Memory => {
                hold.roll_back().await?;
                *live = fresh;
            }
            Place::Postgres(_) => {
                fresh.close().await;
                let Self { schema, fresh_schema, .. } = self;
                for statement in [
                    format!("drop schema {schema} cascade"),
                    format!("alter schema {fresh_schema} rename to {schema}"),
                ] {
                    // Names of our own.
                    Query::asserted(AssertSqlSafe(statement)).once().execute(&mut hold).await?;
                }
                hold.commit().await?;
            }
        }
        Ok(())
    }

    fn area(&self, schema: &'static str) -> Area {
        Area { schema, migrations: self.postgres, loss: Loss::LastMoments }
    }

    async fn open_fresh_file(&self, path: &Path) -> Result<Pool, MadeError> {
        let options = made(path)?
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", FRESH_CACHE);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        self.migrated(pool).await
    }

    async fn open_file(&self, path: &Path) -> Result<Pool, MadeError> {
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
        self.migrated(pool).await
    }

    /// One connection that is never let go: the database goes with it.
    async fn open_memory(&self) -> Result<Pool, MadeError> {
        let options = SqliteConnectOptions::new().in_memory(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        self.migrated(pool).await
    }

    async fn migrated(&self, pool: SqlitePool) -> Result<Pool, MadeError> {
        self.sqlite.run(&pool).await?;
        Ok(pool.into())
    }
}

/// Makes the file if it is not there: SQLite would make it readable by everybody.
fn made(path: &Path) -> io::Result<SqliteConnectOptions> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    Ok(SqliteConnectOptions::new().filename(path))
}

/// Removes a file that was left behind, if there is one.
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
