//! PostgreSQL: the database of those who run several processes on one log.
//!
//! Read `migrations/postgres/0001_event.sql` first: the function `append_batch` there is where
//! positions are handed out, under a lock that is taken before the log is looked at and let go when
//! the commit is seen. So positions are in commit order and without gaps, however many processes
//! append, and a reader that remembers the last one misses nothing.
//!
//! Nothing that was acknowledged may be lost by a power cut: a server that does not flush what it
//! commits is refused, at the start and, should it be switched later, at the next append.

mod claim;
mod database;
mod event_log;
mod following;
mod opening;
mod pages;
#[cfg(test)]
mod tests;
mod writing;

use std::{fmt, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

pub use claim::Claim;
pub use database::Database;
pub use event_log::PostgresEventStore;
pub(crate) use opening::prepare;

/// How long a statement may take, waiting for locks included.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a transaction may do nothing while others wait for what it holds.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a caller waits for a connection before it is told that the store is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may have been idle and is still believed to be there.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How a database is opened.
#[derive(Clone)]
pub struct Options {
    connect: PgConnectOptions,
    /// Connections that read the log at the same time, at least 1. Two more are its writer's and its
    /// listener's; the tables beside it have as many again, and one.
    pub readers: u32,
}

/// Without the passcode that the address may hold.
impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("host", &self.connect.get_host())
            .field("port", &self.connect.get_port())
            .field("database", &self.connect.get_database())
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address cannot be read. What it says is not repeated: it may hold a secret.
    #[error(
        "this is no address of a database: write postgres://role@host:port/database, and % before \
         the code of each character that has a meaning there"
    )]
    Address,
    /// Everybody on the way could read and change what is sent.
    #[error(
        "the database at {host} would be talked to without proof of who it is: add \
         sslmode=verify-full to its address (and sslrootcert=FILE for an authority of your own)"
    )]
    Unprotected {
        /// Where it is.
        host: String,
    },
    /// A power cut could take back what was acknowledged.
    #[error(
        "the database does not keep what it acknowledges: {setting} is {found}, and a power cut \
         would take events back. Set it to on, for the server, the database and the role, and start \
         again"
    )]
    NotDurable {
        /// Name of the setting.
        setting: &'static str,
        /// What it is.
        found: String,
    },
    /// PostgreSQL refused.
    #[error("the database cannot be opened: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The database was made by a newer version, or a migration failed.
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] crate::event_store::StoreError),
}

impl Options {
    /// From an address: `postgres://role@host:port/database`, with `sslmode=verify-full` unless the
    /// database is on this machine.
    pub fn parse(address: &str) -> Result<Self, OpenError> {
        // Whoever reads the address looks at everything but this.
        if !["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme)) {
            return Err(OpenError::Address);
        }
        let connect: PgConnectOptions = address.parse().map_err(|_| OpenError::Address)?;
        if is_here(&connect) || matches!(connect.get_ssl_mode(), PgSslMode::VerifyFull) {
            Ok(Self { connect: connect.application_name("latchkey"), readers: 4 })
        } else {
            Err(OpenError::Unprotected { host: connect.get_host().to_owned() })
        }
    }

    /// The same, with a password that its address does not hold.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Self { connect: self.connect.password(password), readers: self.readers }
    }

    /// Looks at the database from outside: it is there, and keeps what it acknowledges. Changes nothing.
    ///
    /// # Errors
    /// If it is not, or does not.
    pub async fn examine(&self) -> Result<(), OpenError> {
        let mut connection = self.connection().await?;
        opening::assert_durable(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// A connection of its own, without the pools' timeouts.
    pub(crate) async fn connection(&self) -> sqlx::Result<PgConnection> {
        self.connect.clone().disable_statement_logging().connect().await
    }

    /// The same, with settings that each connection has from its start on.
    pub(crate) fn with(&self, settings: &[(&str, &str)]) -> Self {
        let connect = self.connect.clone().options(settings.iter().copied());
        Self { connect, readers: self.readers }
    }

    /// Connections of a pool, each with these settings beside the timeouts.
    pub(crate) async fn pool(
        &self,
        size: u32,
        settings: &[(&str, &str)],
    ) -> Result<PgPool, sqlx::Error> {
        let statement = STATEMENT_TIMEOUT.as_millis().to_string();
        let idle = IDLE_IN_TRANSACTION_TIMEOUT.as_millis().to_string();
        let options = self
            .connect
            .clone()
            .disable_statement_logging()
            .options([
                ("statement_timeout", statement.as_str()),
                ("idle_in_transaction_session_timeout", idle.as_str()),
                // Whatever the server's default: each statement sees what was committed before it.
                ("default_transaction_isolation", "read committed"),
            ])
            .options(settings.iter().copied());
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // One that has just been used needs no question whether it is still there.
            .before_acquire(|connection, used| {
                Box::pin(async move {
                    if TRUSTED_FOR < used.idle_for {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
    }
}

/// True if nobody but this machine is on the way.
fn is_here(connect: &PgConnectOptions) -> bool {
    let host = connect.get_host();
    connect.get_socket().is_some()
        || host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
