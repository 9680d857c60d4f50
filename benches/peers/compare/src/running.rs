//! One run of one contender: a new process, a new folder or database, and nothing of it left behind.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use load::{Found, Processor, Task};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::{
    machine::Worked,
    pgbench,
    plan::{Contender, Load, Medium},
    server::Server,
};

/// A run that takes longer has failed.
const RUN_MAX: Duration = Duration::from_mins(10);

/// Where runs are made.
pub(crate) struct Place {
    /// Of the programs, and of the folders of those that write files.
    pub(crate) folder: PathBuf,
    pub(crate) server: Server,
}

/// What a run has found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    pub(crate) found: Found,
    /// The share of all processors that others had meanwhile, from 0 to 1.
    pub(crate) others: f64,
}

/// Makes it.
pub(crate) async fn run(
    place: &Place,
    medium: Medium,
    contender: &Contender,
    load: Load,
) -> anyhow::Result<Run> {
    let scratch = TempDir::new_in(&place.folder)?;
    let (address, server) = match medium {
        Medium::File => (scratch.path().display().to_string(), None),
        Medium::Postgres => (place.server.database().await?, Some(place.server.process)),
    };
    // UmaDB's server is no PostgreSQL: it wants a folder.
    let is_elsewhere = contender.program == Some("peer-umadb");
    let target = if is_elsewhere { scratch.path().display().to_string() } else { address.clone() };
    let task = Task {
        way: contender.way.to_owned(),
        n_writers: load.n_writers,
        n_events: load.n_events,
        place: target,
        server: if is_elsewhere { None } else { server },
    };
    let processor = Processor { server };
    let (before, (_, earlier)) = (Worked::now()?, processor.used()?);
    let found = match contender.program {
        Some(program) => ask(&place.folder.join(program), &task).await?,
        None => pgbench::run(&place.folder, &task, scratch.path()).await?,
    };
    let (after, (_, later)) = (Worked::now()?, processor.used()?);
    let others = before.others_until(&after, later.saturating_sub(earlier))?;
    if medium == Medium::Postgres {
        place.server.forget(&address).await?;
    }
    Ok(Run { found, others })
}

/// Runs a program and reads its answer.
pub(crate) async fn ask(program: &Path, task: &Task) -> anyhow::Result<Found> {
    let said = answer(Command::new(program).args(task.arguments())).await?;
    let line = said.lines().last().context("no answer")?;
    serde_json::from_str(line).with_context(|| format!("{}: {line}", task.way))
}

/// What a program says, if it succeeds in time.
pub(crate) async fn answer(command: &mut Command) -> anyhow::Result<String> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = timeout(RUN_MAX, command.output()).await??;
    ensure!(output.status.success(), "{command:?} failed");
    Ok(String::from_utf8(output.stdout)?)
}
