//! Every event read in the order of the log, and folded into all holders by our own rules; and what no
//! reader can be faster than: the same rows without looking into them.

use std::{collections::HashMap, mem, path::Path};

use domain::{
    decider::Decider as _,
    holder::{Holder, HolderEvent},
};
use futures::TryStreamExt as _;
use load::{READ_EACH, Task, read};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, Row as _, sqlite::SqliteConnectOptions,
};
use stores::event_store::{EventStore, Filter, Position, StreamName};

use crate::{append::fill, places};

/// What a scan reads.
const ROWS: &str = "select position, revision, at, id, schema, stream, type, data, meta from event order by position";

/// Preloads, reads and folds a file.
pub(crate) async fn sqlite(task: &Task) -> anyhow::Result<()> {
    let place = places::sqlite(task).await?;
    fill(&place.log, task.n_events / READ_EACH, READ_EACH).await?;
    read(task, fold(place.log.as_ref())).await?;
    place.close().await;
    Ok(())
}

/// Preloads, reads and folds a database.
pub(crate) async fn postgres(task: &Task) -> anyhow::Result<()> {
    let place = places::postgres(task).await?;
    fill(&place.log, task.n_events / READ_EACH, READ_EACH).await?;
    settle(&mut PgConnection::connect(&task.place).await?).await?;
    read(task, fold(place.log.as_ref())).await?;
    place.close().await;
    Ok(())
}

/// Preloads, and reads a file's rows without looking into them.
pub(crate) async fn scan_sqlite(task: &Task) -> anyhow::Result<()> {
    let place = places::sqlite(task).await?;
    fill(&place.log, task.n_events / READ_EACH, READ_EACH).await?;
    place.close().await;
    let file = Path::new(&task.place).join("latchkey.db");
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    read(task, async {
        let mut rows = sqlx::query(ROWS).fetch(&mut connection);
        let (mut n, mut bytes) = (0, 0);
        while let Some(row) = rows.try_next().await? {
            bytes += row.try_get::<&[u8], _>("data")?.len();
            n += 1;
        }
        anyhow::ensure!(bytes > 0, "rows without data");
        Ok(n)
    })
    .await
}

/// Preloads, and copies a table's rows without looking into them.
pub(crate) async fn copy_postgres(task: &Task) -> anyhow::Result<()> {
    let place = places::postgres(task).await?;
    fill(&place.log, task.n_events / READ_EACH, READ_EACH).await?;
    place.close().await;
    let mut connection = PgConnection::connect(&task.place).await?;
    settle(&mut connection).await?;
    let n: i64 =
        sqlx::query_scalar("select count(*) from event").fetch_one(&mut connection).await?;
    let copy = format!("copy ({ROWS}) to stdout (format binary)");
    read(task, async {
        let mut blocks = connection.copy_out_raw(&copy).await?;
        let mut bytes = 0;
        while let Some(block) = blocks.try_next().await? {
            bytes += block.len();
        }
        // What a row has beside its data and meta alone is more than a hundred bytes.
        anyhow::ensure!(bytes > usize::try_from(n)? * 100, "only {bytes} bytes were copied");
        Ok(n.cast_unsigned())
    })
    .await
}

/// Has everything that was written where readers find it soonest.
async fn settle(connection: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query("vacuum (analyze) event").execute(&mut *connection).await?;
    sqlx::query("checkpoint").execute(connection).await?;
    Ok(())
}

/// How many events there were.
async fn fold(log: &dyn EventStore) -> anyhow::Result<u64> {
    let mut holders: HashMap<StreamName, Holder> = HashMap::new();
    let mut events = log.read_all(Position::START, Filter::All);
    let mut n = 0;
    while let Some(recorded) = events.try_next().await? {
        let event = HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)?;
        let holder = holders.entry(recorded.stream).or_default();
        *holder = mem::take(holder).evolve(recorded.at, &event);
        n += 1;
    }
    Ok(n)
}
