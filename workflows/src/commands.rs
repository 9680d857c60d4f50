//! The life of one command: load the holder, decide, append; on a conflict, again.
//!
//! The portal, the API and the workflow engine all go through here, so that whoever asks, a holder
//! is decided against his own stream and nothing is recorded twice.

mod hot;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{
    calendar,
    context::Context,
    decider::Decider as _,
    holder::{Holder, HolderCommand, HolderEvent},
    ids::{CommandId, EventId, HolderId, OrganisationCode},
    refusal::{Refusal, RuleId},
    staff::{Role, Warrant},
};
use futures::TryStreamExt as _;
use serde::Serialize;
use stores::event_store::{
    AppendError, EventStore, Expected, NewEvent, Position, Recorded, Revision, StoreError,
    StreamName, canonical,
};

pub use hot::HOT_HOLDERS_MAX;
use hot::Hot;

/// The most holders whose streams are read together.
pub const LOADED_AT_ONCE_MAX: usize = 256;

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
    /// Whoever runs the server, at its own console.
    Operator,
    /// The registration authority's own system, which a bearer token lets speak for it.
    RegistrationAuthority {
        /// The token's id, which is not the token.
        token: uuid::Uuid,
    },
    /// A telephone service's own system, which a bearer token lets speak for it (P-11).
    TelephoneService {
        /// The token's id, which is not the token.
        token: uuid::Uuid,
    },
    /// A member of staff, with his own card, by one of his roles (B-58, B-59).
    Staff {
        /// Who.
        holder: HolderId,
        /// By which role.
        role: Role,
        /// In which organisation he has it.
        organisation: OrganisationCode,
    },
    /// The product itself.
    System,
}

impl From<&Warrant> for Actor {
    fn from(warrant: &Warrant) -> Self {
        let (holder, role) = (warrant.staff(), warrant.role());
        Self::Staff { holder, role, organisation: warrant.organisation().clone() }
    }
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

impl Loaded {
    /// A stream that does not exist.
    pub(crate) fn nothing() -> Self {
        Self { holder: Holder::default(), revision: None, last_at: None }
    }

    /// The first event of his stream that is not in it yet.
    pub(crate) fn next(&self) -> Revision {
        Revision(self.revision.map_or(0, |last| last.0 + 1))
    }

    fn fold(&mut self, recorded: &Recorded) -> Result<(), StoreError> {
        let event = decode(recorded)?;
        self.revision = Some(recorded.revision);
        self.evolve(recorded.at, &event);
        Ok(())
    }

    /// The same of events that were appended just now, next to what is in it.
    pub fn add(&mut self, at: DateTime<Utc>, events: &[HolderEvent]) {
        for event in events {
            self.revision = Some(self.next());
            self.evolve(at, event);
        }
    }

    fn evolve(&mut self, at: DateTime<Utc>, event: &HolderEvent) {
        self.holder = std::mem::take(&mut self.holder).evolve(at, event);
        self.last_at = Some(at);
    }

    /// What a rule is told about the world, for this holder: his time never goes back (B-09).
    #[must_use]
    pub fn context<'a>(&self, ctx: &Context<'a>) -> Context<'a> {
        ctx.at(self.last_at.map_or(ctx.now, |last| last.max(ctx.now)))
    }
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
    tzdb: &'static str,
}

impl<'a> Meta<'a> {
    fn new(ctx: &Context<'_>, cause: Cause, actor: &'a Actor, rules: Vec<RuleId>) -> Self {
        let Cause { command, begun_by } = cause;
        Self {
            correlation: begun_by,
            causation: command,
            actor,
            policy: ctx.policy().version,
            rules,
            tzdb: calendar::TZDB_VERSION,
        }
    }
}

/// Carries out commands on the holders of one log. Cheap to clone; the clones share what they have
/// read, so a program has one of these and clones it.
#[derive(Clone)]
pub struct Commands {
    log: Arc<dyn EventStore>,
    hot: Arc<Hot>,
}

impl Commands {
    /// Over this log.
    #[must_use]
    pub fn new(log: Arc<dyn EventStore>) -> Self {
        Self { log, hot: Arc::default() }
    }

    /// Folds a holder's stream.
    pub async fn load(&self, id: HolderId) -> Result<Loaded, StoreError> {
        let mut loaded = self.hot.get(id).unwrap_or_else(|| Arc::new(Loaded::nothing()));
        let stream = StreamName::holder(id);
        let mut events = self.log.read_stream(&stream, loaded.next());
        while let Some(recorded) = events.try_next().await? {
            Arc::make_mut(&mut loaded).fold(&recorded)?;
        }
        self.keep(id, &loaded);
        Ok(Arc::unwrap_or_clone(loaded))
    }

    /// Folds the streams of several holders, each named once, up to [`LOADED_AT_ONCE_MAX`] of them
    /// together. Whoever has an event that cannot be read fails alone.
    pub async fn load_all(
        &self,
        ids: &[HolderId],
    ) -> Result<HashMap<HolderId, Result<Arc<Loaded>, StoreError>>, StoreError> {
        let mut all = HashMap::with_capacity(ids.len());
        for some in ids.chunks(LOADED_AT_ONCE_MAX) {
            self.load_some(some, &mut all).await?;
        }
        Ok(all)
    }

    async fn load_some(
        &self,
        ids: &[HolderId],
        all: &mut HashMap<HolderId, Result<Arc<Loaded>, StoreError>>,
    ) -> Result<(), StoreError> {
        let (mut wanted, mut holder_of) = (Vec::with_capacity(ids.len()), HashMap::new());
        for id in ids {
            let loaded = self.hot.get(*id).unwrap_or_else(|| Arc::new(Loaded::nothing()));
            let stream = StreamName::holder(*id);
            holder_of.insert(stream.clone(), *id);
            wanted.push((stream, loaded.next()));
            all.insert(*id, Ok(loaded));
        }
        let mut events = self.log.read_streams(wanted);
        while let Some(recorded) = events.try_next().await? {
            let Some(folded) = holder_of.get(&recorded.stream).and_then(|id| all.get_mut(id))
            else {
                continue;
            };
            if let Ok(loaded) = folded
                && let Err(error) = Arc::make_mut(loaded).fold(&recorded)
            {
                *folded = Err(error);
            }
        }
        for id in ids {
            if let Some(Ok(loaded)) = all.get(id) {
                self.keep(*id, loaded);
            }
        }
        Ok(())
    }

    fn keep(&self, id: HolderId, loaded: &Arc<Loaded>) {
        if loaded.revision.is_some() {
            self.hot.put(id, loaded);
        }
    }

    /// Carries out a command on a holder. Repeating it with the same id does nothing twice.
    pub async fn execute(
        &self,
        ctx: &Context<'_>,
        id: HolderId,
        cause: Cause,
        actor: Actor,
        command: &HolderCommand,
    ) -> Result<Executed, ExecuteError> {
        for _ in 0..CONFLICTS_MAX {
            if self.log.contains(EventId::derive(cause.command, 0)).await? {
                return self.nothing().await;
            }
            let loaded = self.load(id).await?;
            match self.attempt(ctx, id, &loaded, cause, &actor, command).await {
                Err(ExecuteError::Conflict) => {}
                outcome => return outcome,
            }
        }
        Err(ExecuteError::Conflict)
    }

    /// Decides a command against what was loaded and appends what follows, unless somebody wrote to
    /// the holder meanwhile: once, without trying again.
    pub async fn attempt(
        &self,
        ctx: &Context<'_>,
        id: HolderId,
        loaded: &Loaded,
        cause: Cause,
        actor: &Actor,
        command: &HolderCommand,
    ) -> Result<Executed, ExecuteError> {
        let ctx = loaded.context(ctx);
        let events = loaded.holder.decide(&ctx, command.clone())?;
        if events.is_empty() {
            return self.nothing().await;
        }
        let stream = StreamName::holder(id);
        let expected = loaded.revision.map_or(Expected::NoStream, Expected::At);
        let new = new_events(&ctx, cause, actor, &events)?;
        match self.log.append(&stream, expected, new, ctx.now).await {
            Ok(appended) => Ok(Executed { events, position: appended.position }),
            Err(AppendError::Conflict { .. }) => Err(ExecuteError::Conflict),
            Err(error) => Err(ExecuteError::Failed(error.into())),
        }
    }

    async fn nothing(&self) -> Result<Executed, ExecuteError> {
        Ok(Executed { events: Vec::new(), position: self.log.head().await? })
    }

    /// The events that a command led to, from the log: none if it was not carried out.
    pub async fn events_of(
        &self,
        id: HolderId,
        command: CommandId,
    ) -> Result<Vec<HolderEvent>, StoreError> {
        let ids: Vec<_> = (0..EVENTS_MAX).map(|index| EventId::derive(command, index)).collect();
        let stream = StreamName::holder(id);
        let mut events = self.log.read_stream(&stream, Revision(0));
        let mut found = Vec::new();
        while let Some(recorded) = events.try_next().await? {
            if ids.contains(&recorded.id) {
                found.push(decode(&recorded)?);
            }
        }
        Ok(found)
    }

    /// Appends one event that no rule decides: a binding, a line of a journal, an operator's act.
    pub async fn note<T: Serialize>(
        &self,
        ctx: &Context<'_>,
        place: (&StreamName, Expected),
        cause: Cause,
        actor: &Actor,
        kind: &str,
        data: &T,
    ) -> Result<Position, AppendError> {
        let event = noted(ctx, cause, actor, kind, data)?;
        let (stream, expected) = place;
        let appended = self.log.append(stream, expected, vec![event], ctx.now).await?;
        Ok(appended.position)
    }
}

/// An event that no rule decides.
pub(crate) fn noted<T: Serialize>(
    ctx: &Context<'_>,
    cause: Cause,
    actor: &Actor,
    kind: &str,
    data: &T,
) -> Result<NewEvent, StoreError> {
    Ok(NewEvent {
        id: EventId::derive(cause.command, 0),
        kind: kind.to_owned(),
        schema: 1,
        data: canonical(data)?,
        meta: canonical(&Meta::new(ctx, cause, actor, Vec::new()))?,
    })
}

/// The events that a command led to, as they are recorded.
pub(crate) fn new_events(
    ctx: &Context<'_>,
    cause: Cause,
    actor: &Actor,
    events: &[HolderEvent],
) -> Result<Vec<NewEvent>, StoreError> {
    let mut new = Vec::with_capacity(events.len());
    for (index, event) in (0u32..).zip(events) {
        let encoded = event.encode();
        new.push(NewEvent {
            id: EventId::derive(cause.command, index),
            kind: encoded.kind.to_owned(),
            schema: encoded.schema,
            data: canonical(&encoded.data)?,
            meta: canonical(&Meta::new(ctx, cause, actor, event.rules()))?,
        });
    }
    Ok(new)
}

/// A holder's event, from the log.
pub(crate) fn decode(recorded: &Recorded) -> Result<HolderEvent, StoreError> {
    HolderEvent::decode(&recorded.kind, recorded.schema, &recorded.data)
        .map_err(|error| StoreError(error.into()))
}
