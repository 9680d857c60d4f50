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
mod sweep;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use figures::Table;
use tempfile::TempDir;

/// Holders of the simulated day, if no other number is asked for.
const HOLDERS: u32 = 100_000;

/// The most that may be asked for.
const HOLDERS_MAX: u32 = 1_000_000;

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Idle,
    Appends,
    Change,
    Authority,
    History,
    Day,
    Sweep,
}

impl Part {
    /// In the order in which they are measured.
    const ALL: [Self; 7] = [
        Self::Idle,
        Self::Appends,
        Self::Change,
        Self::Authority,
        Self::History,
        Self::Day,
        Self::Sweep,
    ];

    /// True if it is measured without being asked for: the sweep alone takes half an hour.
    fn is_usual(self) -> bool {
        self != Self::Sweep
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn named(name: &str) -> anyhow::Result<Self> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|part| part.name() == name);
        found.with_context(|| format!("{name:?} is none of {names}"))
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if arguments.next_if(|first| first == sweep::STAGE).is_some() {
        return runtime.block_on(sweep::stage(&arguments.collect::<Vec<_>>()));
    }
    let n_holders = match arguments.next() {
        Some(number) => number.parse().context("the number of holders")?,
        None => HOLDERS,
    };
    anyhow::ensure!(n_holders <= HOLDERS_MAX, "at most {HOLDERS_MAX} holders");
    let wanted = arguments.map(|name| Part::named(&name)).collect::<anyhow::Result<Vec<_>>>()?;
    let programs = programs()?;
    let folder = TempDir::new_in(&programs)?;
    let mut table = Table::begin()?;
    let program = programs.join("latchkey");
    for part in Part::ALL
        .into_iter()
        .filter(|part| wanted.contains(part) || wanted.is_empty() && part.is_usual())
    {
        runtime.block_on(measure(part, &mut table, (&program, folder.path()), n_holders))?;
    }
    Ok(())
}

async fn measure(
    part: Part,
    table: &mut Table,
    (program, folder): (&Path, &Path),
    n_holders: u32,
) -> anyhow::Result<()> {
    match part {
        Part::Idle => idle::measure(table, program, folder),
        Part::Appends => appends::measure(table, folder).await,
        Part::Change => change::measure(table).await,
        Part::Authority => authority::measure(table).await,
        Part::History => history::measure(table, folder).await,
        Part::Sweep => sweep::measure(program, folder),
        Part::Day => {
            let hospital = hospital::build(table, folder, n_holders).await?;
            day::measure(table, &hospital).await?;
            logon::measure(table, &hospital).await
        }
    }
}

/// The folder of this build's programs.
fn programs() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().context("a program without a folder")?.to_path_buf())
}
