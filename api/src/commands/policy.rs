//! `latchkey policy`: shows the latest version of the policy, tries another, and publishes the next
//! (B-14).
//!
//! Asks the running server, which holds the log's lock; showing and publishing work over the files of a
//! stopped one, too.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use clap::Subcommand;
use domain::policy::Policy;

use super::forecast;
use crate::{
    app::App,
    config::Config,
    control::{
        self,
        forecast::{Question, Reply},
    },
    execute::{Actor, Cause},
    policies::{self, Next, PublishError, TEXT_BYTES_MAX},
};

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the latest version as TOML: change it, and publish it as the next.
    Show,
    /// Print what a version would bring, beside what those bring that are published.
    Simulate {
        /// The numbers, as `show` prints them.
        #[arg(long)]
        policy: PathBuf,
        /// The first day of it, tomorrow at the earliest: 2027-04-01.
        #[arg(long)]
        from: NaiveDate,
        /// What is looked at, and how it is shown.
        #[command(flatten)]
        how: forecast::Command,
    },
    /// Publish a version. Its number is the next one, whatever the file says.
    Publish {
        /// The first day of it, tomorrow at the earliest: 2027-04-01.
        #[arg(long)]
        from: NaiveDate,
        /// Why, in a sentence. It is recorded: name nobody.
        #[arg(long, default_value = "Published at the console")]
        reason: String,
        /// The numbers, as `show` prints them.
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Simulate { policy, from, how } => {
            return forecast::simulate(config, &how, from, read(&policy)?);
        }
        Command::Show => {
            let config = super::config::load(config)?;
            let text = if control::is_running(&config.data_dir) {
                match forecast::ask(&config.data_dir, Question::Latest {})? {
                    Reply::Text(text) => text,
                    reply @ (Reply::Published { .. }
                    | Reply::Working { .. }
                    | Reply::Summary(_)
                    | Reply::Rows { .. }
                    | Reply::Refused(_)) => return unexpected(&reply),
                }
            } else {
                stopped(config, async |app| policies::text(app.policies().latest()))?
            };
            print!("{text}");
        }
        Command::Publish { from, reason, file } => {
            let config = super::config::load(config)?;
            let policy = read(&file)?;
            let version = if control::is_running(&config.data_dir) {
                let policy = Box::new(policy);
                let question = Question::Publish { from, policy, reason };
                match forecast::ask(&config.data_dir, question)? {
                    Reply::Published { version } => version,
                    reply @ (Reply::Text(_)
                    | Reply::Working { .. }
                    | Reply::Summary(_)
                    | Reply::Rows { .. }
                    | Reply::Refused(_)) => return unexpected(&reply),
                }
            } else {
                let next = Next { from, policy, after: None };
                stopped(config, async |app| publish(&app, next, &reason).await)?
            };
            println!("Version {version} is published and in force from {from}.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn unexpected(reply: &Reply) -> anyhow::Result<ExitCode> {
    bail!("the server answered another question: {reply:?}")
}

/// Over the files of a stopped server.
fn stopped<T>(
    config: Config,
    act: impl AsyncFnOnce(App) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async { act(super::open_stopped(config).await?).await })
}

async fn publish(app: &App, next: Next, reason: &str) -> anyhow::Result<u32> {
    let cause = Cause::first(app.entropy().command_id(app.now()));
    match app.publish_policy(Actor::Operator, cause, next, reason).await {
        Ok(version) => Ok(version),
        Err(PublishError::Faults(faults)) => {
            let lines =
                faults.iter().map(|fault| format!("\n  {}: {}", fault.field, fault.message));
            bail!("the numbers do not fit together:{}", lines.collect::<String>())
        }
        Err(error) => {
            let way_out = error.way_out();
            Err(anyhow::Error::new(error).context(way_out))
        }
    }
}

fn read(file: &Path) -> anyhow::Result<Policy> {
    let name = || file.display().to_string();
    let length = std::fs::metadata(file).with_context(name)?.len();
    anyhow::ensure!(usize::try_from(length)? <= TEXT_BYTES_MAX, "{}: too large", name());
    let text = std::fs::read_to_string(file).with_context(name)?;
    policies::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", name()))
}
