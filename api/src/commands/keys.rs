//! `latchkey keys`: what is kept apart from the database.

use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Subcommand;

use crate::{backup::RecoveryKey, clock::Entropy};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a recovery key: what opens the keys of backups. Keep its file off this machine.
    Recovery {
        /// The file for it, which is not there yet.
        #[arg(long)]
        to: PathBuf,
    },
}

/// Runs the command.
pub fn run(_config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Recovery { to } => {
            let key = RecoveryKey::draw(&Entropy::System);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&to)
                .with_context(|| to.display().to_string())?;
            writeln!(file, "{}", *key.to_text())?;
            file.sync_all()?;
            println!("{}", key.recipient());
        }
    }
    Ok(ExitCode::SUCCESS)
}
