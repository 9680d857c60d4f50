//! The log and the tables beside it, in one database.

use std::sync::Arc;

use sqlx::migrate::Migrator;

use super::{OpenError, Options, PostgresEventStore};
use crate::{
    database::{Area, Connections, Loss, Pool},
    truth::Stores,
    vault::VaultKeys,
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres/vault");

/// Vault, sessions and the other tables of [`Stores`]. What an event names is on the disk before it.
const TABLES: Area = Area { schema: "vault", migrations: &MIGRATIONS, loss: Loss::Nothing };

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    connections: Connections,
    log: PostgresEventStore,
}

impl Database {
    /// Opens a database, which is brought up to date if need be. Must be called inside a tokio
    /// runtime: writer and listener of the log are tasks.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        let log = PostgresEventStore::open(options).await?;
        let pool = Pool::open_postgres(options, &TABLES, 1 + options.readers.max(1)).await?;
        Ok(Self { connections: Connections::of_server(pool), log })
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> PostgresEventStore {
        self.log.clone()
    }

    /// Every store over this database.
    #[must_use]
    pub fn stores(&self, keys: VaultKeys) -> Stores {
        Stores::over(Arc::new(self.log()), &self.connections, keys)
    }
}
