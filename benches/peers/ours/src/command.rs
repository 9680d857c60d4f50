//! The whole way of a command as the product goes it: is it a repeat, what is new of the holder, what
//! do the rules say, append. Holders who were looked at lately are kept; or, to be compared, nobody.

use std::sync::Arc;

use domain::{context::Context, holder::HolderCommand, passcode::Kind, policy::Policies};
use load::{HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, tell, walks};
use stores::event_store::EventStore;
use workflows::commands::{Actor, Cause, Commands, ExecuteError};

use crate::{
    append::{count, fill, now},
    places::Place,
};

/// Preloads, measures, and counts what is there.
pub(crate) async fn measure(place: Place, task: &Task, keeps: bool) -> anyhow::Result<()> {
    fill(&place.log, HOLDERS, PRELOADED_EACH).await?;
    let commands = keeps.then(|| Commands::new(Arc::clone(&place.log)));
    let policies = Arc::new(Policies::seed());
    let writers = walks(task.n_writers)
        .into_iter()
        .map(|walk| Commander {
            log: Arc::clone(&place.log),
            commands: commands.clone(),
            policies: Arc::clone(&policies),
            walk,
        })
        .collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    drop(commands);
    let n_found = count(place.log.as_ref()).await?;
    place.close().await;
    tell(&measured, n_found)
}

struct Commander {
    log: Arc<dyn EventStore>,
    /// None: made anew for each command, so nothing is kept.
    commands: Option<Commands>,
    policies: Arc<Policies>,
    walk: Walk,
}

impl Writer for Commander {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let commands =
            self.commands.clone().unwrap_or_else(|| Commands::new(Arc::clone(&self.log)));
        let context = Context { now: now(), policies: &self.policies };
        let cause = Cause::first(load::command(place.holder, place.number));
        let command = HolderCommand::NoteUsedBefore { kind: Kind::Smartcard };
        let holder = load::holder(place.holder);
        match commands.execute(&context, holder, cause, Actor::Holder, &command).await {
            Ok(executed) => {
                anyhow::ensure!(executed.events.len() == 1, "one command, one event");
                Ok(Written::Acknowledged)
            }
            Err(ExecuteError::Conflict) => Ok(Written::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}
