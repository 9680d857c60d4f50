//! `latchkey simulate --into`: a history becomes the past of a server that has none yet.
//!
//! A file is made under another name and gets its own when it is whole; a PostgreSQL database gets all
//! of it in one transaction. So a server never starts over half a past.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder},
    io::{ErrorKind, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, ensure};
use domain::policy::{InForce, Policies, Policy};
use stores::{
    bulk::Bulk,
    event_store::EventStore,
    log::{self, Mode},
    postgres::{self, Claim},
    sqlite,
};

use super::Command;
use crate::{
    clock::{Clock as _, Entropy, WallClock},
    config::{Config, DatabaseSettings},
    control, database, hsm,
    keystore::Keystore,
    simulate::{self, Past},
};

/// Days after the year of registrations, if no other number is asked for: there are people in every
/// phase of a passcode's life then.
const DAYS: u32 = 30;

/// If no other one is asked for.
const SEED: u64 = 1;

pub(super) fn run(command: &Command, config: &Path) -> anyhow::Result<ExitCode> {
    let config = crate::commands::config::load(Some(config))?;
    let now = WallClock.now();
    let past = Past {
        holders: command.holders,
        days: command.days.unwrap_or(DAYS),
        seed: command.seed.unwrap_or(SEED),
        until: command.until.unwrap_or_else(|| now.date_naive()),
    };
    ensure!(past.until <= now.date_naive(), "--until: what is to come has not happened");
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let n_events = runtime.block_on(fill(&config, past))?;
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = n_events as f64 / seconds.max(f64::MIN_POSITIVE);
    let mut out = std::io::stdout().lock();
    let Past { holders, days, seed, until } = past;
    writeln!(
        out,
        "{holders} holders, a year of registrations, then {days} days until {until}, seed {seed}"
    )?;
    writeln!(out, "{n_events} events written in {seconds:.1} s, {rate:.0} events/s")?;
    if let Some(kilobytes) = crate::commands::most_memory() {
        writeln!(out, "memory at most {} MB", kilobytes / 1024)?;
    }
    writeln!(
        out,
        "Now `latchkey rebuild`: what is shown and what is due is sooner there than if the server follows."
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn fill(config: &Config, past: Past) -> anyhow::Result<u64> {
    ensure!(config.mode == Mode::Production, "mode: a demonstration has people of its own");
    ensure!(
        !control::is_running(&config.data_dir),
        "a server runs over this data folder: stop it first"
    );
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data_dir)
        .with_context(|| format!("data_dir: {}", config.data_dir.display()))?;
    match &config.database {
        None => fill_file(config, past).await,
        Some(settings) => fill_server(config, settings, past).await,
    }
}

async fn fill_file(config: &Config, past: Past) -> anyhow::Result<u64> {
    let path = config.log_database();
    ensure!(!path.exists(), "{}: there is a log already", path.display());
    let filling = beside(&path, ".filling");
    let left = ["", "-lock", "-wal", "-shm"].map(|suffix| beside(&filling, suffix));
    // What a try that was interrupted has left is worth nothing.
    left.iter().try_for_each(|path| remove(path))?;
    make_keys(config)?;
    let database = sqlite::Database::open(&filling, &sqlite::Options::default()).await?;
    let policies = begin(&database.log(), past).await?;
    database.close().await;
    let bulk = Bulk::into_file(&filling).await?;
    let n_events = simulate::write(past, &policies, beside(&path, ".lived"), bulk).await?;
    // Not a rename: that would take the place of a log that has begun meanwhile.
    fs::hard_link(&filling, &path).with_context(|| path.display().to_string())?;
    left.iter().try_for_each(|path| remove(path))?;
    fs::File::open(&config.data_dir)?.sync_all()?;
    Ok(n_events)
}

async fn fill_server(
    config: &Config,
    settings: &DatabaseSettings,
    past: Past,
) -> anyhow::Result<u64> {
    let options = database::options(settings)?;
    let alone = Claim::alone(&options).await.context("database.url")?;
    let _alone = alone.context("database.url: a server has this database; stop it first")?;
    let database = postgres::Database::open(&options).await.context("database.url")?;
    // Whether it may be filled at all, before anything is written to it.
    drop(Bulk::into_server(&options).await.context("database.url")?);
    make_keys(config)?;
    let policies = begin(&database.log(), past).await?;
    let bulk = Bulk::into_server(&options).await.context("database.url")?;
    simulate::write(past, &policies, config.data_dir.join("log.lived"), bulk).await
}

/// The keys of the server that will open it.
fn make_keys(config: &Config) -> anyhow::Result<()> {
    let fill = &mut |bytes: &mut [u8]| Entropy::System.fill(bytes);
    let in_hsm = hsm::issuing_key(config)?;
    Keystore::open_or_make(&config.keystore_dir(), config.mode, in_hsm, fill, WallClock.now())?;
    Ok(())
}

/// What stands in a log before anybody: what it is for, and the numbers.
async fn begin(log: &dyn EventStore, past: Past) -> anyhow::Result<Policies> {
    let (now, entropy) = (past.begins(), Entropy::System);
    log::open_as(log, Mode::Production, entropy.command_id(now), now).await?;
    let first = InForce::new(now.date_naive(), Policy::seed());
    Ok(stores::policy::open(log, first, entropy.command_id(now), now).await?)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}
