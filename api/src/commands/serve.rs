//! `latchkey all`, `serve` and `work`: a server in one of its roles, until it is told to stop.

mod running;

use std::{
    fs::File, future::IntoFuture as _, net::SocketAddr, os::unix::fs::DirBuilderExt as _,
    path::Path, process::ExitCode, sync::Arc,
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::{
    calendar,
    policy::{InForce, Policies, Policy},
};
use issuer::CardsAuthority;
use stores::{
    event_store::EventStore,
    line::ProcessId,
    log,
    truth::Stores,
    vault::{Keys, Vault, VaultKeys},
};
use tokio::{net::TcpListener, sync::Semaphore};
use workflows::{
    engine::Engine,
    mail::{Composer, Courier, SmtpCourier},
};

use crate::{
    agents::{self, Registry},
    app::{App, Parts},
    authority::SIGNING_AT_ONCE,
    clock::{AcceptedClock, Clock, Entropy, acceptance},
    config::{AuthoritySettings, Config, Mode},
    control,
    database::Database,
    forecast::Forecasts,
    front_door::FrontDoor,
    health, housekeeping, hsm,
    keystore::{KeyName, Keystore, VersionedKey},
    live::Live,
    mail_server::{self, NoMailServer},
    metrics::{MeasuredLog, Metrics},
    news::{self, News},
    organisations,
    pace::Pace,
    policies,
    poprf::Poprf,
    portal,
    relying_parties::{self, RelyingParties},
    role::Role,
    scheduler,
};

use running::{Running, stop_signal};

/// Values stretched at the same time by this process (B-27), 46 MiB each.
const STRETCHES_AT_ONCE: usize = 1;

/// Runs the command.
pub fn run(config: Option<&Path>, role: Role) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    check(&config, role)?;
    super::log_to_stderr();
    let running = serve(config, role);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(running)?;
    Ok(ExitCode::SUCCESS)
}

/// Half a server wants another half, which can only be met in a PostgreSQL database.
fn check(config: &Config, role: Role) -> anyhow::Result<()> {
    let role_name = role.as_str();
    if role == Role::All {
        return Ok(());
    }
    anyhow::ensure!(
        config.mode == Mode::Production,
        "mode: a demonstration is one process: use `latchkey all` in place of `latchkey {role_name}`"
    );
    anyhow::ensure!(
        config.database.is_some(),
        "database.url: `latchkey serve` and `latchkey work` meet in a PostgreSQL database, and the \
         configuration names none; over files there is one process, `latchkey all`"
    );
    Ok(())
}

async fn serve(config: Config, role: Role) -> anyhow::Result<()> {
    let running = Running::default();
    let _folder = own_folder(&config.data_dir)?;
    let portal_listener =
        if role.serves() { Some(bind("portal.listen", config.portal.listen).await?) } else { None };
    let work_listeners = if role.works() {
        let agents = bind("agents.listen", config.agents.listen).await?;
        Some((agents, bind("authority.listen", config.authority.listen).await?))
    } else {
        None
    };
    let operator_listener = bind("operator.listen", config.operator.listen).await?;
    let database = Database::of_server(&config).await?;
    let clock = Arc::new(AcceptedClock::system());
    let parts = parts_over((database, role), config, clock, Entropy::System).await?;
    let app = App::new(parts);
    let shutdown = &running.shutdown;
    // Where nobody comes in, its certificate need not be there.
    let portal = match portal_listener {
        Some(listener) => Some((FrontDoor::open(&app)?, listener)),
        None => None,
    };
    let (following, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
    let until = shutdown.clone().cancelled_owned();
    running.start("the projections", async move { following.follow(log, until).await });
    let (hearing, until) = (app.clone(), shutdown.clone());
    running.start("the news", async move {
        news::follow(hearing, until).await;
        anyhow::Ok(())
    });
    let answering = axum::serve(operator_listener, health::router(app.clone()))
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    running.start("the operator's port", answering.into_future());
    if let Some((agents, authority)) = work_listeners {
        work(&running, &app, agents, authority).await?;
    }
    #[cfg(feature = "demo")]
    if let Some(demo) = app.demo() {
        running.tasks.spawn(crate::demo::set_up(app.clone(), demo.clone()));
    }
    let (closing, until) = (app.clone(), shutdown.clone());
    running.tasks.spawn(async move {
        until.cancelled().await;
        closing.live().close();
    });
    tracing::info!(portal = app.origin(), role = role.as_str(), "ready");
    if let Some((front_door, listener)) = portal {
        let serving = front_door.serve(app.clone(), listener, shutdown.clone());
        running.start("the portal", serving);
    }
    stop_signal(shutdown.clone()).await;
    running.stop().await
}

/// What has the keys for cards.
async fn work(
    running: &Running,
    app: &App,
    agents_listener: TcpListener,
    authority_listener: TcpListener,
) -> anyhow::Result<()> {
    let shutdown = &running.shutdown;
    let (engine, until) = (app.engine().clone(), shutdown.clone().cancelled_owned());
    running.start("the workflow engine", async move { engine.follow(until).await });
    running.start("the scheduler", scheduler::run(app.clone(), shutdown.clone()));
    let channel = agents::listen(app.clone(), agents_listener, shutdown.clone());
    running.start("the agents' channel", channel);
    let (keeping, until) = (app.clone(), shutdown.clone());
    running.start("the agents' connections", async move {
        agents::keep(keeping, until).await;
        anyhow::Ok(())
    });
    // Open before anybody is told that we are ready.
    let door = control::open(&app.config().data_dir)?;
    running.start("the operator's socket", door.answer(app.clone(), shutdown.clone()));
    // So that whoever asks finds a list; what fails here is tried again every second.
    relying_parties::tick(app).await;
    let telling = relying_parties::listen(app.clone(), authority_listener, shutdown.clone());
    running.start("the relying parties' port", telling);
    let (sweeping, until) = (app.clone(), shutdown.clone());
    running.start("the housekeeping", async move {
        housekeeping::run(sweeping, until).await;
        anyhow::Ok(())
    });
    Ok(())
}

/// The data folder, for this process only: clock and socket in it are one process's.
fn own_folder(data_dir: &Path) -> anyhow::Result<File> {
    make_folder(data_dir)?;
    let lock = File::create(data_dir.join("process.lock"))?;
    if let Err(error) = lock.try_lock() {
        let place = data_dir.display();
        anyhow::bail!("data_dir: {place}: {error}: give each process a folder of its own");
    }
    Ok(lock)
}

fn make_folder(data_dir: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("data_dir: {}", data_dir.display()))
}

async fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{setting}: {address}"))
}

/// Opens keys, database and projections, and puts the parts together.
///
/// # Errors
/// If any of them is missing, of the other mode, or not as durable as it has to be.
pub async fn open(config: Config, clock: Arc<dyn Clock>, entropy: Entropy) -> anyhow::Result<App> {
    Ok(App::new(parts(config, clock, entropy).await?))
}

/// The parts of [`open`], for whoever puts one of his own in place of another.
///
/// # Errors
/// As [`open`].
pub async fn parts(
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
) -> anyhow::Result<Parts> {
    let database = Database::of_server(&config).await?;
    parts_over((database, Role::All), config, clock, entropy).await
}

/// The same over a database that this process has claimed already, for a process of this role.
///
/// # Errors
/// As [`open`].
pub async fn parts_over(
    (database, role): (Database, Role),
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
) -> anyhow::Result<Parts> {
    make_folder(&config.data_dir)?;
    let has_log = database.has_log().await?;
    let now = if has_log { clock.now() } else { begins(&config, clock.now()) };
    // New keys beside an old log would open nothing in it: lost keys are an error, not a start.
    let keystore = if has_log || !role.works() {
        Keystore::open_for(&config.keystore_dir(), config.mode, role.opens())?
    } else {
        let fill = &mut |bytes: &mut [u8]| entropy.fill(bytes);
        let in_hsm = hsm::issuing_key(&config)?;
        Keystore::open_or_make(&config.keystore_dir(), config.mode, in_hsm, fill, now)?
    };
    let code = if role.works() {
        keystore.code_keys(now, &mut |bytes: &mut [u8]| entropy.fill(bytes))?
    } else {
        keystore.read_code_keys()?
    };
    let process = ProcessId(entropy.uuid(now));
    let mut stores = database.stores(vault_keys(&keystore, code)?).await?;
    let metrics = Metrics::default();
    stores.log = Arc::new(MeasuredLog::new(stores.log, metrics.clone(), Arc::clone(&clock)));
    log::open_as(stores.log.as_ref(), config.mode, entropy.command_id(now), now).await?;
    start_clock(&config, clock.as_ref(), stores.log.as_ref()).await?;
    // The first version of the policy is published by it, before anybody of the demonstration lives.
    #[cfg(feature = "demo")]
    let (clock, demo) = crate::demo::open(&config, &stores, clock, &entropy).await?;
    let now = clock.now();
    let first = Policy::seed();
    let first = InForce::new(calendar::civil_day(now, first.zone), first);
    let published =
        stores::policy::open(stores.log.as_ref(), first, entropy.command_id(now), now).await?;
    let organisations = organisations::Held::open(stores.log.as_ref()).await?;
    index_names(&stores.vault, now).await?;
    let projections = database.projections().await?;
    #[cfg(feature = "demo")]
    let courier = match &demo {
        Some(demo) => demo.courier(smtp_courier(&config)?)?,
        None => courier(&config)?,
    };
    #[cfg(not(feature = "demo"))]
    let courier = courier(&config)?;
    let engine = engine(&config, (&database, &stores), &published, courier).await?;
    let registry = Registry::begin(stores.lines.clone(), process).await?;
    Ok(Parts {
        role,
        database,
        stores,
        projections,
        commands: engine.commands().clone(),
        engine,
        policies: policies::Held::new(published),
        forecasts: Forecasts::default(),
        organisations,
        news: News::default(),
        cards: role.works().then(|| cards_authority(&config, &keystore)).transpose()?,
        relying_parties: RelyingParties::default(),
        agents: role.works().then(|| keystore.agents_authority()).transpose()?,
        poprf: Poprf::current(&keystore)?,
        keystore,
        clock,
        entropy,
        metrics,
        registry,
        pace: Pace::default(),
        stretching: Semaphore::new(STRETCHES_AT_ONCE),
        signing: Arc::new(Semaphore::new(SIGNING_AT_ONCE)),
        live: Live::default(),
        pages: portal::view::environment()?,
        #[cfg(feature = "demo")]
        demo,
        config,
    })
}

/// By what people are found is made for those whom an earlier build has registered.
async fn index_names(vault: &Vault, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut after = None;
    while let Some(last) = vault.index_names(after, now).await? {
        after = Some(last);
    }
    Ok(())
}

/// The cards' authority, wherever its key is, as the configuration has its certificates.
fn cards_authority(config: &Config, keystore: &Keystore) -> anyhow::Result<CardsAuthority> {
    let AuthoritySettings { profiles, .. } = &config.authority;
    let authority = match hsm::issuing_key(config)? {
        Some(in_hsm) => keystore.cards_authority_with(in_hsm)?,
        None => keystore.cards_authority()?,
    };
    Ok(authority.with_profiles(profiles.clone()).with_pointers(config.authority.pointers()))
}

/// The courier that the configuration names.
fn courier(config: &Config) -> anyhow::Result<Arc<dyn Courier>> {
    Ok(match smtp_courier(config)? {
        Some(courier) => Arc::new(courier),
        None => Arc::new(NoMailServer),
    })
}

/// The courier to the mail server that the configuration names, if it names one.
fn smtp_courier(config: &Config) -> anyhow::Result<Option<SmtpCourier>> {
    config.mail.as_ref().map(mail_server::courier).transpose().context("mail")
}

/// The workflow engine, with this courier.
async fn engine(
    config: &Config,
    (database, stores): (&Database, &Stores),
    policies: &Policies,
    courier: Arc<dyn Courier>,
) -> anyhow::Result<Engine> {
    let parts = workflows::engine::Parts {
        log: Arc::clone(&stores.log),
        vault: stores.vault.clone(),
        policies: Arc::new(policies.clone()),
        composer: Composer::new(&config.portal.origin)?,
        courier,
    };
    database.engine(parts).await
}

/// A demonstration's log is ahead of every wall, by what its time machine has skipped.
async fn start_clock(
    config: &Config,
    clock: &dyn Clock,
    log: &dyn EventStore,
) -> anyhow::Result<()> {
    match clock.accepted() {
        Some(accepted) if config.mode == Mode::Production => {
            acceptance::start(accepted, log, &config.data_dir).await
        }
        Some(_) | None => Ok(()),
    }
}

/// The instant at which authorities are founded and the log begins: now, but in a demonstration
/// whose people have a past.
#[cfg(feature = "demo")]
fn begins(config: &Config, now: DateTime<Utc>) -> DateTime<Utc> {
    if config.drawer().is_some() { crate::demo::clock::life_begins(now) } else { now }
}

#[cfg(not(feature = "demo"))]
fn begins(_config: &Config, now: DateTime<Utc>) -> DateTime<Utc> {
    now
}

/// What the stores need of the keystore.
///
/// # Errors
/// If a key is not there.
pub(crate) fn vault_keys(keystore: &Keystore, code: Keys) -> anyhow::Result<VaultKeys> {
    let keys = |name: KeyName| {
        let keys = versions(keystore.all(name).cloned());
        keys.with_context(|| format!("the keystore has no key {}", name.as_str()))
    };
    Ok(VaultKeys {
        pepper: keys(KeyName::Pepper)?,
        seal: keys(KeyName::Seal)?,
        puk: versions(keystore.puk_keys()),
        code: code.into(),
    })
}

/// The first is current, the others are only read.
fn versions(mut keys: impl Iterator<Item = VersionedKey>) -> Option<Keys> {
    let current = keys.next()?;
    Some(keys.fold(Keys::new(current.version, *current.key), |keys, older| {
        keys.with_older(older.version, *older.key)
    }))
}
