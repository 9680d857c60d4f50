//! `latchkey policy`: shows the versions of the policy, and publishes the next (B-14).
//!
//! For a stopped server: a running one holds the log's lock, and reads the versions when it starts.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Subcommand;
use domain::{
    context::Context,
    policy::{InForce, Policy},
};

use crate::{app::App, clock::acceptance};

/// The largest file with numbers that is read, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the latest version as TOML: change it, and publish it as the next.
    Show,
    /// Publish a version.
    Publish {
        /// The first day of it, tomorrow at the earliest: 2027-04-01.
        #[arg(long)]
        from: NaiveDate,
        /// The numbers, as `show` prints them.
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: &Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let app = super::open_stopped(config).await?;
        match command {
            Command::Show => print!("{}", toml::to_string(app.policies().latest())?),
            Command::Publish { from, file } => publish(&app, *from, file).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn publish(app: &App, from: NaiveDate, file: &Path) -> anyhow::Result<()> {
    let policy = read(file).with_context(|| file.display().to_string())?;
    anyhow::ensure!(
        !acceptance::status(app)?.alarm,
        "the system's clock is kept out, so which day tomorrow is, is in doubt: put it right, or \
         start the server and see `latchkey clock status`"
    );
    let now = app.now();
    let today = Context { now, policies: app.policies() }.today();
    app.policies().publish(today, from, policy.clone())?;
    let (log, command) = (&app.stores().log, app.entropy().command_id(now));
    let version = InForce { from, policy };
    stores::policy::publish(log.as_ref(), &version, command, now).await?;
    println!("Version {} is published and in force from {from}.", version.policy.version);
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Policy> {
    anyhow::ensure!(std::fs::metadata(file)?.len() <= FILE_BYTES_MAX, "the file is too large");
    Ok(toml::from_str(&std::fs::read_to_string(file)?)?)
}
