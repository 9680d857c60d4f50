//! Opening the tables of one kind in a PostgreSQL database: a schema of their own, with migrations of
//! their own. The event log is in the schema that the role has by default.

use sqlx::{migrate::Migrator, postgres::PgPool};

use super::{Fate, Opened, Pool};
use crate::postgres::{OpenError, Options, prepare};

/// What a power cut may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing that was acknowledged: for truth.
    Nothing,
    /// The last moments, which are read from the log again: for what is made from it. A commit does
    /// not wait for the disk.
    LastMoments,
}

/// The tables of one kind in a PostgreSQL database.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// The schema; made if it is not there.
    pub schema: &'static str,
    /// What brings it up to date; it remembers in the schema what it has done.
    pub migrations: &'static Migrator,
    /// What a power cut may take.
    pub loss: Loss,
}

impl Pool {
    /// Opens an area of a PostgreSQL database, over `connections` connections at most, which is brought
    /// up to date if need be. Every name of a table is looked up in the area's schema, and nowhere else.
    ///
    /// # Errors
    /// If the database is not there, would lose what it acknowledges, or is of a newer version.
    pub async fn open_postgres(
        options: &Options,
        area: &Area,
        connections: u32,
    ) -> Result<Self, OpenError> {
        let schema = [("search_path", area.schema)];
        prepare(&options.with(&schema), area.migrations, Some(area.schema)).await?;
        let pool = match area.loss {
            Loss::Nothing => options.pool(connections, &schema).await?,
            Loss::LastMoments => {
                let hasty = [("search_path", area.schema), ("synchronous_commit", "off")];
                options.pool(connections, &hasty).await?
            }
        };
        Ok(Self::from(pool))
    }
}

impl From<PgPool> for Pool {
    fn from(connections: PgPool) -> Self {
        Self { opened: Opened::Postgres(connections), fate: Fate::default() }
    }
}
