//! The versions of the policy in a running server (B-14): read when it starts, and kept as new as the
//! log by being the only way to add to it while it runs.
//!
//! A version is in force from tomorrow at the earliest, so whoever still works by the versions of a
//! moment ago decides nothing otherwise. What is held is only ever added to: who has borrowed the
//! versions keeps them.

pub mod history;
pub mod numbers;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use chrono::NaiveDate;
use domain::{
    context::Context,
    ids::CommandId,
    policy::{InForce, NotPublishable, Policies, Policy, PolicyFault, REASON_CHARACTERS_MAX},
    refusal::RuleId,
};
use stores::{event_store::AppendError, policy::PolicyError};
use tokio::sync::Mutex;

use crate::{
    app::App,
    execute::{Actor, Cause},
};

/// The most versions that one run of the server publishes; after a restart there is room again.
pub const PUBLISHED_MAX: usize = 200;

/// The largest text of a policy that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// The versions, in memory: those of the start, then with each that was published since.
pub struct Held {
    /// Each is all versions up to one.
    all: Vec<OnceLock<Policies>>,
    first: Policies,
    publishing: Mutex<()>,
}

/// A version that is to be the next one.
#[derive(Debug, Clone)]
pub struct Next {
    /// Its first day.
    pub from: NaiveDate,
    /// Its numbers.
    pub policy: Policy,
    /// The version that its author has begun with: if there is a later one, his is not published. None
    /// where the author says that it follows whatever is the latest.
    pub after: Option<u32>,
}

/// Why a version was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// B-14: it cannot follow the others.
    #[error(transparent)]
    NotPublishable(NotPublishable),
    /// Numbers that do not fit together, each with its rule.
    #[error("the numbers do not fit together")]
    Faults(Vec<PolicyFault>),
    /// No reason, or one that is too long.
    #[error("a reason has 1 to {REASON_CHARACTERS_MAX} characters")]
    NoReason,
    /// The system's clock is kept out.
    #[error("the system's clock is in doubt, so which day tomorrow is, is too")]
    ClockInDoubt,
    /// Somebody else has published one.
    #[error("another version was published meanwhile")]
    Conflict,
    /// Too many were.
    #[error("{PUBLISHED_MAX} versions were published since the server was started")]
    TooMany,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl PublishError {
    /// The rule that says no, where one does.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::ClockInDoubt => const { RuleId::new("B-09") },
            Self::NotPublishable(_)
            | Self::Faults(_)
            | Self::NoReason
            | Self::Conflict
            | Self::TooMany
            | Self::Failed(_) => const { RuleId::new("B-14") },
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotPublishable(NotPublishable::NotInTheFuture) => {
                "Choose tomorrow or a later day as its first day."
            }
            Self::NotPublishable(NotPublishable::NotTheLatest) => {
                "Choose a day after the first day of the latest version."
            }
            Self::NotPublishable(NotPublishable::NotTheNextNumber) | Self::Conflict => {
                "Look at the latest version, and begin with its numbers again."
            }
            Self::NotPublishable(NotPublishable::OtherZone) => "Leave the time zone as it is.",
            Self::NotPublishable(NotPublishable::Inconsistent) | Self::Faults(_) => {
                "Put right every number that is named, and send it again."
            }
            Self::NoReason => "Say in a sentence why the numbers are changed.",
            Self::ClockInDoubt => {
                "Ask the operator to put the system's clock right: latchkey clock status."
            }
            Self::TooMany => "Ask the operator to start the server again.",
            Self::Failed(_) => "Try again later. Nothing was published.",
        }
    }
}

impl Held {
    /// As the log has them.
    #[must_use]
    pub fn new(policies: Policies) -> Self {
        let all = std::iter::repeat_with(OnceLock::new).take(PUBLISHED_MAX).collect();
        Self { all, first: policies, publishing: Mutex::new(()) }
    }

    /// All versions there are now.
    #[must_use]
    pub fn now(&self) -> &Policies {
        // Filled one after the other.
        let n_published = self.all.partition_point(|place| place.get().is_some());
        let newest = n_published.checked_sub(1).and_then(|last| self.all.get(last)?.get());
        newest.unwrap_or(&self.first)
    }

    fn has_room(&self) -> Result<&OnceLock<Policies>, PublishError> {
        self.all.iter().find(|place| place.get().is_none()).ok_or(PublishError::TooMany)
    }

    fn put(&self, policies: Policies) -> Result<(), PublishError> {
        self.has_room()?.set(policies).map_err(|_| PublishError::Conflict)
    }
}

/// The text of a policy as TOML, as `latchkey policy show` prints it.
///
/// # Errors
/// In words, if it is none.
pub fn parse(text: &str) -> Result<Policy, String> {
    if TEXT_BYTES_MAX < text.len() {
        return Err("the text is too long".to_owned());
    }
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

/// The numbers as TOML.
///
/// # Errors
/// Never, for a policy.
pub fn text(policy: &Policy) -> anyhow::Result<String> {
    Ok(toml::to_string(policy)?)
}

impl App {
    /// B-14: the versions with this one, in force from then on; its number is the next.
    ///
    /// # Errors
    /// If it cannot follow them.
    pub fn policies_with(
        &self,
        from: NaiveDate,
        policy: Policy,
    ) -> Result<(Policies, InForce), PublishError> {
        let policies = self.policies();
        let policy = Policy { version: policies.latest().version.saturating_add(1), ..policy };
        let faults = policy.faults();
        if !faults.is_empty() {
            return Err(PublishError::Faults(faults));
        }
        let today = Context { now: self.now(), policies }.today();
        let next = policies.publish(today, from, policy.clone());
        Ok((next.map_err(PublishError::NotPublishable)?, InForce::new(from, policy)))
    }

    /// B-14: publishes the next version, and says its number. The same command again publishes nothing
    /// more, and is told the same number. What was begun is finished, though nobody waits for it: what
    /// is held here is never behind the log.
    ///
    /// # Errors
    /// If it cannot follow the others, or the log cannot be written.
    pub async fn publish_policy(
        &self,
        actor: Actor,
        cause: Cause,
        next: Next,
        reason: &str,
    ) -> Result<u32, PublishError> {
        let reason = reason.trim().to_owned();
        let is_reason = (1..=REASON_CHARACTERS_MAX).contains(&reason.chars().count());
        if !is_reason || reason.chars().any(char::is_control) {
            return Err(PublishError::NoReason);
        }
        let app = self.clone();
        let publishing = async move { app.publish_whole(&actor, cause, next, reason).await };
        tokio::spawn(publishing).await.map_err(|error| PublishError::Failed(error.into()))?
    }

    async fn publish_whole(
        &self,
        actor: &Actor,
        cause: Cause,
        next: Next,
        reason: String,
    ) -> Result<u32, PublishError> {
        let held = self.held_policies();
        let _publishing = held.publishing.lock().await;
        self.take_over_newer().await?;
        if let Some(number) = self.published_by(cause.command).await? {
            return Ok(number);
        }
        if self.clock().accepted().is_some_and(|clock| clock.standing().alarm) {
            return Err(PublishError::ClockInDoubt);
        }
        held.has_room()?;
        let Next { from, policy, after } = next;
        if after.is_some_and(|after| after != self.policies().latest().version) {
            return Err(PublishError::Conflict);
        }
        let (policies, version) = self.policies_with(from, policy)?;
        let number = version.policy.version;
        let version = InForce { reason: Some(reason), ..version };
        let (log, now) = (self.stores().log.as_ref(), self.now());
        stores::policy::publish(log, &version, actor, cause.command, now).await.map_err(failed)?;
        held.put(policies.clone())?;
        self.engine().adopt(std::sync::Arc::new(policies));
        Ok(number)
    }

    /// B-14: takes over versions that another process has published.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub(crate) async fn hear_policies(&self) -> anyhow::Result<()> {
        let held = self.held_policies();
        let _publishing = held.publishing.lock().await;
        self.take_over_newer().await
    }

    async fn take_over_newer(&self) -> anyhow::Result<()> {
        let read = stores::policy::read(self.stores().log.as_ref()).await?;
        let newer = read.filter(|read| self.policies().latest().version < read.latest().version);
        let Some(policies) = newer else { return Ok(()) };
        let held = self.held_policies();
        held.put(policies.clone())?;
        self.engine().adopt(std::sync::Arc::new(policies));
        Ok(())
    }

    /// The version that this command has published, if it has.
    async fn published_by(&self, command: CommandId) -> anyhow::Result<Option<u32>> {
        let all = stores::policy::history(self.stores().log.as_ref()).await?;
        let found = all.iter().find(|published| published.is_of(command));
        Ok(found.map(|published| published.version.policy.version))
    }
}

fn failed(error: PolicyError) -> PublishError {
    match error {
        PolicyError::Append(AppendError::Conflict { .. }) => PublishError::Conflict,
        PolicyError::NotPublishable(why) => PublishError::NotPublishable(why),
        error @ (PolicyError::Unreadable { .. }
        | PolicyError::Unknown { .. }
        | PolicyError::Append(_)
        | PolicyError::Store(_)) => PublishError::Failed(error.into()),
    }
}
