//! What an event is about to do to a person: prepared before the event is appended and settled after
//! it, by a sweep where a crash came between. So the log never says of a person what the vault will
//! not come to say, too.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{EventId, HolderId};
use uuid::Uuid;

use super::{PENDING_HOURS, Person, Swept, Vault, VaultError};
use crate::{database::Query, event_store::EventStore};

/// What an event does to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonChange {
    /// P-03: the person is there from now on, and stays if the event comes.
    Registered(Person),
    /// B-42: name and address are these once the event has come.
    Changed(Person),
    /// All that the vault has of the person goes once the event has come.
    Erased,
}

impl PersonChange {
    fn label(&self) -> &'static str {
        match self {
            Self::Registered(_) => "registered",
            Self::Changed(_) => "changed",
            Self::Erased => "erased",
        }
    }

    /// What waits for the event.
    fn person(&self) -> Option<&Person> {
        match self {
            Self::Changed(person) => Some(person),
            Self::Registered(_) | Self::Erased => None,
        }
    }
}

type Row = (Uuid, String, Option<String>, Option<String>);

impl Vault {
    /// Prepares what this event will do to a person. Once is enough: the first word stands.
    pub async fn prepare_person(
        &self,
        event: EventId,
        holder: HolderId,
        change: &PersonChange,
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        // The row first: without it nobody would ever ask for what was put.
        let person = change.person();
        Query::new(
            "
            insert into person_pending (event_id, holder_id, kind, name, email, created_at)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (event_id) do nothing
            ",
        )
        .bind(event.0)
        .bind(holder.0)
        .bind(change.label())
        .bind(person.map(|person| person.name.clone()))
        .bind(person.map(|person| person.email.clone()))
        .bind(now)
        .execute(self.connections.writer())
        .await?;
        match change {
            PersonChange::Registered(person) => self.put_person(holder, person, now).await,
            PersonChange::Changed(_) | PersonChange::Erased => Ok(()),
        }
    }

    /// Does what was prepared for this event, which is in the log; nothing if nothing was, or it is done.
    ///
    /// [`VaultError::StillInJournal`] as of [`Vault::erase`]: the sweep asks for it again.
    pub async fn settle_person(
        &self,
        event: EventId,
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        let row: Option<Row> = Query::new(
            "select holder_id, kind, name, email from person_pending where event_id = $1",
        )
        .bind(event.0)
        .fetch_optional(self.connections.reader())
        .await?;
        let Some((holder, kind, name, email)) = row else { return Ok(()) };
        match (kind.as_str(), name, email) {
            ("erased", _, _) => {
                self.erase(HolderId(holder)).await?;
            }
            ("changed", Some(name), Some(email)) => {
                return self.replace_person(event, &Person { name, email }, now).await;
            }
            (_, _, _) => {}
        }
        self.forget_prepared(event).await
    }

    /// Forgets what was prepared for an event that was refused.
    pub async fn forget_prepared(&self, event: EventId) -> Result<(), VaultError> {
        Query::new("delete from person_pending where event_id = $1")
            .bind(event.0)
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }

    /// Name and address are the prepared ones, if they still are when this is written: whoever was
    /// erased meanwhile does not come back.
    async fn replace_person(
        &self,
        event: EventId,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<(), VaultError> {
        let mut tx = self.connections.writer().begin().await?;
        let taken: Option<(Uuid,)> =
            Query::new("delete from person_pending where event_id = $1 returning holder_id")
                .bind(event.0)
                .fetch_optional(&mut tx)
                .await?;
        if let Some((holder,)) = taken {
            let replaced = Query::new(
                "update person set name = $2, email = $3, updated_at = $4 where holder_id = $1",
            )
            .bind(holder)
            .bind(&person.name)
            .bind(&person.email)
            .bind(now)
            .execute(&mut tx)
            .await?;
            if 0 < replaced {
                self.index(&mut tx, HolderId(holder), &person.name).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Settles up to `limit` changes whose event is in the log, and up to `limit` of what is a day old:
    /// what has no event then is forgotten, and whoever was to be registered by it as well.
    pub(super) async fn sweep_people(
        &self,
        log: &dyn EventStore,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Swept, VaultError> {
        let over = now - TimeDelta::hours(PENDING_HOURS);
        let rows: Vec<(Uuid, Uuid, String, DateTime<Utc>)> = Query::new(
            "
            select event_id, holder_id, kind, created_at from person_pending
            where kind <> 'registered' or created_at <= $1
            order by created_at, event_id
            limit $2
            ",
        )
        .bind(over)
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        let mut swept = Swept::default();
        for (event, holder, kind, created_at) in rows {
            let event = EventId(event);
            if log.contains(event).await? {
                self.settle_person(event, now).await?;
                swept.n_settled += 1;
            } else if created_at <= over {
                if kind == "registered" {
                    self.forget_person(HolderId(holder)).await?;
                }
                self.forget_prepared(event).await?;
                swept.n_deleted += 1;
            }
        }
        Ok(swept)
    }

    /// Deletes the name and address of somebody who was never registered, and no more: a card may have
    /// the PUK that was sealed for it.
    async fn forget_person(&self, holder: HolderId) -> Result<(), VaultError> {
        let mut tx = self.connections.writer().begin().await?;
        for delete in [
            "delete from person where holder_id = $1",
            "delete from person_search where holder_id = $1",
        ] {
            Query::new(delete).bind(holder.0).execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
