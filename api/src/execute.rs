//! The life of one command: load the holder, decide, append; on a conflict, again.

use chrono::{DateTime, Utc};
use domain::{
    context::Context,
    decider::Decider as _,
    holder::{Holder, HolderCommand, HolderEvent},
    ids::{CommandId, EventId, HolderId},
    refusal::{Refusal, RuleId},
};
use futures::TryStreamExt as _;
use serde::Serialize;
use stores::event_store::{
    AppendError, Expected, NewEvent, Position, Recorded, Revision, StoreError, StreamName,
    canonical,
};

use crate::app::App;

/// How often a command is decided anew because somebody else wrote to the same holder first.
const CONFLICTS_MAX: u32 = 5;

/// The most events that one command leads to.
const EVENTS_MAX: u32 = 16;

/// Who does something, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Actor {
    /// The holder, with his card.
    Holder,
    /// Whoever is at the card reader: the card was shown to be there, its holder was not.
    Somebody,
    /// The product itself.
    System,
}

/// Why something is recorded: a command, and the one that began it all. Their ids go into `meta`
/// as `$causationId` and `$correlationId`, so that one story can be read off the whole log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The command itself: its events' ids are derived from it, so that a repeat is recognised.
    pub command: CommandId,
    /// The command that began it all: the *Update*, the registration, the job.
    pub begun_by: CommandId,
}

impl Cause {
    /// A command that is the beginning itself.
    #[must_use]
    pub fn first(command: CommandId) -> Self {
        Self { command, begun_by: command }
    }
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// What happened; nothing if the command had nothing to do or was a repeat.
    pub events: Vec<HolderEvent>,
    /// Where a reader has to be to see it.
    pub position: Position,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others were faster, five times.
    #[error("someone changed this at the same moment: please try again")]
    Conflict,
    /// The machine failed; whether it was done is found out by repeating the command.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A holder as the log has him now.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The state.
    pub holder: Holder,
    /// Revision of the last event; `None` if there is none.
    pub revision: Option<Revision>,
    /// When the last event was: stream time never goes back (B-09).
    pub last_at: Option<DateTime<Utc>>,
}

fn decode(recorded: &Recorded) -> Result<HolderEvent, StoreError> {
    HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)
        .map_err(|error| StoreError(error.into()))
}

#[derive(Serialize)]
struct Meta<'a> {
    #[serde(rename = "$correlationId")]
    correlation: CommandId,
    #[serde(rename = "$causationId")]
    causation: CommandId,
    actor: &'a Actor,
    policy: u32,
    rules: Vec<RuleId>,
}

impl App {
    /// Folds a holder's stream.
    pub async fn load(&self, id: HolderId) -> Result<Loaded, StoreError> {
        let stream = StreamName::holder(id);
        let mut events = self.stores().log.read_stream(&stream, Revision(0));
        let mut loaded = Loaded { holder: Holder::default(), revision: None, last_at: None };
        while let Some(recorded) = events.try_next().await? {
            let event = decode(&recorded)?;
            loaded.holder = loaded.holder.evolve(recorded.at, &event);
            loaded.revision = Some(recorded.revision);
            loaded.last_at = Some(recorded.at);
        }
        Ok(loaded)
    }

    /// What a rule is told about the world, for this holder.
    #[must_use]
    pub fn context(&self, loaded: &Loaded) -> Context<'_> {
        let now = self.now();
        Context { now: loaded.last_at.map_or(now, |last| last.max(now)), policies: self.policies() }
    }

    /// Carries out a command on a holder. Repeating it with the same id does nothing twice.
    pub async fn execute(
        &self,
        id: HolderId,
        cause: Cause,
        actor: Actor,
        command: &HolderCommand,
    ) -> Result<Executed, ExecuteError> {
        let stream = StreamName::holder(id);
        for _ in 0..CONFLICTS_MAX {
            if self.stores().log.contains(EventId::derive(cause.command, 0)).await? {
                let position = self.stores().log.head().await?;
                return Ok(Executed { events: Vec::new(), position });
            }
            let loaded = self.load(id).await?;
            let context = self.context(&loaded);
            let events = loaded.holder.decide(&context, command.clone())?;
            if events.is_empty() {
                let position = self.stores().log.head().await?;
                return Ok(Executed { events, position });
            }
            let expected = loaded.revision.map_or(Expected::NoStream, Expected::At);
            let new = self.new_events(cause, &actor, &events)?;
            match self.stores().log.append(&stream, expected, new, context.now).await {
                Ok(appended) => return Ok(Executed { events, position: appended.position }),
                Err(AppendError::Conflict { .. }) => {}
                Err(error) => return Err(ExecuteError::Failed(error.into())),
            }
        }
        Err(ExecuteError::Conflict)
    }

    fn new_events(
        &self,
        cause: Cause,
        actor: &Actor,
        events: &[HolderEvent],
    ) -> Result<Vec<NewEvent>, StoreError> {
        let mut new = Vec::with_capacity(events.len());
        for (index, event) in (0u32..).zip(events) {
            let meta = self.meta(cause, actor, event.rules());
            let encoded = event.encode();
            new.push(NewEvent {
                id: EventId::derive(cause.command, index),
                kind: encoded.kind.to_owned(),
                schema: encoded.schema,
                data: canonical(&encoded.data)?,
                meta: canonical(&meta)?,
            });
        }
        Ok(new)
    }

    fn meta<'a>(&self, cause: Cause, actor: &'a Actor, rules: Vec<RuleId>) -> Meta<'a> {
        let Cause { command, begun_by } = cause;
        let policy = self.policy().version;
        Meta { correlation: begun_by, causation: command, actor, policy, rules }
    }

    /// The events that a command led to, from the log: none if it was not carried out.
    pub async fn events_of(
        &self,
        id: HolderId,
        command: CommandId,
    ) -> Result<Vec<HolderEvent>, StoreError> {
        let ids: Vec<_> = (0..EVENTS_MAX).map(|index| EventId::derive(command, index)).collect();
        let stream = StreamName::holder(id);
        let mut events = self.stores().log.read_stream(&stream, Revision(0));
        let mut found = Vec::new();
        while let Some(recorded) = events.try_next().await? {
            if ids.contains(&recorded.id) {
                found.push(decode(&recorded)?);
            }
        }
        Ok(found)
    }

    /// Appends one event that no rule decides: a binding, a line of a journal.
    pub async fn note<T: Serialize>(
        &self,
        stream: &StreamName,
        expected: Expected,
        cause: Cause,
        kind: &str,
        data: &T,
    ) -> Result<Position, AppendError> {
        let meta = self.meta(cause, &Actor::System, Vec::new());
        let event = NewEvent {
            id: EventId::derive(cause.command, 0),
            kind: kind.to_owned(),
            schema: 1,
            data: canonical(data)?,
            meta: canonical(&meta)?,
        };
        let appended = self.stores().log.append(stream, expected, vec![event], self.now()).await?;
        Ok(appended.position)
    }
}
