//! How a page of the log is read from PostgreSQL.

use sqlx::PgPool;

use crate::{
    event_store::{Filter, Position, Revision, StoreError, StreamName},
    reading::{PAGE_EVENTS, Page, Pages, Row, bound, recorded},
};

const PAGE_OF_STREAM: &str = "
    select id, stream, revision, position, type, schema::bigint as schema, at, data, meta
    from event
    where stream = $1 and $2 <= revision
    order by revision
    limit $3
";

/// `$1`, `$2`, `$3`: of each stream its name, the first revision and the last that fits the page.
const PAGE_OF_STREAMS: &str = "
    select event.id, event.stream, event.revision, event.position, event.type,
           event.schema::bigint as schema, event.at, event.data, event.meta
    from unnest($1::text[], $2::bigint[], $3::bigint[]) as wanted (stream, first, last)
    cross join lateral (
        select * from event
        where event.stream = wanted.stream
            and wanted.first <= event.revision and event.revision <= wanted.last
        order by event.revision
        limit $4
    ) as event
    order by event.stream, event.revision
";

const PAGE_OF_ALL: &str = "
    select id, stream, revision, position, type, schema::bigint as schema, at, data, meta
    from event
    where $1 < position and position <= $2
    order by position
";

const PAGE_OF_CATEGORIES: &str = "
    select id, stream, revision, position, type, schema::bigint as schema, at, data, meta
    from event
    where $1 < position and position <= $2 and category = any($3)
    order by position
";

/// Reads pages; the head is what the table says, for other processes write, too.
#[derive(Clone)]
pub(super) struct PostgresPages {
    pool: PgPool,
}

impl PostgresPages {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

impl Pages for PostgresPages {
    async fn of_stream(self, name: StreamName, from: Revision) -> Page {
        let rows: Vec<Row> = sqlx::query_as(PAGE_OF_STREAM)
            .bind(name.as_str())
            .bind(bound(from.0))
            .bind(bound(PAGE_EVENTS))
            .fetch_all(&self.pool)
            .await?;
        recorded(rows)
    }

    async fn of_streams(self, wanted: Vec<(StreamName, Revision)>, n_each: u64) -> Page {
        let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
        let firsts: Vec<i64> = wanted.iter().map(|(_, from)| bound(from.0)).collect();
        let lasts: Vec<i64> =
            wanted.iter().map(|(_, from)| bound(from.0.saturating_add(n_each - 1))).collect();
        let rows: Vec<Row> = sqlx::query_as(PAGE_OF_STREAMS)
            .bind(names)
            .bind(firsts)
            .bind(lasts)
            .bind(bound(n_each))
            .fetch_all(&self.pool)
            .await?;
        recorded(rows)
    }

    async fn of_all(self, after: Position, upto: Position, filter: Filter) -> Page {
        let rows: Vec<Row> = match filter {
            Filter::All => {
                let rows = sqlx::query_as(PAGE_OF_ALL)
                    .bind(bound(after.0))
                    .bind(bound(upto.0))
                    .fetch_all(&self.pool)
                    .await?;
                assert_gapless(&rows, after, upto)?;
                rows
            }
            Filter::Categories(categories) => {
                sqlx::query_as(PAGE_OF_CATEGORIES)
                    .bind(bound(after.0))
                    .bind(bound(upto.0))
                    .bind(categories)
                    .fetch_all(&self.pool)
                    .await?
            }
        };
        recorded(rows)
    }

    async fn head(self) -> Result<Position, StoreError> {
        head_of(&self.pool).await
    }
}

/// Position of the event that was committed last, by whichever process.
pub(super) async fn head_of(pool: &PgPool) -> Result<Position, StoreError> {
    let last: i64 =
        sqlx::query_scalar("select coalesce(max(position), 0) from event").fetch_one(pool).await?;
    Ok(Position(last.cast_unsigned()))
}

/// Whoever wrote past `append_batch`, or took rows out, is found before anybody reads on.
fn assert_gapless(rows: &[Row], after: Position, upto: Position) -> Result<(), StoreError> {
    if u64::try_from(rows.len()) == Ok(upto.0 - after.0) {
        return Ok(());
    }
    Err(StoreError(anyhow::anyhow!(
        "the log has {} events after position {} up to {}: some are missing",
        rows.len(),
        after.0,
        upto.0
    )))
}
