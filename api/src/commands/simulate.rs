//! `latchkey simulate`: a population lives for some hundred days, and what happened is counted.

mod into;

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;

use crate::simulate::{self, Account, Life, Plan};

/// What to simulate.
#[derive(Debug, Args)]
pub struct Command {
    /// Holders, registered in the year before the first day.
    #[arg(long)]
    holders: u32,
    /// Days to live through; 30 where a history is written into a database.
    #[arg(long, required_unless_present = "into")]
    days: Option<u32>,
    /// What everybody does follows from it.
    #[arg(long, required_unless_present = "into")]
    seed: Option<u64>,
    /// Write what they have lived through into the database of the server that has this configuration
    /// file: an empty one, which becomes a server's with a past.
    #[arg(long, conflicts_with_all = ["export", "keep", "certificate_days"])]
    into: Option<PathBuf>,
    /// The day before which that past ends; today.
    #[arg(long, requires = "into")]
    until: Option<NaiveDate>,
    /// Days for which a certificate is issued, instead of the two years of policy `seed`.
    #[arg(long)]
    certificate_days: Option<u16>,
    /// Write every event to this file, as CloudEvents 1.0, one JSON object a line.
    #[arg(long)]
    export: Option<PathBuf>,
    /// Keep the databases in this folder, which must not exist; otherwise they are deleted.
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// Runs the command.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    if let Some(config) = &command.into {
        return into::run(command, config);
    }
    let folder = match &command.keep {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("latchkey-simulate-{}", std::process::id())),
    };
    fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(simulate(command, &folder));
    if command.keep.is_none() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn simulate(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let &Command { holders, certificate_days, .. } = command;
    let (days, seed) = command.days.zip(command.seed).context("--days and --seed")?;
    let plan = Plan { holders, days, seed, certificate_days };
    let (begun, life) = simulate::simulate(plan, folder).await?;
    let reading = Instant::now();
    let account = match &command.export {
        None => Account::of(begun.log(), begun.policies(), None).await?,
        Some(path) => {
            let file = File::create(path).with_context(|| path.display().to_string())?;
            let mut lines = BufWriter::new(file);
            Account::of(begun.log(), begun.policies(), Some(&mut lines)).await?
        }
    };
    print(&plan, &life, &account, reading.elapsed())?;
    Ok(())
}

fn print(
    plan: &Plan,
    life: &Life,
    account: &Account,
    reading: std::time::Duration,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let Plan { holders, days, seed, certificate_days } = plan;
    writeln!(out, "{holders} holders, a year of registrations, then {days} days, seed {seed}")?;
    if let Some(days) = certificate_days {
        writeln!(out, "certificates for {days} days")?;
    }
    for (kind, n_events) in &account.n_by_kind {
        writeln!(out, "{n_events:>12} {kind}")?;
    }
    writeln!(out, "{:>12} events in all", account.n_events())?;
    let Life { n_logons, n_ticks, n_accepted, n_mails, elapsed } = life;
    writeln!(out, "log-ins {n_logons}, mails {n_mails}, ticks {n_ticks}, accepted {n_accepted}")?;
    let seconds = elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = account.n_events() as f64 / seconds.max(f64::MIN_POSITIVE);
    writeln!(
        out,
        "lived through in {seconds:.1} s, {rate:.0} events/s; read again in {:.1} s",
        reading.as_secs_f64()
    )?;
    if let Some(kilobytes) = super::most_memory() {
        writeln!(out, "memory at most {} MB", kilobytes / 1024)?;
    }
    writeln!(out, "digest {}", hex::encode(account.digest))?;
    Ok(())
}
