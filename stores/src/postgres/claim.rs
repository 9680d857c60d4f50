//! Who may use a database: any number of servers together, or one command that wants it for itself.

use sqlx::PgConnection;

use super::{OpenError, Options};

/// The advisory lock: "latchkey" in ASCII.
const LOCK: i64 = 0x6c61_7463_686b_6579;

/// How long those before may take to be gone: PostgreSQL ends a claim a moment after its process.
const PATIENCE: &str = "set lock_timeout = '3s'";

/// SQLSTATE of a lock that was not to be had in time.
const NOT_AVAILABLE: &str = "55P03";

/// The claim of this process: it ends with the process, or when this is dropped.
#[derive(Debug)]
pub struct Claim {
    _connection: PgConnection,
}

impl Claim {
    /// Claims the database beside other servers; `None` if a command has it for itself, and keeps it.
    ///
    /// # Errors
    /// If the database is not there.
    pub async fn together(options: &Options) -> Result<Option<Self>, OpenError> {
        Self::take(options, "select pg_advisory_lock_shared($1)").await
    }

    /// Claims the database for this process alone; `None` if another one has it, and keeps it.
    ///
    /// # Errors
    /// If the database is not there.
    pub async fn alone(options: &Options) -> Result<Option<Self>, OpenError> {
        Self::take(options, "select pg_advisory_lock($1)").await
    }

    async fn take(options: &Options, how: &'static str) -> Result<Option<Self>, OpenError> {
        let mut connection = options.connection().await?;
        sqlx::query(PATIENCE).execute(&mut connection).await?;
        match sqlx::query(how).bind(LOCK).execute(&mut connection).await {
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
