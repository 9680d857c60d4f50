//! **Fail-stop**, on SQLite, for what may never be lost.
//!
//! After a failed flush the kernel may have dropped the very pages that could not be written and call
//! the next flush a success; trying again would acknowledge what is not on the disk. So the first I/O
//! error of a write stops every later write of this process: nothing more is acknowledged, and a
//! restart reads what is really there. PostgreSQL does the same by itself: it restarts from its WAL.

use std::sync::{Arc, OnceLock};

use sqlx::error::DatabaseError;

/// SQLite's primary result codes (sqlite.org/rescode.html) after which nothing was written and
/// nothing is wrong with the file: BUSY, LOCKED, INTERRUPT, TOOBIG, CONSTRAINT, MISMATCH.
const HARMLESS_CODES: [i64; 6] = [5, 6, 9, 18, 19, 20];

/// Whether writing has stopped, shared by all who write to one file. By default, nothing ever stops:
/// for readers, for what can be made again, and for PostgreSQL.
#[derive(Clone, Default)]
pub(crate) struct Fate(Option<Arc<OnceLock<String>>>);

impl Fate {
    /// One that the first error of the disk seals.
    pub(crate) fn fail_stop() -> Self {
        Self(Some(Arc::default()))
    }

    /// Refused once writing has stopped.
    pub(crate) fn check(&self) -> sqlx::Result<()> {
        match self.0.as_ref().and_then(|stopped| stopped.get()) {
            None => Ok(()),
            Some(reason) => Err(sqlx::Error::AnyDriverError(
                format!(
                    "writing stopped after an error of the disk, restart the program: {reason}"
                )
                .into(),
            )),
        }
    }

    /// Every result of a write passes here, so that none fails unnoticed.
    pub(crate) fn settle<T>(&self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        if let (Some(stopped), Err(error)) = (&self.0, &result)
            && is_fatal(error)
            && stopped.set(error.to_string()).is_ok()
        {
            tracing::error!(%error, "writing failed: nothing more will be written");
        }
        result
    }
}

/// Everything else is what our own code or a slow machine did wrong: the file is as it was.
fn is_fatal(error: &sqlx::Error) -> bool {
    match error.as_database_error() {
        Some(error) => !code(error).is_some_and(is_harmless),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed),
    }
}

fn code(error: &dyn DatabaseError) -> Option<i64> {
    error.code().and_then(|code| code.parse().ok())
}

fn is_harmless(extended_code: i64) -> bool {
    HARMLESS_CODES.contains(&(extended_code & 0xff))
}
