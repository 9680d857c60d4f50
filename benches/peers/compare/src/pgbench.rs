//! PostgreSQL's own measuring program, with our table: what a single-row `INSERT` costs without any of
//! us.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use load::{Found, Processor, Task, event};
use tokio::process::Command;

use crate::{
    machine::Worked,
    running::answer,
    server::{database_of, number, socket_of},
};

/// Threads of pgbench.
const THREADS: &str = "2";

/// Has the log filled by us, and runs it.
pub(crate) async fn run(programs: &Path, task: &Task, scratch: &Path) -> anyhow::Result<Found> {
    let fill = Task { way: "fill-postgres".to_owned(), ..task.clone() };
    answer(Command::new(programs.join("peer-ours")).args(fill.arguments())).await?;
    let n_before = number(&task.place, "select count(*) from event").await?;
    let script = scratch.join("insert.sql");
    fs::write(&script, insert()?)?;
    let processor = Processor { server: task.server };
    let (before, (_, served), begun) = (Worked::now()?, processor.used()?, Instant::now());
    let said = answer(&mut command(task, &script)?).await?;
    let (after, (_, served_after), lasted) = (Worked::now()?, processor.used()?, begun.elapsed());
    let n_done =
        u32::try_from(number(&task.place, "select count(*) from event").await? - n_before)?;
    let n_asked = task.n_events / task.n_writers * task.n_writers;
    ensure!(n_done == n_asked, "pgbench was asked for {n_asked} events and wrote {n_done}");
    let per_second = rate(&said).with_context(|| format!("pgbench after {lasted:?}: {said}"))?;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(n_done);
    Ok(Found {
        per_second,
        p50_ms: 0.0,
        p99_ms: 0.0,
        own_us: each(after.children.saturating_sub(before.children)),
        server_us: each(served_after.saturating_sub(served)),
        conflicts: 0,
    })
}

fn command(task: &Task, script: &Path) -> anyhow::Result<Command> {
    let (folder, port) = socket_of(&task.place)?;
    let mut command = Command::new("pgbench");
    command
        .args(["--no-vacuum", "--protocol=prepared", "--username=latchkey", "--jobs", THREADS])
        .arg(format!("--client={}", task.n_writers))
        .arg(format!("--transactions={}", task.n_events / task.n_writers))
        .arg(format!("--host={}", folder.display()))
        .arg(format!("--port={port}"))
        .arg(format!("--file={}", script.display()))
        .arg(database_of(&task.place)?);
    if task.n_writers == 1 {
        command.arg("--jobs=1");
    }
    Ok(command)
}

/// The one statement.
fn insert() -> anyhow::Result<String> {
    let event = event(0, 1);
    let (data, meta) = (hex(&event.data.to_string())?, hex(&event.meta.to_string())?);
    let (kind, schema) = (event.kind, event.schema);
    Ok(format!(
        "insert into event (position, revision, at, id, schema, append_rest, stream, category, type, data, meta) \
         values (nextval('taken'), 0, 0, gen_random_uuid(), {schema}, 0, 'holder-' || gen_random_uuid(), 'holder', \
         '{kind}', '\\x{data}', '\\x{meta}');\n"
    ))
}

fn hex(text: &str) -> anyhow::Result<String> {
    let mut digits = String::new();
    for byte in text.bytes() {
        write!(digits, "{byte:02x}")?;
    }
    Ok(digits)
}

/// `tps = 12345.6 (without initial connection time)`.
fn rate(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.starts_with("tps = "))?;
    line.split(' ').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_what_pgbench_says() {
        let said = "latency average = 0.5 ms\ntps = 1978.25 (without initial connection time)\n";
        assert!((rate(said).unwrap() - 1978.25).abs() < 1e-9);
        assert_eq!(rate("nothing"), None);
    }
}
