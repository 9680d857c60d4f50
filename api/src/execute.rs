//! Commands as the portal and the API give them: at the server's clock, under its policies. What
//! happens to them then is [`workflows::commands`], for the workflow engine, too.

use domain::{
    context::Context,
    holder::{HolderCommand, HolderEvent},
    ids::{CommandId, HolderId},
    staff::Warrant,
};
use serde::Serialize;
use stores::event_store::{AppendError, Expected, Position, StoreError, StreamName};
pub use workflows::commands::{Actor, Cause, ExecuteError, Executed, Loaded};

use crate::app::App;

impl App {
    fn now_and_policies(&self) -> Context<'_> {
        Context { now: self.now(), policies: self.policies() }
    }

    /// Folds a holder's stream.
    pub async fn load(&self, id: HolderId) -> Result<Loaded, StoreError> {
        self.commands().load(id).await
    }

    /// What a rule is told about the world, for this holder.
    #[must_use]
    pub fn context(&self, loaded: &Loaded) -> Context<'_> {
        loaded.context(&self.now_and_policies())
    }

    /// Carries out a command on a holder. Repeating it with the same id does nothing twice.
    pub async fn execute(
        &self,
        id: HolderId,
        cause: Cause,
        actor: Actor,
        command: &HolderCommand,
    ) -> Result<Executed, ExecuteError> {
        let context = self.now_and_policies();
        let outcome = self.commands().execute(&context, id, cause, actor, command).await;
        if let Err(ExecuteError::Refused(refusal)) = &outcome {
            self.metrics().refused(refusal.rule());
        }
        outcome
    }

    /// Carries out what a member of staff may do: his warrant says who he is and by which role, and
    /// is recorded (B-58, B-59).
    pub async fn execute_as(
        &self,
        warrant: &Warrant,
        id: HolderId,
        cause: Cause,
        command: &HolderCommand,
    ) -> Result<Executed, ExecuteError> {
        self.execute(id, cause, Actor::from(warrant), command).await
    }

    /// The events that a command led to, from the log: none if it was not carried out.
    pub async fn events_of(
        &self,
        id: HolderId,
        command: CommandId,
    ) -> Result<Vec<HolderEvent>, StoreError> {
        self.commands().events_of(id, command).await
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
        self.note_as((stream, expected), cause, &Actor::System, kind, data).await
    }

    /// The same, of what somebody else has done.
    pub async fn note_as<T: Serialize>(
        &self,
        place: (&StreamName, Expected),
        cause: Cause,
        actor: &Actor,
        kind: &str,
        data: &T,
    ) -> Result<Position, AppendError> {
        self.commands().note(&self.now_and_policies(), place, cause, actor, kind, data).await
    }
}
