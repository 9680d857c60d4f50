//! The database behind the engine, and its instants.
//!
//! Many processes may follow one PostgreSQL log: each batch is applied by the one that holds the lock of
//! the checkpoint's row ([`super::checkpoint::hold`]), and the next one leaves out what that has done.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, migrate::Migrator};
use stores::database::{Kind, Made, Query, Transaction};

use super::EngineError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The tables.
pub(super) const TABLES: Made =
    Made { schema: "engine", fresh_schema: "engine_rebuild", sqlite: &SQLITE, postgres: &POSTGRES };

/// Makes every row of fresh tables newer than any of those in use, so that a worker of another process,
/// which has taken one there, completes nothing here.
pub(super) async fn outnumber(hold: &mut Transaction) -> sqlx::Result<()> {
    if hold.kind() == Kind::Sqlite {
        // Nobody else is there: whoever takes rows of a file waits for the swap.
        return Ok(());
    }
    let Made { schema, fresh_schema, .. } = TABLES;
    for table in ["wake_up", "outbox"] {
        let statement = format!(
            "update {fresh_schema}.{table} set fence = fence + \
                (select coalesce(max(fence), 0) + 1 from {schema}.{table})"
        );
        // Names of our own.
        Query::asserted(AssertSqlSafe(statement)).once().execute(&mut *hold).await?;
    }
    Ok(())
}

/// A number that only we write.
pub(super) fn count(number: i64) -> Result<u32, EngineError> {
    u32::try_from(number).map_err(|_| EngineError::Broken("a number"))
}

/// An instant as the tables keep it.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// An instant from the tables.
pub(super) fn instant(micros: i64) -> Result<DateTime<Utc>, EngineError> {
    DateTime::from_timestamp_micros(micros).ok_or(EngineError::Broken("an instant"))
}
