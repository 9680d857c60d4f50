//! The queue in front of the one writer of a SQL backend, and how a batch is taken from it.
//!
//! ```text
//! append ─► queue ─► [ gather ─► write, one transaction ] ─► head moves ─► answers
//!                      ▲──────── meanwhile others queue ────────┘
//! ```
//! An append that comes alone is written at once; nothing ever waits for company. One flush pays
//! for all that queued during the one before it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::event_store::{
    AppendError, Appended, Expected, NewEvent, StoreError, StreamName, check_limits,
};

/// Appends that may wait for the writer; further callers wait for a place.
const QUEUE_APPENDS_MAX: usize = 1024;

/// Bytes of events that may wait for the writer; further callers wait until there is room.
const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What one waiting event costs beside its bytes: names, ids, numbers.
const EVENT_OVERHEAD_BYTES: usize = 512;

/// The most appends in one transaction; measured: more buys nothing.
const BATCH_APPENDS_MAX: usize = 512;

/// What became of an append.
pub(crate) type Outcome = Result<Appended, AppendError>;

/// One append that waits for its turn.
pub(crate) struct Request {
    pub(crate) stream: StreamName,
    pub(crate) expected: Expected,
    pub(crate) events: Vec<NewEvent>,
    /// Microseconds since 1970.
    pub(crate) at: i64,
    answer: oneshot::Sender<Outcome>,
    /// Its share of the queue's bytes, given back when it has been answered.
    _room: OwnedSemaphorePermit,
}

impl Request {
    /// Who no longer listens will repeat the append and get this answer then.
    pub(crate) fn answer(self, outcome: Outcome) {
        let _ = self.answer.send(outcome);
    }
}

/// Where appends wait. Cheap to clone; the writer ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Queue {
    requests: mpsc::Sender<Request>,
    room: Arc<Semaphore>,
}

impl Queue {
    /// A queue, and the end of it that the writer takes from.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (requests, taken) = mpsc::channel(QUEUE_APPENDS_MAX);
        (Self { requests, room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)) }, taken)
    }

    /// Waits for a place, for the writer, and for the transaction.
    pub(crate) async fn append(
        &self,
        stream: StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> Outcome {
        check_limits(&events).map_err(AppendError::Invalid)?;
        let room = self.room.clone().acquire_many_owned(size(&events)).await.map_err(gone)?;
        let (answer, answered) = oneshot::channel();
        let at = now.timestamp_micros();
        let request = Request { stream, expected, events, at, answer, _room: room };
        self.requests.send(request).await.map_err(gone)?;
        answered.await.map_err(gone)?
    }
}

/// Fills the batch with all that is ready; false when nobody is left who could append.
///
/// Callers that were just answered often come back at once: those that are runnable get a turn
/// before the batch is closed, until a turn brings nothing new. No clock is involved, and an
/// append that is alone is written in the same turn.
pub(crate) async fn gather(
    requests: &mut mpsc::Receiver<Request>,
    batch: &mut Vec<Request>,
) -> bool {
    if batch.is_empty() && requests.recv_many(batch, BATCH_APPENDS_MAX).await == 0 {
        return false;
    }
    let mut n_before = 0;
    while n_before < batch.len() {
        n_before = batch.len();
        tokio::task::yield_now().await;
        while batch.len() < BATCH_APPENDS_MAX
            && let Ok(request) = requests.try_recv()
        {
            batch.push(request);
        }
    }
    true
}

/// The same answer for everybody in a batch that was not written.
pub(crate) fn unavailable(reason: &str) -> AppendError {
    AppendError::Unavailable(StoreError(anyhow::anyhow!(reason.to_owned())))
}

/// What an append takes of [`QUEUE_BYTES_MAX`]; the limits of the log keep it far below.
fn size(events: &[NewEvent]) -> u32 {
    let bytes: usize =
        events.iter().map(|event| event.data.len() + event.meta.len() + EVENT_OVERHEAD_BYTES).sum();
    u32::try_from(bytes.min(QUEUE_BYTES_MAX)).unwrap_or(u32::MAX)
}

fn gone<E: std::error::Error + Send + Sync + 'static>(_: E) -> AppendError {
    unavailable("the writer of the log has ended")
}
