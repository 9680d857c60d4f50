//! Personal data: the only place where a holder has a name.

use std::{collections::HashMap, fmt};

use chrono::{DateTime, Utc};
use domain::ids::HolderId;
use uuid::Uuid;

use super::{Vault, VaultError};
use crate::database::Query;

/// The longest name or address, in bytes.
const FIELD_BYTES_MAX: usize = 320;

/// The most people who are asked for, or written, at once.
pub const PEOPLE_MAX: usize = 256;

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
        self.put_people(&[(holder, person.clone())], now).await
    }

    /// The same of up to [`PEOPLE_MAX`] people at once: all or none.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for more, or for a field that is too long.
    pub async fn put_people(
        &self,
        people: &[(HolderId, Person)],
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        if PEOPLE_MAX < people.len() {
            return Err(VaultError::Invalid("too many people at once"));
        }
        let fields = people.iter().flat_map(|(_, person)| [&person.name, &person.email]);
        if fields.into_iter().any(|field| FIELD_BYTES_MAX < field.len()) {
            return Err(VaultError::Invalid("a name or an address is too long"));
        }
        if people.is_empty() {
            return Ok(());
        }
        let mut query = Query::new("insert into person (holder_id, name, email, updated_at) ");
        query.push_values(people, |row, (holder, person)| {
            row.push_bind(holder.0).push_bind(&person.name).push_bind(&person.email).push_bind(now);
        });
        query.push(
            " on conflict (holder_id) do update
            set name = excluded.name, email = excluded.email, updated_at = excluded.updated_at",
        );
        let mut tx = self.connections.writer().begin().await?;
        query.execute(&mut tx).await?;
        for (holder, person) in people {
            self.index(&mut tx, *holder, &person.name).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A person's data; `None` if there is none, or it was erased.
    pub async fn person(&self, holder: HolderId) -> Result<Option<Person>, VaultError> {
        let found: Option<(String, String)> =
            Query::new("select name, email from person where holder_id = $1")
                .bind(holder.0)
                .fetch_optional(self.connections.reader())
                .await?;
        Ok(found.map(|(name, email)| Person { name, email }))
    }

    /// The same of up to [`PEOPLE_MAX`] people at once; whoever is not there was erased, or never
    /// was.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for more.
    pub async fn people(
        &self,
        holders: &[HolderId],
    ) -> Result<HashMap<HolderId, Person>, VaultError> {
        if PEOPLE_MAX < holders.len() {
            return Err(VaultError::Invalid("too many people at once"));
        }
        // PostgreSQL knows no list of nothing.
        if holders.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query =
            Query::new("select holder_id, name, email from person where holder_id in (");
        query.push_list(holders.iter().map(|holder| holder.0)).push(")");
        let found: Vec<(Uuid, String, String)> = query.fetch_all(self.connections.reader()).await?;
        let person = |(holder, name, email)| (HolderId(holder), Person { name, email });
        Ok(found.into_iter().map(person).collect())
    }
}
