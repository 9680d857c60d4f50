//! The vault: what events only point to.
//!
//! Events say *that* a passcode was set and name a row here; the row holds a digest that is
//! worthless without a key which is not in the database. Personal data is here too, so that erasing
//! a person is deleting rows and the log stays valid.
//!
//! **Vault first, log second.** A row is written before the event that names it. Until that event
//! is in the log the row is pending and counts for nothing: callers ask only about references that
//! they found in events. A crash in between leaves a pending row behind; [`Vault::sweep`] deletes it
//! after 24 hours, long after any retry could still bring its event.

mod answer;
mod code;
mod keys;
mod needs;
mod passcode;
mod pending;
mod person;
mod sealed;
mod search;
mod stretch;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{EventId, HolderId, SecretRef};
use uuid::Uuid;

pub use answer::{AnswerBinding, code_key_of};
pub use code::{CODE_CHARS, Code, CodeBinding};
pub use keys::{Keys, RotatingKeys, VaultKeys};
pub use needs::RowsByVersion;
pub use passcode::{MATCHED_REFS_MAX, NewPasscode};
pub use pending::PersonChange;
pub use person::{PEOPLE_MAX, Person};
pub use sealed::{Keep, SEALED_BYTES_MAX, SealEntropy};
pub(crate) use search::name_words;
pub use search::{FOUND_PAGE_MAX, FoundPerson, FoundPlace, NameSearch, NotASearch};
pub use stretch::{STRETCHES_AT_ONCE, STRETCHES_WAITING_MAX};

use crate::{
    database::{Connections, Kind, Query},
    event_store::{EventStore, StoreError},
};
use stretch::Stretcher;

/// How long a row may wait for its event.
pub const PENDING_HOURS: i64 = 24;

/// The purpose of the sealed rows that hold the addresses to which codes are mailed.
pub const SELF_SERVICE_EMAIL: &str = "self-service-email";

/// The purpose of the sealed rows that hold cards' unlocking keys.
pub const PUK_PURPOSE: &str = "puk";

/// The most rows of one person that one [`Vault::prune`] looks at.
const PRUNED_ROWS_MAX: i64 = 64;

/// How often [`Vault::erase`] asks for an empty journal. Each time SQLite itself waits for readers
/// as long as a statement may wait for a lock.
const CHECKPOINTS_MAX: u32 = 3;

/// Why the vault did not do it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Too many passcodes are being stretched: try again in a second.
    #[error("too many passcode checks at the same moment")]
    Busy,
    /// The reference already stands for something else: the command was tried with another value.
    #[error("this reference already stands for another value")]
    Taken,
    /// A row was made with a key that the keystore no longer has.
    #[error("key version {version} is missing")]
    KeyMissing {
        /// The version the row names.
        version: u32,
    },
    /// The row is for processes that open more keys than this one.
    #[error("this process opens no PUKs: `latchkey work` does")]
    NotThisProcess,
    /// A sealed row does not open: it, or its key, was changed.
    #[error("a sealed row is not what was written")]
    Broken,
    /// The rows are deleted, but readers keep their old pages in the journal: erase once more.
    #[error("what was deleted is still in the journal, because somebody is reading it")]
    StillInJournal,
    /// The caller broke a limit.
    #[error("the request breaks a limit of the vault: {0}")]
    Invalid(&'static str),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for VaultError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Rows whose event never came, and sealed rows past their time: gone.
    pub n_deleted: u64,
    /// Rows whose event is in the log: no sweep looks at them again.
    pub n_settled: u64,
}

/// The vault. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    pub(crate) connections: Connections,
    keys: Arc<VaultKeys>,
    stretcher: Stretcher,
}

impl Vault {
    pub(crate) fn new(connections: Connections, keys: Arc<VaultKeys>) -> Self {
        Self { connections, keys, stretcher: Stretcher::new() }
    }

    /// Deletes up to `limit` rows of passcodes, and as many sealed ones, that are 24 hours old and whose
    /// event is not in the log, and up to `limit` sealed rows whose time is over; and settles what was
    /// prepared about people ([`Vault::prepare_person`]). To be called until it does nothing.
    pub async fn sweep(
        &self,
        log: &dyn EventStore,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Swept, VaultError> {
        let pending: Vec<(Uuid, Uuid)> = Query::new(
            "
            select secret_id, event_id from passcode_digest
            where settled_at is null and created_at <= $1
            order by created_at, secret_id
            limit $2
            ",
        )
        .bind(now - TimeDelta::hours(PENDING_HOURS))
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        let mut swept = Swept::default();
        for (secret, event) in pending {
            if log.contains(EventId(event)).await? {
                self.settle(secret, now).await?;
                swept.n_settled += 1;
            } else {
                swept.n_deleted += self.discard(&[SecretRef(secret)]).await?;
            }
        }
        let sealed = self.sweep_sealed(log, now, limit).await?;
        swept.n_settled += sealed.n_settled;
        swept.n_deleted += sealed.n_deleted + self.discard_expired(now, limit).await?;
        let people = self.sweep_people(log, now, limit).await?;
        swept.n_settled += people.n_settled;
        swept.n_deleted += people.n_deleted;
        Ok(swept)
    }

    /// Deletes a person's passcode rows that have an event in the log and are not to be kept: those
    /// that fell out of the last five. Rows that still wait for their event are left alone.
    ///
    /// `keep` is read from the log, and only after the rows were looked up in it: an event that
    /// comes in between finds its row still waiting, and is not taken for one that fell out.
    pub async fn prune(
        &self,
        log: &dyn EventStore,
        holder: HolderId,
        keep: impl Future<Output = Result<Vec<SecretRef>, StoreError>>,
    ) -> Result<u64, VaultError> {
        let rows: Vec<(Uuid, Uuid)> = Query::new(
            "
            select secret_id, event_id from passcode_digest
            where holder_id = $1
            order by created_at, secret_id
            limit $2
            ",
        )
        .bind(holder.0)
        .bind(PRUNED_ROWS_MAX)
        .fetch_all(self.connections.reader())
        .await?;
        let mut dropped = Vec::new();
        for (secret, event) in rows {
            if log.contains(EventId(event)).await? {
                dropped.push(SecretRef(secret));
            }
        }
        let keep = keep.await?;
        dropped.retain(|secret| !keep.contains(secret));
        self.discard(&dropped).await
    }

    /// Deletes a person's sealed rows of one purpose that are a day old and not to be kept. Younger
    /// ones may still wait for their event.
    ///
    /// `keep` is read from the log, and only after the rows were looked up.
    pub async fn prune_sealed(
        &self,
        holder: HolderId,
        purpose: &str,
        now: DateTime<Utc>,
        keep: impl Future<Output = Result<Vec<SecretRef>, StoreError>>,
    ) -> Result<u64, VaultError> {
        let rows: Vec<(Uuid,)> = Query::new(
            "
            select secret_id from sealed
            where holder_id = $1 and purpose = $2 and created_at <= $3
            order by created_at, secret_id
            limit $4
            ",
        )
        .bind(holder.0)
        .bind(purpose)
        .bind(now - TimeDelta::hours(PENDING_HOURS))
        .bind(PRUNED_ROWS_MAX)
        .fetch_all(self.connections.reader())
        .await?;
        let keep = keep.await?;
        let mut dropped: Vec<_> = rows.into_iter().map(|(secret,)| SecretRef(secret)).collect();
        dropped.retain(|secret| !keep.contains(secret));
        self.discard(&dropped).await
    }

    /// Deletes those of these rows that are there. How many there were. Where there is none, nothing
    /// is written.
    pub async fn forget(&self, refs: &[SecretRef]) -> Result<u64, VaultError> {
        let mut there = Vec::new();
        for secret in refs {
            let is_there: bool = Query::new(
                "
                select exists (select 1 from passcode_digest where secret_id = $1)
                    or exists (select 1 from sealed where secret_id = $1)
                ",
            )
            .bind(secret.0)
            .scalar(self.connections.reader())
            .await?;
            if is_there {
                there.push(*secret);
            }
        }
        self.discard(&there).await
    }

    /// Deletes rows, of passcodes and sealed ones. How many there were.
    pub async fn discard(&self, refs: &[SecretRef]) -> Result<u64, VaultError> {
        if refs.is_empty() {
            return Ok(0);
        }
        let mut tx = self.connections.writer().begin().await?;
        let mut n_deleted = 0;
        for secret in refs {
            for delete in [
                "delete from passcode_digest where secret_id = $1",
                "delete from sealed where secret_id = $1",
            ] {
                n_deleted += Query::new(delete).bind(secret.0).execute(&mut tx).await?;
            }
        }
        tx.commit().await?;
        Ok(n_deleted)
    }

    /// Erases a person: every row of theirs, on SQLite overwritten in the file and in its journal. How
    /// many rows there were. The log stays as it is; what it points to is gone.
    ///
    /// PostgreSQL has no way to overwrite: nothing of the person can be read any more through it, and
    /// the bytes go when it uses their place again, and with its old WAL and backups.
    ///
    /// [`VaultError::StillInJournal`] if readers kept the journal from being emptied: nothing of the
    /// person can be read any more, but the bytes are on the disk until this succeeds.
    pub async fn erase(&self, holder: HolderId) -> Result<u64, VaultError> {
        let mut tx = self.connections.writer().begin().await?;
        let mut n_deleted = 0;
        // In the order in which all who write about a person take these rows: whoever writes the name
        // at this moment has written its words, too, before they are deleted here.
        for delete in [
            "delete from person_pending where holder_id = $1 and kind <> 'erased'",
            "delete from person where holder_id = $1",
            "delete from person_search where holder_id = $1",
            "delete from passcode_digest where holder_id = $1",
            "delete from sealed where holder_id = $1",
        ] {
            n_deleted += Query::new(delete).bind(holder.0).execute(&mut tx).await?;
        }
        tx.commit().await?;
        self.empty_journal().await?;
        Ok(n_deleted)
    }

    /// The WAL still holds deleted pages as they were: folds it into the file and empties it.
    async fn empty_journal(&self) -> Result<(), VaultError> {
        match self.connections.writer().kind() {
            Kind::Sqlite => {}
            Kind::Postgres => return Ok(()),
        }
        for _ in 0..CHECKPOINTS_MAX {
            // A reader in the way is no error: the row says so (sqlite.org/pragma.html).
            let (busy, _pages, _folded): (i64, i64, i64) =
                Query::new("pragma wal_checkpoint(truncate)")
                    .fetch_one(self.connections.writer())
                    .await?;
            if busy == 0 {
                return Ok(());
            }
        }
        Err(VaultError::StillInJournal)
    }

    /// Keeps pending rows from every later sweep: the card may have been written, and until it has
    /// told, nobody knows whether their event comes (B-28).
    pub async fn hold(&self, refs: &[SecretRef], now: DateTime<Utc>) -> Result<(), VaultError> {
        for secret in refs {
            self.settle(secret.0, now).await?;
        }
        Ok(())
    }

    /// Lets the next sweep look at rows again that were held: their event does not come.
    pub async fn release(&self, refs: &[SecretRef]) -> Result<(), VaultError> {
        for secret in refs {
            Query::new("update passcode_digest set settled_at = null where secret_id = $1")
                .bind(secret.0)
                .execute(self.connections.writer())
                .await?;
        }
        Ok(())
    }

    async fn settle(&self, secret: Uuid, now: DateTime<Utc>) -> Result<(), VaultError> {
        Query::new("update passcode_digest set settled_at = $2 where secret_id = $1")
            .bind(secret)
            .bind(now)
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }
}
