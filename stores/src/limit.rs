//! Durable counters: so many in one window of time, whatever restarts in between.

use chrono::{DateTime, Utc};

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
};

/// What was taken in one window.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    /// What was counted, and about whom.
    pub subject: String,
    /// When the window started.
    pub window_start: DateTime<Utc>,
    /// How many.
    #[sqlx(try_from = "i64")]
    pub n_taken: u32,
}

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Limits {
    connections: Connections,
}

impl Limits {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// Takes one of `max` in a window. False if all were taken; then nothing changes. Callers at
    /// the same moment never get more than `max` between them. `key` says what is counted and
    /// about whom; it is never a secret.
    pub async fn take(
        &self,
        key: &str,
        window_start: DateTime<Utc>,
        max: u32,
    ) -> Result<bool, StoreError> {
        if max == 0 {
            return Ok(false);
        }
        let taken: Option<i64> = Query::new(
            "
            insert into tally (subject, window_start, n_taken)
            values ($1, $2, 1)
            on conflict (subject, window_start) do update
            set n_taken = tally.n_taken + 1
            where tally.n_taken < $3
            returning n_taken
            ",
        )
        .bind(key)
        .bind(window_start)
        .bind(i64::from(max))
        .scalar_optional(self.connections.writer())
        .await?;
        Ok(taken.is_some())
    }

    /// How many were taken in a window.
    pub async fn taken(&self, key: &str, window_start: DateTime<Utc>) -> Result<u32, StoreError> {
        let taken: Option<i64> =
            Query::new("select n_taken from tally where subject = $1 and window_start = $2")
                .bind(key)
                .bind(window_start)
                .scalar_optional(self.connections.reader())
                .await?;
        u32::try_from(taken.unwrap_or(0)).map_err(|error| StoreError(error.into()))
    }

    /// Gives one back, of the newest window since an instant that has any. False if there is none.
    pub async fn give_back(&self, key: &str, since: DateTime<Utc>) -> Result<bool, StoreError> {
        let given = Query::new(
            "
            update tally set n_taken = n_taken - 1
            where subject = $1 and window_start = (
                select max(window_start) from tally
                where subject = $1 and $2 <= window_start and 0 < n_taken
            )
            ",
        )
        // Whoever comes second waits for the row, and takes another one if there is none left in it.
        .on_postgres(
            "
            update tally set n_taken = n_taken - 1
            where (subject, window_start) = (
                select subject, window_start from tally
                where subject = $1 and $2 <= window_start and 0 < n_taken
                order by window_start desc
                limit 1
                for update
            )
            ",
        )
        .bind(key)
        .bind(since)
        .execute(self.connections.writer())
        .await?;
        Ok(given == 1)
    }

    /// The counters whose key begins so and whose window started before an instant, oldest first, at
    /// most `limit`.
    pub async fn tallies(
        &self,
        begins: &str,
        started_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Tally>, StoreError> {
        let tallies = Query::new(
            "
            select subject, window_start, n_taken from tally
            where substr(subject, 1, $1) = $2 and window_start < $3
            order by window_start, subject
            limit $4
            ",
        )
        .bind(i32::try_from(begins.len()).unwrap_or(i32::MAX))
        .bind(begins)
        .bind(started_before)
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        Ok(tallies)
    }

    /// Deletes one counter, unless it has changed since it was read.
    pub async fn forget(&self, tally: &Tally) -> Result<(), StoreError> {
        Query::new("delete from tally where subject = $1 and window_start = $2 and n_taken = $3")
            .bind(&tally.subject)
            .bind(tally.window_start)
            .bind(i64::from(tally.n_taken))
            .execute(self.connections.writer())
            .await?;
        Ok(())
    }

    /// Deletes up to `limit` counters whose window started before an instant. How many; to be
    /// called until it says 0.
    pub async fn sweep(
        &self,
        started_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = Query::new(
            "
            delete from tally where (subject, window_start) in (
                select subject, window_start from tally
                where window_start < $1 order by window_start limit $2
            )
            ",
        )
        .bind(started_before)
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use crate::testing::{at, on_both};

    #[tokio::test]
    async fn the_last_of_five_is_given_and_the_sixth_is_not() {
        on_both(async |stores| {
            let limits = stores.limits;
            for _ in 0..5 {
                assert!(limits.take("evaluation/1", at(0), 5).await.unwrap());
            }
            assert!(!limits.take("evaluation/1", at(0), 5).await.unwrap());
            assert_eq!(limits.taken("evaluation/1", at(0)).await.unwrap(), 5);
        })
        .await;
    }

    #[tokio::test]
    async fn another_key_and_another_window_count_for_themselves_and_none_is_none() {
        on_both(async |stores| {
            let limits = stores.limits;
            assert!(limits.take("evaluation/1", at(0), 1).await.unwrap());
            assert!(limits.take("evaluation/2", at(0), 1).await.unwrap());
            assert!(limits.take("evaluation/1", at(1), 1).await.unwrap());
            assert!(!limits.take("evaluation/3", at(0), 0).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn sixty_four_callers_at_once_get_exactly_three() {
        on_both(async |stores| {
            let limits = stores.limits;
            let answers = join_all((0..64).map(|_| limits.take("strike/1", at(0), 3))).await;
            assert_eq!(answers.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 3);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_given_back_is_of_the_newest_window_and_never_more_than_was_taken() {
        on_both(async |stores| {
            let limits = stores.limits;
            for window in [0, 0, 1] {
                limits.take("start a", at(window), 9).await.unwrap();
            }
            assert!(limits.give_back("start a", at(0)).await.unwrap());
            assert_eq!(limits.taken("start a", at(1)).await.unwrap(), 0);
            assert!(!limits.give_back("start a", at(1)).await.unwrap());
            assert!(limits.give_back("start a", at(0)).await.unwrap());
            assert!(limits.give_back("start a", at(0)).await.unwrap());
            assert!(!limits.give_back("start a", at(0)).await.unwrap());
            assert!(!limits.give_back("start b", at(0)).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn tallies_are_of_one_kind_and_of_windows_that_started_before() {
        on_both(async |stores| {
            let limits = stores.limits;
            for (key, window) in [("start a", 0), ("start b", 0), ("start a", 1), ("else a", 0)] {
                limits.take(key, at(window), 9).await.unwrap();
            }
            let all = limits.tallies("start ", at(1), 9).await.unwrap();
            let subjects: Vec<_> = all.iter().map(|tally| tally.subject.as_str()).collect();
            assert_eq!(subjects, ["start a", "start b"]);
            limits.take("start b", at(0), 9).await.unwrap();
            for tally in &all {
                limits.forget(tally).await.unwrap();
            }
            let left = limits.tallies("start ", at(2), 9).await.unwrap();
            assert_eq!(left.iter().map(|tally| tally.n_taken).collect::<Vec<_>>(), [2, 1]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_sweep_takes_windows_that_started_before_and_leaves_the_one_that_starts_then() {
        on_both(async |stores| {
            let limits = stores.limits;
            limits.take("a", at(0), 1).await.unwrap();
            limits.take("a", at(1), 1).await.unwrap();
            assert_eq!(limits.sweep(at(1), 10).await.unwrap(), 1);
            assert!(!limits.take("a", at(1), 1).await.unwrap());
        })
        .await;
    }
}
