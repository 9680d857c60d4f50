//! One way of asking either database.
//!
//! A table's code has one text for SQLite and PostgreSQL: `$1…`, `on conflict` and `returning` are the
//! same on both. A [`Query`] holds the text and its arguments, and is run on whichever database there
//! is: on a [`Pool`], or in a [`Transaction`]. What differs is here, once: how a transaction that
//! writes begins ([`Pool::begin`], [`Pool::begin_alone`]), how a PostgreSQL database is opened
//! ([`Area`]), and what an error of the disk means (`fate.rs`).
//!
//! What has to be kept in mind to write a text for both:
//! - numbers are `i64` (or `i32`); PostgreSQL has no unsigned ones, so binding a `u32` does not compile;
//! - instants are whole microseconds, which is what the clock gives;
//! - text is compared byte by byte by SQLite, and by PostgreSQL if the column says `collate "C"`;
//! - a statement that fails ends a PostgreSQL transaction: what may be there already is inserted with
//!   `on conflict`, not tried;
//! - a PostgreSQL transaction sees what others commit meanwhile. What leans on being the only one who
//!   writes takes the table's lock ([`Pool::begin_alone`]), or one statement that decides and writes.

mod connections;
mod fate;
mod made;
mod opening;
mod query;
#[cfg(test)]
mod tests;

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool};
use uuid::Uuid;

pub(crate) use connections::Connections;
pub(crate) use fate::Fate;
pub use made::{Made, MadeError, Place};
pub use opening::{Area, Loss};
pub use query::{Argument, Query, Row, Values};

/// Taken at the start of a transaction that will write: a reader that turns writer may be refused.
const BEGIN_WRITING: &str = "begin immediate";

/// Connections to a database, whichever it is. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    opened: Opened,
    fate: Fate,
}

#[derive(Clone)]
enum Opened {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file, or a memory, of this process.
    Sqlite,
    /// A server that other processes use, too.
    Postgres,
}

impl From<SqlitePool> for Pool {
    fn from(connections: SqlitePool) -> Self {
        Self { opened: Opened::Sqlite(connections), fate: Fate::default() }
    }
}

impl Pool {
    /// Connections that write what may never be lost: they share their fate with others.
    pub(crate) fn fail_stop(connections: SqlitePool, fate: Fate) -> Self {
        Self { opened: Opened::Sqlite(connections), fate }
    }

    /// Which database this is, for what cannot be said in one text.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.opened {
            Opened::Sqlite(_) => Kind::Sqlite,
            Opened::Postgres(_) => Kind::Postgres,
        }
    }

    /// Begins a transaction that will write. On SQLite it waits here until it is the only one, and
    /// nobody else writes before it ends; on PostgreSQL others write beside it, and each of its
    /// statements sees what was committed before that statement.
    ///
    /// # Errors
    /// If there is no connection to be had, or another one writes for too long.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        self.fate.check()?;
        let begun = match &self.opened {
            Opened::Sqlite(pool) => pool.begin_with(BEGIN_WRITING).await.map(Begun::Sqlite),
            Opened::Postgres(pool) => pool.begin().await.map(Begun::Postgres),
        };
        Ok(Transaction { begun: self.fate.settle(begun)?, fate: self.fate.clone() })
    }

    /// The same, and on PostgreSQL, too, nobody else writes to this table before it ends: for what is
    /// read first and written then. Readers are not kept waiting.
    ///
    /// # Errors
    /// If there is no connection to be had, or another one writes for too long.
    pub async fn begin_alone(&self, table: &'static str) -> sqlx::Result<Transaction> {
        let mut transaction = self.begin().await?;
        if let Begun::Postgres(begun) = &mut transaction.begun {
            // Not together with the `begin`: if this failed, nobody would roll that back.
            let lock = format!("lock table {table} in share row exclusive mode");
            sqlx::query(AssertSqlSafe(lock)).execute(&mut **begun).await?;
        }
        Ok(transaction)
    }

    /// Closes all connections, once what is running has ended. Whatever is asked from then on fails.
    pub async fn close(&self) {
        match &self.opened {
            Opened::Sqlite(pool) => pool.close().await,
            Opened::Postgres(pool) => pool.close().await,
        }
    }
}

/// Several statements that belong together: all are there, or none. Dropped, it is none.
pub struct Transaction {
    begun: Begun,
    fate: Fate,
}

enum Begun {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    /// Which database this is, for what cannot be said in one text.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.begun {
            Begun::Sqlite(_) => Kind::Sqlite,
            Begun::Postgres(_) => Kind::Postgres,
        }
    }

    /// Waits until nobody else has this id, and has it until this ends: for what touches rows of
    /// which nobody can know yet. On SQLite whoever writes is alone anyhow.
    ///
    /// # Errors
    /// If somebody else has it for too long.
    pub async fn hold(&mut self, id: Uuid) -> sqlx::Result<()> {
        if let Begun::Postgres(begun) = &mut self.begun {
            // 64 of its bits: two that share them wait for each other without need.
            let (high, low) = id.as_u64_pair();
            let key = (high ^ low).cast_signed();
            sqlx::query("select pg_advisory_xact_lock($1)").bind(key).execute(&mut **begun).await?;
        }
        Ok(())
    }

    /// All of it is there from now on.
    ///
    /// # Errors
    /// If it is not, or if the connection was lost and nobody knows.
    pub async fn commit(self) -> sqlx::Result<()> {
        let committed = match self.begun {
            Begun::Sqlite(begun) => begun.commit().await,
            Begun::Postgres(begun) => begun.commit().await,
        };
        self.fate.settle(committed)
    }

    /// None of it is there, and what it held is let go now.
    ///
    /// # Errors
    /// If the connection was lost; none of it is there, either.
    pub async fn roll_back(self) -> sqlx::Result<()> {
        match self.begun {
            Begun::Sqlite(begun) => begun.rollback().await,
            Begun::Postgres(begun) => begun.rollback().await,
        }
    }
}

/// Where a [`Query`] is run: a [`Pool`] or a [`Transaction`].
pub struct Executor<'e> {
    target: Target<'e>,
    fate: &'e Fate,
}

enum Target<'e> {
    SqlitePool(&'e SqlitePool),
    Sqlite(&'e mut SqliteConnection),
    PostgresPool(&'e PgPool),
    Postgres(&'e mut PgConnection),
}

impl<'e> From<&'e Pool> for Executor<'e> {
    fn from(pool: &'e Pool) -> Self {
        let target = match &pool.opened {
            Opened::Sqlite(pool) => Target::SqlitePool(pool),
            Opened::Postgres(pool) => Target::PostgresPool(pool),
        };
        Self { target, fate: &pool.fate }
    }
}

impl<'e> From<&'e mut Transaction> for Executor<'e> {
    fn from(transaction: &'e mut Transaction) -> Self {
        let target = match &mut transaction.begun {
            Begun::Sqlite(begun) => Target::Sqlite(begun),
            Begun::Postgres(begun) => Target::Postgres(begun),
        };
        Self { target, fate: &transaction.fate }
    }
}
