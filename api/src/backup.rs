//! Backup and restore: the one database, copied while the server runs, and the keys, sealed apart.
//!
//! ```text
//! log.db ──VACUUM INTO──► DIR/log.db        one moment of log, vault, sessions
//! keys/  ──HPKE─────────► DIR/keys.sealed   opened by the recovery key, which is elsewhere
//!                         DIR/backup.json   what the two are; written last
//! ```
//!
//! Projections and the workflow engine's tables are no part of it: they are made from the log again.
//! The database is copied first and the keys after it, so that every key that a row names is there.
//!
//! Checksums find damage, not malice: whoever may write into the folder may write another backup into
//! it. The folder holds personal data, and wants the same care as the server's own disk.

mod restore;
mod seal;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stores::{event_store::Position, sqlite};

use crate::{
    clock::Entropy,
    config::{Config, Mode},
    keystore,
};

pub use restore::{Restored, restore};
pub use seal::{NotARecipient, Recipient, RecoveryKey, SealError, seal};

/// The copied database.
const LOG: &str = "log.db";

/// The sealed keys.
const KEYS: &str = "keys.sealed";

/// Why a PostgreSQL database is neither backed up nor restored here.
const ON_SERVER: &str = "the database is a PostgreSQL server's: back it up and restore it by its own \
    means (pg_dump, or its archive of WAL), and copy keystore.dir apart from it; the handbook says how";

/// What makes a folder a backup; written last.
const MANIFEST: &str = "backup.json";

/// The form of backups that this build makes and restores.
const FORMAT: u32 = 1;

/// The longest manifest, and the longest file of sealed keys, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The build that made it.
    pub version: String,
    /// What it is a backup of.
    pub mode: Mode,
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// Position of the log's last event.
    pub head: Position,
    log: Part,
    keys: Part,
    /// The public half of the recovery key that opens the keys.
    pub sealed_to: String,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    bytes: u64,
    /// SHA-256, hexadecimal.
    sha256: String,
}

/// Copies database and keys of this configuration into a folder that is not there yet, or is empty.
/// The server may be running; what it acknowledges meanwhile may or may not be part of it.
///
/// # Errors
/// If anything cannot be read or written; then the folder is no backup.
pub async fn back_up(
    config: &Config,
    to: &Path,
    seal_to: Recipient,
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> anyhow::Result<Manifest> {
    ensure!(config.database.is_none(), ON_SERVER);
    let log = config.log_database();
    ensure!(log.exists(), "{}: there is no log yet", log.display());
    make_empty(to)?;
    let extent = sqlite::copy(&log, &to.join(LOG)).await?;
    let log = measure(&to.join(LOG))?;
    let packed = keystore::pack(&config.keystore_dir())?;
    let sealed = seal(seal_to, &packed, log.sha256.as_bytes(), entropy)?;
    write(&to.join(KEYS), &sealed)?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: config.mode,
        made_at: now,
        head: extent.head,
        keys: measure(&to.join(KEYS))?,
        log,
        sealed_to: seal_to.to_string(),
    };
    write(&to.join(MANIFEST), &serde_json::to_vec_pretty(&manifest)?)?;
    File::open(to)?.sync_all()?;
    Ok(manifest)
}

/// Makes a folder for its owner only, or takes one that is there and empty.
fn make_empty(folder: &Path) -> anyhow::Result<()> {
    let named = || folder.display().to_string();
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(named)?;
    let is_empty = fs::read_dir(folder).with_context(named)?.next().is_none();
    ensure!(is_empty, "{} is not empty", folder.display());
    Ok(())
}

/// Writes a file that is not there yet, to the disk.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

/// Length and digest of a file.
fn measure(path: &Path) -> anyhow::Result<Part> {
    pass(path, &mut io::sink()).with_context(|| path.display().to_string())
}

/// Reads a file to its end, and writes what it reads.
fn pass(from: &Path, to: &mut dyn io::Write) -> io::Result<Part> {
    let (mut file, mut chunk) = (File::open(from)?, vec![0; CHUNK_BYTES]);
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    loop {
        let n = file.read(&mut chunk)?;
        if n == 0 {
            return Ok(Part { bytes, sha256: hex::encode(digest.finalize()) });
        }
        digest.update(&chunk[..n]);
        to.write_all(&chunk[..n])?;
        bytes += n as u64;
    }
}

/// Reads a short file.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let named = || path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path).with_context(named)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
