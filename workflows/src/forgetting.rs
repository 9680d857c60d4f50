//! What the vault need not keep any more once an event of self-service says so: answers and address of
//! a registration that was cancelled or replaced (B-44), a PUK that the card has no longer, once a later
//! replacement was confirmed.

use domain::{
    holder::HolderEvent,
    ids::{HolderId, SecretRef},
    policy::Policy,
};
use futures::TryStreamExt as _;
use stores::{
    event_store::{EventStore, Revision, StreamName},
    vault::Vault,
};

use crate::commands::{self, Commands};

/// True if an event of this type leaves something behind that is to be forgotten.
pub(crate) fn is_cause(kind: &str) -> bool {
    matches!(
        kind,
        "RegistrationCompleted"
            | "RegistrationCancelled"
            | "RegistrationRedirected"
            | "PukReplaced"
    )
}

/// Deletes what this holder's events of self-service have ever named and his state no longer does. How
/// many rows there were. What no event has named yet is left alone.
pub(crate) async fn forget(
    log: &dyn EventStore,
    commands: &Commands,
    vault: &Vault,
    policy: &Policy,
    holder: HolderId,
) -> anyhow::Result<u64> {
    let mut named: Vec<SecretRef> = Vec::new();
    let stream = StreamName::holder(holder);
    let mut events = log.read_stream(&stream, Revision(0));
    while let Some(recorded) = events.try_next().await? {
        for secret in names(&commands::decode(&recorded)?) {
            if !named.contains(&secret) {
                named.push(secret);
            }
        }
    }
    // Read after what was named: whatever is named from now on is not among it.
    let kept = commands.load(holder).await.map_err(|error| error.0)?.holder.kept(policy);
    named.retain(|secret| !kept.contains(secret));
    Ok(vault.forget(&named).await?)
}

/// What an event of self-service names in the vault.
fn names(event: &HolderEvent) -> Vec<SecretRef> {
    if let HolderEvent::RegistrationBegun { answers, email, .. } = event {
        answers.iter().map(|answer| answer.secret).chain([*email]).collect()
    } else if let HolderEvent::RegistrationRedirected { email, .. } = event {
        vec![*email]
    } else if let HolderEvent::PukRecorded { secret, .. } = event {
        vec![*secret]
    } else if let HolderEvent::PukReleased { from, to, .. } = event {
        vec![*from, *to]
    } else {
        vec![]
    }
}
