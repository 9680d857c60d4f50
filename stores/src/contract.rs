//! The promises of the event log as one suite that every backend must pass.
//!
//! A new backend joins with one test:
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn the_store_keeps_the_contract() {
//!     contract::check_all(Positions::Gapless, async || Arc::new(TheStore::start().await) as _).await;
//! }
//! ```
//! Each case gets a store of its own, empty, and says its name on standard error before it starts,
//! so that the last name printed is the one that failed.

mod appending;
mod concurrent;
mod following;
mod reading;
mod repeating;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CommandId, EventId};
use futures::{Stream, StreamExt as _};
use uuid::Uuid;

use crate::event_store::{
    AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded, Revision,
    StoreError, StreamName,
};

/// How long a case waits for what must come; only a store that broke its promise is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Writers at the same time, in the cases that have several.
const WRITERS: u32 = 20;

/// What a backend says of its positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// 1, 2, 3, … without a gap (the SQL backends).
    Gapless,
    /// Each greater than the one before.
    Increasing,
}

/// A store under test.
type Store = Arc<dyn EventStore>;

type Case = fn(Store, Positions) -> Pin<Box<dyn Future<Output = ()>>>;

/// Runs every case, each on a new empty store.
///
/// # Panics
/// If the store breaks a promise.
pub async fn check_all(positions: Positions, make: impl AsyncFn() -> Store) {
    let cases =
        [appending::CASES, repeating::CASES, reading::CASES, concurrent::CASES, following::CASES];
    for (name, case) in cases.into_iter().flatten() {
        eprintln!("contract: {name}");
        let done = tokio::time::timeout(PATIENCE, case(make().await, positions)).await;
        assert!(done.is_ok(), "{name}: the store never answered");
    }
}

/// Milliseconds after a fixed instant.
fn at(millis: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(millis)
}

fn stream(name: &str) -> StreamName {
    name.parse().expect("the suite uses valid stream names")
}

/// The `index`-th event of a command.
fn event(command: u32, index: u32) -> NewEvent {
    NewEvent {
        id: EventId::derive(CommandId(Uuid::from_u128(command.into())), index),
        kind: "Tested".to_owned(),
        schema: 1,
        data: format!(r#"{{"command":{command},"index":{index}}}"#).into_bytes(),
        meta: b"{}".to_vec(),
    }
}

/// All events of a command.
fn events(command: u32, n_events: u32) -> Vec<NewEvent> {
    (0..n_events).map(|index| event(command, index)).collect()
}

/// An append that must succeed.
async fn append(store: &Store, name: &str, expected: Expected, events: Vec<NewEvent>) -> Appended {
    try_append(store, name, expected, events).await.expect("the append is in order")
}

async fn try_append(
    store: &Store,
    name: &str,
    expected: Expected,
    events: Vec<NewEvent>,
) -> Result<Appended, AppendError> {
    store.append(&stream(name), expected, events, at(0)).await
}

async fn whole_log(store: &Store) -> Vec<Recorded> {
    all(store.read_all(Position::START, Filter::All)).await
}

async fn whole_stream(store: &Store, name: &str) -> Vec<Recorded> {
    all(store.read_stream(&stream(name), Revision(0))).await
}

/// What a reader gives until it ends.
async fn all(reader: impl Stream<Item = Result<Recorded, StoreError>>) -> Vec<Recorded> {
    reader.map(readable).collect().await
}

/// The next `n_events` of a reader.
async fn next(
    reader: &mut (impl Stream<Item = Result<Recorded, StoreError>> + Unpin),
    n_events: usize,
) -> Vec<Recorded> {
    let taken: Vec<Recorded> = reader.take(n_events).map(readable).collect().await;
    assert_eq!(taken.len(), n_events, "the reader ended too early");
    taken
}

fn readable(event: Result<Recorded, StoreError>) -> Recorded {
    event.expect("the log can be read")
}

fn ids(events: &[Recorded]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}
