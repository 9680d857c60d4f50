//! `sqlite-es` and `postgres-es`, which share their interface, `cqrs-es`.

mod aggregate;
mod append;
mod command;
mod places;
mod replay;

use load::Task;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let task = Task::asked()?;
    match task.way.as_str() {
        "append-sqlite-full" => append::measure(places::sqlite(&task, true).await?, &task).await,
        "append-sqlite-default" => {
            append::measure(places::sqlite(&task, false).await?, &task).await
        }
        "append-postgres" => append::measure(places::postgres(&task).await?, &task).await,
        "command-sqlite-full" => command::measure(places::sqlite(&task, true).await?, &task).await,
        "command-sqlite-default" => {
            command::measure(places::sqlite(&task, false).await?, &task).await
        }
        "command-postgres" => command::measure(places::postgres(&task).await?, &task).await,
        "replay-sqlite" => replay::measure(places::sqlite(&task, false).await?, &task).await,
        "replay-postgres" => replay::measure(places::postgres(&task).await?, &task).await,
        way => anyhow::bail!("no such way: {way}"),
    }
}
