//! The versions of the policy, from the log: every number that a rule was decided by can be looked
//! up there, and exports need nothing else.

use chrono::{DateTime, Utc};
use domain::{
    ids::{CommandId, EventId},
    policy::{InForce, NotPublishable, Policies},
};
use futures::TryStreamExt as _;

use crate::event_store::{
    AppendError, EventStore, Expected, NewEvent, Recorded, Revision, StoreError, StreamName,
    canonical,
};

/// The stream of the versions.
const STREAM: &str = "policy-versions";

/// The schema of what is written now.
const SCHEMA: u16 = 1;

/// Why the versions cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// An event of the stream is not one this build can read.
    #[error("version {revision} of the policy in the log cannot be read")]
    Unreadable {
        /// Its place in the stream.
        revision: u64,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// A version does not follow the one before.
    #[error(transparent)]
    NotPublishable(#[from] NotPublishable),
    /// The log cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The versions in the log; `None` if there are none yet.
pub async fn read(log: &dyn EventStore) -> Result<Option<Policies>, PolicyError> {
    let stream = stream()?;
    let mut events = log.read_stream(&stream, Revision(0));
    let mut policies: Option<Policies> = None;
    while let Some(recorded) = events.try_next().await? {
        let version = decode(&recorded)?;
        policies = Some(match policies {
            None => Policies::only(version.policy),
            Some(earlier) => earlier.and(version)?,
        });
    }
    Ok(policies)
}

/// The versions in the log. If there are none, `first` is written, in force since always.
pub async fn open(
    log: &dyn EventStore,
    first: InForce,
    command: CommandId,
    now: DateTime<Utc>,
) -> Result<Policies, PolicyError> {
    if let Some(policies) = read(log).await? {
        return Ok(policies);
    }
    log.append(&stream()?, Expected::NoStream, vec![event(&first, command)?], now).await?;
    Ok(Policies::only(first.policy))
}

/// Writes one more version, which has been checked by [`Policies::publish`].
pub async fn publish(
    log: &dyn EventStore,
    version: &InForce,
    command: CommandId,
    now: DateTime<Utc>,
) -> Result<(), PolicyError> {
    // The first version has revision 0 and number 1.
    let before = u64::from(version.policy.version).saturating_sub(2);
    let expected = Expected::At(Revision(before));
    log.append(&stream()?, expected, vec![event(version, command)?], now).await?;
    Ok(())
}

fn stream() -> Result<StreamName, StoreError> {
    STREAM.parse().map_err(|error: crate::event_store::NotAStreamName| StoreError(error.into()))
}

fn event(version: &InForce, command: CommandId) -> Result<NewEvent, StoreError> {
    let meta = serde_json::json!({
        "$correlationId": command,
        "$causationId": command,
        "actor": { "by": "operator" },
        "policy": version.policy.version,
        "rules": ["B-14"],
    });
    Ok(NewEvent {
        id: EventId::derive(command, 0),
        kind: InForce::KIND.to_owned(),
        schema: SCHEMA,
        data: canonical(version)?,
        meta: canonical(&meta)?,
    })
}

fn decode(recorded: &Recorded) -> Result<InForce, PolicyError> {
    serde_json::from_slice(&recorded.data)
        .map_err(|source| PolicyError::Unreadable { revision: recorded.revision.0, source })
}

#[cfg(test)]
mod tests {
    use domain::policy::Policy;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{at, stores};

    fn command(number: u128) -> CommandId {
        CommandId(Uuid::from_u128(number))
    }

    fn version(number: u32, from: &str) -> InForce {
        let policy = Policy { version: number, ..Policy::seed() };
        InForce { from: from.parse().unwrap(), policy }
    }

    #[tokio::test]
    async fn b14_a_new_log_gets_its_first_version_once_and_keeps_every_later_one() {
        let log = stores().await.log;
        assert!(read(log.as_ref()).await.unwrap().is_none());
        let first = || version(1, "2026-01-01");
        let opened = open(log.as_ref(), first(), command(1), at(0)).await.unwrap();
        let again = open(log.as_ref(), version(1, "2027-01-01"), command(2), at(1)).await.unwrap();
        assert_eq!(opened, again);
        let second = version(2, "2026-05-01");
        publish(log.as_ref(), &second, command(3), at(2)).await.unwrap();
        let policies = read(log.as_ref()).await.unwrap().unwrap();
        assert_eq!(policies.latest().version, 2);
        assert_eq!(policies.in_force("2026-04-30".parse().unwrap()).version, 1);
    }

    #[tokio::test]
    async fn b14_two_versions_with_one_number_are_not_both_published() {
        let log = stores().await.log;
        open(log.as_ref(), version(1, "2026-01-01"), command(1), at(0)).await.unwrap();
        publish(log.as_ref(), &version(2, "2026-05-01"), command(2), at(1)).await.unwrap();
        let other = publish(log.as_ref(), &version(2, "2026-06-01"), command(3), at(2)).await;
        assert!(matches!(other, Err(PolicyError::Append(AppendError::Conflict { .. }))));
    }
}
