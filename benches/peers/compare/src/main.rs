//! `compare DOCS [COMPARISON…]`: runs the contenders of each comparison in turns, round after round,
//! and writes what it finds to `DOCS/benchmarks.md`, its pictures and every single run to
//! `DOCS/benchmarks/`.
//!
//! `LATCHKEY_BENCH_ROUNDS` says how many rounds (5). A run with fewer than 3, or of some of the
//! comparisons only, is a try: it is printed and written nowhere.

mod chart;
mod machine;
mod page;
mod pgbench;
mod plan;
mod results;
mod running;
mod server;

use std::{
    env, fs,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, ensure};
use page::Circumstances;
use plan::{COMPARISONS, Comparison};
use results::{RUNS_HEAD, Results, Spread};
use running::Place;
use server::Server;

/// Rounds, if no other number is asked for.
const ROUNDS: u32 = 5;

/// The most that may be asked for.
const ROUNDS_MAX: u32 = 50;

/// With fewer, a median is nothing to tell others about.
const ROUNDS_TOLD_MIN: u32 = 3;

/// What is named with its version.
const PACKAGES: [&str; 7] =
    ["cqrs-es", "sqlite-es", "postgres-es", "esrs", "umadb-core", "umadb-server", "libsqlite3-sys"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut words = env::args().skip(1);
    let docs = PathBuf::from(words.next().context("where are the docs?")?);
    let wanted: Vec<String> = words.collect();
    let chosen = chosen(&wanted)?;
    let n_rounds = rounds()?;
    let program = env::current_exe()?;
    let folder = program.parent().context("a program without a folder")?.to_path_buf();
    let file_system = machine::file_system(&folder)?;
    let sync_before = machine::sync_ms(&folder)?;
    let place = Place { folder, server: Server::start().await? };
    ensure!(
        machine::file_system(&place.server.folder)? == file_system,
        "programs and server are on different file systems: set TMPDIR"
    );
    let (all, others) = measure(&place, &chosen, n_rounds).await?;
    let circumstances = Circumstances {
        date: machine::today()?,
        n_rounds,
        n_cores: thread::available_parallelism()?.get(),
        kernel: machine::kernel()?,
        file_system,
        sync_ms: [sync_before, machine::sync_ms(&place.folder)?],
        others,
        versions: versions(&place).await?,
    };
    let page = page::page(&circumstances, &all)?;
    println!("{page}");
    if n_rounds < ROUNDS_TOLD_MIN || chosen.len() < COMPARISONS.len() {
        eprintln!("a try: nothing was written");
        return Ok(());
    }
    write(&docs, &page, &all)
}

fn chosen(wanted: &[String]) -> anyhow::Result<Vec<&'static Comparison>> {
    let is_wanted = |one: &&Comparison| wanted.is_empty() || wanted.iter().any(|id| id == one.id);
    let chosen: Vec<_> = COMPARISONS.iter().filter(is_wanted).collect();
    ensure!(!chosen.is_empty(), "no such comparison: {}", wanted.join(" "));
    Ok(chosen)
}

fn rounds() -> anyhow::Result<u32> {
    let Some(text) = env::var("LATCHKEY_BENCH_ROUNDS").ok().filter(|text| !text.is_empty()) else {
        return Ok(ROUNDS);
    };
    let n_rounds = text.parse().context("LATCHKEY_BENCH_ROUNDS")?;
    ensure!((1..=ROUNDS_MAX).contains(&n_rounds), "from 1 to {ROUNDS_MAX} rounds");
    Ok(n_rounds)
}

/// All rounds of all; each contender once a round, under each load.
async fn measure(
    place: &Place,
    chosen: &[&'static Comparison],
    n_rounds: u32,
) -> anyhow::Result<(Vec<Results>, Spread)> {
    let mut all: Vec<_> = chosen.iter().map(|one| Results::of(one)).collect();
    let mut others = Vec::new();
    for round in 1..=n_rounds {
        for results in &mut all {
            let comparison = results.comparison;
            for (index, load) in comparison.loads.iter().enumerate() {
                let who = comparison.who.counted(load.n_writers);
                for (number, contender) in comparison.contenders.iter().enumerate() {
                    let run = running::run(place, comparison.medium, contender, *load)
                        .await
                        .with_context(|| format!("{}, {who}", contender.name))?;
                    eprintln!(
                        "round {round}, {}, {who}, {}: {:.0} {}/s, others {:.0} %",
                        comparison.id,
                        contender.name,
                        run.found.per_second,
                        comparison.unit,
                        run.others * 100.0
                    );
                    others.push(run.others);
                    results.add(index, number, run.found);
                }
            }
        }
    }
    Ok((all, Spread::of(others).context("nothing was run")?))
}

async fn versions(place: &Place) -> anyhow::Result<Vec<(String, String)>> {
    let mut versions = vec![("PostgreSQL".to_owned(), place.server.version.clone())];
    versions.push(("SQLite".to_owned(), server::sqlite_version().await?));
    for package in PACKAGES {
        versions.push((package.to_owned(), machine::version(package)?.to_owned()));
    }
    Ok(versions)
}

fn write(docs: &Path, page: &str, all: &[Results]) -> anyhow::Result<()> {
    let pictures = docs.join("benchmarks");
    fs::create_dir_all(&pictures)?;
    for results in all {
        let name = format!("{}.svg", results.comparison.id);
        fs::write(pictures.join(name), chart::chart(results)?)?;
    }
    let runs: String = all.iter().map(Results::lines).collect();
    fs::write(pictures.join("runs.csv"), format!("{RUNS_HEAD}\n{runs}"))?;
    fs::write(docs.join("benchmarks.md"), page)?;
    Ok(())
}
