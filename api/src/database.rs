//! Where everything is that a server keeps: in files of its data folder, or in one PostgreSQL database.

use std::{fmt, path::PathBuf};

use anyhow::{Context as _, bail};
use projections::Projections;
use stores::{
    event_store::{EventStore as _, Position},
    postgres::{self, Claim, Options},
    sqlite,
    truth::Stores,
    vault::VaultKeys,
};
use workflows::engine::Engine;

use crate::{
    config::{Config, DatabaseSettings},
    secret_file,
};

/// The place, claimed by this process for as long as this lasts.
#[derive(Debug)]
pub enum Database {
    /// Files; the lock of the log's is taken when the stores are opened.
    Files {
        /// Log, vault, and the tables beside them.
        log: PathBuf,
        /// What is shown.
        projections: PathBuf,
        /// What is due.
        workflows: PathBuf,
    },
    /// A PostgreSQL database.
    Server(Box<Server>),
}

/// A PostgreSQL database that is open.
pub struct Server {
    options: Options,
    database: postgres::Database,
    _claim: Claim,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Database {
    /// The one that the configuration names, for a server: on PostgreSQL, one of any number.
    ///
    /// # Errors
    /// If a server of databases is not there, would lose what it acknowledges, or a command has this
    /// database for itself.
    pub async fn of_server(config: &Config) -> anyhow::Result<Self> {
        let Some(settings) = &config.database else { return Ok(Self::files(config)) };
        let options = options(settings)?;
        let Some(claim) = Claim::together(&options).await.context("database.url")? else {
            bail!("database.url: a command has this database for itself; wait until it is done");
        };
        Self::open(options, claim).await
    }

    /// The one that the configuration names, for a command while no server runs over it.
    ///
    /// # Errors
    /// As [`Database::of_server`], or if a server runs.
    pub async fn of_command(config: &Config) -> anyhow::Result<Self> {
        let Some(settings) = &config.database else { return Ok(Self::files(config)) };
        let options = options(settings)?;
        let Some(claim) = Claim::alone(&options).await.context("database.url")? else {
            bail!("database.url: another Latchkey has this database; stop it first");
        };
        Self::open(options, claim).await
    }

    fn files(config: &Config) -> Self {
        Self::Files {
            log: config.log_database(),
            projections: config.projections_database(),
            workflows: config.workflows_database(),
        }
    }

    async fn open(options: Options, claim: Claim) -> anyhow::Result<Self> {
        let database = postgres::Database::open(&options).await.context("database.url")?;
        Ok(Self::Server(Box::new(Server { options, database, _claim: claim })))
    }

    /// True if other processes may be over it, too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Files { .. } => false,
            Self::Server(_) => true,
        }
    }

    /// True if a log has begun there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_log(&self) -> anyhow::Result<bool> {
        Ok(match self {
            Self::Files { log, .. } => log.exists(),
            Self::Server(server) => Position::START < server.database.log().head().await?,
        })
    }

    /// Everything that keeps truth.
    ///
    /// # Errors
    /// If files cannot be opened, or another process has them.
    pub async fn stores(&self, keys: VaultKeys) -> anyhow::Result<Stores> {
        Ok(match self {
            Self::Files { log, .. } => {
                sqlite::Database::open(log, &sqlite::Options::default()).await?.stores(keys)
            }
            Self::Server(server) => server.database.stores(keys),
        })
    }

    /// What is shown.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn projections(&self) -> anyhow::Result<Projections> {
        Ok(match self {
            Self::Files { projections, .. } => Projections::open(projections).await?,
            Self::Server(server) => Projections::open_postgres(&server.options).await?,
        })
    }

    /// What does things when they are due.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn engine(&self, parts: workflows::engine::Parts) -> anyhow::Result<Engine> {
        Ok(match self {
            Self::Files { workflows, .. } => Engine::open(workflows, parts).await?,
            Self::Server(server) => Engine::open_postgres(&server.options, parts).await?,
        })
    }
}

/// How the database that these settings name is opened.
///
/// # Errors
/// If the address or the file of the password is of no use.
pub fn options(settings: &DatabaseSettings) -> anyhow::Result<Options> {
    let options = Options::parse(&settings.url).context("database.url")?;
    Ok(match &settings.password_file {
        Some(path) => {
            let password = secret_file::password(path).context("database.password_file")?;
            options.with_password(&password)
        }
        None => options,
    })
}
