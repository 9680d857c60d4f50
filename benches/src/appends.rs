//! How many events a second the SQLite log takes: its file on a disk, each answer only once the
//! disk has it. Every writer appends one event at a time to a stream of its own.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use domain::ids::{CommandId, EventId};
use stores::{
    event_store::{EventStore, Expected, NewEvent, StreamName, canonical},
    sqlite::{Database, Options},
};
use uuid::Uuid;

use crate::figures::{Spread, Table};

/// Writers at the same time.
const WRITERS: [u32; 3] = [1, 16, 64];

/// How long each number of them writes.
const WRITING: Duration = Duration::from_secs(5);

/// How often the yardstick is written.
const SYNCS: u32 = 500;

/// What the yardstick writes: a page of the database.
const PAGE: [u8; 4096] = [7; 4096];

/// Prints the figures.
pub(crate) async fn measure(table: &mut Table, folder: &Path) -> anyhow::Result<()> {
    table.next()?;
    table.spread("the disk: 4 kB written and synchronised", &disk(&folder.join("yardstick"))?);
    for n_writers in WRITERS {
        table.next()?;
        let path = folder.join(format!("appends-{n_writers}.db"));
        let times = write(&path, n_writers).await?;
        let n = times.len();
        #[expect(clippy::cast_precision_loss, reason = "a number of appends in five seconds")]
        let rate = n as f64 / WRITING.as_secs_f64();
        let writers =
            if n_writers == 1 { "1 writer".to_owned() } else { format!("{n_writers} writers") };
        table.value(&format!("appends to the log, {writers}"), rate, "per second", n);
        table.spread(&format!("one append, {writers}"), &Spread::of(times)?);
    }
    Ok(())
}

/// What the log cannot be faster than, writer by writer.
fn disk(path: &Path) -> anyhow::Result<Spread> {
    let file = File::create_new(path)?;
    let mut times = Vec::new();
    for page in 0..u64::from(SYNCS) {
        let begun = Instant::now();
        file.write_all_at(&PAGE, page * 4096)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    Spread::of(times)
}

async fn write(path: &Path, n_writers: u32) -> anyhow::Result<Vec<Duration>> {
    let database = Database::open(path, &Options::default()).await?;
    let log = Arc::new(database.log());
    let until = Instant::now() + WRITING;
    let writers: Vec<_> = (0..n_writers)
        .map(|writer| tokio::spawn(append(Arc::clone(&log), writer, until)))
        .collect();
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await??);
    }
    drop(log);
    database.close().await;
    Ok(times)
}

async fn append(
    log: Arc<impl EventStore>,
    writer: u32,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let stream: StreamName = format!("measured-{writer}").parse()?;
    let mut expected = Expected::NoStream;
    let mut times = Vec::new();
    for number in 0.. {
        let begun = Instant::now();
        if until <= begun {
            break;
        }
        let events = vec![event(writer, number)?];
        expected = Expected::At(log.append(&stream, expected, events, at()).await?.revision);
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// As large as a passcode that is set.
fn event(writer: u32, number: u64) -> anyhow::Result<NewEvent> {
    let command = CommandId(Uuid::from_u64_pair(writer.into(), number));
    let data = serde_json::json!({
        "kind": "smartcard", "secret": command, "on": "2026-03-02", "origin": "holder",
    });
    let meta = serde_json::json!({
        "$causationId": command, "$correlationId": command, "actor": { "by": "holder" },
        "policy": 1, "rules": ["P-13", "P-22"], "tzdb": "2026a",
    });
    Ok(NewEvent {
        id: EventId::derive(command, 0),
        kind: "Measured".to_owned(),
        schema: 1,
        data: canonical(&data)?,
        meta: canonical(&meta)?,
    })
}

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}
