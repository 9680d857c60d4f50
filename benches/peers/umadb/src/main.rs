//! `UmaDB`: its own writer thread, called in this process as its server calls it, or the server itself,
//! over gRPC on loopback with a connection for each writer. Every append has the condition that
//! nothing of the holder has been appended since his last event. An acknowledged append has been
//! flushed twice: pages, then the header.

mod store;

use std::sync::Mutex;

use anyhow::Context as _;
use load::{
    HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, event, preload, tell, walks,
};
use store::Door;
use umadb_dcb::{DcbAppendCondition, DcbError, DcbEvent, DcbQuery, DcbQueryItem};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let task = Task::asked()?;
    let doors = match task.way.as_str() {
        "append" => store::in_process(&task.place, task.n_writers)?,
        "append-grpc" => store::over_grpc(&task.place, task.n_writers).await?,
        way => anyhow::bail!("no such way: {way}"),
    };
    let door = doors.first().context("no writer")?.clone();
    let lasts = fill(&door).await?;
    let writers = walks(task.n_writers)
        .into_iter()
        .zip(doors)
        .map(|(walk, door)| Appender { door, walk, lasts: lasts.clone() })
        .collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    tell(&measured, door.count().await?)
}

/// Puts the first events of all holders there; answers the position of each holder's last.
async fn fill(door: &Door) -> anyhow::Result<Vec<u64>> {
    let lasts = Mutex::new(vec![0; usize::try_from(HOLDERS)?]);
    preload(HOLDERS, async |holder| {
        let events = (0..u64::from(PRELOADED_EACH)).map(|number| dcb(holder, number)).collect();
        let last = door.append(events, None).await?;
        let mut lasts = lasts.lock().map_err(|_| anyhow::anyhow!("a preload failed"))?;
        lasts[usize::try_from(holder)?] = last;
        Ok(())
    })
    .await?;
    lasts.into_inner().context("a preload failed")
}

/// The event with everything that our log keeps of it: id, stream (a tag), type, `data`, `meta`.
fn dcb(holder: u32, number: u64) -> DcbEvent {
    let event = event(holder, number);
    DcbEvent::new()
        .event_type(event.kind)
        .tags([tag(holder)])
        .data(event.data.to_string())
        .metadata_entry("meta", event.meta.to_string())
        .uuid(event.command.0)
}

fn tag(holder: u32) -> String {
    format!("holder-{}", load::holder(holder))
}

struct Appender {
    door: Door,
    walk: Walk,
    lasts: Vec<u64>,
}

impl Writer for Appender {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let index = usize::try_from(place.holder)?;
        let query = DcbQuery::new().item(DcbQueryItem::new().tags([tag(place.holder)]));
        let condition = DcbAppendCondition::new(query).after(Some(self.lasts[index]));
        match self.door.append(vec![dcb(place.holder, place.number)], Some(condition)).await {
            Ok(position) => {
                self.lasts[index] = position;
                Ok(Written::Acknowledged)
            }
            Err(DcbError::IntegrityError(_)) => Ok(Written::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}
