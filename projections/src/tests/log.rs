//! A log in memory, for the tests of this crate only: it reads and subscribes as the trait
//! promises, can be made to fail, and takes events without the ceremony of an append.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    holder::HolderEvent,
    ids::{CommandId, EventId, HolderId},
};
use futures::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, ready},
    stream::{self, BoxStream},
};
use stores::event_store::{
    AppendError, Appended, EventStore, Expected, Filter, NewEvent, Position, Recorded, Revision,
    StoreError, StreamName, canonical,
};
use tokio::sync::watch;
use uuid::Uuid;

/// What every event of these tests says about who did it, why and by which rule.
pub(super) const META: &[u8] = br#"{"$correlationId":"00000000-0000-0000-0000-0000000000c0","actor":{"by":"holder"},"policy":1,"rules":["P-21"]}"#;

pub(super) struct Log {
    /// The events, and whether more may come.
    state: watch::Sender<(Vec<Recorded>, bool)>,
    /// How many of the next subscriptions fail.
    n_failures: AtomicU32,
    /// Whether the next subscription lets a paused clock run again.
    resume: AtomicBool,
    appending: Mutex<()>,
}

impl Default for Log {
    fn default() -> Self {
        let (state, _) = watch::channel((vec![], true));
        Self {
            state,
            n_failures: AtomicU32::new(0),
            resume: AtomicBool::new(false),
            appending: Mutex::new(()),
        }
    }
}

impl Log {
    pub(super) fn append(&self, holder: HolderId, event: &HolderEvent) -> Position {
        let encoded = event.encode();
        self.push(
            StreamName::holder(holder),
            encoded.kind,
            &canonical(&encoded.data).unwrap(),
            META,
        )
    }

    pub(super) fn append_raw(&self, holder: HolderId, kind: &str, data: &[u8], meta: &[u8]) {
        self.push(StreamName::holder(holder), kind, data, meta);
    }

    pub(super) fn append_elsewhere(&self, stream: &str) {
        self.push(stream.parse().unwrap(), "Other", b"{}", b"{}");
    }

    pub(super) fn all(&self) -> Vec<Recorded> {
        self.state.borrow().0.clone()
    }

    pub(super) fn append_to(&self, stream: &str, kind: &str, data: &[u8], meta: &[u8]) {
        self.push(stream.parse().unwrap(), kind, data, meta);
    }

    /// Ends every subscription once it has seen everything.
    pub(super) fn close(&self) {
        self.state.send_modify(|(_, open)| *open = false);
    }

    /// Makes the next subscriptions fail; the one after them lets a paused clock run again.
    pub(super) fn fail(&self, times: u32) {
        self.n_failures.store(times, Ordering::SeqCst);
    }

    fn push(&self, stream: StreamName, kind: &str, data: &[u8], meta: &[u8]) -> Position {
        let _appending = self.appending.lock().unwrap();
        let events = self.all();
        let position = Position(events.len() as u64 + 1);
        let n_before = events.iter().filter(|event| event.stream == stream).count();
        let recorded = Recorded {
            id: EventId::derive(CommandId(Uuid::from_u128(position.0.into())), 0),
            stream,
            revision: Revision(n_before as u64),
            position,
            kind: kind.to_owned(),
            schema: 1,
            at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(position.0.cast_signed()),
            data: data.to_vec(),
            meta: meta.to_vec(),
        };
        self.state.send_modify(|(events, _)| events.push(recorded));
        position
    }
}

fn not_here() -> StoreError {
    StoreError(anyhow::anyhow!("not part of this log"))
}

impl EventStore for Log {
    fn append<'a>(
        &'a self,
        _stream: &'a StreamName,
        _expected: Expected,
        _events: Vec<NewEvent>,
        _now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        ready(Err(not_here().into())).boxed()
    }

    fn read_stream<'a>(
        &'a self,
        _stream: &'a StreamName,
        _from: Revision,
    ) -> BoxStream<'a, Result<Recorded, StoreError>> {
        stream::once(ready(Err(not_here()))).boxed()
    }

    fn read_streams(
        &self,
        _wanted: Vec<(StreamName, Revision)>,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        stream::once(ready(Err(not_here()))).boxed()
    }

    fn read_all(
        &self,
        after: Position,
        _filter: Filter,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        let rest = self.all().into_iter().filter(move |event| after < event.position);
        stream::iter(rest).map(Ok).boxed()
    }

    fn subscribe(
        &self,
        after: Position,
        _filter: Filter,
    ) -> BoxStream<'static, Result<Recorded, StoreError>> {
        let fails =
            self.n_failures.try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match fails {
            Ok(1) => self.resume.store(true, Ordering::SeqCst),
            Err(_) if self.resume.swap(false, Ordering::SeqCst) => tokio::time::resume(),
            Ok(_) | Err(_) => {}
        }
        if fails.is_ok() {
            return stream::once(ready(Err(not_here()))).boxed();
        }
        let state = self.state.subscribe();
        stream::unfold((state, after), |(mut state, after)| async move {
            let next = {
                let seen = state
                    .wait_for(|(events, open)| !open || events.iter().any(|e| after < e.position))
                    .await
                    .ok()?;
                seen.0.iter().find(|event| after < event.position).cloned()?
            };
            let position = next.position;
            Some((Ok(next), (state, position)))
        })
        .boxed()
    }

    fn contains(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        ready(Ok(self.all().iter().any(|event| event.id == id))).boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        ready(Ok(self.all().last().map_or(Position::START, |event| event.position))).boxed()
    }
}
