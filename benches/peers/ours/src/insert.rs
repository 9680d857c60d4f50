//! What could be had without us: one `INSERT` an event, each a transaction of its own, into our own
//! table. Positions come from a sequence, as everywhere where nobody hands them out in commit order:
//! so a reader who remembers the last one that he saw misses events, and nothing but a key refuses a
//! second writer.

use load::{HOLDERS, PRELOADED_EACH, Task, Walk, Writer, Written, drive, tell, walks};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, postgres::PgPoolOptions};

use crate::{append, places};

const INSERT: &str = "
    insert into event (position, revision, at, id, schema, append_rest, stream, category, type, data, meta)
    values (nextval('taken'), $1, $2, $3, $4, 0, $5, 'holder', $6, $7, $8)
";

/// Preloads by our log, and makes the sequence that hands out the positions after that.
pub(crate) async fn fill(task: &Task) -> anyhow::Result<()> {
    let place = places::postgres(task).await?;
    append::fill(&place.log, HOLDERS, PRELOADED_EACH).await?;
    let next = place.log.head().await?.0 + 1;
    place.close().await;
    let mut connection = PgConnection::connect(&task.place).await?;
    let sequence = format!("create sequence taken start {next}");
    sqlx::query(AssertSqlSafe(sequence)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Preloads, measures, and counts what is there.
pub(crate) async fn measure(task: &Task) -> anyhow::Result<()> {
    fill(task).await?;
    let n = task.n_writers;
    let pool =
        PgPoolOptions::new().min_connections(n).max_connections(n).connect(&task.place).await?;
    let writers = walks(n).into_iter().map(|walk| Inserter { pool: pool.clone(), walk }).collect();
    let measured = drive(writers, task.n_events, task.processor()).await?;
    let n_found: i64 = sqlx::query_scalar("select count(*) from event").fetch_one(&pool).await?;
    pool.close().await;
    tell(&measured, n_found.cast_unsigned())
}

struct Inserter {
    pool: PgPool,
    walk: Walk,
}

impl Writer for Inserter {
    async fn write(&mut self) -> anyhow::Result<Written> {
        let place = self.walk.step();
        let event = append::new_event(place.holder, place.number)?;
        let inserted = sqlx::query(INSERT)
            .bind(i64::try_from(place.number)?)
            .bind(append::now().timestamp_micros())
            .bind(event.id.0)
            .bind(i32::from(event.schema))
            .bind(append::stream(place.holder).as_str())
            .bind(event.kind)
            .bind(event.data)
            .bind(event.meta)
            .execute(&self.pool)
            .await;
        match inserted {
            Ok(_) => Ok(Written::Acknowledged),
            Err(sqlx::Error::Database(refused)) if refused.is_unique_violation() => {
                Ok(Written::Conflict)
            }
            Err(error) => Err(error.into()),
        }
    }
}
