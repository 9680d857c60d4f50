//! The database behind the projections.
//!
//! Many processes may follow one PostgreSQL log. Each batch is applied by the one that holds the lock
//! of the checkpoint's row; the next one finds there what it need not do any more. A process that is
//! stopped while it holds the lock loses it with its transaction.

use sqlx::migrate::Migrator;
use stores::{
    database::{Executor, Made, Query, Transaction},
    event_store::Position,
};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The tables.
pub(crate) const TABLES: Made = Made {
    schema: "projections",
    fresh_schema: "projections_rebuild",
    sqlite: &SQLITE,
    postgres: &POSTGRES,
};

/// The position of the last event applied.
pub(crate) async fn checkpoint<'e>(on: impl Into<Executor<'e>>) -> sqlx::Result<Position> {
    let position: i64 =
        Query::new("select position from checkpoint where checkpoint_id = 1").scalar(on).await?;
    Ok(Position(position.cast_unsigned()))
}

/// The same, and nobody else applies anything before this transaction ends.
pub(crate) async fn held_checkpoint(tx: &mut Transaction) -> sqlx::Result<Position> {
    let position: i64 = Query::new("select position from checkpoint where checkpoint_id = 1")
        .on_postgres("select position from checkpoint where checkpoint_id = 1 for update")
        .scalar(tx)
        .await?;
    Ok(Position(position.cast_unsigned()))
}

/// Moves the checkpoint, in the transaction that applies the events.
pub(crate) async fn set_checkpoint(tx: &mut Transaction, position: Position) -> sqlx::Result<()> {
    Query::new("update checkpoint set position = $1 where checkpoint_id = 1")
        .bind(position.0.cast_signed())
        .execute(tx)
        .await?;
    Ok(())
}
