//! `latchkey serve`: everything from one process, until it is told to stop.

use std::{
    future::IntoFuture as _,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    process::ExitCode,
    sync::{Arc, OnceLock},
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
    log,
    truth::Stores,
    vault::{Keys, Vault, VaultKeys},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
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
    first_manager::FirstManager,
    forecast::Forecasts,
    health, housekeeping, hsm, http,
    keystore::{KeyName, Keystore},
    live::Live,
    mail_server::{self, NoMailServer},
    metrics::{MeasuredLog, Metrics},
    organisations,
    pace::Pace,
    policies,
    poprf::Poprf,
    portal,
    relying_parties::{self, RelyingParties},
    scheduler,
};

/// Values stretched at the same time by this process (B-27), 46 MiB each.
const STRETCHES_AT_ONCE: usize = 1;

/// Runs the command.
pub fn run(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    super::log_to_stderr();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let running = Running::default();
    let portal_listener = bind("portal.listen", config.portal.listen).await?;
    let agents_listener = bind("agents.listen", config.agents.listen).await?;
    let operator_listener = bind("operator.listen", config.operator.listen).await?;
    let authority_listener = bind("authority.listen", config.authority.listen).await?;
    let app = open(config, Arc::new(AcceptedClock::system()), Entropy::System).await?;
    let shutdown = &running.shutdown;
    let (following, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
    let until = shutdown.clone().cancelled_owned();
    running.start("the projections", async move { following.follow(log, until).await });
    let (engine, until) = (app.engine().clone(), shutdown.clone().cancelled_owned());
    running.start("the workflow engine", async move { engine.follow(until).await });
    running.start("the scheduler", scheduler::run(app.clone(), shutdown.clone()));
    let channel = agents::listen(app.clone(), agents_listener, shutdown.clone());
    running.start("the agents' channel", channel);
    // Open before anybody is told that we are ready.
    let door = control::open(&app.config().data_dir)?;
    running.start("the operator's socket", door.answer(app.clone(), shutdown.clone()));
    let answering = axum::serve(operator_listener, health::router(app.clone()))
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    running.start("the operator's port", answering.into_future());
    // So that whoever asks finds a list; what fails here is tried again every second.
    relying_parties::tick(&app).await;
    let telling = relying_parties::listen(app.clone(), authority_listener, shutdown.clone());
    running.start("the relying parties' port", telling);
    let (sweeping, until) = (app.clone(), shutdown.clone());
    running.start("the housekeeping", async move {
        housekeeping::run(sweeping, until).await;
        anyhow::Ok(())
    });
    #[cfg(feature = "demo")]
    if let Some(demo) = app.demo() {
        running.tasks.spawn(crate::demo::set_up(app.clone(), demo.clone()));
    }
    let (closing, until) = (app.clone(), shutdown.clone());
    running.tasks.spawn(async move {
        until.cancelled().await;
        closing.live().close();
    });
    tracing::info!(portal = app.origin(), "ready");
    let portal = axum::serve(portal_listener, http::router(app.clone()))
        .with_graceful_shutdown(shutdown.clone().cancelled_owned());
    running.start("the portal", portal.into_future());
    stop_signal(shutdown.clone()).await;
    running.stop().await
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
    let database = Database::of(&config).await?;
    parts_over(database, config, clock, entropy).await
}

/// The same over a database that this process has claimed already.
///
/// # Errors
/// As [`open`].
pub async fn parts_over(
    database: Database,
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
) -> anyhow::Result<Parts> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data_dir)
        .with_context(|| format!("data_dir: {}", config.data_dir.display()))?;
    let has_log = database.has_log().await?;
    let now = if has_log { clock.now() } else { begins(&config, clock.now()) };
    // New keys beside an old log would open nothing in it: lost keys are an error, not a start.
    let keystore = if has_log {
        Keystore::open(&config.keystore_dir(), config.mode)?
    } else {
        let fill = &mut |bytes: &mut [u8]| entropy.fill(bytes);
        let in_hsm = hsm::issuing_key(&config)?;
        Keystore::open_or_make(&config.keystore_dir(), config.mode, in_hsm, fill, now)?
    };
    let code = keystore.code_keys(now, &mut |bytes: &mut [u8]| entropy.fill(bytes))?;
    let mut stores = database.stores(vault_keys(&keystore, code)).await?;
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
    Ok(Parts {
        database,
        stores,
        projections,
        commands: engine.commands().clone(),
        engine,
        policies: policies::Held::new(published),
        forecasts: Forecasts::default(),
        organisations,
        managers: Mutex::new(()),
        first_manager: FirstManager::default(),
        cards: cards_authority(&config, &keystore)?,
        relying_parties: RelyingParties::default(),
        agents: keystore.agents_authority()?,
        poprf: Poprf::current(&keystore)?,
        keystore,
        clock,
        entropy,
        metrics,
        registry: Registry::default(),
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
pub(crate) fn vault_keys(keystore: &Keystore, code: Keys) -> VaultKeys {
    let keys = |name| {
        let current = keystore.current(name);
        keystore.all(name).fold(Keys::new(current.version, *current.key), |keys, older| {
            keys.with_older(older.version, *older.key)
        })
    };
    VaultKeys { pepper: keys(KeyName::Pepper), seal: keys(KeyName::Seal), code: code.into() }
}

/// The parts of a server while it runs. When one ends that nobody told to, all do, and the program
/// ends with an error: a service manager starts it again, and meanwhile it does not pretend.
#[derive(Default)]
struct Running {
    tasks: TaskTracker,
    shutdown: CancellationToken,
    failed: Arc<OnceLock<&'static str>>,
}

impl Running {
    fn start<E: Into<anyhow::Error>>(
        &self,
        what: &'static str,
        part: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let (shutdown, failed) = (self.shutdown.clone(), Arc::clone(&self.failed));
        let end = End { what, shutdown, failed };
        self.tasks.spawn(async move {
            let end = end;
            if let Err(error) = part.await {
                let error: anyhow::Error = error.into();
                tracing::error!(error = format!("{error:#}"), "{} failed", end.what);
            }
        });
    }

    /// Waits until every part has ended, but not for ever.
    async fn stop(self) -> anyhow::Result<()> {
        self.tasks.close();
        if tokio::time::timeout(super::STOP_MAX, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "some work was still running and is ended now; it is taken up at the next start"
            );
        }
        match self.failed.get() {
            Some(what) => anyhow::bail!("{what} ended, and a server without is none"),
            None => Ok(()),
        }
    }
}

/// Dropped when a part ends, by a panic too.
struct End {
    what: &'static str,
    shutdown: CancellationToken,
    failed: Arc<OnceLock<&'static str>>,
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.shutdown.is_cancelled() {
            // The first one is the cause.
            let _ = self.failed.set(self.what);
            tracing::error!("{} ended; stopping", self.what);
            self.shutdown.cancel();
        }
    }
}

/// Waits for SIGTERM or Ctrl-C, and tells everybody; or for a part that has ended.
async fn stop_signal(shutdown: CancellationToken) {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; Ctrl-C can");
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = interrupt => {}
            }
        }
    }
    tracing::info!("stopping");
    shutdown.cancel();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_by_itself_ends_the_server_with_an_error() {
        for part in ["fails", "panics", "returns"] {
            let running = Running::default();
            running.start("the channel", async move {
                assert_ne!(part, "panics");
                if part == "fails" { Err(anyhow::anyhow!("no more")) } else { Ok(()) }
            });
            stop_signal(running.shutdown.clone()).await;
            let error = running.stop().await.unwrap_err();
            assert!(error.to_string().starts_with("the channel ended"), "{part}: {error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_was_told_to_stop_ends_without_an_error() {
        let running = Running::default();
        let until = running.shutdown.clone().cancelled_owned();
        running.start("the channel", async move {
            until.await;
            Err(anyhow::anyhow!("torn off"))
        });
        running.shutdown.cancel();
        assert!(running.stop().await.is_ok());
    }
}
