//! The certificate revocation lists that were published: numbers that never repeat nor go back, and
//! the last list, for whoever asks after a restart.

use chrono::{DateTime, Utc};

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
};

/// How many lists are kept: the one that is published, and a few to look back at.
const KEPT: u64 = 4;

/// A signed list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCrl {
    /// Its number, 1 or more.
    pub number: u64,
    /// From when on it may be believed: a little before it was made.
    pub this_update: DateTime<Utc>,
    /// By when there will be another.
    pub next_update: DateTime<Utc>,
    /// The list, DER.
    pub der: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    this_update: DateTime<Utc>,
    next_update: DateTime<Utc>,
    der: Vec<u8>,
}

impl TryFrom<Row> for PublishedCrl {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let Row { number, this_update, next_update, der } = row;
        let number = u64::try_from(number).map_err(|error| StoreError(error.into()))?;
        Ok(Self { number, this_update, next_update, der })
    }
}

/// Why a list was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A list with this number, or a greater one, was published before.
    #[error("revocation list {0} is not newer than the published one")]
    NotNewer(u64),
    /// The database cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PublishError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Crls {
    connections: Connections,
}

impl Crls {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// The list that was published last.
    pub async fn latest(&self) -> Result<Option<PublishedCrl>, StoreError> {
        let row: Option<Row> = Query::new(
            "select number, this_update, next_update, der from crl order by number desc limit 1",
        )
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(PublishedCrl::try_from).transpose()
    }

    /// The number of the list that was published last, without the list.
    pub async fn latest_number(&self) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> =
            Query::new("select max(number) from crl").scalar(self.connections.reader()).await?;
        number
            .map(|number| u64::try_from(number).map_err(|error| StoreError(error.into())))
            .transpose()
    }

    /// Publishes a list, if its number is greater than every one before; lists long superseded go.
    pub async fn publish(&self, crl: &PublishedCrl) -> Result<(), PublishError> {
        let stored = |number: u64| i64::try_from(number).map_err(|error| StoreError(error.into()));
        let (number, forgotten) = (stored(crl.number)?, stored(crl.number.saturating_sub(KEPT))?);
        let mut tx = self.connections.writer().begin_alone("crl").await?;
        let inserted = Query::new(
            "
            insert into crl (number, this_update, next_update, der)
            select $1, $2, $3, $4
            where not exists (select 1 from crl where $1 <= number)
            ",
        )
        .bind(number)
        .bind(crl.this_update)
        .bind(crl.next_update)
        .bind(&crl.der)
        .execute(&mut tx)
        .await?;
        if inserted == 0 {
            return Err(PublishError::NotNewer(crl.number));
        }
        Query::new("delete from crl where number <= $1").bind(forgotten).execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, on_both};

    fn crl(number: u64) -> PublishedCrl {
        let seconds = i64::try_from(number).unwrap() * 1000;
        let (this_update, next_update) = (at(seconds), at(seconds + 86_400_000));
        PublishedCrl { number, this_update, next_update, der: vec![u8::try_from(number).unwrap()] }
    }

    #[tokio::test]
    async fn the_list_published_last_is_there_and_none_at_first() {
        on_both(async |stores| {
            let crls = stores.crls;
            assert_eq!(crls.latest().await.unwrap(), None);
            assert_eq!(crls.latest_number().await.unwrap(), None);
            for number in [1, 2, 9] {
                crls.publish(&crl(number)).await.unwrap();
                assert_eq!(crls.latest().await.unwrap(), Some(crl(number)));
                assert_eq!(crls.latest_number().await.unwrap(), Some(number));
            }
        })
        .await;
    }

    #[tokio::test]
    async fn numbers_never_repeat_and_never_go_back_however_many_lists_are_forgotten() {
        on_both(async |stores| {
            let crls = stores.crls;
            for number in 1..=20 {
                crls.publish(&crl(number)).await.unwrap();
            }
            for number in 0..=20 {
                let refused = crls.publish(&crl(number)).await;
                assert!(matches!(refused, Err(PublishError::NotNewer(same)) if same == number));
            }
            assert_eq!(crls.latest().await.unwrap(), Some(crl(20)));
            let kept: i64 = Query::new("select count(*) from crl")
                .scalar(crls.connections.reader())
                .await
                .unwrap();
            assert_eq!(u64::try_from(kept).unwrap(), KEPT);
        })
        .await;
    }
}
