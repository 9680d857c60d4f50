//! Reading the log in bounded pages: a reader holds one page and no transaction between two.
//!
//! A page is fetched by a task of its own. A reader that is not polled for a while (it lost a
//! `select!`, its consumer is slow) therefore never sits on a connection that others wait for.
//!
//! Positions have no gaps, so a page of the whole log is a window of positions. That bounds what a
//! page costs even for a reader whose category is rare, and makes *nothing missed, nothing twice*
//! a matter of one number.

use std::collections::{HashMap, VecDeque};

use chrono::DateTime;
use domain::ids::EventId;
use futures::{Stream, stream};
use sqlx::SqlitePool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::event_store::{Filter, Position, Recorded, Revision, StoreError, StreamName};

/// Events in one page.
const PAGE_EVENTS: u64 = 256;

/// Rows that a connection may be ahead of its reader: a whole page, so that it never waits.
pub(super) const PAGE_ROWS: usize = 256;

const PAGE_OF_STREAM: &str = "
    select id, stream, revision, position, type, schema, at, data, meta
    from event
    where stream = $1 and $2 <= revision
    order by revision
    limit $3
";

/// Streams in one page of several.
const PAGE_STREAMS: usize = 256;

/// Events in one page of several streams: shared out evenly, so each gets 4 at least.
const PAGE_OF_STREAMS_EVENTS: u64 = 1024;

/// `$1`: of each stream its name, the first revision and the last one that fits into the page.
const PAGE_OF_STREAMS: &str = "
    select event.id, event.stream, event.revision, event.position, event.type, event.schema,
           event.at, event.data, event.meta
    from json_each($1) as wanted
    cross join event on event.stream = wanted.value ->> 0
        and wanted.value ->> 1 <= event.revision and event.revision <= wanted.value ->> 2
    order by event.stream, event.revision
";

const PAGE_OF_ALL: &str = "
    select id, stream, revision, position, type, schema, at, data, meta
    from event
    where $1 < position and position <= $2
    order by position
";

const PAGE_OF_CATEGORIES: &str = "
    select id, stream, revision, position, type, schema, at, data, meta
    from event
    where $1 < position and position <= $2 and category in (select value from json_each($3))
    order by position
";

/// The events of one stream, from a revision on.
pub(super) fn stream(
    pool: SqlitePool,
    name: StreamName,
    from: Revision,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    // `None`: the last page has been read.
    let start = (VecDeque::new(), Some(from));
    stream::try_unfold(start, move |(mut page, mut next)| {
        let (pool, name) = (pool.clone(), name.clone());
        async move {
            if let (true, Some(from)) = (page.is_empty(), next) {
                page = fetch(page_of_stream(pool, name, from)).await?;
                let full = u64::try_from(page.len()) == Ok(PAGE_EVENTS);
                next = full.then(|| Revision(from.0 + PAGE_EVENTS));
            }
            Ok(page.pop_front().map(|event| (event, (page, next))))
        }
    })
}

/// The events of several streams, of each from its own revision on.
pub(super) fn streams(
    pool: SqlitePool,
    wanted: Vec<(StreamName, Revision)>,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    let start = (VecDeque::new(), VecDeque::from(wanted));
    stream::try_unfold(start, move |(mut page, mut wanted)| {
        let pool = pool.clone();
        async move {
            while page.is_empty() && !wanted.is_empty() {
                let some: Vec<_> = wanted.drain(..wanted.len().min(PAGE_STREAMS)).collect();
                let n_each = PAGE_OF_STREAMS_EVENTS / u64::try_from(some.len()).unwrap_or(1).max(1);
                page = fetch(page_of_streams(pool.clone(), some.clone(), n_each)).await?;
                wanted.extend(unfinished(some, &page, n_each));
            }
            Ok(page.pop_front().map(|event| (event, (page, wanted))))
        }
    })
}

/// Those of which the page has as many events as fit, and from where they go on.
fn unfinished(
    read: Vec<(StreamName, Revision)>,
    page: &VecDeque<Recorded>,
    n_each: u64,
) -> impl Iterator<Item = (StreamName, Revision)> {
    let last_of: HashMap<_, _> =
        page.iter().map(|event| (event.stream.clone(), event.revision)).collect();
    read.into_iter().filter_map(move |(name, Revision(from))| {
        let next = Revision(from.saturating_add(n_each));
        (last_of.get(&name)?.0 + 1 == next.0).then_some((name, next))
    })
}

/// The events after a position up to the head as it is when the end is reached.
pub(super) fn all(
    pool: SqlitePool,
    head: watch::Receiver<Position>,
    after: Position,
    filter: Filter,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    let reader = Reader { pool, head, after, filter, page: VecDeque::new() };
    stream::try_unfold(reader, async |mut reader| {
        while reader.page.is_empty() {
            if !reader.turn_page().await? {
                return Ok(None);
            }
        }
        Ok(reader.page.pop_front().map(|event| (event, reader)))
    })
}

/// The events after a position, then each new one; ends when the writer has ended.
pub(super) fn live(
    pool: SqlitePool,
    head: watch::Receiver<Position>,
    after: Position,
    filter: Filter,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    let reader = Reader { pool, head, after, filter, page: VecDeque::new() };
    stream::try_unfold(reader, async |mut reader| {
        while reader.page.is_empty() {
            // The head is looked at before it is waited for: a commit in between wakes the wait.
            if !reader.turn_page().await? && reader.head.changed().await.is_err() {
                return Ok(None);
            }
        }
        Ok(reader.page.pop_front().map(|event| (event, reader)))
    })
}

struct Reader {
    pool: SqlitePool,
    head: watch::Receiver<Position>,
    after: Position,
    filter: Filter,
    page: VecDeque<Recorded>,
}

impl Reader {
    /// Reads the next window; false if it is already at the head. The page may come out empty.
    async fn turn_page(&mut self) -> Result<bool, StoreError> {
        let head = *self.head.borrow_and_update();
        if head <= self.after {
            return Ok(false);
        }
        let upto = Position(head.0.min(self.after.0.saturating_add(PAGE_EVENTS)));
        let page = page_of_all(self.pool.clone(), self.after, upto, self.filter.clone());
        self.page = fetch(page).await?;
        self.after = upto;
        Ok(true)
    }
}

type Page = Result<VecDeque<Recorded>, StoreError>;

async fn fetch(page: impl Future<Output = Page> + Send + 'static) -> Page {
    tokio::spawn(page).await.map_err(|error| StoreError(error.into()))?
}

async fn page_of_stream(pool: SqlitePool, name: StreamName, from: Revision) -> Page {
    let rows: Vec<Row> = sqlx::query_as(PAGE_OF_STREAM)
        .bind(name.as_str())
        .bind(bound(from.0))
        .bind(bound(PAGE_EVENTS))
        .fetch_all(&pool)
        .await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

async fn page_of_streams(
    pool: SqlitePool,
    wanted: Vec<(StreamName, Revision)>,
    n_each: u64,
) -> Page {
    let wanted = wanted.iter().map(|(name, Revision(from))| {
        let last = from.saturating_add(n_each - 1);
        serde_json::json!([name.as_str(), bound(*from), bound(last)])
    });
    let rows: Vec<Row> = sqlx::query_as(PAGE_OF_STREAMS)
        .bind(wanted.collect::<serde_json::Value>().to_string())
        .fetch_all(&pool)
        .await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

async fn page_of_all(pool: SqlitePool, after: Position, upto: Position, filter: Filter) -> Page {
    let rows: Vec<Row> = match filter {
        Filter::All => {
            sqlx::query_as(PAGE_OF_ALL)
                .bind(bound(after.0))
                .bind(bound(upto.0))
                .fetch_all(&pool)
                .await?
        }
        Filter::Categories(categories) => {
            sqlx::query_as(PAGE_OF_CATEGORIES)
                .bind(bound(after.0))
                .bind(bound(upto.0))
                .bind(serde_json::json!(categories).to_string())
                .fetch_all(&pool)
                .await?
        }
    };
    rows.into_iter().map(Recorded::try_from).collect()
}

/// Beyond the largest number of the database there is no event, so the nearest is as good.
fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    stream: String,
    revision: i64,
    position: i64,
    #[sqlx(rename = "type")]
    kind: String,
    schema: i64,
    at: i64,
    data: Vec<u8>,
    meta: Vec<u8>,
}

impl TryFrom<Row> for Recorded {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let broken = |what| StoreError(anyhow::anyhow!("event {} has no {what}", row.position));
        Ok(Self {
            id: EventId(row.id),
            stream: row.stream.parse().map_err(|_| broken("stream name"))?,
            revision: Revision(row.revision.cast_unsigned()),
            position: Position(row.position.cast_unsigned()),
            kind: row.kind,
            schema: u16::try_from(row.schema).map_err(|_| broken("schema"))?,
            at: DateTime::from_timestamp_micros(row.at).ok_or_else(|| broken("instant"))?,
            data: row.data,
            meta: row.meta,
        })
    }
}
