//! Appends of one event each, with the stream's revision as expected.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use load::{
    HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, event, preload, tell, walks,
};
use stores::event_store::{
    AppendError, EventStore, Expected, Filter, NewEvent, Position, Revision, StreamName, canonical,
};

use crate::places::Place;

/// Preloads, measures, and counts what is there.
pub(crate) async fn measure(place: Place, task: &Task) -> anyhow::Result<()> {
    fill(&place.log, HOLDERS, PRELOADED_EACH).await?;
    let writers = walks(task.n_writers)
        .into_iter()
        .map(|walk| Appender { log: Arc::clone(&place.log), walk })
        .collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    let n_found = count(place.log.as_ref()).await?;
    place.close().await;
    tell(&measured, n_found)
}

/// Puts the first events of holders there.
pub(crate) async fn fill(
    log: &Arc<dyn EventStore>,
    n_holders: u32,
    n_each: u32,
) -> anyhow::Result<()> {
    preload(n_holders, async |holder| {
        let events = (0..u64::from(n_each))
            .map(|number| new_event(holder, number))
            .collect::<anyhow::Result<Vec<_>>>()?;
        log.append(&stream(holder), Expected::NoStream, events, now()).await?;
        Ok(())
    })
    .await
}

/// Reads the whole log, whose positions leave out none.
pub(crate) async fn count(log: &dyn EventStore) -> anyhow::Result<u64> {
    use futures::TryStreamExt as _;
    let mut events = log.read_all(Position::START, Filter::All);
    let mut n = 0;
    while events.try_next().await?.is_some() {
        n += 1;
    }
    Ok(n)
}

pub(crate) fn stream(holder: u32) -> StreamName {
    StreamName::holder(load::holder(holder))
}

pub(crate) fn new_event(holder: u32, number: u64) -> anyhow::Result<NewEvent> {
    let event = event(holder, number);
    Ok(NewEvent {
        id: EventId::derive(event.command, 0),
        kind: event.kind.to_owned(),
        schema: event.schema,
        data: canonical(&event.data)?,
        meta: canonical(&event.meta)?,
    })
}

/// Never later than the product: time is an argument, and this one does for all.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

struct Appender {
    log: Arc<dyn EventStore>,
    walk: Walk,
}

impl Writer for Appender {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let event = new_event(place.holder, place.number)?;
        let expected = Expected::At(Revision(place.number - 1));
        match self.log.append(&stream(place.holder), expected, vec![event], now()).await {
            Ok(_) => Ok(Written::Acknowledged),
            Err(AppendError::Conflict { .. }) => Ok(Written::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}
