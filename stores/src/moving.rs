//! Moving what a server keeps from a file into a PostgreSQL database: every row of log, vault and the
//! tables beside them, as it is. What is made from the log is made anew there.
//!
//! One transaction of the server: all of it is there afterwards, or nothing. Memory holds a portion of
//! rows, however many there are.

mod column;

use std::path::Path;

use futures::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Postgres, SqlitePool, Transaction,
    sqlite::SqliteRow,
};

use crate::{
    event_store::{EventStore, Filter, Position, StoreError},
    postgres, sqlite,
};
use column::Column;

/// The most rows of one statement.
const ROWS_MAX: usize = 1_000;

/// More tables and columns than there ever are.
const NAMES_MAX: i64 = 1_000;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The file was not opened.
    #[error(transparent)]
    File(#[from] sqlite::OpenError),
    /// The server's database was not opened.
    #[error(transparent)]
    Server(#[from] postgres::OpenError),
    /// Two lives of the same cards would be in one log.
    #[error("there are rows in {0} of the PostgreSQL database: name one that is empty")]
    NotEmpty(String),
    /// This build makes other tables there than in a file.
    #[error("table {table} has no counterpart in the other database: {what}")]
    Unlike {
        /// Which.
        table: String,
        /// What is wrong with it.
        what: String,
    },
    /// A database failed on the way; nothing is there.
    #[error("moving failed, and nothing was moved: {0}")]
    Failed(#[from] sqlx::Error),
    /// A log cannot be read.
    #[error(transparent)]
    Log(#[from] StoreError),
    /// What was moved does not read as what was there. Nobody should use it.
    #[error("event {n} is not in the PostgreSQL database as it is in the file: drop that database")]
    Differs {
        /// The position of the event.
        n: u64,
    },
}

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Events: as many as their last position says.
    pub n_events: u64,
    /// Rows of all other tables.
    pub n_others: u64,
}

/// A table of the PostgreSQL database.
struct Table {
    schema: String,
    name: String,
}

/// Moves the database in this file, which nobody may have open, into an empty PostgreSQL one; then reads
/// both logs and compares them, event by event and byte by byte. The file stays as it is.
///
/// # Errors
/// If anything fails, nothing was moved, unless the error says otherwise.
pub async fn to_postgres(from: &Path, to: &postgres::Options) -> Result<Moved, MoveError> {
    let file = sqlite::Database::open(from, &sqlite::Options::default()).await?;
    let server = postgres::Database::open(to).await?;
    let mut connection = to.connection().await?;
    let mut tx = connection.begin().await?;
    let mut moved = Moved { n_events: 0, n_others: 0 };
    for table in tables(&mut tx).await? {
        // Its one row is there from the start, and is the same everywhere.
        if table.name == "log_lock" {
            continue;
        }
        let n_rows = table.fill(file.reader(), &mut tx).await?;
        if table.name == "event" {
            moved.n_events = n_rows;
        } else {
            moved.n_others += n_rows;
        }
    }
    tx.commit().await?;
    sqlx::query("analyze").execute(&mut connection).await?;
    compare(&file.log(), &server.log()).await?;
    Ok(moved)
}

/// The tables of log and vault, by name.
async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, MoveError> {
    let names: Vec<(String, String)> = sqlx::query_as(
        "
        select schemaname::text, tablename::text from pg_tables
        where schemaname in (current_schema(), 'vault') and tablename <> '_sqlx_migrations'
        order by tablename
        limit $1
        ",
    )
    .bind(NAMES_MAX)
    .fetch_all(connection)
    .await?;
    Ok(names.into_iter().map(|(schema, name)| Table { schema, name }).collect())
}

impl Table {
    /// Writes every row of the file's table of this name. How many there were.
    async fn fill(
        &self,
        from: &SqlitePool,
        to: &mut Transaction<'_, Postgres>,
    ) -> Result<u64, MoveError> {
        self.assert_empty(to).await?;
        let mut columns = self.columns(to).await?;
        self.assert_alike(from, &columns).await?;
        let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let names = names.join(", ");
        // Names of our own migrations.
        let reading = AssertSqlSafe(format!("select {names} from {}", self.name));
        let mut rows = sqlx::query(reading).fetch(from);
        let (mut n_rows, mut n_waiting) = (0, 0);
        while let Some(row) = rows.try_next().await? {
            take(&mut columns, &row)?;
            (n_rows, n_waiting) = (n_rows + 1, n_waiting + 1);
            if n_waiting == ROWS_MAX {
                self.write(&names, &mut columns, to).await?;
                n_waiting = 0;
            }
        }
        if 0 < n_waiting {
            self.write(&names, &mut columns, to).await?;
        }
        Ok(n_rows)
    }

    async fn assert_empty(&self, connection: &mut PgConnection) -> Result<(), MoveError> {
        let Self { schema, name } = self;
        // Names of our own migrations.
        let asking = AssertSqlSafe(format!("select exists (select 1 from {schema}.{name})"));
        let has_rows: bool = sqlx::query_scalar(asking).fetch_one(connection).await?;
        if has_rows { Err(MoveError::NotEmpty(name.clone())) } else { Ok(()) }
    }

    async fn columns(&self, connection: &mut PgConnection) -> Result<Vec<Column>, MoveError> {
        let columns: Vec<(String, String)> = sqlx::query_as(
            "
            select column_name::text, data_type::text from information_schema.columns
            where table_schema = $1 and table_name = $2
            order by ordinal_position
            limit $3
            ",
        )
        .bind(&self.schema)
        .bind(&self.name)
        .bind(NAMES_MAX)
        .fetch_all(connection)
        .await?;
        let known = |(name, kind): (String, String)| {
            Column::of(&name, &kind).ok_or_else(|| self.unlike(format!("{name} is of type {kind}")))
        };
        columns.into_iter().map(known).collect()
    }

    /// The file's table has the same columns: none is left behind.
    async fn assert_alike(&self, from: &SqlitePool, ours: &[Column]) -> Result<(), MoveError> {
        let mut theirs: Vec<String> =
            sqlx::query_scalar("select name from pragma_table_info($1) limit $2")
                .bind(&self.name)
                .bind(NAMES_MAX)
                .fetch_all(from)
                .await?;
        let mut ours: Vec<_> = ours.iter().map(|column| column.name.clone()).collect();
        theirs.sort();
        ours.sort();
        if ours == theirs {
            return Ok(());
        }
        Err(self.unlike(format!("it has {} there, and {}", ours.join(", "), theirs.join(", "))))
    }

    fn unlike(&self, what: String) -> MoveError {
        MoveError::Unlike { table: self.name.clone(), what }
    }

    async fn write(
        &self,
        names: &str,
        columns: &mut [Column],
        to: &mut PgConnection,
    ) -> Result<(), MoveError> {
        let arrays: Vec<_> = (1..).zip(&*columns).map(|(n, column)| column.array(n)).collect();
        let (Self { schema, name }, arrays) = (self, arrays.join(", "));
        // Names of our own migrations.
        let text = format!("insert into {schema}.{name} ({names}) select * from unnest({arrays})");
        let mut writing = sqlx::query(AssertSqlSafe(text));
        for column in columns {
            writing = column.bind(writing);
        }
        writing.execute(to).await?;
        Ok(())
    }
}

fn take(columns: &mut [Column], row: &SqliteRow) -> Result<(), MoveError> {
    for column in columns {
        column.take(row)?;
    }
    Ok(())
}

/// Reads both logs side by side.
async fn compare(one: &dyn EventStore, other: &dyn EventStore) -> Result<(), MoveError> {
    let mut ours = one.read_all(Position::START, Filter::All);
    let mut theirs = other.read_all(Position::START, Filter::All);
    let mut last = Position::START;
    loop {
        let (our, their) = (ours.try_next().await?, theirs.try_next().await?);
        if our != their {
            let Position(n) = our.or(their).map_or(last, |event| event.position);
            return Err(MoveError::Differs { n });
        }
        match our {
            Some(event) => last = event.position,
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cluster::Cluster,
        event_store::{Expected, StreamName},
        postgres::Options,
        testing::{at, event},
    };

    /// A file with so many events in two streams.
    async fn file(folder: &tempfile::TempDir, n_events: u128) -> std::path::PathBuf {
        let path = folder.path().join("log.db");
        let database = sqlite::Database::open(&path, &sqlite::Options::default()).await.unwrap();
        for number in 0..n_events {
            let stream: StreamName = format!("holder-{}", number % 2).parse().unwrap();
            let log = database.log();
            log.append(&stream, Expected::Any, vec![event(number, 0)], at(0)).await.unwrap();
        }
        database.close().await;
        path
    }

    async fn server() -> Options {
        Options::parse(&Cluster::shared().database().await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_log_of_more_than_a_portion_is_there_as_it_was_and_goes_on() {
        let (folder, server) = (tempfile::tempdir().unwrap(), server().await);
        let n_events = ROWS_MAX + 1;
        let path = file(&folder, n_events as u128).await;
        let moved = to_postgres(&path, &server).await.unwrap();
        assert_eq!(moved, Moved { n_events: n_events as u64, n_others: 0 });
        let log = postgres::Database::open(&server).await.unwrap().log();
        let stream = "holder-9".parse().unwrap();
        let next = vec![event(1_000_000, 0)];
        let appended = log.append(&stream, Expected::NoStream, next, at(0)).await.unwrap();
        assert_eq!(appended.position, Position(n_events as u64 + 1));
    }

    #[tokio::test]
    async fn a_database_that_is_not_empty_is_refused_and_stays_as_it_is() {
        let (folder, server) = (tempfile::tempdir().unwrap(), server().await);
        let path = file(&folder, 2).await;
        to_postgres(&path, &server).await.unwrap();
        let refused = to_postgres(&path, &server).await;
        assert!(matches!(refused, Err(MoveError::NotEmpty(table)) if table == "event"));
        let log = postgres::Database::open(&server).await.unwrap().log();
        assert_eq!(log.head().await.unwrap(), Position(2));
    }
}
