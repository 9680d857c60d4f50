//! How many rows name which version of a key: what an older version is still needed for.

use std::collections::BTreeMap;

use super::{Vault, VaultError};
use crate::database::Query;

/// How many rows name each version.
pub type RowsByVersion = BTreeMap<u32, u64>;

impl Vault {
    /// Of the pepper: digests of passcodes and answers, and of the requests of the last day. Reads
    /// whole tables: for an operator's question, not for every minute.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub async fn rows_by_pepper(&self) -> Result<RowsByVersion, VaultError> {
        self.count(
            "
            select pepper_version, count(*) from (
                select pepper_version from passcode_digest
                union all
                select pepper_version from answer
            ) as used
            group by pepper_version
            ",
        )
        .await
    }

    /// Of the seal key: sealed rows. Reads the whole table, as [`Vault::rows_by_pepper`].
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn rows_by_seal(&self) -> Result<RowsByVersion, VaultError> {
        self.count(
            "select seal_version, count(*) from sealed where ring = 'seal' group by seal_version",
        )
        .await
    }

    /// Of the master from which the key of PUKs is derived: sealed PUKs. Reads the whole table, too.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn rows_by_puk(&self) -> Result<RowsByVersion, VaultError> {
        self.count(
            "select seal_version, count(*) from sealed where ring = 'puk' group by seal_version",
        )
        .await
    }

    async fn count(&self, query: &'static str) -> Result<RowsByVersion, VaultError> {
        let rows: Vec<(i64, i64)> = Query::new(query).fetch_all(self.connections.reader()).await?;
        let used = rows.into_iter().map(|(version, n_rows)| {
            let version = u32::try_from(version).map_err(|_| VaultError::Broken)?;
            Ok((version, n_rows.cast_unsigned()))
        });
        used.collect()
    }
}
