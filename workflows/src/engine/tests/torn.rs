//! Every step of every workflow cut before and after its effect, done twice, and done late by a
//! worker that somebody else has replaced: the end is always the same.
//!
//! An effect is an append to the log, or a mail handed to the mail server. What lies between two of
//! them is in the engine's own database, which is worked out again.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::ids::EventId;
use futures::{
    future::{self, BoxFuture},
    stream::BoxStream,
};
use stores::event_store::{
    AppendError, Appended, Expected, Filter, NewEvent, Recorded, Revision, StoreError, StreamName,
};
use tokio::sync::Notify;

use super::{super::*, world::*};
use crate::mail::{Failure, Mail};

/// What happens at the chosen effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The process ends before it.
    CutBefore,
    /// The process ends after it, before anybody knows.
    CutAfter,
    /// It is done twice.
    Twice,
    /// The database, or the mail server, says that it failed, and it did.
    FailsBefore,
    /// It says that it failed, but it did not.
    FailsAfter,
    /// The worker sleeps before it until somebody else has done everything.
    SleepsBefore,
    /// The worker sleeps after it until somebody else has done everything.
    SleepsAfter,
}

const FAULTS: [Fault; 7] = [
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::Twice,
    Fault::FailsBefore,
    Fault::FailsAfter,
    Fault::SleepsBefore,
    Fault::SleepsAfter,
];

/// Chooses one effect, and lets it go wrong.
struct Faults {
    fault: Fault,
    /// Effects until the chosen one.
    left: AtomicU32,
    /// The chosen one is reached.
    reached: Notify,
    /// The sleeper may go on.
    wake: Notify,
}

/// Whether an effect is the chosen one.
enum Turn {
    Ordinary,
    Chosen(Fault),
}

impl Faults {
    fn at(number: u32, fault: Fault) -> Arc<Self> {
        let left = AtomicU32::new(number);
        Arc::new(Self { fault, left, reached: Notify::new(), wake: Notify::new() })
    }

    fn turn(&self) -> Turn {
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        {
            Ok(1) => Turn::Chosen(self.fault),
            Ok(_) | Err(_) => Turn::Ordinary,
        }
    }

    /// Does an effect, right or wrong. `failed` is how it says that it failed.
    async fn effect<T, F: Future<Output = T>>(
        &self,
        act: impl Fn() -> F,
        failed: impl FnOnce() -> T,
    ) -> T {
        let Turn::Chosen(fault) = self.turn() else { return act().await };
        match fault {
            Fault::CutBefore => {}
            Fault::CutAfter => drop(act().await),
            Fault::Twice => {
                drop(act().await);
                self.reached.notify_one();
                return act().await;
            }
            Fault::FailsBefore => {
                self.reached.notify_one();
                return failed();
            }
            Fault::FailsAfter => {
                drop(act().await);
                self.reached.notify_one();
                return failed();
            }
            Fault::SleepsBefore => {
                self.reached.notify_one();
                self.wake.notified().await;
                return act().await;
            }
            Fault::SleepsAfter => {
                let done = act().await;
                self.reached.notify_one();
                self.wake.notified().await;
                return done;
            }
        }
        self.reached.notify_one();
        future::pending().await
    }
}

struct TornLog {
    log: Arc<dyn EventStore>,
    faults: Arc<Faults>,
}

impl EventStore for TornLog {
    fn append<'a>(
        &'a self,
        stream: &'a StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        let act = move || self.log.append(stream, expected, events.clone(), now);
        let failed = || Err(StoreError(anyhow::anyhow!("torn")).into());
        Box::pin(async move { self.faults.effect(act, failed).await })
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

struct TornCourier {
    courier: Arc<dyn Courier>,
    faults: Arc<Faults>,
}

impl Courier for TornCourier {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        let failed = || Err(Failure::Transient("torn".to_owned()));
        Box::pin(async move { self.faults.effect(|| self.courier.deliver(mail), failed).await })
    }
}

/// What is left when all is done: each stream's events, each wake-up, and the mails that went out.
#[derive(Debug, PartialEq, Eq)]
struct End {
    streams: BTreeMap<String, Vec<(String, String)>>,
    wake_ups: Vec<Row>,
    mails: BTreeSet<String>,
}

/// The most mails that are more than one too many after one fault.
const REPEATS_MAX: u64 = 1;

async fn end(world: &World, engine: &Engine) -> End {
    let mut streams: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for event in world.log().await {
        let mut data: serde_json::Value = serde_json::from_slice(&event.data).unwrap();
        // How often it was tried is the one thing that a fault may leave behind.
        data.as_object_mut().unwrap().remove("attempts");
        let line = (event.kind, data.to_string());
        streams.entry(event.stream.to_string()).or_default().push(line);
    }
    let mails: BTreeSet<String> =
        world.courier.delivered().iter().map(|mail| mail.message_id.to_string()).collect();
    assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
    let n_sent = world.courier.n_delivered();
    assert!(n_sent - u64::try_from(mails.len()).unwrap() <= REPEATS_MAX, "{n_sent} mails");
    End { streams, wake_ups: rows(engine).await, mails }
}

/// The first alert, the forced change, an announcement, the lock.
const MOMENTS: [&str; 4] = [
    "2026-02-24T08:00:00Z",
    "2026-03-10T08:00:00Z",
    "2026-03-17T08:00:00Z",
    "2026-03-30T23:00:00Z",
];

async fn open(path: &Path, world: &World) -> Engine {
    Engine::open(path, world.parts()).await.unwrap()
}

/// Does what is due until nothing is, later and later, as a server that was started again would.
async fn recover(engine: &Engine, moment: DateTime<Utc>) {
    for now in [moment, moment + LEASE, moment + MAIL_LEASE, moment + MAIL_LEASE + LEASE] {
        settle(engine, now).await;
    }
}

/// Lives through the moments with one effect going wrong; false if there are not that many effects.
async fn live(number: u32, fault: Fault) -> (bool, End) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflows.sqlite");
    let world = World::new().await;
    world.register(1, instant("2025-03-10T09:30:00Z")).await;
    let faults = Faults::at(number, fault);
    let log = Arc::new(TornLog { log: world.stores.log.clone(), faults: faults.clone() });
    let courier = Arc::new(TornCourier { courier: world.courier.clone(), faults: faults.clone() });
    let mut engine = Engine::open(&path, world.parts_with(log, courier)).await.unwrap();
    let mut torn = false;
    for moment in MOMENTS.map(instant) {
        if torn {
            recover(&engine, moment).await;
            continue;
        }
        let ticking = tokio::spawn({
            let engine = engine.clone();
            // Whatever it answers: what counts is what is there afterwards.
            async move { drop(tick_for_a_while(&engine, moment).await) }
        });
        torn = tokio::select! {
            biased;
            () = faults.reached.notified() => true,
            () = async { while !ticking.is_finished() { tokio::task::yield_now().await; } } => false,
        };
        match fault {
            _ if !torn => {}
            Fault::CutBefore | Fault::CutAfter => {
                ticking.abort();
                let _ = ticking.await;
                engine = open(&path, &world).await;
                recover(&engine, moment).await;
                continue;
            }
            Fault::SleepsBefore | Fault::SleepsAfter => {
                let other = open(&path, &world).await;
                recover(&other, moment).await;
                faults.wake.notify_one();
            }
            Fault::Twice | Fault::FailsBefore | Fault::FailsAfter => {}
        }
        ticking.await.unwrap();
        recover(&engine, moment).await;
    }
    (torn, end(&world, &engine).await)
}

async fn tick_for_a_while(engine: &Engine, now: DateTime<Utc>) -> Result<(), EngineError> {
    while engine.tick(now).await?.more {}
    Ok(())
}

#[tokio::test]
async fn b08_killed_after_each_step_repeated_failed_or_late_the_end_is_the_same() {
    let (torn, whole) = live(0, Fault::Twice).await;
    assert!(!torn);
    assert_eq!(whole.mails.len(), MOMENTS.len());
    for fault in FAULTS {
        let mut n_effects = 0;
        loop {
            let (torn, end) = live(n_effects + 1, fault).await;
            assert_eq!(end, whole, "{fault:?} at effect {}", n_effects + 1);
            if !torn {
                break;
            }
            n_effects += 1;
        }
        // For each moment: what is recorded, the mail, and that it was delivered. A fault may make
        // one or two of them necessary again.
        assert!((12..=14).contains(&n_effects), "{fault:?}: {n_effects} effects");
    }
}
