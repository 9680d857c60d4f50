//! Every logon check, in a table of its own: three a day for each holder would drown the log, and
//! no rule folds them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CardSerial, HolderId};
use uuid::Uuid;

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
};

/// How long checks are kept unless policy says otherwise, in days.
pub const KEPT_DAYS: u32 = 400;

/// The most rows of one page.
pub const PAGE_ROWS_MAX: u32 = 200;

/// One check at logon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logon {
    /// Made once for this logon; a repeat is recognised by it.
    pub logon_id: Uuid,
    /// Who.
    pub holder: HolderId,
    /// With which card.
    pub card: CardSerial,
    /// When.
    pub at: DateTime<Utc>,
    /// Where, as the agent said.
    pub workstation: String,
    /// Reader model, as the agent said.
    pub reader: String,
    /// What came of it: `full`, `restricted`, `locked`.
    pub verdict: String,
    /// JSON: what was due, by which policy.
    pub due: String,
}

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Logons {
    connections: Connections,
}

impl Logons {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Records a check; the same one again is no change.
    pub async fn record(&self, logon: &Logon) -> Result<(), StoreError> {
        Query::new(
            "
            insert into logon (logon_id, holder_id, card, at, workstation, reader, verdict, due)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (logon_id) do nothing
            ",
        )
        .bind(logon.logon_id)
        .bind(logon.holder.0)
        .bind(logon.card.as_str())
        .bind(logon.at)
        .bind(&logon.workstation)
        .bind(&logon.reader)
        .bind(&logon.verdict)
        .bind(&logon.due)
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }

    /// A holder's checks, newest first, at most [`PAGE_ROWS_MAX`]. The next page is the one before
    /// the instant and id of this one's last row.
    pub async fn of_holder(
        &self,
        holder: HolderId,
        before: Option<(DateTime<Utc>, Uuid)>,
        limit: u32,
    ) -> Result<Vec<Logon>, StoreError> {
        let (before_at, before_id) = before.unwrap_or_default();
        let rows: Vec<Row> = Query::new(
            "
            select logon_id, holder_id, card, at, workstation, reader, verdict, due
            from logon
            where holder_id = $1 and ($5 or (at, logon_id) < ($2, $3))
            order by at desc, logon_id desc
            limit $4
            ",
        )
        .bind(holder.0)
        .bind(before_at)
        .bind(before_id)
        .bind(i64::from(limit.min(PAGE_ROWS_MAX)))
        .bind(before.is_none())
        .fetch_all(self.connections.reader())
        .await?;
        rows.into_iter().map(Logon::try_from).collect()
    }

    /// The check with this id, if it was one of this holder.
    pub async fn find(&self, holder: HolderId, logon: Uuid) -> Result<Option<Logon>, StoreError> {
        let row: Option<Row> = Query::new(
            "
            select logon_id, holder_id, card, at, workstation, reader, verdict, due
            from logon
            where logon_id = $1 and holder_id = $2
            ",
        )
        .bind(logon)
        .bind(holder.0)
        .fetch_optional(self.connections.reader())
        .await?;
        row.map(Logon::try_from).transpose()
    }

    /// Everybody's checks, oldest first, at most [`PAGE_ROWS_MAX`]: those from this instant on, or,
    /// if one is named, after that one of the same instant. The next page is the one after the
    /// instant and id of this one's last row.
    pub async fn since(
        &self,
        at: DateTime<Utc>,
        after: Option<Uuid>,
    ) -> Result<Vec<Logon>, StoreError> {
        let rows: Vec<Row> = Query::new(
            "
            select logon_id, holder_id, card, at, workstation, reader, verdict, due
            from logon
            where $1 <= at and (at > $1 or $3 or logon_id > $2)
            order by at, logon_id
            limit $4
            ",
        )
        .bind(at)
        .bind(after.unwrap_or_default())
        .bind(after.is_none())
        .bind(i64::from(PAGE_ROWS_MAX))
        .fetch_all(self.connections.reader())
        .await?;
        rows.into_iter().map(Logon::try_from).collect()
    }

    /// Deletes up to `limit` checks that are `kept_days` old or older, oldest first. How many; to
    /// be called until it says 0.
    pub async fn forget(
        &self,
        now: DateTime<Utc>,
        kept_days: u32,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let forgotten = Query::new(
            "
            delete from logon where logon_id in (
                select logon_id from logon where at <= $1 order by at limit $2
            )
            ",
        )
        .bind(now - TimeDelta::days(i64::from(kept_days)))
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        Ok(forgotten)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    logon_id: Uuid,
    holder_id: Uuid,
    card: String,
    at: DateTime<Utc>,
    workstation: String,
    reader: String,
    verdict: String,
    due: String,
}

impl TryFrom<Row> for Logon {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            logon_id: row.logon_id,
            holder: HolderId(row.holder_id),
            card: row.card.parse().map_err(|error| StoreError(anyhow::Error::new(error)))?,
            at: row.at,
            workstation: row.workstation,
            reader: row.reader,
            verdict: row.verdict,
            due: row.due,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, card, holder, on_both};

    fn logon(number: u128, millis: i64) -> Logon {
        Logon {
            logon_id: Uuid::from_u128(number),
            holder: holder(1),
            card: card(1),
            at: at(millis),
            workstation: "ward 3".to_owned(),
            reader: "Reader".to_owned(),
            verdict: "full".to_owned(),
            due: "[]".to_owned(),
        }
    }

    #[tokio::test]
    async fn a01_a_logon_writes_one_check_however_often_it_is_sent() {
        on_both(async |stores| {
            let logons = stores.logons;
            logons.record(&logon(1, 0)).await.unwrap();
            logons.record(&logon(1, 0)).await.unwrap();
            assert_eq!(logons.of_holder(holder(1), None, 10).await.unwrap(), [logon(1, 0)]);
            assert_eq!(logons.of_holder(holder(2), None, 10).await.unwrap(), []);
        })
        .await;
    }

    #[tokio::test]
    async fn pages_are_newest_first_and_lose_none_of_the_same_instant() {
        on_both(async |stores| {
            let logons = stores.logons;
            for (number, millis) in [(1, 0), (2, 500), (3, 500), (4, 500), (5, 1000)] {
                logons.record(&logon(number, millis)).await.unwrap();
            }
            let mut seen = Vec::new();
            let mut before = None;
            loop {
                let page = logons.of_holder(holder(1), before, 2).await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some((last.at, last.logon_id));
                seen.extend(page.iter().map(|logon| logon.logon_id.as_u128()));
            }
            assert_eq!(seen, [5, 4, 3, 2, 1]);
        })
        .await;
    }

    #[tokio::test]
    async fn everybodys_checks_come_oldest_first_in_pages_and_none_is_lost_at_the_same_instant() {
        on_both(async |stores| {
            let logons = stores.logons;
            let n_checks = 2 * PAGE_ROWS_MAX + 3;
            for number in 0..n_checks {
                // Seven at each instant, so that pages end between two of the same.
                let check = logon(number.into(), i64::from(number / 7));
                logons.record(&check).await.unwrap();
            }
            let (mut from, mut seen) = ((at(1), None), Vec::new());
            loop {
                let page = logons.since(from.0, from.1).await.unwrap();
                let Some(last) = page.last() else { break };
                from = (last.at, Some(last.logon_id));
                seen.extend(page.iter().map(|logon| logon.logon_id.as_u128()));
            }
            assert_eq!(seen, (7..u128::from(n_checks)).collect::<Vec<_>>());
        })
        .await;
    }

    #[tokio::test]
    async fn a_check_is_kept_until_the_last_millisecond_of_its_400_days_and_forgotten_after() {
        on_both(async |stores| {
            let logons = stores.logons;
            logons.record(&logon(1, 0)).await.unwrap();
            let old = at(0) + TimeDelta::days(400);
            let early = old - TimeDelta::milliseconds(1);
            assert_eq!(logons.forget(early, KEPT_DAYS, 10).await.unwrap(), 0);
            assert_eq!(logons.forget(old, KEPT_DAYS, 10).await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn forgetting_stops_at_its_limit_and_takes_the_oldest_first() {
        on_both(async |stores| {
            let logons = stores.logons;
            for number in 0..5 {
                logons.record(&logon(number, i64::try_from(number).unwrap())).await.unwrap();
            }
            let later = at(0) + TimeDelta::days(500);
            assert_eq!(logons.forget(later, KEPT_DAYS, 3).await.unwrap(), 3);
            let left = logons.of_holder(holder(1), None, 10).await.unwrap();
            assert_eq!(left, [logon(4, 4), logon(3, 3)]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_check_cannot_be_changed() {
        on_both(async |stores| {
            let logons = stores.logons;
            logons.record(&logon(1, 0)).await.unwrap();
            let changed = Query::new("update logon set verdict = 'locked'")
                .execute(logons.connections.writer())
                .await;
            assert!(changed.is_err());
        })
        .await;
    }
}
