//! The log, measured: every append of this process goes through here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use futures::{future::BoxFuture, stream::BoxStream};
use stores::event_store::{
    AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded, Revision,
    StoreError, StreamName,
};

use super::{Metrics, kinds};
use crate::clock::Clock;

/// A log whose appends are counted and timed; all else is the log's own.
pub struct MeasuredLog {
    log: Arc<dyn EventStore>,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
}

impl MeasuredLog {
    /// Measures this log; the clock is asked for elapsed time only.
    #[must_use]
    pub fn new(log: Arc<dyn EventStore>, metrics: Metrics, clock: Arc<dyn Clock>) -> Self {
        Self { log, metrics, clock }
    }
}

impl EventStore for MeasuredLog {
    fn append<'a>(
        &'a self,
        stream: &'a StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        Box::pin(async move {
            let (kinds, began) = (kinds(&events), self.clock.elapsed());
            let outcome = self.log.append(stream, expected, events, now).await;
            let took = self.clock.elapsed().saturating_sub(began);
            self.metrics.appended(kinds, outcome.as_ref().map(|_| ()), took);
            outcome
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
