//! `latchkey serve`: everything from one process, until it is told to stop.

use std::{
    future::IntoFuture as _, os::unix::fs::DirBuilderExt as _, path::Path, process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use domain::policy::Policy;
use projections::Projections;
use stores::{
    log,
    sqlite::{Database, Options},
    vault::{Keys, VaultKeys},
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    agents::{self, Registry},
    app::{App, Parts},
    clock::{Clock, Entropy, WallClock},
    config::Config,
    control, health, http,
    keystore::{KeyName, Keystore},
    pace::Pace,
    poprf::Poprf,
    portal,
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
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let portal_listener = TcpListener::bind(config.portal.listen)
        .await
        .with_context(|| format!("portal.listen: {}", config.portal.listen))?;
    let agents_listener = TcpListener::bind(config.agents.listen)
        .await
        .with_context(|| format!("agents.listen: {}", config.agents.listen))?;
    let operator_listener = TcpListener::bind(config.operator.listen)
        .await
        .with_context(|| format!("operator.listen: {}", config.operator.listen))?;
    let app = open(config, Arc::new(WallClock), Entropy::System).await?;
    let following = app.projections().clone();
    let (log, until) = (Arc::clone(&app.stores().log), shutdown.clone());
    tasks.spawn(report("the projections", async move {
        following.follow(log, until.cancelled_owned()).await
    }));
    let channel = agents::listen(app.clone(), agents_listener, shutdown.clone());
    tasks.spawn(report("the agents' channel", channel));
    tasks.spawn(report("the operator's socket", control::listen(app.clone(), shutdown.clone())));
    let (health, until) = (health::router(app.clone()), shutdown.clone());
    let answering = axum::serve(operator_listener, health)
        .with_graceful_shutdown(until.cancelled_owned())
        .into_future();
    tasks.spawn(report("the operator's port", answering));
    tasks.spawn(crate::housekeeping::run(app.clone(), shutdown.clone()));
    #[cfg(feature = "demo")]
    if let Some(demo) = app.demo() {
        tasks.spawn(crate::demo::set_up(app.clone(), demo.clone()));
    }
    tracing::info!(portal = app.origin(), "ready");
    let until = shutdown.clone();
    axum::serve(portal_listener, http::router(app.clone()))
        .with_graceful_shutdown(async move { stop_signal(until).await })
        .await?;
    tasks.close();
    if tokio::time::timeout(super::STOP_MAX, tasks.wait()).await.is_err() {
        tracing::warn!(
            "some work was still running and is ended now; it is taken up at the next start"
        );
    }
    Ok(())
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
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data_dir)
        .with_context(|| format!("data_dir: {}", config.data_dir.display()))?;
    let now = clock.now();
    let log = config.log_database();
    // New keys beside an old log would open nothing in it: lost keys are an error, not a start.
    let keystore = if log.exists() {
        Keystore::open(&config.keystore_dir(), config.mode)?
    } else {
        let fill = &mut |bytes: &mut [u8]| entropy.fill(bytes);
        Keystore::open_or_create(&config.keystore_dir(), config.mode, fill, now)?
    };
    let database = Database::open(&log, &Options::default()).await?;
    let stores = database.stores(vault_keys(&keystore));
    log::open_as(stores.log.as_ref(), config.mode, entropy.command_id(now), now).await?;
    let projections = Projections::open(&config.projections_database()).await?;
    Ok(Parts {
        stores,
        projections,
        policy: Policy::seed(),
        cards: keystore.cards_authority()?,
        agents: keystore.agents_authority()?,
        poprf: Poprf::current(&keystore)?,
        keystore,
        clock,
        entropy,
        registry: Registry::default(),
        pace: Pace::default(),
        stretching: Semaphore::new(STRETCHES_AT_ONCE),
        pages: portal::view::environment()?,
        #[cfg(feature = "demo")]
        demo: config.drawer().map(crate::demo::Demo::new),
        config,
    })
}

fn vault_keys(keystore: &Keystore) -> VaultKeys {
    let keys = |name| {
        let current = keystore.current(name);
        keystore.all(name).fold(Keys::new(current.version, *current.key), |keys, older| {
            keys.with_older(older.version, *older.key)
        })
    };
    VaultKeys { pepper: keys(KeyName::Pepper), seal: keys(KeyName::Seal) }
}

/// Runs a part of the server; if it fails, the failure is logged and the others go on.
async fn report<E: Into<anyhow::Error>>(what: &str, part: impl Future<Output = Result<(), E>>) {
    if let Err(error) = part.await {
        let error: anyhow::Error = error.into();
        tracing::error!(error = format!("{error:#}"), "{what} ended");
    }
}

/// Waits for SIGTERM or Ctrl-C, and tells everybody.
async fn stop_signal(shutdown: CancellationToken) {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; Ctrl-C can");
            let _ = interrupt.await;
        }
    }
    tracing::info!("stopping");
    shutdown.cancel();
}
