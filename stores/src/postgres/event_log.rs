//! The event log on PostgreSQL.

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use futures::{
    FutureExt as _,
    future::BoxFuture,
    stream::{BoxStream, StreamExt as _},
};
use sqlx::{PgPool, migrate::Migrator};
use tokio::sync::watch;

use super::{
    OpenError, Options, following, opening,
    pages::{PostgresPages, head_of},
    writing,
};
use crate::{
    event_store::{
        AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded,
        Revision, StoreError, StreamName,
    },
    group_commit::Queue,
    reading::{self, Pages as _},
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The event log in a PostgreSQL database. Cheap to clone; all clones share one writer and one
/// listener, which end with the last of them. Other processes have their own.
#[derive(Clone)]
pub struct PostgresEventStore {
    pub(super) read: PgPool,
    queue: Queue,
    head: watch::Receiver<Position>,
}

impl PostgresEventStore {
    /// Opens the log of a database, which is brought up to date if need be. Must be called inside
    /// a tokio runtime: writer and listener are tasks.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        opening::prepare(options, &MIGRATIONS, None).await?;
        let write = options.pool(1, &[]).await?;
        let read =
            options.pool(1 + options.readers.max(1), &[("default_transaction_read_only", "on")]);
        let read = read.await?;
        let (head_sender, head) = watch::channel(head_of(&read).await?);
        let (queue, requests) = Queue::new();
        let (listening, written) = (read.clone(), head_sender.clone());
        tokio::spawn(async move {
            let listener = tokio::spawn(following::run(listening, head_sender));
            writing::run(write, requests, written).await;
            listener.abort();
        });
        Ok(Self { read, queue, head })
    }

    fn pages(&self) -> PostgresPages {
        PostgresPages::new(self.read.clone())
    }
}

impl EventStore for PostgresEventStore {
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
            .fetch_one(&self.read);
        async { Ok(found.await?) }.boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.pages().head().boxed()
    }
}
