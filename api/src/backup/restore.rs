//! A backup becomes a server's folders again, and is tried before anybody is told so.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use stores::{
    event_store::Position,
    log,
    sqlite::{self, Database, Options},
};

use super::{
    FORMAT, KEYS, LOG, MANIFEST, Manifest, Part, RecoveryKey, make_empty, measure, pass, read,
};
use crate::{
    clock::Entropy,
    commands::serve::vault_keys,
    config::Config,
    keystore::{self, Keystore},
};

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup said of itself.
    pub manifest: Manifest,
    /// Position of the log's last event, as it was read from the restored log.
    pub head: Position,
    /// How many rows of the vault its keys have opened: all of them.
    pub n_opened: u64,
}

/// Restores a backup into the data folder and the keystore of this configuration, both of which must
/// be empty or not there, and tries it: checksums, the database's own check, the log without a gap up
/// to its last position, and every sealed row of the vault opened by the keys.
///
/// # Errors
/// If any of that fails; then both folders are empty again.
pub async fn restore(
    config: &Config,
    from: &Path,
    recovery: &RecoveryKey,
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> anyhow::Result<Restored> {
    ensure!(config.database.is_none(), super::ON_SERVER);
    let manifest = manifest(from)?;
    ensure!(
        manifest.mode == config.mode,
        "this is a backup of {}, and the configuration is for {}",
        manifest.mode,
        config.mode
    );
    let sealed = read(&from.join(KEYS))?;
    ensure!(measure(&from.join(KEYS))? == manifest.keys, "{KEYS} is not what was backed up");
    let packed = recovery.open(&sealed, manifest.log.sha256.as_bytes()).with_context(|| {
        format!(
            "the keys were sealed to the recovery key with the public half {}",
            manifest.sealed_to
        )
    })?;
    make_empty(&config.data_dir)?;
    make_empty(&config.keystore_dir())?;
    let restored = async {
        copy(&from.join(LOG), &config.log_database(), &manifest.log)?;
        keystore::unpack(&config.keystore_dir(), &packed)?;
        try_out(config, manifest, entropy, now).await
    };
    let outcome = restored.await;
    if outcome.is_err() {
        // A server would otherwise start with what is no backup.
        clear(&config.keystore_dir())?;
        clear(&config.data_dir)?;
    }
    outcome
}

fn manifest(from: &Path) -> anyhow::Result<Manifest> {
    let path = from.join(MANIFEST);
    let bytes = read(&path).context("this folder is no backup, or one that was never finished")?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
    ensure!(
        manifest.format == FORMAT,
        "this build restores no backups of format {}",
        manifest.format
    );
    Ok(manifest)
}

/// Copies the database, and compares what went by with what was backed up.
fn copy(from: &Path, to: &Path, wanted: &Part) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let found = pass(from, &mut file).with_context(|| from.display().to_string())?;
    file.sync_all()?;
    ensure!(found == *wanted, "{LOG} is not what was backed up");
    Ok(())
}

/// Opens what was restored as a server would, and reads all that a server relies on.
async fn try_out(
    config: &Config,
    manifest: Manifest,
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> anyhow::Result<Restored> {
    let extent = sqlite::examine(&config.log_database()).await?;
    ensure!(extent.head == manifest.head, "the log does not end where it was backed up");
    let keystore = Keystore::open(&config.keystore_dir(), config.mode)?;
    keystore.agents_authority()?;
    let code = keystore.code_keys(now, &mut |bytes: &mut [u8]| entropy.fill(bytes))?;
    let database = Database::open(&config.log_database(), &Options::default()).await?;
    let stores = database.stores(vault_keys(&keystore, code)?);
    log::open_as(stores.log.as_ref(), config.mode, entropy.command_id(now), now).await?;
    let (mut after, mut n_opened) = (None, 0);
    while let Some((last, n_rows)) = stores.vault.check_sealed(after).await? {
        after = Some(last);
        n_opened += n_rows;
    }
    let head = stores.log.head().await?;
    if head != manifest.head {
        bail!("the log does not end where it was backed up");
    }
    drop(stores);
    database.close().await;
    Ok(Restored { manifest, head, n_opened })
}

/// Takes away what is in a folder that was empty before.
fn clear(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
    }
    Ok(File::open(folder)?.sync_all()?)
}
