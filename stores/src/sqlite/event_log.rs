//! The event log on SQLite.

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use futures::{
    FutureExt as _,
    future::BoxFuture,
    stream::{BoxStream, StreamExt as _},
};
use tokio::sync::watch;

use super::{Connections, pages::SqlitePages, writing};
use crate::{
    event_store::{
        AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded,
        Revision, StoreError, StreamName,
    },
    group_commit::Queue,
    reading,
};

/// The event log in a SQLite database. Cheap to clone; all clones share one writer.
#[derive(Clone)]
pub struct SqliteEventStore {
    connections: Connections,
    queue: Queue,
    head: watch::Receiver<Position>,
}

impl SqliteEventStore {
    /// Starts the writer, which ends when the last clone is dropped.
    pub(super) async fn start(connections: Connections) -> Result<Self, StoreError> {
        let last: i64 = sqlx::query_scalar("select coalesce(max(position), 0) from event")
            .fetch_one(connections.reader())
            .await?;
        let (head_sender, head) = watch::channel(Position(last.cast_unsigned()));
        let (queue, requests) = Queue::new();
        tokio::spawn(writing::run(connections.unlocked(), requests, head_sender));
        Ok(Self { connections, queue, head })
    }

    fn pages(&self) -> SqlitePages {
        SqlitePages::new(self.connections.reader().clone(), self.head.clone())
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
        self.queue.append(stream.clone(), expected, events, now).boxed()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: Revision,
    ) -> BoxStream<'a, Result<Recorded, StoreError>> {
        reading::stream(self.pages(), stream.clone(), from).boxed()
    }

    fn read_streams(
        &self,
        wanted: Vec<(StreamName, Revision)>,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        reading::streams(self.pages(), wanted).boxed()
    }

    fn read_all(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        reading::all(self.pages(), after, filter).boxed()
    }

    fn subscribe(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'static, Result<Recorded, StoreError>> {
        reading::live(self.pages(), self.head.clone(), after, filter).boxed()
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
