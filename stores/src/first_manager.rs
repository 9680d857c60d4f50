//! The code by which an operator makes the first registration authority manager: one at a time, good
//! once, and void after some wrong ones.

use chrono::{DateTime, Utc};

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
    token::TokenHash,
};

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct FirstManagerCodes {
    connections: Connections,
}

impl FirstManagerCodes {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections }
    }

    /// This code is good until then, and no other is any more.
    pub async fn put(&self, code: TokenHash, expires_at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.connections.writer().begin_alone("first_manager_code").await?;
        Query::new("delete from first_manager_code").execute(&mut tx).await?;
        Query::new(
            "
            insert into first_manager_code (code_sha256, expires_at, n_wrong) values ($1, $2, 0)
            ",
        )
        .bind(code.as_bytes())
        .bind(expires_at)
        .execute(&mut tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Spends the code, if it is this one and its time is not over; else one that is good gets nearer
    /// to being void, which it is with the `wrong_max`-th wrong one.
    pub async fn take(
        &self,
        code: TokenHash,
        wrong_max: u8,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.connections.writer().begin_alone("first_manager_code").await?;
        Query::new("delete from first_manager_code where expires_at <= $1")
            .bind(now)
            .execute(&mut tx)
            .await?;
        let taken = Query::new("delete from first_manager_code where code_sha256 = $1")
            .bind(code.as_bytes())
            .execute(&mut tx)
            .await?;
        if taken == 0 {
            Query::new("update first_manager_code set n_wrong = n_wrong + 1")
                .execute(&mut tx)
                .await?;
            Query::new("delete from first_manager_code where $1 <= n_wrong")
                .bind(i64::from(wrong_max))
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(taken == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, on_both};

    const WRONG_MAX: u8 = 5;

    #[tokio::test]
    async fn a_code_is_good_once_until_just_before_its_end_and_the_next_one_replaces_it() {
        on_both(async |stores| {
            let codes = stores.first_manager_codes;
            let [one, two] = [b"one", b"two"].map(|code| TokenHash::of(code));
            assert!(!codes.take(one, WRONG_MAX, at(0)).await.unwrap());
            codes.put(one, at(10)).await.unwrap();
            assert!(!codes.take(one, WRONG_MAX, at(10)).await.unwrap());
            codes.put(one, at(10)).await.unwrap();
            codes.put(two, at(10)).await.unwrap();
            assert!(!codes.take(one, WRONG_MAX, at(9)).await.unwrap());
            assert!(codes.take(two, WRONG_MAX, at(9)).await.unwrap());
            assert!(!codes.take(two, WRONG_MAX, at(9)).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn the_fifth_wrong_code_makes_the_right_one_void_and_the_fourth_does_not() {
        on_both(async |stores| {
            let codes = stores.first_manager_codes;
            let [right, wrong] = [b"right", b"wrong"].map(|code| TokenHash::of(code));
            for (n_wrong, good) in [(WRONG_MAX - 1, true), (WRONG_MAX, false)] {
                codes.put(right, at(10)).await.unwrap();
                for _ in 0..n_wrong {
                    assert!(!codes.take(wrong, WRONG_MAX, at(1)).await.unwrap());
                }
                assert_eq!(codes.take(right, WRONG_MAX, at(1)).await.unwrap(), good);
            }
        })
        .await;
    }
}
