//! One holder's life without a log under it, for a history that is written all at once.
//!
//! Rules, ids and bytes are those of [`crate::commands`] and of the engine: the same commands at the
//! same instants append the same events there, one by one, as stand here. A test compares them.

use chrono::{DateTime, Utc};
use domain::{
    context::Context,
    decider::Decider as _,
    holder::{HolderCommand, HolderEvent},
    ids::{CommandId, EventId, HolderId},
};
use stores::{
    bulk::Append,
    event_store::{NotAStreamName, Revision, StoreError, StreamName},
};

use crate::{
    commands::{self, Actor, Cause, ExecuteError, Loaded},
    mail::Wanted,
    mail_delivery::{MailEvent, StepId},
    passcode_expiry,
};

/// A holder, as far as he has lived.
#[derive(Debug)]
pub struct Lived {
    holder: HolderId,
    loaded: Loaded,
    appends: Vec<Append>,
    /// What he may have to be told by mail.
    untold: Vec<Untold>,
    wake_up: WakeUpAt,
}

/// An event for which no mail has been looked for yet.
#[derive(Debug)]
struct Untold {
    id: EventId,
    begun_by: CommandId,
    event: HolderEvent,
}

/// When he is to be woken.
#[derive(Debug, Clone, Copy)]
enum WakeUpAt {
    /// To be worked out as of his last event.
    Unknown,
    /// Worked out.
    Known(Option<DateTime<Utc>>),
}

/// Why a life does not go on.
#[derive(Debug, thiserror::Error)]
pub enum LivedError {
    /// Decider and store say no as they would beside a log.
    #[error(transparent)]
    Command(#[from] ExecuteError),
    /// What is to be recorded cannot be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mail without a stream.
    #[error(transparent)]
    Name(#[from] NotAStreamName),
    /// The wake-up and the decision do not agree.
    #[error("a holder is due at {0}, and has nothing to record")]
    StillDue(DateTime<Utc>),
    /// What brings a code is of no use without the vault that makes it.
    #[error("a mail with a code cannot be sent here")]
    Code,
}

impl Lived {
    /// Nobody yet.
    #[must_use]
    pub fn nothing(holder: HolderId) -> Self {
        Self {
            holder,
            loaded: Loaded::nothing(),
            appends: Vec::new(),
            untold: Vec::new(),
            wake_up: WakeUpAt::Unknown,
        }
    }

    /// As he is.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Everything that has been recorded of him, in order.
    #[must_use]
    pub fn into_appends(self) -> Vec<Append> {
        self.appends
    }

    /// Carries out a command, as [`crate::commands::Commands::execute`] does. True if there was something
    /// to record.
    ///
    /// # Errors
    /// If it is refused.
    pub fn execute(
        &mut self,
        ctx: &Context<'_>,
        cause: Cause,
        actor: &Actor,
        command: &HolderCommand,
    ) -> Result<bool, LivedError> {
        let ctx = self.loaded.context(ctx);
        let events =
            self.loaded.holder.decide(&ctx, command.clone()).map_err(ExecuteError::Refused)?;
        if events.is_empty() {
            return Ok(false);
        }
        let new = commands::new_events(&ctx, cause, actor, &events)?;
        let (stream, from) = (StreamName::holder(self.holder), self.loaded.next());
        self.loaded.add(ctx.now, &events);
        let untold = new.iter().zip(events).map(|(new, event)| Untold {
            id: new.id,
            begun_by: cause.begun_by,
            event,
        });
        self.untold.extend(untold);
        self.appends.push(Append { stream, from, at: ctx.now, events: new });
        self.wake_up = WakeUpAt::Unknown;
        Ok(true)
    }

    /// Records what no rule decides, in a new stream of its own.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn note<T: serde::Serialize>(
        &mut self,
        ctx: &Context<'_>,
        stream: StreamName,
        cause: Cause,
        actor: &Actor,
        (kind, data): (&str, &T),
    ) -> Result<(), LivedError> {
        let event = commands::noted(ctx, cause, actor, kind, data)?;
        self.appends.push(Append { stream, from: Revision(0), at: ctx.now, events: vec![event] });
        Ok(())
    }

    /// When the engine would wake him; `None` if nothing is to come for him.
    pub fn due_at(&mut self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        match self.wake_up {
            WakeUpAt::Known(at) => at,
            WakeUpAt::Unknown => {
                let due_at = self.loaded.last_at.and_then(|last_at| self.wake_up(&ctx.at(last_at)));
                self.wake_up = WakeUpAt::Known(due_at);
                due_at
            }
        }
    }

    /// What the engine records when it wakes him.
    ///
    /// # Errors
    /// If it is refused, or he stays due.
    pub fn wake(&mut self, ctx: &Context<'_>) -> Result<(), LivedError> {
        let cause = Cause::first(passcode_expiry::command_id(self.holder, self.loaded.revision));
        if self.execute(ctx, cause, &Actor::System, &passcode_expiry::woken())? {
            return Ok(());
        }
        let ctx = self.loaded.context(ctx);
        let next = self.wake_up(&ctx);
        self.wake_up = WakeUpAt::Known(next);
        match next {
            Some(next) if next <= ctx.now => Err(LivedError::StillDue(next)),
            Some(_) | None => Ok(()),
        }
    }

    /// What the engine records of the mails that his events since the last time ask for, where the mail
    /// server takes each of them at once.
    ///
    /// # Errors
    /// If one of them brings a code.
    pub fn tell(&mut self, ctx: &Context<'_>) -> Result<(), LivedError> {
        for Untold { id, begun_by, event } in std::mem::take(&mut self.untold) {
            let notice = match Wanted::of(&event) {
                None => continue,
                Some(Wanted::Code(_)) => return Err(LivedError::Code),
                Some(Wanted::Notice(notice)) => notice,
            };
            let over = if notice.asks().still_stand(ctx, &self.loaded.holder) {
                MailEvent::MailDelivered { event: id, attempts: 0 }
            } else {
                MailEvent::MailWithdrawn { event: id }
            };
            let step = StepId::of_event(id);
            let cause = Cause { command: step.command(None), begun_by };
            let told = (over.kind(), &over.data());
            self.note(ctx, step.stream()?, cause, &Actor::System, told)?;
        }
        Ok(())
    }

    fn wake_up(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        passcode_expiry::wake_up(ctx, &self.loaded.holder).map(|wake_up| wake_up.due_at)
    }
}
