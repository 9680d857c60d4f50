//! `latchkey migrate`: what a stopped server keeps in a file goes into the PostgreSQL database that the
//! configuration names.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use stores::{moving, postgres::Claim};

use crate::{control, database};

/// From where to where.
#[derive(Debug, Args)]
pub struct Migrate {
    /// What is moved: the file in `data_dir`.
    #[arg(long)]
    from: From,
    /// Where to: the database of `database.url`, which is empty.
    #[arg(long)]
    to: To,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum From {
    Sqlite,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    Postgres,
}

/// Runs the command.
pub fn run(config: Option<&Path>, what: &Migrate) -> anyhow::Result<ExitCode> {
    let Migrate { from: From::Sqlite, to: To::Postgres } = what;
    let config = super::config::load(config)?;
    let file = config.log_database();
    let settings = config.database.as_ref().context(
        "the configuration names no PostgreSQL database: write one into the section [database]",
    )?;
    ensure!(
        !control::is_running(&config.data_dir),
        "a server runs over this data folder: stop it first"
    );
    ensure!(file.exists(), "{}: there is no log to move", file.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let moved = runtime.block_on(async {
        let options = database::options(settings)?;
        let alone = Claim::alone(&options).await.context("database.url")?;
        let _alone = alone.context("database.url: a server has this database; stop it first")?;
        anyhow::Ok(moving::to_postgres(&file, &options).await?)
    })?;
    println!(
        "{} events and {} rows beside them are moved, and every event reads as it did.",
        moved.n_events, moved.n_others
    );
    println!("Start the server; what is shown and what is due is worked out from the log again.");
    println!(
        "Keep {} until you have seen that all is well, and start no server over it: cards would have \
         two futures.",
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}
