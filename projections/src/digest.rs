//! What the projections hold, as one number for each table: two that hold the same rows have the same
//! numbers, in whatever order and however cut the rows were written. So a rebuild can say whether what
//! was in use was what the log makes of it.

use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::AssertSqlSafe;
use stores::database::{Kind, Pool, Query};

use crate::ProjectionError;

/// The most tables and columns that are looked at: more than there ever are.
const NAMES_MAX: i64 = 1_000;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// Which.
    pub table: String,
    /// How many rows.
    pub n_rows: u64,
    /// SHA-256 over all of them, in the order of their text.
    pub digest: [u8; 32],
}

/// Every table, by name. The rows go by one after the other.
pub(crate) async fn of_all(pool: &Pool) -> Result<Vec<TableDigest>, ProjectionError> {
    let tables: Vec<(String,)> = Query::new(
        r"
        select name from sqlite_master
        where type = 'table' and substr(name, 1, 7) <> 'sqlite_' and substr(name, 1, 5) <> '_sqlx'
        order by name
        limit $1
        ",
    )
    .on_postgres(
        r"
        select tablename::text from pg_tables
        where schemaname = current_schema() and substr(tablename, 1, 5) <> '_sqlx'
        order by tablename
        limit $1
        ",
    )
    .bind(NAMES_MAX)
    .fetch_all(pool)
    .await?;
    let mut all = Vec::with_capacity(tables.len());
    for (table,) in tables {
        all.push(of(pool, table).await?);
    }
    Ok(all)
}

async fn of(pool: &Pool, table: String) -> Result<TableDigest, ProjectionError> {
    let columns: Vec<(String,)> =
        Query::new("select name from pragma_table_info($1) order by cid limit $2")
            .on_postgres(
                r"
                select column_name::text from information_schema.columns
                where table_schema = current_schema() and table_name = $1
                order by ordinal_position
                limit $2
                ",
            )
            .bind(table.as_str())
            .bind(NAMES_MAX)
            .fetch_all(pool)
            .await?;
    let quoted = columns.iter().map(|(column,)| match pool.kind() {
        Kind::Sqlite => format!("quote(\"{column}\")"),
        Kind::Postgres => format!("quote_nullable(\"{column}\"::text)"),
    });
    let columns: Vec<_> = quoted.collect();
    // Names of our own migrations. The bytes are the order, whatever the database's language.
    let order = match pool.kind() {
        Kind::Sqlite => "line",
        Kind::Postgres => "line collate \"C\"",
    };
    let rows = format!(
        "select line from (select {} as line from \"{table}\") as lines order by {order}",
        columns.join(" || ',' || ")
    );
    let (mut digest, mut n_rows) = (Sha256::new(), 0);
    let mut rows = Query::asserted(AssertSqlSafe(rows)).once().fetch::<(String,)>(pool);
    while let Some((row,)) = rows.try_next().await? {
        digest.update(row.as_bytes());
        digest.update(b"\n");
        n_rows += 1;
    }
    drop(rows);
    Ok(TableDigest { table, n_rows, digest: digest.finalize().into() })
}
