//! `esrs`: events of one aggregate in a PostgreSQL table of its own. It has no place for `meta`, so that
//! goes into the payload.

use std::{collections::HashMap, sync::Arc};

use esrs::{
    Aggregate, AggregateState,
    store::{
        EventStore as _,
        postgres::{PgStore, PgStoreBuilder, PgStoreError},
    },
};
use load::{
    HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, event, preload, tell, walks,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx_08::{PgPool, postgres::PgPoolOptions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let task = Task::asked()?;
    anyhow::ensure!(task.way == "append-postgres", "no such way: {}", task.way);
    let n = task.n_writers;
    let pool =
        PgPoolOptions::new().min_connections(n).max_connections(n).connect(&task.place).await?;
    let store: PgStore<Person> = PgStoreBuilder::new(pool.clone()).try_build().await?;
    let store = Arc::new(store);
    preload(HOLDERS, async |holder| {
        let facts = (0..u64::from(PRELOADED_EACH)).map(|number| fact(holder, number)).collect();
        store.persist(&mut AggregateState::with_id(load::holder(holder).0), facts).await?;
        Ok(())
    })
    .await?;
    let writers = walks(n)
        .into_iter()
        .map(|walk| Appender { store: Arc::clone(&store), walk, states: HashMap::new() })
        .collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    tell(&measured, count(&pool).await?)
}

async fn count(pool: &PgPool) -> anyhow::Result<u64> {
    let n: i64 =
        sqlx_08::query_scalar("select count(*) from holder_events").fetch_one(pool).await?;
    Ok(n.cast_unsigned())
}

/// What is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Fact {
    kind: String,
    data: Value,
    meta: Value,
}

fn fact(holder: u32, number: u64) -> Fact {
    let event = event(holder, number);
    Fact { kind: event.kind.to_owned(), data: event.data, meta: event.meta }
}

/// Nothing is refused here.
#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

/// A holder, without a state: appends decide nothing.
struct Person;

impl Aggregate for Person {
    const NAME: &'static str = "holder";
    type State = ();
    type Command = Fact;
    type Event = Fact;
    type Error = Never;

    fn handle_command((): &(), fact: Fact) -> Result<Vec<Fact>, Never> {
        Ok(vec![fact])
    }

    fn apply_event((): (), _: Fact) {}
}

struct Appender {
    store: Arc<PgStore<Person>>,
    walk: Walk,
    /// Of each holder, the number of his last event.
    states: HashMap<u32, AggregateState<()>>,
}

impl Writer for Appender {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let state = self.states.entry(place.holder).or_insert_with(|| {
            let mut state = AggregateState::with_id(load::holder(place.holder).0);
            while *state.sequence_number() < i32::try_from(PRELOADED_EACH).unwrap_or(i32::MAX) {
                state.next_sequence_number();
            }
            state
        });
        match self.store.persist(state, vec![fact(place.holder, place.number)]).await {
            Ok(_) => Ok(Written::Acknowledged),
            Err(PgStoreError::Sqlx(sqlx_08::Error::Database(refused)))
                if refused.is_unique_violation() =>
            {
                Ok(Written::Conflict)
            }
            Err(error) => Err(error.into()),
        }
    }
}
