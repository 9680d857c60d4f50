//! `latchkey-bench`: what the product's acts cost on this machine, as one table on standard output.
//!
//! Everything measured is the product's own code in files of a temporary folder beside this
//! program, so on a disk and not in memory. Stand-ins, each named at its figure: the card and its
//! agent, made-up holders, a courier that carries mails nowhere. Nothing is left behind.

mod appends;
mod authority;
mod change;
mod day;
mod figures;
mod history;
mod hospital;
mod idle;
mod logon;
mod portal;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use figures::Table;
use tempfile::TempDir;

/// Holders of the simulated day, if no other number is asked for.
const HOLDERS: u32 = 100_000;

/// The most that may be asked for.
const HOLDERS_MAX: u32 = 1_000_000;

fn main() -> anyhow::Result<()> {
    let n_holders = match std::env::args().nth(1) {
        Some(number) => number.parse().context("the number of holders")?,
        None => HOLDERS,
    };
    anyhow::ensure!(n_holders <= HOLDERS_MAX, "at most {HOLDERS_MAX} holders");
    let programs = programs()?;
    let folder = TempDir::new_in(&programs)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut table = Table::begin()?;
    idle::measure(&mut table, &programs.join("latchkey"), folder.path())?;
    runtime.block_on(measure(&mut table, folder.path(), n_holders))
}

async fn measure(table: &mut Table, folder: &Path, n_holders: u32) -> anyhow::Result<()> {
    appends::measure(table, folder).await?;
    change::measure(table).await?;
    authority::measure(table).await?;
    history::measure(table, folder).await?;
    let hospital = hospital::build(table, folder, n_holders).await?;
    day::measure(table, &hospital).await?;
    logon::measure(table, &hospital).await
}

/// The folder of this build's programs.
fn programs() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().context("a program without a folder")?.to_path_buf())
}
