//! What the projections hold, as one number for each table: two that hold the same rows have the same
//! numbers, in whatever order and however cut the rows were written. So a rebuild can say whether what
//! was in use was what the log makes of it.

use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, SqlitePool};

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
pub(crate) async fn of_all(pool: &SqlitePool) -> Result<Vec<TableDigest>, ProjectionError> {
    let tables: Vec<String> = sqlx::query_scalar(
        r"
        select name from sqlite_master
        where type = 'table' and substr(name, 1, 7) <> 'sqlite_' and substr(name, 1, 5) <> '_sqlx'
        order by name
        limit $1
        ",
    )
    .bind(NAMES_MAX)
    .fetch_all(pool)
    .await?;
    let mut all = Vec::with_capacity(tables.len());
    for table in tables {
        all.push(of(pool, table).await?);
    }
    Ok(all)
}

async fn of(pool: &SqlitePool, table: String) -> Result<TableDigest, ProjectionError> {
    let columns: Vec<String> =
        sqlx::query_scalar("select name from pragma_table_info($1) order by cid limit $2")
            .bind(&table)
            .bind(NAMES_MAX)
            .fetch_all(pool)
            .await?;
    let columns: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
    // Names of our own migrations.
    let rows = format!("select {} from \"{table}\" order by 1", columns.join(" || ',' || "));
    let (mut digest, mut n_rows) = (Sha256::new(), 0);
    let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(rows)).fetch(pool);
    while let Some(row) = rows.try_next().await? {
        digest.update(row.as_bytes());
        digest.update(b"\n");
        n_rows += 1;
    }
    drop(rows);
    Ok(TableDigest { table, n_rows, digest: digest.finalize().into() })
}
