//! Where the two keep their events, opened as their own documentation opens them.

use std::{path::Path, time::Duration};

use cqrs_es::persist::PersistedEventRepository;
use load::Task;
use postgres_es::PostgresEventRepository;
use sqlite_es::{SqliteEventRepository, default_sqlite_pool};
use sqlx_08::{
    PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// Connections of sqlite-es's own pool.
const SQLITE_CONNECTIONS: u32 = 10;

/// How long a writer waits for SQLite's lock. sqlite-es leaves it at five seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The table of events, of `migrations/20221114171845_init.sql` in sqlite-es 0.5.0.
const SQLITE_EVENTS: &str = "
    create table events (
        aggregate_type text not null,
        aggregate_id text not null,
        sequence integer check (sequence >= 0) not null,
        event_type text not null,
        event_version text not null,
        payload text not null,
        metadata text not null,
        primary key (aggregate_type, aggregate_id, sequence)
    ) strict
";

/// The table of events, of `db/init.sql` in postgres-es 0.5.0.
const POSTGRES_EVENTS: &str = "
    create table events (
        aggregate_type text not null,
        aggregate_id text not null,
        sequence bigint check (sequence >= 0) not null,
        event_type text not null,
        event_version text not null,
        payload json not null,
        metadata json not null,
        primary key (aggregate_type, aggregate_id, sequence)
    )
";

/// Somewhere to write, and to count what is there.
pub(crate) trait Place: Sync {
    /// What writes.
    type Repository: PersistedEventRepository + Send + Sync + 'static;

    /// Another handle of it, on the same connections.
    fn repository(&self) -> Self::Repository;

    /// Has everything that was written where readers find it soonest.
    fn settle(&self) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// How many events there are.
    fn count(&self) -> impl Future<Output = anyhow::Result<u64>> + Send;
}

/// A file.
pub(crate) struct Sqlite(SqlitePool);

/// A new file in the task's folder: by sqlite-es's own pool, which a power cut takes back
/// (`synchronous=NORMAL`), or by the same with `FULL`.
pub(crate) async fn sqlite(task: &Task, is_durable: bool) -> anyhow::Result<Sqlite> {
    let file = Path::new(&task.place).join("sqlite-es.db");
    let pool = if is_durable {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        SqlitePoolOptions::new().max_connections(SQLITE_CONNECTIONS).connect_with(options).await?
    } else {
        default_sqlite_pool(&format!("sqlite://{}", file.display())).await
    };
    sqlx_08::query(SQLITE_EVENTS).execute(&pool).await?;
    Ok(Sqlite(pool))
}

impl Place for Sqlite {
    type Repository = SqliteEventRepository;

    fn repository(&self) -> SqliteEventRepository {
        SqliteEventRepository::new(self.0.clone())
    }

    async fn settle(&self) -> anyhow::Result<()> {
        sqlx_08::query("pragma wal_checkpoint(truncate)").execute(&self.0).await?;
        Ok(())
    }

    async fn count(&self) -> anyhow::Result<u64> {
        let n: i64 =
            sqlx_08::query_scalar("select count(*) from events").fetch_one(&self.0).await?;
        Ok(n.cast_unsigned())
    }
}

/// A database of a server.
pub(crate) struct Postgres(PgPool);

/// The task's database, with a connection for each writer.
pub(crate) async fn postgres(task: &Task) -> anyhow::Result<Postgres> {
    let n = task.n_writers;
    let pool =
        PgPoolOptions::new().min_connections(n).max_connections(n).connect(&task.place).await?;
    sqlx_08::query(POSTGRES_EVENTS).execute(&pool).await?;
    Ok(Postgres(pool))
}

impl Place for Postgres {
    type Repository = PostgresEventRepository;

    fn repository(&self) -> PostgresEventRepository {
        PostgresEventRepository::new(self.0.clone())
    }

    async fn settle(&self) -> anyhow::Result<()> {
        sqlx_08::query("vacuum (analyze) events").execute(&self.0).await?;
        sqlx_08::query("checkpoint").execute(&self.0).await?;
        Ok(())
    }

    async fn count(&self) -> anyhow::Result<u64> {
        let n: i64 =
            sqlx_08::query_scalar("select count(*) from events").fetch_one(&self.0).await?;
        Ok(n.cast_unsigned())
    }
}
