//! Personal data: the only place where a holder has a name.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::ids::HolderId;

use super::{Vault, VaultError};

/// The longest name or address, in bytes.
const FIELD_BYTES_MAX: usize = 320;

/// Who a holder is.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// As it is shown.
    pub name: String,
    /// Contact address.
    pub email: String,
}

/// Says nothing about the person.
impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Person(..)")
    }
}

impl Vault {
    /// Writes or replaces a person's data, and by what the person is found.
    pub async fn put_person(
        &self,
        holder: HolderId,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        if FIELD_BYTES_MAX < person.name.len() || FIELD_BYTES_MAX < person.email.len() {
            return Err(VaultError::Invalid("a name or an address is too long"));
        }
        let mut tx = self.connections.begin().await?;
        let put = sqlx::query(
            "
            insert into person (holder_id, name, email, updated_at)
            values ($1, $2, $3, $4)
            on conflict (holder_id) do update
            set name = excluded.name, email = excluded.email, updated_at = excluded.updated_at
            ",
        )
        .bind(holder.0)
        .bind(person.name.clone())
        .bind(person.email.clone())
        .bind(now)
        .execute(&mut *tx)
        .await;
        self.connections.settle(put)?;
        self.index(&mut tx, holder, &person.name).await?;
        self.connections.commit(tx).await?;
        Ok(())
    }

    /// A person's data; `None` if there is none, or it was erased.
    pub async fn person(&self, holder: HolderId) -> Result<Option<Person>, VaultError> {
        let found: Option<(String, String)> =
            sqlx::query_as("select name, email from person where holder_id = $1")
                .bind(holder.0)
                .fetch_optional(self.connections.reader())
                .await?;
        Ok(found.map(|(name, email)| Person { name, email }))
    }
}
