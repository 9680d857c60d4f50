//! Appends of one event each, by the repository itself, with the sequence number that follows the
//! last one: `persist` is a transaction with one `INSERT`.

use std::sync::Arc;

use cqrs_es::persist::{PersistedEventRepository, PersistenceError, SerializedEvent};
use load::{
    HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, event, preload, tell, walks,
};

use serde_json::json;

use crate::{
    aggregate::{Fact, Person},
    places::Place,
};

/// Preloads, measures, and counts what is there.
pub(crate) async fn measure<P: Place>(place: P, task: &Task) -> anyhow::Result<()> {
    let repository = Arc::new(place.repository());
    fill(repository.as_ref(), HOLDERS, PRELOADED_EACH).await?;
    let writers = walks(task.n_writers)
        .into_iter()
        .map(|walk| Appender { repository: Arc::clone(&repository), walk })
        .collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    tell(&measured, place.count().await?)
}

/// Puts the first events of holders there.
pub(crate) async fn fill(
    repository: &impl PersistedEventRepository,
    n_holders: u32,
    n_each: u32,
) -> anyhow::Result<()> {
    preload(n_holders, async |holder| {
        let events: Vec<_> = (0..u64::from(n_each))
            .map(|number| serialized(holder, number))
            .collect::<anyhow::Result<_>>()?;
        Ok(repository.persist::<Person>(&events, None).await?)
    })
    .await
}

fn serialized(holder: u32, number: u64) -> anyhow::Result<SerializedEvent> {
    let event = event(holder, number);
    Ok(SerializedEvent::new(
        event.holder.to_string(),
        usize::try_from(number + 1)?,
        "holder".to_owned(),
        event.kind.to_owned(),
        event.schema.to_string(),
        serde_json::to_value(Fact(event.fact))?,
        // It keeps a text under each name.
        json!({ "meta": event.meta.to_string() }),
    ))
}

struct Appender<R> {
    repository: Arc<R>,
    walk: Walk,
}

impl<R: PersistedEventRepository + Send + Sync + 'static> Writer for Appender<R> {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let events = [serialized(place.holder, place.number)?];
        match self.repository.persist::<Person>(&events, None).await {
            Ok(()) => Ok(Written::Acknowledged),
            Err(PersistenceError::OptimisticLockError) => Ok(Written::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}
