//! Into a PostgreSQL database: one transaction of `COPY`, with the log's constraints put back, and so
//! checked, once all rows are there.

use chrono::{DateTime, Utc};
use domain::ids::HolderId;
use sqlx::{Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::{BulkError, HAS_HOLDERS, HAS_HOLE, LAST, Row};
use crate::{
    postgres::Options,
    vault::{Person, name_words},
};

const COPY: &str = "
    copy event (position, revision, at, id, schema, append_rest, stream, category, type, data, meta)
    from stdin (format binary)
";

/// Columns of [`COPY`].
const N_COLUMNS: i16 = 11;

/// PostgreSQL's documentation, *COPY*, *Binary Format*: signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// There, a row of this many columns is the end.
const TAIL: i16 = -1;

/// Who appends waits for the transaction. An index that grows row by row is written all over again.
const BEGIN: &str = "
    begin;
    select from log_lock for update;
    alter table event drop constraint event_id_once, drop constraint event_place_once;
";

const END: &str = "
    alter table event
        add constraint event_id_once unique (id),
        add constraint event_place_once unique (stream, revision);
";

const ENTER: &str = "
    insert into vault.person (holder_id, name, email, updated_at)
    select holder_id, name, email, $4 from unnest($1, $2, $3) as r (holder_id, name, email)
";

const INDEX: &str = "
    insert into vault.person_search (word, holder_id)
    select word, holder_id from unnest($1, $2) as r (word, holder_id) on conflict do nothing
";

/// The database.
#[derive(Debug)]
pub(super) struct OnPostgres {
    connection: PgConnection,
}

impl OnPostgres {
    pub(super) async fn open(options: &Options) -> Result<Self, BulkError> {
        let mut connection = options.connection().await?;
        connection.execute(sqlx::raw_sql(BEGIN)).await?;
        if sqlx::query_scalar(HAS_HOLDERS).fetch_one(&mut connection).await? {
            return Err(BulkError::NotEmpty);
        }
        Ok(Self { connection })
    }

    pub(super) async fn last(&mut self) -> sqlx::Result<i64> {
        sqlx::query_scalar(LAST).fetch_one(&mut self.connection).await
    }

    pub(super) async fn write(&mut self, rows: &[Row]) -> sqlx::Result<()> {
        let mut bytes = HEAD.to_vec();
        for row in rows {
            push_row(&mut bytes, row).map_err(|error| sqlx::Error::Encode(error.into()))?;
        }
        bytes.extend_from_slice(&TAIL.to_be_bytes());
        let mut copying = self.connection.copy_in_raw(COPY).await?;
        copying.send(bytes).await?;
        copying.finish().await?;
        Ok(())
    }

    pub(super) async fn enter(
        &mut self,
        people: &[(HolderId, Person)],
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let ids: Vec<Uuid> = people.iter().map(|(holder, _)| holder.0).collect();
        let names: Vec<&str> = people.iter().map(|(_, person)| person.name.as_str()).collect();
        let emails: Vec<&str> = people.iter().map(|(_, person)| person.email.as_str()).collect();
        let entering = sqlx::query(ENTER).bind(&ids).bind(names).bind(emails).bind(now);
        entering.execute(&mut self.connection).await?;
        let words = people.iter().flat_map(|(holder, person)| {
            name_words(&person.name).into_iter().map(|word| (word, holder.0))
        });
        let (words, ids): (Vec<String>, Vec<Uuid>) = words.unzip();
        sqlx::query(INDEX).bind(words).bind(ids).execute(&mut self.connection).await?;
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), BulkError> {
        self.connection.execute(sqlx::raw_sql(END)).await?;
        if sqlx::query_scalar(HAS_HOLE).fetch_one(&mut self.connection).await? {
            return Err(BulkError::Hole);
        }
        self.connection.execute(sqlx::raw_sql("commit")).await?;
        self.connection.execute(sqlx::raw_sql("analyze")).await?;
        self.connection.close().await?;
        Ok(())
    }
}

/// One row of the binary format: the number of columns, and each with its length before it.
fn push_row(bytes: &mut Vec<u8>, row: &Row) -> Result<(), std::num::TryFromIntError> {
    let Row { position, stream, revision, at, append_rest, event } = row;
    bytes.extend_from_slice(&N_COLUMNS.to_be_bytes());
    for number in [position, revision, at] {
        push(bytes, &number.to_be_bytes())?;
    }
    push(bytes, event.id.0.as_bytes())?;
    for number in [i32::from(event.schema), *append_rest] {
        push(bytes, &number.to_be_bytes())?;
    }
    for text in [stream.as_str(), stream.category(), &event.kind] {
        push(bytes, text.as_bytes())?;
    }
    push(bytes, &event.data)?;
    push(bytes, &event.meta)
}

fn push(bytes: &mut Vec<u8>, column: &[u8]) -> Result<(), std::num::TryFromIntError> {
    bytes.extend_from_slice(&i32::try_from(column.len())?.to_be_bytes());
    bytes.extend_from_slice(column);
    Ok(())
}
