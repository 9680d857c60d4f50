//! The process that is killed: the real engine over real files, a real courier, and holders who
//! renew their passcodes. What time it is and who renews, the parent says.

use std::{io::Read as _, net::SocketAddr};

use chrono::NaiveDate;
use domain::{
    holder::{HolderEvent, Origin},
    ids::{CommandId, EventId, HolderId, SecretRef},
    passcode::{Kind, Standing},
};
use futures::{
    future::{self, BoxFuture},
    stream::BoxStream,
};
use serde::{Deserialize, Serialize};
use stores::{
    event_store::{
        AppendError, Appended, Expected, Filter, NewEvent, Recorded, Revision, StoreError,
        StreamName, canonical,
    },
    sqlite::{Database, Options},
    vault::NewPasscode,
};
use uuid::Uuid;

use super::{
    super::{super::*, world::*},
    phase_in_words,
};
use crate::mail::{Limits, SmtpCourier, SmtpSettings, Tls};

/// Where the child finds the databases; unset in an ordinary run of its test.
pub(super) const FOLDER: &str = "LATCHKEY_CRASH_FOLDER";

/// What it is to do.
pub(super) const RUN: &str = "LATCHKEY_CRASH_RUN";

/// Stands before every line that is for the parent.
pub(super) const MARK: &str = "child: ";

/// One life of a child.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    /// The instants at which the engine is ticked until nothing is due.
    pub(super) moments: Vec<DateTime<Utc>>,
    /// Who renews his passcode before that.
    pub(super) renewing: Vec<u128>,
    pub(super) mail_server: SocketAddr,
}

/// What the child says.
#[derive(Serialize, Deserialize)]
pub(super) enum Line {
    /// A passcode's row is in the vault, and no event names it yet.
    InVault,
    Appending,
    Appended(Ack),
    /// What a read said of a holder's passcode.
    Read {
        holder: u128,
        set_on: NaiveDate,
        phase: String,
        after_renewal: bool,
    },
    /// Nothing is left to do.
    Quiet,
}

/// What the log acknowledged: the last event of an append, and its place.
#[derive(Serialize, Deserialize)]
pub(super) struct Ack {
    pub(super) stream: String,
    pub(super) revision: u64,
    pub(super) position: u64,
    pub(super) event: Uuid,
}

fn say(line: &Line) {
    println!("{MARK}{}", serde_json::to_string(line).unwrap());
}

pub(super) async fn open(folder: &Path) -> (Database, World) {
    let database = Database::open(&folder.join("latchkey.db"), &Options::default()).await.unwrap();
    let world = World::over(&database);
    (database, world)
}

pub(super) async fn start(
    folder: &Path,
    world: &World,
    log: Arc<dyn EventStore>,
    mail_server: SocketAddr,
) -> Engine {
    let courier = SmtpCourier::new(SmtpSettings {
        server: mail_server.ip().to_string(),
        port: mail_server.port(),
        tls: Tls::None,
        authority: None,
        from: "Smartcards <smartcards@example.org>".parse().unwrap(),
        login: None,
        limits: Limits::default(),
    });
    let parts = world.parts_with(log, Arc::new(courier.unwrap()));
    Engine::open(&folder.join("workflows.sqlite"), parts).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_of_the_crash_test_does_what_is_due_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let run: Run = serde_json::from_str(&std::env::var(RUN).unwrap()).unwrap();
    let folder = Path::new(&folder);
    let (_database, world) = open(folder).await;
    let log = Arc::new(TellingLog(world.stores.log.clone()));
    let engine = start(folder, &world, log.clone(), run.mail_server).await;
    let following = engine.clone();
    tokio::spawn(async move { following.follow(future::pending()).await });

    let first = run.moments[0];
    let renewals = run.renewing.iter().map(|&number| renew(&world, &*log, number, first));
    let meanwhile = run.renewing.iter().map(|&number| read(&world, holder(number), first, false));
    future::join(future::join_all(renewals), future::join_all(meanwhile)).await;
    for &moment in &run.moments {
        future::join(settle(&engine, moment), read_all(&world, moment)).await;
    }
    say(&Line::Quiet);
    // Until it is killed, or the parent is gone.
    let _ = std::io::stdin().read(&mut [0]);
}

/// What a renewal of that day leaves in the vault.
pub(super) fn renewal(number: u128, on: NaiveDate) -> (CommandId, SecretRef) {
    let day = u128::try_from(on.to_epoch_days()).unwrap();
    let command = CommandId(Uuid::from_u128(3 << 96 | number << 32 | day));
    (command, SecretRef::derive(command, 0))
}

/// Vault first, log second; a second time, nothing.
pub(super) async fn renew(world: &World, log: &dyn EventStore, number: u128, at: DateTime<Utc>) {
    let on = Context { now: at, policies: &world.policies }.today();
    let (command, secret) = renewal(number, on);
    let (holder, id) = (holder(number), EventId::derive(command, 0));
    let row = NewPasscode { secret, holder, kind: "smartcard", event: id };
    world.stores.vault.put_tag(row, command.0.as_bytes(), at).await.unwrap();
    say(&Line::InVault);
    let event =
        HolderEvent::PasscodeSet { kind: Kind::Smartcard, on, secret, origin: Origin::Change };
    let encoded = event.encode();
    let new = NewEvent {
        id,
        kind: encoded.kind.to_owned(),
        schema: encoded.schema,
        data: canonical(&encoded.data).unwrap(),
        meta: canonical(&serde_json::json!({ "$correlationId": command })).unwrap(),
    };
    log.append(&StreamName::holder(holder), Expected::Any, vec![new], at).await.unwrap();
    read(world, holder, at, true).await;
}

async fn read_all(world: &World, now: DateTime<Utc>) {
    for number in 1.. {
        if !read(world, holder(number), now, false).await {
            return;
        }
    }
}

/// Says in which phase a holder's passcode is; false if there is no such holder.
async fn read(world: &World, holder: HolderId, now: DateTime<Utc>, after_renewal: bool) -> bool {
    let ctx = Context { now, policies: &world.policies };
    let loaded = Commands::new(world.stores.log.clone()).load(holder).await.unwrap();
    match loaded.holder.passcodes().standing(&loaded.context(&ctx), Kind::Smartcard) {
        Standing::NotSet => false,
        Standing::Set { last_changed_on: set_on, phase, .. } => {
            let (holder, phase) = (holder.0.as_u128(), phase_in_words(phase).to_owned());
            say(&Line::Read { holder, set_on, phase, after_renewal });
            true
        }
    }
}

/// The log, which says before and after each append that there is one.
struct TellingLog(Arc<dyn EventStore>);

impl EventStore for TellingLog {
    fn append<'a>(
        &'a self,
        stream: &'a StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        Box::pin(async move {
            let last = events.last().unwrap().id;
            say(&Line::Appending);
            let appended = self.0.append(stream, expected, events, now).await?;
            let (revision, position) = (appended.revision.0, appended.position.0);
            let stream = stream.to_string();
            say(&Line::Appended(Ack { stream, revision, position, event: last.0 }));
            Ok(appended)
        })
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: Revision,
    ) -> BoxStream<'a, Result<Recorded, StoreError>> {
        self.0.read_stream(stream, from)
    }

    fn read_streams(
        &self,
        wanted: Vec<(StreamName, Revision)>,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        self.0.read_streams(wanted)
    }

    fn read_all(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'_, Result<Recorded, StoreError>> {
        self.0.read_all(after, filter)
    }

    fn subscribe(
        &self,
        after: Position,
        filter: Filter,
    ) -> BoxStream<'static, Result<Recorded, StoreError>> {
        self.0.subscribe(after, filter)
    }

    fn contains(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.0.contains(id)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.0.head()
    }
}
