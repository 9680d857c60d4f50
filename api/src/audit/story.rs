//! What a holder's events until an instant make of him. The events come from the log or from an
//! export; it is the same to whoever reads them.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::{
    context::Context,
    decider::Decider as _,
    holder::{Holder, HolderEvent},
    ids::HolderId,
    policy::Policies,
};
use futures::TryStreamExt as _;
use stores::{
    event_store::{EventStore, Position, Recorded, Revision, StreamName},
    policy,
};

use super::{facts::Facts, life::Life};

/// A holder at an instant, and what was known of him then.
#[derive(Debug, Clone)]
pub struct Story {
    /// Who.
    pub holder: HolderId,
    /// As of when.
    pub at: DateTime<Utc>,
    /// His state.
    pub state: Holder,
    /// What it rests on.
    pub facts: Facts,
    /// His last event until then; `None` if there was none.
    pub last: Option<(Revision, Position)>,
    pub(super) life: Life,
    policies: Option<Policies>,
}

impl Story {
    /// Of this holder as of this instant, before any event.
    #[must_use]
    pub fn of(holder: HolderId, at: DateTime<Utc>) -> Self {
        let (state, facts, life) = (Holder::default(), Facts::default(), Life::default());
        Self { holder, at, state, facts, last: None, life, policies: None }
    }

    /// From the log.
    ///
    /// # Errors
    /// If it cannot be read, or has an event that this build does not know.
    pub async fn from_log(
        log: &dyn EventStore,
        holder: HolderId,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let mut story = Self::of(holder, at);
        story.policies = policy::read_until(log, at).await?;
        let stream = StreamName::holder(holder);
        let mut events = log.read_stream(&stream, Revision(0));
        while let Some(recorded) = events.try_next().await? {
            if at < recorded.at {
                break;
            }
            story.add(&recorded)?;
        }
        Ok(story)
    }

    /// With one more event, if it was recorded by then and says something of him or of the policy.
    /// Events of a stream come in its order.
    ///
    /// # Errors
    /// If one before it is missing, or it is one that this build does not know.
    pub fn add(&mut self, recorded: &Recorded) -> anyhow::Result<()> {
        if self.at < recorded.at {
            return Ok(());
        }
        if policy::is_version(recorded) {
            self.policies = Some(policy::with(self.policies.take(), recorded)?);
        } else if recorded.stream == StreamName::holder(self.holder) {
            let next = self.last.map_or(0, |(last, _)| last.0 + 1);
            anyhow::ensure!(
                recorded.revision.0 == next,
                "event {next} of the holder is missing, so his state is not known"
            );
            let event = HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)
                .with_context(|| format!("event {}", recorded.id))?;
            self.facts.add(recorded, &event);
            let on = self.day_of(recorded.at);
            self.life.add(on, &event);
            self.state = std::mem::take(&mut self.state).evolve(recorded.at, &event);
            self.last = Some((recorded.revision, recorded.position));
        }
        Ok(())
    }

    /// What a rule was told about the world then.
    ///
    /// # Errors
    /// If there was no policy yet: the log begins with one.
    pub fn context(&self) -> anyhow::Result<Context<'_>> {
        let policies = self.policies.as_ref();
        let policies = policies.context("there was no policy yet: the log begins later")?;
        Ok(Context { now: self.at, policies })
    }
}
