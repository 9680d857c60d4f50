//! The log with trouble to order: a power cut loses an append before it is written, or its answer
//! after; or somebody else is faster. Or it is the log of an earlier build, which knew fewer events.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use futures::{future::BoxFuture, stream::BoxStream};
use stores::event_store::{
    AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded, Revision,
    StoreError, StreamName,
};

/// What happens to the next append of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not written, and the caller is not told so.
    LostBefore,
    /// It is not written: the caller is told that somebody else was faster.
    Overtaken,
    /// It is written, and the caller is told that nobody knows.
    LostAfter,
}

/// The faults that wait to happen, each once.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Mutex<Vec<Waiting>>,
    /// What an earlier build did not know.
    unknown: Mutex<Option<&'static str>>,
}

/// A fault, and how many appends of its category go well before.
#[derive(Debug)]
struct Waiting {
    category: String,
    before: usize,
    fault: Fault,
}

impl Faults {
    /// The next append to a stream of this category (`holder`, `cardwrite`, `card`) goes wrong.
    pub fn next(&self, category: &str, fault: Fault) {
        self.after(category, 0, fault);
    }

    /// So many appends to streams of this category go well, and the one after them goes wrong.
    pub fn after(&self, category: &str, before: usize, fault: Fault) {
        let waiting = Waiting { category: category.to_owned(), before, fault };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
    }

    /// True if nothing waits to go wrong any more.
    #[must_use]
    pub fn are_spent(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Until it is told otherwise, the log is written as by a build that did not know events of this
    /// type.
    pub fn leave_out(&self, kind: Option<&'static str>) {
        *self.unknown.lock().unwrap_or_else(PoisonError::into_inner) = kind;
    }

    fn knows(&self, event: &NewEvent) -> bool {
        *self.unknown.lock().unwrap_or_else(PoisonError::into_inner) != Some(event.kind.as_str())
    }

    fn take(&self, stream: &StreamName) -> Option<Fault> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let place = waiting.iter().position(|one| one.category == stream.category())?;
        let one = waiting.get_mut(place)?;
        if 0 < one.before {
            one.before -= 1;
            return None;
        }
        Some(waiting.remove(place).fault)
    }
}

/// A stand-in: the real log below, and faults to order.
pub struct FaultyLog {
    log: Arc<dyn EventStore>,
    faults: Arc<Faults>,
}

impl FaultyLog {
    /// Faults over a log.
    #[must_use]
    pub fn over(log: Arc<dyn EventStore>, faults: Arc<Faults>) -> Self {
        Self { log, faults }
    }
}

fn power_cut() -> AppendError {
    AppendError::Unavailable(StoreError(anyhow::anyhow!("a power cut, to order")))
}

impl EventStore for FaultyLog {
    fn append<'a>(
        &'a self,
        stream: &'a StreamName,
        expected: Expected,
        mut events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        events.retain(|event| self.faults.knows(event));
        Box::pin(async move {
            match self.faults.take(stream) {
                None => self.log.append(stream, expected, events, now).await,
                Some(Fault::Overtaken) => Err(AppendError::Conflict { current: None }),
                Some(Fault::LostBefore) => Err(power_cut()),
                Some(Fault::LostAfter) => {
                    self.log.append(stream, expected, events, now).await?;
                    Err(power_cut())
                }
            }
        })
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: Revision,
    ) -> BoxStream<'a, Result<Recorded, StoreError>> {
        self.log.read_stream(stream, from)
    }

    fn read_streams(
        &self,
        wanted: Vec<(StreamName, Revision)>,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        self.log.read_streams(wanted)
    }

    fn read_all(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        self.log.read_all(after, filter)
    }

    fn subscribe(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'static, Result<Recorded, StoreError>> {
        self.log.subscribe(after, filter)
    }

    fn contains(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.log.contains(id)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.log.head()
    }
}
