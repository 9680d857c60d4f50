//! Reading the log in bounded pages: a reader holds one page and no transaction between two.
//!
//! A page is fetched by a task of its own. A reader that is not polled for a while (it lost a
//! `select!`, its consumer is slow) therefore never sits on a connection that others wait for.
//!
//! Positions have no gaps, so a page of the whole log is a window of positions. That bounds what a
//! page costs even for a reader whose category is rare, and makes *nothing missed, nothing twice*
//! a matter of one number.
//!
//! What a page is read with is the backend's own: [`Pages`].

use std::collections::{HashMap, VecDeque};

use chrono::DateTime;
use domain::ids::EventId;
use futures::{Stream, stream};
use tokio::sync::watch;
use uuid::Uuid;

use crate::event_store::{Filter, Position, Recorded, Revision, StoreError, StreamName};

/// Events in one page.
pub(crate) const PAGE_EVENTS: u64 = 256;

/// Streams in one page of several.
const PAGE_STREAMS: usize = 256;

/// Events in one page of several streams: shared out evenly, so each gets 4 at least.
const PAGE_OF_STREAMS_EVENTS: u64 = 1024;

/// One page.
pub(crate) type Page = Result<VecDeque<Recorded>, StoreError>;

/// What a SQL backend reads with. Cheap to clone; a page is asked for by a clone, in a task.
pub(crate) trait Pages: Clone + Send + 'static {
    /// The first [`PAGE_EVENTS`] events of a stream from a revision on.
    fn of_stream(
        self,
        name: StreamName,
        from: Revision,
    ) -> impl Future<Output = Page> + Send + 'static;

    /// The first `n_each` events of each stream from its own revision on, by stream and revision.
    fn of_streams(
        self,
        wanted: Vec<(StreamName, Revision)>,
        n_each: u64,
    ) -> impl Future<Output = Page> + Send + 'static;

    /// Of the events after `after`, up to and with `upto`, those that the filter wants.
    fn of_all(
        self,
        after: Position,
        upto: Position,
        filter: Filter,
    ) -> impl Future<Output = Page> + Send + 'static;

    /// Position of the event that was committed last.
    fn head(self) -> impl Future<Output = Result<Position, StoreError>> + Send + 'static;
}

/// The events of one stream, from a revision on.
pub(crate) fn stream(
    pages: impl Pages,
    name: StreamName,
    from: Revision,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    // `None`: the last page has been read.
    let start = (VecDeque::new(), Some(from));
    stream::try_unfold(start, move |(mut page, mut next)| {
        let (pages, name) = (pages.clone(), name.clone());
        async move {
            if let (true, Some(from)) = (page.is_empty(), next) {
                page = fetch(pages.of_stream(name, from)).await?;
                let full = u64::try_from(page.len()) == Ok(PAGE_EVENTS);
                next = full.then(|| Revision(from.0 + PAGE_EVENTS));
            }
            Ok(page.pop_front().map(|event| (event, (page, next))))
        }
    })
}

/// The events of several streams, of each from its own revision on.
pub(crate) fn streams(
    pages: impl Pages,
    wanted: Vec<(StreamName, Revision)>,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    let start = (VecDeque::new(), VecDeque::from(wanted));
    stream::try_unfold(start, move |(mut page, mut wanted)| {
        let pages = pages.clone();
        async move {
            while page.is_empty() && !wanted.is_empty() {
                let some: Vec<_> = wanted.drain(..wanted.len().min(PAGE_STREAMS)).collect();
                let n_each = PAGE_OF_STREAMS_EVENTS / u64::try_from(some.len()).unwrap_or(1).max(1);
                page = fetch(pages.clone().of_streams(some.clone(), n_each)).await?;
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
pub(crate) fn all(
    pages: impl Pages,
    after: Position,
    filter: Filter,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    let start = (Reader { pages, after, filter, page: VecDeque::new() }, after);
    stream::try_unfold(start, async |(mut reader, mut head)| {
        while reader.page.is_empty() {
            if head <= reader.after {
                head = fetch(reader.pages.clone().head()).await?;
            }
            if !reader.turn_page(head).await? {
                return Ok(None);
            }
        }
        Ok(reader.page.pop_front().map(|event| (event, (reader, head))))
    })
}

/// The events after a position, then each new one; ends when whoever moves the head has ended.
pub(crate) fn live(
    pages: impl Pages,
    head: watch::Receiver<Position>,
    after: Position,
    filter: Filter,
) -> impl Stream<Item = Result<Recorded, StoreError>> {
    let start = (Reader { pages, after, filter, page: VecDeque::new() }, head);
    stream::try_unfold(start, async |(mut reader, mut head)| {
        while reader.page.is_empty() {
            // The head is looked at before it is waited for: a commit in between wakes the wait.
            let newest = *head.borrow_and_update();
            if !reader.turn_page(newest).await? && head.changed().await.is_err() {
                return Ok(None);
            }
        }
        Ok(reader.page.pop_front().map(|event| (event, (reader, head))))
    })
}

struct Reader<P> {
    pages: P,
    after: Position,
    filter: Filter,
    page: VecDeque<Recorded>,
}

impl<P: Pages> Reader<P> {
    /// Reads the next window; false if it is already at the head. The page may come out empty.
    async fn turn_page(&mut self, head: Position) -> Result<bool, StoreError> {
        if head <= self.after {
            return Ok(false);
        }
        let upto = Position(head.0.min(self.after.0.saturating_add(PAGE_EVENTS)));
        let page = self.pages.clone().of_all(self.after, upto, self.filter.clone());
        self.page = fetch(page).await?;
        self.after = upto;
        Ok(true)
    }
}

async fn fetch<T: Send + 'static>(
    asked: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(asked).await.map_err(|error| StoreError(error.into()))?
}

/// The events of these rows.
pub(crate) fn recorded(rows: Vec<Row>) -> Page {
    rows.into_iter().map(Recorded::try_from).collect()
}

/// Beyond the largest number of the database there is no event, so the nearest is as good.
pub(crate) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An event as every SQL backend keeps it.
#[derive(sqlx::FromRow)]
pub(crate) struct Row {
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
