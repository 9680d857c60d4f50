//! A log in memory, an engine over it, and holders to live through time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    context::Context,
    expiry::{Occasion, WakeUp},
    holder::{HolderCommand, HolderEvent, Origin},
    ids::{CommandId, EventId, HolderId, SecretRef},
    passcode::Kind,
    policy::Policies,
};
use futures::TryStreamExt as _;
use stores::{
    cluster::Cluster,
    database::Query,
    event_store::{
        EventStore, Expected, Filter, NewEvent, Position, Recorded, Revision, StreamName, canonical,
    },
    sqlite::Database,
    truth::Stores,
    vault::{Keys, Person, VaultKeys},
};
use uuid::Uuid;

use super::super::*;
use crate::{
    commands::{Actor, Cause},
    mail::InMemoryCourier,
    passcode_expiry,
};

/// Ticks at one instant before a test gives up.
const TICKS_MAX: u32 = 50;

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn holder(number: u128) -> HolderId {
    HolderId(Uuid::from_u128(number))
}

/// What a crash does not take.
#[derive(Clone)]
pub(super) struct World {
    pub(super) stores: Stores,
    pub(super) courier: Arc<InMemoryCourier>,
    pub(super) policies: Arc<Policies>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::over(&Database::in_memory().await.unwrap())
    }

    pub(super) fn over(database: &Database) -> Self {
        let keys = VaultKeys {
            pepper: Keys::new(1, [7; 32]),
            seal: Keys::new(1, [8; 32]),
            puk: None,
            code: Keys::new(1, [9; 32]).into(),
        };
        let stores = database.stores(keys);
        let courier = Arc::new(InMemoryCourier::new());
        Self { stores, courier, policies: Arc::new(Policies::seed()) }
    }

    pub(super) fn parts(&self) -> Parts {
        self.parts_with(self.stores.log.clone(), self.courier.clone())
    }

    pub(super) fn parts_with(&self, log: Arc<dyn EventStore>, courier: Arc<dyn Courier>) -> Parts {
        Parts {
            log,
            vault: self.stores.vault.clone(),
            policies: self.policies.clone(),
            composer: Composer::new("http://localhost:7400").unwrap(),
            courier,
        }
    }

    pub(super) async fn engine(&self) -> Engine {
        Engine::in_memory(self.parts()).await.unwrap()
    }

    /// So many engines of as many processes over the same tables in PostgreSQL.
    pub(super) async fn engines_on_postgres<const N: usize>(&self) -> [Engine; N] {
        let address = Cluster::shared().database().await.unwrap();
        let options = Options::parse(&address).unwrap();
        let engines = [(); N].map(|()| Engine::open_postgres(&options, self.parts()));
        let engines = futures::future::try_join_all(engines).await.unwrap();
        engines.try_into().unwrap_or_else(|_| panic!("{N} engines"))
    }

    /// Somebody with an address, whose smartcard passcode is set at this instant.
    pub(super) async fn register(&self, number: u128, at: DateTime<Utc>) -> HolderId {
        let holder = holder(number);
        let person = Person {
            name: format!("Holder {number}"),
            email: format!("holder{number}@example.org"),
        };
        self.stores.vault.put_person(holder, &person, at).await.unwrap();
        self.record(holder, at, vec![HolderEvent::HolderRegistered {}]).await;
        self.set(holder, at, Kind::Smartcard).await;
        holder
    }

    pub(super) async fn set(&self, holder: HolderId, at: DateTime<Utc>, kind: Kind) {
        let on = Context { now: at, policies: &self.policies }.today();
        let secret = SecretRef(Uuid::from_u128(1));
        let event = HolderEvent::PasscodeSet { kind, on, secret, origin: Origin::Change };
        self.record(holder, at, vec![event]).await;
    }

    /// Appends what no rule is asked about.
    pub(super) async fn record(
        &self,
        holder: HolderId,
        at: DateTime<Utc>,
        events: Vec<HolderEvent>,
    ) {
        let stream = StreamName::holder(holder);
        let n_events = self.stores.log.head().await.unwrap().0;
        let command = CommandId(Uuid::from_u128(1 << 64 | u128::from(n_events)));
        let new = (0..).zip(&events).map(|(index, event)| {
            let encoded = event.encode();
            NewEvent {
                id: EventId::derive(command, index),
                kind: encoded.kind.to_owned(),
                schema: encoded.schema,
                data: canonical(&encoded.data).unwrap(),
                meta: canonical(&serde_json::json!({ "$correlationId": command })).unwrap(),
            }
        });
        self.stores.log.append(&stream, Expected::Any, new.collect(), at).await.unwrap();
    }

    /// A command of the holder's own.
    pub(super) async fn ask(&self, holder: HolderId, at: DateTime<Utc>, command: HolderCommand) {
        let ctx = Context { now: at, policies: &self.policies };
        let commands = Commands::new(self.stores.log.clone());
        let loaded = commands.load(holder).await.unwrap();
        let cause = Cause::first(CommandId(Uuid::from_u128(
            2 << 64 | u128::from(loaded.revision.map_or(0, |revision| revision.0)),
        )));
        // A refusal is an answer, too.
        let _ = commands.attempt(&ctx, holder, &loaded, cause, &Actor::Holder, &command).await;
    }

    pub(super) async fn log_on(&self, holder: HolderId, at: DateTime<Utc>) {
        let command = HolderCommand::RecordExpiry { occasion: Occasion::Logon };
        self.ask(holder, at, command).await;
    }

    pub(super) async fn log(&self) -> Vec<Recorded> {
        self.stores.log.read_all(Position::START, Filter::All).try_collect().await.unwrap()
    }

    /// The types of a holder's events, without those that the test has appended itself.
    pub(super) async fn history(&self, holder: HolderId) -> Vec<String> {
        let stream = StreamName::holder(holder);
        let events: Vec<Recorded> =
            self.stores.log.read_stream(&stream, Revision(0)).try_collect().await.unwrap();
        let appended = ["HolderRegistered", "PasscodeSet", "PasscodeBlanked"];
        let kinds = events.into_iter().map(|event| event.kind);
        kinds.filter(|kind| !appended.contains(&kind.as_str())).collect()
    }

    pub(super) async fn wake_up(&self, holder: HolderId, now: DateTime<Utc>) -> Option<WakeUp> {
        let ctx = Context { now, policies: &self.policies };
        let loaded = Commands::new(self.stores.log.clone()).load(holder).await.unwrap();
        passcode_expiry::wake_up(&ctx, &loaded.holder)
    }
}

/// Ticks until nothing is left to do at this instant.
pub(super) async fn settle(engine: &Engine, now: DateTime<Utc>) -> Ticked {
    let mut all = Ticked::default();
    for _ in 0..TICKS_MAX {
        let ticked = engine.tick(now).await.unwrap();
        all = all.and(ticked);
        if !ticked.more {
            return all;
        }
    }
    panic!("it does not come to rest at {now}");
}

/// Ticks at every wake-up until `end`, as if the service had run.
pub(super) async fn live_until(engine: &Engine, end: DateTime<Utc>) {
    settle(engine, end - TimeDelta::days(4000)).await;
    while let Some(next) = engine.next_due().await.unwrap().filter(|next| *next <= end) {
        settle(engine, next).await;
    }
}

/// A row of the table of wake-ups, but for what only the engine knows.
pub(super) type Row = (HolderId, Option<WakeUp>);

pub(super) async fn rows(engine: &Engine) -> Vec<Row> {
    type Columns = (Uuid, Option<i64>, Option<i64>, Option<i64>);
    let live = engine.0.live.read().await;
    let rows: Vec<Columns> =
        Query::new("select holder_id, due_at, forces_at, locks_at from wake_up order by holder_id")
            .fetch_all(&*live)
            .await
            .unwrap();
    let instant = |micros: i64| database::instant(micros).unwrap();
    rows.into_iter()
        .map(|(holder, due_at, forces_at, locks_at)| {
            let wake_up = due_at.map(|due_at| WakeUp {
                due_at: instant(due_at),
                forces_at: forces_at.map(instant),
                locks_at: locks_at.map(instant),
            });
            (HolderId(holder), wake_up)
        })
        .collect()
}
