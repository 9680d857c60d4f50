//! The indexes of what grows with every event, which a rebuild makes at its end: to sort once is faster
//! than to find the place of each row.

use sqlx::AssertSqlSafe;
use stores::database::{Kind, Pool, Query};

/// More indexes than there ever are.
const INDEXES_MAX: i64 = 100;

/// How long the making of one index may take.
const PATIENCE: &str = "set local statement_timeout = '1h'";

/// Takes them away, and gives the statements that make them.
pub(crate) async fn take(pool: &Pool) -> sqlx::Result<Vec<String>> {
    let indexes: Vec<(String, String)> = Query::new(
        r"
        select name, sql from sqlite_master
        where type = 'index' and tbl_name in ('history', 'ledger') and sql is not null
        order by name
        limit $1
        ",
    )
    .on_postgres(
        r"
        select indexname::text, indexdef from pg_indexes
        where schemaname = current_schema() and tablename in ('history', 'ledger')
            and indexname not like '%\_pkey'
        order by indexname
        limit $1
        ",
    )
    .bind(INDEXES_MAX)
    .fetch_all(pool)
    .await?;
    let mut statements = Vec::new();
    for (name, statement) in indexes {
        // Names and statements of our own migrations.
        let dropping = AssertSqlSafe(format!("drop index {name}"));
        Query::asserted(dropping).once().execute(pool).await?;
        statements.push(statement);
    }
    Ok(statements)
}

/// Makes those that were taken away.
pub(crate) async fn make(pool: &Pool, statements: Vec<String>) -> sqlx::Result<()> {
    for statement in statements {
        let mut tx = pool.begin().await?;
        if tx.kind() == Kind::Postgres {
            Query::new(PATIENCE).execute(&mut tx).await?;
        }
        Query::asserted(AssertSqlSafe(statement)).once().execute(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(())
}
