//! How a page of the log is read from SQLite.

use sqlx::SqlitePool;
use tokio::sync::watch;

use crate::{
    event_store::{Filter, Position, Revision, StoreError, StreamName},
    reading::{PAGE_EVENTS, Page, Pages, Row, bound, recorded},
};

/// Rows that a connection may be ahead of its reader: a whole page, so that it never waits.
pub(super) const PAGE_ROWS: usize = 256;

const PAGE_OF_STREAM: &str = "
    select id, stream, revision, position, type, schema, at, data, meta
    from event
    where stream = $1 and $2 <= revision
    order by revision
    limit $3
";

/// `$1`: of each stream its name, the first revision and the last one that fits into the page.
const PAGE_OF_STREAMS: &str = "
    select event.id, event.stream, event.revision, event.position, event.type, event.schema,
           event.at, event.data, event.meta
    from json_each($1) as wanted
    cross join event on event.stream = wanted.value ->> 0
        and wanted.value ->> 1 <= event.revision and event.revision <= wanted.value ->> 2
    order by event.stream, event.revision
";

const PAGE_OF_ALL: &str = "
    select id, stream, revision, position, type, schema, at, data, meta
    from event
    where $1 < position and position <= $2
    order by position
";

const PAGE_OF_CATEGORIES: &str = "
    select id, stream, revision, position, type, schema, at, data, meta
    from event
    where $1 < position and position <= $2 and category in (select value from json_each($3))
    order by position
";

/// Reads pages; the head is what the one writer says.
#[derive(Clone)]
pub(super) struct SqlitePages {
    pool: SqlitePool,
    head: watch::Receiver<Position>,
}

impl SqlitePages {
    pub(super) fn new(pool: SqlitePool, head: watch::Receiver<Position>) -> Self {
        Self { pool, head }
    }
}

impl Pages for SqlitePages {
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
        let wanted = wanted.iter().map(|(name, Revision(from))| {
            let last = from.saturating_add(n_each - 1);
            serde_json::json!([name.as_str(), bound(*from), bound(last)])
        });
        let rows: Vec<Row> = sqlx::query_as(PAGE_OF_STREAMS)
            .bind(wanted.collect::<serde_json::Value>().to_string())
            .fetch_all(&self.pool)
            .await?;
        recorded(rows)
    }

    async fn of_all(self, after: Position, upto: Position, filter: Filter) -> Page {
        let rows: Vec<Row> = match filter {
            Filter::All => {
                sqlx::query_as(PAGE_OF_ALL)
                    .bind(bound(after.0))
                    .bind(bound(upto.0))
                    .fetch_all(&self.pool)
                    .await?
            }
            Filter::Categories(categories) => {
                sqlx::query_as(PAGE_OF_CATEGORIES)
                    .bind(bound(after.0))
                    .bind(bound(upto.0))
                    .bind(serde_json::json!(categories).to_string())
                    .fetch_all(&self.pool)
                    .await?
            }
        };
        recorded(rows)
    }

    async fn head(self) -> Result<Position, StoreError> {
        Ok(*self.head.borrow())
    }
}
