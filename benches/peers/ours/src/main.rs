//! Our log: its two databases, the whole way of a command, and what could be had without it (a plain
//! `INSERT` into the same table).

mod append;
mod command;
mod insert;
mod places;
mod replay;

use load::Task;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let task = Task::asked()?;
    match task.way.as_str() {
        "append-sqlite" => append::measure(places::sqlite(&task).await?, &task).await,
        "append-postgres" => append::measure(places::postgres(&task).await?, &task).await,
        "fill-postgres" => insert::fill(&task).await,
        "insert-postgres" => insert::measure(&task).await,
        "command-sqlite" => command::measure(places::sqlite(&task).await?, &task, true).await,
        "command-sqlite-cold" => command::measure(places::sqlite(&task).await?, &task, false).await,
        "command-postgres" => command::measure(places::postgres(&task).await?, &task, true).await,
        "command-postgres-cold" => {
            command::measure(places::postgres(&task).await?, &task, false).await
        }
        "replay-sqlite" => replay::sqlite(&task).await,
        "replay-postgres" => replay::postgres(&task).await,
        "scan-sqlite" => replay::scan_sqlite(&task).await,
        "copy-postgres" => replay::copy_postgres(&task).await,
        way => anyhow::bail!("no such way: {way}"),
    }
}
