//! The versions of the policy, from the log: every number that a rule was decided by can be looked
//! up there, and exports need nothing else.

use chrono::{DateTime, Utc};
use domain::{
    ids::{CommandId, EventId},
    policy::{InForce, NotPublishable, Policies, Policy},
};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event_store::{
    AppendError, EventStore, Expected, NewEvent, Recorded, Revision, StoreError, StreamName,
    canonical,
};

/// The stream of the versions.
const STREAM: &str = "policy-versions";

/// The schema of what is written now. A number that is new in the policy does not make another
/// schema: see [`decode`].
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
    /// An event of the stream is of a type or schema that this build does not know.
    #[error("version {revision} of the policy in the log is a {kind} of schema {schema}")]
    Unknown {
        /// Its place in the stream.
        revision: u64,
        /// Its type.
        kind: String,
        /// Its schema.
        schema: u16,
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
    read_until(log, DateTime::<Utc>::MAX_UTC).await
}

/// The versions that had been published by this instant, in force or not yet; `None` if there was
/// none.
pub async fn read_until(
    log: &dyn EventStore,
    at: DateTime<Utc>,
) -> Result<Option<Policies>, PolicyError> {
    let stream = stream()?;
    let mut events = log.read_stream(&stream, Revision(0));
    let mut policies: Option<Policies> = None;
    while let Some(recorded) = events.try_next().await? {
        if at < recorded.at {
            break;
        }
        policies = Some(with(policies, &recorded)?);
    }
    Ok(policies)
}

/// A version as it was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The version.
    pub version: InForce,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// Who did it, as every event's `meta` says it.
    pub actor: Value,
    /// The event.
    id: EventId,
}

impl Published {
    /// True if this command published it.
    #[must_use]
    pub fn is_of(&self, command: CommandId) -> bool {
        self.id == EventId::derive(command, 0)
    }
}

/// Every version with when and by whom it was published, oldest first: as many as there are, which is
/// few.
pub async fn history(log: &dyn EventStore) -> Result<Vec<Published>, PolicyError> {
    #[derive(Deserialize)]
    struct Meta {
        #[serde(default)]
        actor: Value,
    }
    let stream = stream()?;
    let mut events = log.read_stream(&stream, Revision(0));
    let mut all = Vec::new();
    while let Some(recorded) = events.try_next().await? {
        let meta: Meta = serde_json::from_slice(&recorded.meta).map_err(|error| {
            PolicyError::Unreadable { revision: recorded.revision.0, source: error }
        })?;
        let version = decode(&recorded)?;
        all.push(Published { version, at: recorded.at, actor: meta.actor, id: recorded.id });
    }
    Ok(all)
}

/// True for an event that publishes a version.
#[must_use]
pub fn is_version(recorded: &Recorded) -> bool {
    recorded.stream.as_str() == STREAM
}

/// The versions with the one that this event publishes, for whoever reads them one by one.
///
/// # Errors
/// If it publishes none that follows them.
pub fn with(earlier: Option<Policies>, recorded: &Recorded) -> Result<Policies, PolicyError> {
    let version = decode(recorded)?;
    Ok(match earlier {
        None => Policies::only(version.policy),
        Some(earlier) => earlier.and(version)?,
    })
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
    log.append(&stream()?, Expected::NoStream, vec![event(&first, &operator(), command)?], now)
        .await?;
    Ok(Policies::only(first.policy))
}

/// Writes one more version, which has been checked by [`Policies::publish`], and who publishes it.
pub async fn publish<A: Serialize>(
    log: &dyn EventStore,
    version: &InForce,
    actor: &A,
    command: CommandId,
    now: DateTime<Utc>,
) -> Result<(), PolicyError> {
    // The first version has revision 0 and number 1.
    let before = u64::from(version.policy.version).saturating_sub(2);
    let expected = Expected::At(Revision(before));
    log.append(&stream()?, expected, vec![event(version, actor, command)?], now).await?;
    Ok(())
}

fn stream() -> Result<StreamName, StoreError> {
    STREAM.parse().map_err(|error: crate::event_store::NotAStreamName| StoreError(error.into()))
}

/// Whoever runs the server, at its own console.
fn operator() -> Value {
    serde_json::json!({ "by": "operator" })
}

fn event<A: Serialize>(
    version: &InForce,
    actor: &A,
    command: CommandId,
) -> Result<NewEvent, StoreError> {
    let meta = serde_json::json!({
        "$correlationId": command,
        "$causationId": command,
        "actor": actor,
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

/// Reads an event of schema 1. A number that the policy has by now and that the event does not name,
/// because it was published by an earlier build, is the one of profile `seed`
/// ([`Policy::seed`]): a number that is added there begins with what was done without it. A number
/// that this build does not know is an error, because then it would decide without it.
fn decode(recorded: &Recorded) -> Result<InForce, PolicyError> {
    let revision = recorded.revision.0;
    if recorded.kind != InForce::KIND || recorded.schema != SCHEMA {
        let (kind, schema) = (recorded.kind.clone(), recorded.schema);
        return Err(PolicyError::Unknown { revision, kind, schema });
    }
    over_seed(&recorded.data).map_err(|source| PolicyError::Unreadable { revision, source })
}

fn over_seed(data: &[u8]) -> Result<InForce, serde_json::Error> {
    let mut data: Value = serde_json::from_slice(data)?;
    if let Some(policy) = data.get_mut("policy") {
        *policy = overlay(serde_json::to_value(Policy::seed())?, policy.take());
    }
    serde_json::from_value(data)
}

/// A policy with some other numbers, by their names; the rest stays.
///
/// # Errors
/// If there is no such number, or it is of another type.
pub fn over(policy: &Policy, numbers: Value) -> Result<Policy, serde_json::Error> {
    serde_json::from_value(overlay(serde_json::to_value(policy)?, numbers))
}

/// What is above, and what is below where nothing is above. As deep as the policy's own structure:
/// below is what [`Policy::seed`] has.
fn overlay(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(mut below), Value::Object(above)) => {
            for (name, above) in above {
                let under = below.remove(&name).unwrap_or_default();
                below.insert(name, overlay(under, above));
            }
            Value::Object(below)
        }
        (_, above) => above,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        event_store::Position,
        testing::{at, stores},
    };

    fn command(number: u128) -> CommandId {
        CommandId(Uuid::from_u128(number))
    }

    fn version(number: u32, from: &str) -> InForce {
        let policy = Policy { version: number, ..Policy::seed() };
        InForce::new(from.parse().unwrap(), policy)
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
        publish(log.as_ref(), &second, &operator(), command(3), at(2)).await.unwrap();
        let policies = read(log.as_ref()).await.unwrap().unwrap();
        assert_eq!(policies.latest().version, 2);
        assert_eq!(policies.in_force("2026-04-30".parse().unwrap()).version, 1);
    }

    #[tokio::test]
    async fn b14_two_versions_with_one_number_are_not_both_published() {
        let log = stores().await.log;
        open(log.as_ref(), version(1, "2026-01-01"), command(1), at(0)).await.unwrap();
        publish(log.as_ref(), &version(2, "2026-05-01"), &operator(), command(2), at(1))
            .await
            .unwrap();
        let other =
            publish(log.as_ref(), &version(2, "2026-06-01"), &operator(), command(3), at(2)).await;
        assert!(matches!(other, Err(PolicyError::Append(AppendError::Conflict { .. }))));
    }

    #[tokio::test]
    async fn b14_who_published_a_version_and_why_is_kept_with_it() {
        let log = stores().await.log;
        open(log.as_ref(), version(1, "2026-01-01"), command(1), at(0)).await.unwrap();
        let reason = Some("The board wants it".to_owned());
        let second = InForce { reason, ..version(2, "2026-05-01") };
        let actor = serde_json::json!({ "by": "staff", "role": "policy_owner" });
        publish(log.as_ref(), &second, &actor, command(2), at(1)).await.unwrap();
        let all = history(log.as_ref()).await.unwrap();
        assert_eq!(all[0].actor, operator());
        let id = EventId::derive(command(2), 0);
        assert_eq!(all[1], Published { version: second, at: at(1), actor, id });
        assert!(all[1].is_of(command(2)) && !all[1].is_of(command(1)));
    }

    /// As it is written with a reason.
    const GOLDEN_REASON: &str = include_str!("policy/golden/PolicyPublished.1.reason.json");

    #[test]
    fn a_version_with_a_reason_is_written_and_read_as_its_golden_file_says() {
        let reason = Some("Passcodes are to live for half a year".to_owned());
        let with_reason = InForce { reason, ..version(2, "2026-05-01") };
        let written = serde_json::to_string_pretty(&with_reason).unwrap() + "\n";
        assert_eq!(written, GOLDEN_REASON);
        let read = decode(&recorded(InForce::KIND, 1, GOLDEN_REASON)).unwrap();
        assert_eq!(read, with_reason);
    }

    const GOLDEN: &str = include_str!("policy/golden/PolicyPublished.1.json");

    /// As builds wrote it that knew no numbers of the desk.
    const GOLDEN_UNLOCK: &str = include_str!("policy/golden/PolicyPublished.1.unlock.json");

    /// As builds wrote it that knew no numbers of self-service.
    const GOLDEN_CERTIFICATES: &str =
        include_str!("policy/golden/PolicyPublished.1.certificates.json");

    /// As builds wrote it that knew no numbers of certificates.
    const GOLDEN_PASSCODES: &str = include_str!("policy/golden/PolicyPublished.1.passcodes.json");

    /// As the log has it.
    fn recorded(kind: &str, schema: u16, data: &str) -> Recorded {
        Recorded {
            id: EventId::derive(command(1), 0),
            stream: STREAM.parse().unwrap(),
            revision: Revision(0),
            position: Position(1),
            kind: kind.to_owned(),
            schema,
            at: at(0),
            data: data.as_bytes().to_vec(),
            meta: b"{}".to_vec(),
        }
    }

    #[test]
    fn a_version_is_written_as_its_golden_file_says() {
        let written = serde_json::to_string_pretty(&version(1, "2026-01-01")).unwrap() + "\n";
        assert_eq!(written, GOLDEN);
    }

    #[test]
    fn each_golden_file_is_read_as_its_version() {
        for golden in [GOLDEN, GOLDEN_UNLOCK, GOLDEN_CERTIFICATES, GOLDEN_PASSCODES] {
            let read = decode(&recorded(InForce::KIND, 1, golden)).unwrap();
            assert_eq!(read, version(1, "2026-01-01"));
        }
    }

    #[test]
    fn b14_a_version_of_a_build_that_had_fewer_numbers_has_those_of_seed_for_the_rest() {
        let fewer = r#"{"from":"2026-01-01","policy":{"version":4,"passcode_days":180,
            "smartcard":{"lengths":{"min":6}}}}"#;
        let read = decode(&recorded(InForce::KIND, 1, fewer)).unwrap();
        let mut expected = version(4, "2026-01-01");
        expected.policy.passcode_days = 180;
        expected.policy.smartcard.lengths.min = 6;
        assert_eq!(read, expected);
    }

    #[test]
    fn b14_numbers_that_are_named_take_the_place_of_others_and_unknown_ones_are_an_error() {
        let named = serde_json::json!({ "history": 6, "smartcard": { "lengths": { "min": 6 } } });
        let mut expected = Policy::strict();
        expected.history = 6;
        expected.smartcard.lengths.min = 6;
        assert_eq!(over(&Policy::strict(), named).unwrap(), expected);
        for wrong in [r#"{"histroy":6}"#, r#"{"history":"six"}"#, r#"{"optional":{"mean":9}}"#, "7"]
        {
            assert!(
                over(&Policy::seed(), serde_json::from_str(wrong).unwrap()).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn b14_a_version_that_this_build_cannot_read_whole_is_an_error() {
        let newer = GOLDEN.replace("\"history\"", "\"alert_minute\": 5, \"history\"");
        for data in [newer.as_str(), "{}", "[]", "", r#"{"from":"2026-01-01","policy":7}"#] {
            let read = decode(&recorded(InForce::KIND, 1, data));
            assert!(matches!(read, Err(PolicyError::Unreadable { revision: 0, .. })), "{data}");
        }
        for (kind, schema) in [("PolicyPublished", 2), ("PolicyPublished", 0), ("Other", 1)] {
            let read = decode(&recorded(kind, schema, GOLDEN));
            assert!(matches!(read, Err(PolicyError::Unknown { .. })), "{kind} {schema}");
        }
    }
}
