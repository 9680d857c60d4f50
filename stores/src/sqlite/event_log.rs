//! The event log on SQLite.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use futures::{
    FutureExt as _,
    future::BoxFuture,
    stream::{BoxStream, StreamExt as _},
};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::{
    Connections,
    group_commit::{self, Request},
    micros, reading,
};
use crate::event_store::{
    AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded, Revision,
    StoreError, StreamName, check_limits,
};

/// Appends that may wait for the writer; further callers wait for a place.
const QUEUE_APPENDS_MAX: usize = 1024;

/// Bytes of events that may wait for the writer; further callers wait until there is room.
const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What one waiting event costs beside its bytes: names, ids, numbers.
const EVENT_OVERHEAD_BYTES: usize = 512;

/// The event log in a SQLite database. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct SqliteEventStore {
    connections: Connections,
    queue: mpsc::Sender<Request>,
    room: Arc<Semaphore>,
    head: watch::Receiver<Position>,
}

impl SqliteEventStore {
    /// Starts the writer, which ends when the last clone is dropped.
    pub(super) async fn start(connections: Connections) -> Result<Self, StoreError> {
        let last: i64 = sqlx::query_scalar("select coalesce(max(position), 0) from event")
            .fetch_one(connections.reader())
            .await?;
        let (head_sender, head) = watch::channel(Position(last.cast_unsigned()));
        let (queue, requests) = mpsc::channel(QUEUE_APPENDS_MAX);
        tokio::spawn(group_commit::run(connections.unlocked(), requests, head_sender));
        Ok(Self { connections, queue, room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)), head })
    }

    async fn enqueue(
        &self,
        stream: StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> Result<Appended, AppendError> {
        check_limits(&events).map_err(AppendError::Invalid)?;
        let room = self.room.clone().acquire_many_owned(size(&events)).await.map_err(gone)?;
        let (answer, answered) = oneshot::channel();
        let request = Request { stream, expected, events, at: micros(now), answer, _room: room };
        self.queue.send(request).await.map_err(gone)?;
        answered.await.map_err(gone)?
    }
}

impl EventStore for SqliteEventStore {
    fn append<'a>(
        &'a self,
        stream: &'a StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        self.enqueue(stream.clone(), expected, events, now).boxed()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: Revision,
    ) -> BoxStream<'a, Result<Recorded, StoreError>> {
        reading::stream(self.connections.reader().clone(), stream.clone(), from).boxed()
    }

    fn read_streams(
        &self,
        wanted: Vec<(StreamName, Revision)>,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        reading::streams(self.connections.reader().clone(), wanted).boxed()
    }

    fn read_all(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        reading::all(self.connections.reader().clone(), self.head.clone(), after, filter).boxed()
    }

    fn subscribe(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'static, Result<Recorded, StoreError>> {
        reading::live(self.connections.reader().clone(), self.head.clone(), after, filter).boxed()
    }

    fn contains(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let found = sqlx::query_scalar("select exists (select 1 from event where id = $1)")
            .bind(id.0)
            .fetch_one(self.connections.reader());
        async { Ok(found.await?) }.boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        let head = *self.head.borrow();
        async move { Ok(head) }.boxed()
    }
}

/// What an append takes of [`QUEUE_BYTES_MAX`]; the limits of the log keep it far below.
fn size(events: &[NewEvent]) -> u32 {
    let bytes: usize =
        events.iter().map(|event| event.data.len() + event.meta.len() + EVENT_OVERHEAD_BYTES).sum();
    u32::try_from(bytes.min(QUEUE_BYTES_MAX)).unwrap_or(u32::MAX)
}

fn gone<E: std::error::Error + Send + Sync + 'static>(_: E) -> AppendError {
    AppendError::Unavailable(StoreError(anyhow::anyhow!("the writer of the log has ended")))
}
