//! `latchkey keys`: what is kept apart from the database, its versions, and what opens a backup of it.

use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Subcommand;

use crate::{
    backup::RecoveryKey,
    clock::Entropy,
    config::Config,
    control::{
        self, Question, Reply,
        keys::{KeyLine, VersionLine},
    },
    keystore::{Kept, Keystore, Rotation},
};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every key: its versions, when they were made, and what still needs them.
    List,
    /// Make the next version of a key. It counts from the next start of the server on.
    Rotate {
        /// Which, as `list` names it.
        key: Kept,
    },
    /// Make a recovery key: what opens the keys of backups. Keep its file off this machine.
    Recovery {
        /// The file for it, which is not there yet.
        #[arg(long)]
        to: PathBuf,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List => lines(super::config::load(config)?)?.iter().for_each(print),
        Command::Rotate { key } => rotate(&super::config::load(config)?, key)?,
        Command::Recovery { to } => recovery(&to)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// As the running server says, or from the files of a stopped one.
fn lines(config: Config) -> anyhow::Result<Vec<KeyLine>> {
    if control::is_running(&config.data_dir) {
        let reply = super::ask(&config.data_dir, &Question::Keys {})?;
        let Reply::Keys(lines) = reply else { return super::not_an_answer(reply) };
        return Ok(lines);
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async { control::keys::lines(&super::open_stopped(config).await?).await })
}

fn print(line: &KeyLine) {
    let rotation = match line.key.rotation() {
        Rotation::ByOperator => "rotated by the operator",
        Rotation::ByItself => "a new version every day",
        Rotation::Not { .. } => "not rotated",
    };
    println!("{}: {}; {rotation}", line.key.as_str(), line.key.used_for());
    if line.versions.is_empty() {
        println!("  not here");
    }
    for VersionLine { version, n_needed } in &line.versions {
        let made = version.made_at.map(|at| format!(", made {}", at.to_rfc3339()));
        let needed = n_needed.map(|n_needed| format!(", needed by {n_needed}"));
        let (made, needed) = (made.unwrap_or_default(), needed.unwrap_or_default());
        println!("  version {}{made}{needed}", version.version);
    }
}

fn rotate(config: &Config, key: Kept) -> anyhow::Result<()> {
    let keystore = Keystore::open(&config.keystore_dir(), config.mode)?;
    let version = keystore.rotate(key, &mut |bytes| Entropy::System.fill(bytes))?;
    println!("version {version} of {} is made; older versions stay", key.as_str());
    if control::is_running(&config.data_dir) {
        println!("The server goes on with the version before until it is started again.");
    }
    println!("Make a backup: those of before have not got it.");
    Ok(())
}

fn recovery(to: &Path) -> anyhow::Result<()> {
    let key = RecoveryKey::draw(&Entropy::System);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .with_context(|| to.display().to_string())?;
    writeln!(file, "{}", *key.to_text())?;
    file.sync_all()?;
    println!("{}", key.recipient());
    Ok(())
}
