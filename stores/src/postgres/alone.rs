//! One server at a time over a database, as a file's lock gives it to SQLite.

use sqlx::PgConnection;

use super::{OpenError, Options};

/// The advisory lock of a server: "latchkey" in ASCII.
const LOCK: i64 = 0x6c61_7463_686b_6579;

/// The claim of this process: it ends with the process, or when this is dropped.
#[derive(Debug)]
pub struct Alone {
    _connection: PgConnection,
}

impl Alone {
    /// Claims the database; `None` if another process has.
    ///
    /// # Errors
    /// If the database is not there.
    pub async fn claim(options: &Options) -> Result<Option<Self>, OpenError> {
        let mut connection = options.connection().await?;
        let claimed: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        Ok(claimed.then_some(Self { _connection: connection }))
    }
}
