//! Into a SQLite file: one connection that gives up, for a file which counts for nothing yet, all that
//! keeps what is written through a power cut. In the end the file is on the disk, and as durable as any.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use domain::ids::HolderId;
use serde_json::json;
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous},
};

use super::{BulkError, HAS_HOLDERS, HAS_HOLE, LAST, Row};
use crate::vault::{Person, name_words};

/// What is kept of the file in memory, in KiB (and negative, as SQLite has it): ids come in no order, so
/// each lands somewhere else in its index.
const CACHE: &str = "-262144";

/// As the log's own writer has it: rows as JSON (`$1`), and one blob (`$2`) of which they name the parts.
const INSERT: &str = "
    insert into event (position, id, stream, category, revision, type, schema, at, append_rest, data, meta)
    select r.value ->> 0,
           substr($2, (r.value ->> 8) + 1, 16),
           r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4, r.value ->> 5, r.value ->> 6,
           r.value ->> 7,
           substr($2, (r.value ->> 8) + 17, r.value ->> 9),
           substr($2, (r.value ->> 8) + 17 + (r.value ->> 9), r.value ->> 10)
    from json_each($1) as r
";

const ENTER: &str = "
    insert into person (holder_id, name, email, updated_at)
    select unhex(r.value ->> 0), r.value ->> 1, r.value ->> 2, $2 from json_each($1) as r
";

const INDEX: &str = "
    insert into person_search (word, holder_id)
    select r.value ->> 0, unhex(r.value ->> 1) from json_each($1) as r
    where true on conflict do nothing
";

/// The file.
#[derive(Debug)]
pub(super) struct OnSqlite {
    path: PathBuf,
    connection: SqliteConnection,
}

impl OnSqlite {
    pub(super) async fn open(path: &Path) -> Result<Self, BulkError> {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .locking_mode(SqliteLockingMode::Exclusive)
            .pragma("cache_size", CACHE)
            .disable_statement_logging()
            .connect()
            .await?;
        if sqlx::query_scalar(HAS_HOLDERS).fetch_one(&mut connection).await? {
            return Err(BulkError::NotEmpty);
        }
        // Pages go to the file when memory is full, and not after each statement.
        sqlx::query("begin").execute(&mut connection).await?;
        Ok(Self { path: path.to_owned(), connection })
    }

    pub(super) async fn last(&mut self) -> sqlx::Result<i64> {
        sqlx::query_scalar(LAST).fetch_one(&mut self.connection).await
    }

    pub(super) async fn write(&mut self, rows: &[Row]) -> sqlx::Result<()> {
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(rows.len());
        for Row { position, stream, revision, at, append_rest, event } in rows {
            let (data, meta) = (event.data.len(), event.meta.len());
            places.push(json!([
                position,
                stream.as_str(),
                stream.category(),
                revision,
                event.kind,
                event.schema,
                at,
                append_rest,
                bytes.len(),
                data,
                meta,
            ]));
            bytes.extend_from_slice(event.id.0.as_bytes());
            bytes.extend_from_slice(&event.data);
            bytes.extend_from_slice(&event.meta);
        }
        let places = serde_json::Value::Array(places).to_string();
        sqlx::query(INSERT).bind(places).bind(bytes).execute(&mut self.connection).await?;
        Ok(())
    }

    pub(super) async fn enter(
        &mut self,
        people: &[(HolderId, Person)],
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let id = |holder: &HolderId| holder.0.simple().to_string();
        let rows =
            people.iter().map(|(holder, person)| json!([id(holder), person.name, person.email]));
        let rows = rows.collect::<serde_json::Value>().to_string();
        sqlx::query(ENTER).bind(rows).bind(now).execute(&mut self.connection).await?;
        let words = people.iter().flat_map(|(holder, person)| {
            name_words(&person.name).into_iter().map(|word| json!([word, id(holder)]))
        });
        let words = words.collect::<serde_json::Value>().to_string();
        sqlx::query(INDEX).bind(words).execute(&mut self.connection).await?;
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), BulkError> {
        if sqlx::query_scalar(HAS_HOLE).fetch_one(&mut self.connection).await? {
            return Err(BulkError::Hole);
        }
        sqlx::query("commit").execute(&mut self.connection).await?;
        self.connection.close().await?;
        File::open(&self.path)?.sync_all()?;
        Ok(())
    }
}
