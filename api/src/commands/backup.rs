//! `latchkey backup` and `latchkey restore`: over the files, whether a server runs or not.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use zeroize::Zeroizing;

use crate::{
    backup::{self, Recipient, RecoveryKey},
    clock::{Clock as _, Entropy, WallClock},
    control,
};

/// What is backed up, and how.
#[derive(Debug, Args)]
pub struct Backup {
    /// The folder for the backup: not there yet, or empty.
    #[arg(long)]
    to: PathBuf,
    /// The public half of the recovery key, as `latchkey keys recovery` prints it.
    #[arg(long)]
    seal_to: Recipient,
}

/// What is restored.
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder of the backup.
    #[arg(long)]
    from: PathBuf,
    /// The file of the recovery key that `latchkey keys recovery` has written.
    #[arg(long)]
    recovery_key: PathBuf,
}

/// Runs `latchkey backup`.
pub fn back_up(config: Option<&Path>, what: &Backup) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let now = WallClock.now();
    let made = backup::back_up(&config, &what.to, what.seal_to, &Entropy::System, now);
    let made = block_on(made)?;
    println!("{} events are backed up, and the keys, sealed", made.head.0);
    Ok(ExitCode::SUCCESS)
}

/// Runs `latchkey restore`.
pub fn restore(config: Option<&Path>, what: &Restore) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    ensure!(
        !control::is_running(&config.data_dir),
        "a server runs over this data folder: stop it first"
    );
    let path = &what.recovery_key;
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let recovery = RecoveryKey::parse(&Zeroizing::new(text))
        .with_context(|| format!("{}: not a recovery key", path.display()))?;
    let now = WallClock.now();
    let restored = backup::restore(&config, &what.from, &recovery, &Entropy::System, now);
    let restored = block_on(restored)?;
    println!(
        "{} events of {} are restored; the keys open all {} sealed secrets",
        restored.head.0,
        restored.manifest.made_at.to_rfc3339(),
        restored.n_opened
    );
    println!("Start the server; what is shown and what is due is worked out from the log again.");
    Ok(ExitCode::SUCCESS)
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
