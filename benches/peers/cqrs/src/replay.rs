//! Every event read and folded, by the library's own `replay_all`: by aggregate and sequence number,
//! because it has no order across aggregates.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use cqrs_es::{EventEnvelope, Query, persist::QueryReplay};
use domain::{decider::Decider as _, holder::Holder};
use load::{READ_EACH, Task, read};

use crate::{
    aggregate::{Person, now},
    append::fill,
    places::Place,
};

/// Preloads and measures.
pub(crate) async fn measure<P: Place>(place: P, task: &Task) -> anyhow::Result<()> {
    fill(&place.repository(), task.n_events / READ_EACH, READ_EACH).await?;
    place.settle().await?;
    let folded = Folded::default();
    let replay = QueryReplay::<_, _, Person>::new(place.repository(), folded.clone());
    read(task, async {
        replay.replay_all().await?;
        Ok(folded.0.n_events.load(Ordering::Relaxed))
    })
    .await
}

/// All holders, as their events make them.
#[derive(Clone, Default)]
struct Folded(Arc<All>);

#[derive(Default)]
struct All {
    holders: Mutex<HashMap<String, Holder>>,
    n_events: AtomicU64,
}

#[async_trait]
impl Query<Person> for Folded {
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Person>]) {
        let mut holders = self.0.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if !holders.contains_key(id) {
            holders.insert(id.to_owned(), Holder::default());
        }
        let Some(holder) = holders.get_mut(id) else { return };
        for event in events {
            *holder = mem::take(holder).evolve(now(), &event.payload.0);
            self.0.n_events.fetch_add(1, Ordering::Relaxed);
        }
    }
}
