//! A second copy of a database that is in use: one moment of it, whole.
//!
//! Log, vault, sessions and the small tables are one file, so one copy of it is consistent. SQLite
//! writes it from a snapshot while the server goes on; only the write-ahead log is not folded into its
//! file meanwhile.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use super::common;
use crate::event_store::Position;

/// What a database holds of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Position of the last event.
    pub head: Position,
    /// How many events there are.
    pub n_events: u64,
}

/// Why a database was not copied, or is none to rely on.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be made or read.
    #[error("the database file cannot be copied: {0}")]
    File(#[from] std::io::Error),
    /// SQLite refused.
    #[error("the database cannot be copied: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// SQLite takes paths as text.
    #[error("the path of the copy is not text")]
    NotText,
    /// SQLite finds the file broken.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Positions count from 1 without gaps.
    #[error("the log has {n_events} events, and its last position is {}", head.0)]
    Gap {
        /// Position of the last event.
        head: Position,
        /// How many events there are.
        n_events: u64,
    },
}

/// Copies the database of a running server, or of a stopped one, into a file that is not there yet
/// (readable by its owner only), and examines the copy. It is on the disk when this returns.
///
/// # Errors
/// If it cannot be copied, or the copy is damaged.
pub async fn copy(from: &Path, to: &Path) -> Result<Extent, CopyError> {
    let name = to.to_str().ok_or(CopyError::NotText)?.to_owned();
    // SQLite would make it readable by everybody, and takes an empty one that is there.
    drop(OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?);
    let from = common(SqliteConnectOptions::new().filename(from).create_if_missing(false));
    let mut connection = from.connect().await?;
    sqlx::query("vacuum into $1").bind(name).execute(&mut connection).await?;
    connection.close().await?;
    File::open(to)?.sync_all()?;
    examine(to).await
}

/// Reads the whole of a database that nobody uses: is it sound, and what does it hold?
///
/// # Errors
/// If it is damaged, or the log in it has a gap.
pub async fn examine(path: &Path) -> Result<Extent, CopyError> {
    let options = common(SqliteConnectOptions::new().filename(path).read_only(true));
    let mut connection = options.connect().await?;
    let verdict: String =
        sqlx::query_scalar("pragma integrity_check(1)").fetch_one(&mut connection).await?;
    if verdict != "ok" {
        return Err(CopyError::Damaged(verdict));
    }
    let (head, n_events): (i64, i64) =
        sqlx::query_as("select coalesce(max(position), 0), count(*) from event")
            .fetch_one(&mut connection)
            .await?;
    connection.close().await?;
    let (head, n_events) = (Position(head.cast_unsigned()), n_events.cast_unsigned());
    if head.0 != n_events {
        return Err(CopyError::Gap { head, n_events });
    }
    Ok(Extent { head, n_events })
}
