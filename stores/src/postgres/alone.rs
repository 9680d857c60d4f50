//! One server at a time over a database, as a file's lock gives it to SQLite.

use sqlx::PgConnection;

use super::{OpenError, Options};

/// The advisory lock of a server: "latchkey" in ASCII.
const LOCK: i64 = 0x6c61_7463_686b_6579;

/// How long the one before may take to be gone: PostgreSQL ends a claim a moment after its process.
const PATIENCE: &str = "set lock_timeout = '3s'";

/// SQLSTATE of a lock that was not to be had in time.
const NOT_AVAILABLE: &str = "55P03";

/// The claim of this process: it ends with the process, or when this is dropped.
#[derive(Debug)]
pub struct Alone {
    _connection: PgConnection,
}

impl Alone {
    /// Claims the database; `None` if another process has, and keeps it.
    ///
    /// # Errors
    /// If the database is not there.
    pub async fn claim(options: &Options) -> Result<Option<Self>, OpenError> {
        let mut connection = options.connection().await?;
        sqlx::query(PATIENCE).execute(&mut connection).await?;
        let claiming = sqlx::query("select pg_advisory_lock($1)").bind(LOCK);
        match claiming.execute(&mut connection).await {
            Ok(_) => Ok(Some(Self { _connection: connection })),
            Err(error) if is_taken(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_taken(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == NOT_AVAILABLE)
}
