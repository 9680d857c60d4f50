//! The whole way of a command, by the framework's own `execute`: load all events of the holder, fold
//! them, decide by our rules, write what follows.

use std::{collections::HashMap, sync::Arc};

use cqrs_es::{
    AggregateError, CqrsFramework,
    persist::{PersistedEventRepository, PersistedEventStore},
};
use domain::{holder::HolderCommand, passcode::Kind, policy::Policies};
use load::{HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, event, tell, walks};

use crate::{aggregate::Person, append::fill, places::Place};

type Framework<R> = CqrsFramework<Person, PersistedEventStore<R, Person>>;

/// Preloads, measures, and counts what is there.
pub(crate) async fn measure<P: Place>(place: P, task: &Task) -> anyhow::Result<()> {
    fill(&place.repository(), HOLDERS, PRELOADED_EACH).await?;
    let store = PersistedEventStore::new_event_store(place.repository());
    let framework = Arc::new(Framework::new(store, Vec::new(), Policies::seed()));
    let writers = walks(task.n_writers)
        .into_iter()
        .map(|walk| Commander { framework: Arc::clone(&framework), walk })
        .collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    tell(&measured, place.count().await?)
}

struct Commander<R: PersistedEventRepository> {
    framework: Arc<Framework<R>>,
    walk: Walk,
}

impl<R: PersistedEventRepository + Send + Sync + 'static> Writer for Commander<R> {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let holder = load::holder(place.holder).to_string();
        let command = HolderCommand::NoteUsedBefore { kind: Kind::Smartcard };
        let meta = event(place.holder, place.number).meta.to_string();
        let meta = HashMap::from([("meta".to_owned(), meta)]);
        match self.framework.execute_with_metadata(&holder, command, meta).await {
            Ok(()) => Ok(Written::Acknowledged),
            Err(AggregateError::AggregateConflict) => Ok(Written::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}
