//! What commands were answered, kept for a day: a repeat gets the same bytes.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::CommandId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::{
    database::{Connections, Query},
    event_store::StoreError,
    vault::VaultKeys,
};

/// How long an answer is kept, in hours.
pub const KEPT_HOURS: i64 = 24;

/// The largest answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What is known about a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has not been answered, or not in the last 24 hours.
    Nothing,
    /// It has been answered with these bytes.
    Answer(Vec<u8>),
    /// Its id was used for another request: the caller has a fault.
    OtherRequest,
}

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    connections: Connections,
    keys: Arc<VaultKeys>,
}

impl Answers {
    pub(crate) fn new(connections: Connections, keys: Arc<VaultKeys>) -> Self {
        Self { connections, keys }
    }

    /// Keeps the answer to a command; the first one stays. `request` is the whole request; only a
    /// keyed hash of it is kept, because there may be a passcode in it.
    pub async fn keep(
        &self,
        command: CommandId,
        request: &[u8],
        answer: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if ANSWER_BYTES_MAX < answer.len() {
            return Err(StoreError(anyhow::anyhow!("an answer is too long to be kept")));
        }
        let (version, pepper) = self.keys.pepper.current();
        Query::new(
            "
            insert into answer (command_id, request_mac, pepper_version, answer, kept_at)
            values ($1, $2, $3, $4, $5)
            on conflict (command_id) do update
            set request_mac = excluded.request_mac, pepper_version = excluded.pepper_version,
                answer = excluded.answer, kept_at = excluded.kept_at
            where answer.kept_at <= $6
            ",
        )
        .bind(command.0)
        .bind(request_mac(pepper, command, request)?.to_vec())
        .bind(i64::from(version))
        .bind(answer.to_vec())
        .bind(now)
        .bind(now - TimeDelta::hours(KEPT_HOURS))
        .execute(self.connections.writer())
        .await?;
        Ok(())
    }

    /// What this command was answered, if it was asked with this very request.
    pub async fn find(
        &self,
        command: CommandId,
        request: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Found, StoreError> {
        let row: Option<(Vec<u8>, i64, Vec<u8>)> = Query::new(
            "
            select request_mac, pepper_version, answer
            from answer
            where command_id = $1 and $2 < kept_at
            ",
        )
        .bind(command.0)
        .bind(now - TimeDelta::hours(KEPT_HOURS))
        .fetch_optional(self.connections.reader())
        .await?;
        let Some((kept_mac, version, answer)) = row else { return Ok(Found::Nothing) };
        let version = u32::try_from(version).map_err(|error| StoreError(error.into()))?;
        let pepper =
            self.keys.pepper.by_version(version).ok_or_else(|| {
                StoreError(anyhow::anyhow!("pepper version {version} is missing"))
            })?;
        let mac = request_mac(pepper, command, request)?;
        if bool::from(mac.ct_eq(kept_mac.as_slice())) {
            Ok(Found::Answer(answer))
        } else {
            Ok(Found::OtherRequest)
        }
    }

    /// Deletes up to `limit` answers that are 24 hours old. How many; to be called until it says 0.
    pub async fn sweep(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let swept = Query::new(
            "
            delete from answer where command_id in (
                select command_id from answer where kept_at <= $1 order by kept_at limit $2
            )
            ",
        )
        .bind(now - TimeDelta::hours(KEPT_HOURS))
        .bind(i64::from(limit))
        .execute(self.connections.writer())
        .await?;
        Ok(swept)
    }
}

fn request_mac(
    pepper: &[u8; 32],
    command: CommandId,
    request: &[u8],
) -> Result<[u8; 32], StoreError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper)
        .map_err(|error| StoreError(anyhow::Error::new(error)))?;
    mac.update(b"latchkey/v1 request\0");
    mac.update(command.0.as_bytes());
    mac.update(request);
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, command, on_both};

    #[tokio::test]
    async fn a_repeat_is_answered_with_the_first_bytes_and_another_request_is_told_apart() {
        on_both(async |stores| {
            let answers = stores.answers;
            answers.keep(command(1), b"request", b"first", at(0)).await.unwrap();
            answers.keep(command(1), b"request", b"second", at(1)).await.unwrap();
            let found = answers.find(command(1), b"request", at(2)).await.unwrap();
            assert_eq!(found, Found::Answer(b"first".to_vec()));
            let other = answers.find(command(1), b"another", at(2)).await.unwrap();
            assert_eq!(other, Found::OtherRequest);
            let unknown = answers.find(command(2), b"request", at(2)).await.unwrap();
            assert_eq!(unknown, Found::Nothing);
        })
        .await;
    }

    #[tokio::test]
    async fn an_answer_is_there_until_just_before_24_hours_and_gone_at_24_hours() {
        on_both(async |stores| {
            let answers = stores.answers;
            answers.keep(command(1), b"request", b"answer", at(0)).await.unwrap();
            let day = 24 * 3_600_000;
            let early = answers.find(command(1), b"request", at(day - 1)).await.unwrap();
            assert_eq!(early, Found::Answer(b"answer".to_vec()));
            assert_eq!(
                answers.find(command(1), b"request", at(day)).await.unwrap(),
                Found::Nothing
            );
            assert_eq!(answers.sweep(at(day - 1), 10).await.unwrap(), 0);
            assert_eq!(answers.sweep(at(day), 10).await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn after_24_hours_an_id_may_be_answered_anew() {
        on_both(async |stores| {
            let answers = stores.answers;
            answers.keep(command(1), b"old", b"old answer", at(0)).await.unwrap();
            let day = 24 * 3_600_000;
            answers.keep(command(1), b"new", b"new answer", at(day)).await.unwrap();
            let found = answers.find(command(1), b"new", at(day)).await.unwrap();
            assert_eq!(found, Found::Answer(b"new answer".to_vec()));
        })
        .await;
    }
}
