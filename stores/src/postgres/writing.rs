//! How a batch is written: one statement, which is one round trip and one transaction.
//!
//! What is decided of each append is decided by the function `append_batch`, where the lock is: here
//! a batch is put into arrays, and answers are read. An error leaves open whether the batch was
//! written. Repeating it finds out, for events are known by their ids; so a batch whose connection
//! was lost is sent once more, and only then its callers are told that the log is unavailable.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{STATEMENT_TIMEOUT, following::advance};
use crate::{
    event_store::{AppendError, Appended, Expected, Position, Revision, StoreError},
    group_commit::{Outcome, Request, gather, unavailable},
    reading::bound,
};

/// How often a batch is sent, when the connection is lost under it.
const TRIES_MAX: u8 = 2;

/// The server ends a statement by itself; a server that is gone does not even do that.
const ANSWER_TIMEOUT: Duration = STATEMENT_TIMEOUT.saturating_add(Duration::from_secs(5));

const APPEND: &str = "
    select outcomes, revisions, positions
    from append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
";

/// A connection that is kept from batch to batch; `None` before the first, and after an error.
type Kept = Option<PoolConnection<Postgres>>;

/// Writes until every [`super::PostgresEventStore`] is gone.
pub(super) async fn run(
    pool: PgPool,
    mut requests: mpsc::Receiver<Request>,
    head: watch::Sender<Position>,
) {
    let mut kept = None;
    let mut batch = Vec::new();
    while gather(&mut requests, &mut batch).await {
        let later = postpone(&mut batch);
        let outcomes = match write(&pool, &mut kept, &batch).await {
            Ok(outcomes) => {
                let last = outcomes.iter().flatten().map(|appended| appended.position).max();
                advance(&head, last.unwrap_or(Position::START));
                outcomes
            }
            Err(StoreError(error)) => {
                tracing::warn!(%error, "a batch of appends may or may not have been written");
                let reason = error.to_string();
                batch.iter().map(|_| Err(unavailable(&reason))).collect()
            }
        };
        for (request, outcome) in batch.drain(..).zip(outcomes) {
            request.answer(outcome);
        }
        batch = later;
    }
}

/// Takes out the appends that name an event which an earlier one of the batch names, too: a repeat
/// is known by what is in the log, so it has to come after it.
fn postpone(batch: &mut Vec<Request>) -> Vec<Request> {
    let mut named = HashSet::new();
    batch
        .extract_if(.., |request| {
            let repeats = request.events.iter().any(|event| named.contains(&event.id));
            if !repeats {
                named.extend(request.events.iter().map(|event| event.id));
            }
            repeats
        })
        .collect()
}

async fn write(
    pool: &PgPool,
    kept: &mut Kept,
    batch: &[Request],
) -> Result<Vec<Outcome>, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_write(pool, kept, batch).await {
            Err(error) if is_lost(&error) && tries < TRIES_MAX => {}
            answer => return Ok(answer?),
        }
    }
}

/// Sends the batch once. The connection is kept only if all went well.
async fn try_write(
    pool: &PgPool,
    kept: &mut Kept,
    batch: &[Request],
) -> Result<Vec<Outcome>, sqlx::Error> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => pool.acquire().await?,
    };
    // Dropped on the way, it is closed: nobody gets a connection that is in the middle of something.
    connection.close_on_drop();
    let columns = Columns::of(batch);
    let asked = columns.send(&mut connection);
    let answers = tokio::time::timeout(ANSWER_TIMEOUT, asked)
        .await
        .map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??;
    *kept = Some(connection);
    if answers.outcomes.len() != batch.len() {
        return Err(sqlx::Error::Protocol("append_batch answers each append".to_owned()));
    }
    Ok(answers.outcomes())
}

/// True if the same batch may well be written on another connection.
fn is_lost(error: &sqlx::Error) -> bool {
    let Some(refused) = error.as_database_error() else {
        return matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)
        );
    };
    // SQLSTATE: connection exceptions; operator intervention (a restart); a session that was ended.
    let classes = ["08", "57P", "25P"];
    refused.code().is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
}

/// A batch as the arguments of `append_batch`, which its migration describes.
#[derive(Default)]
struct Columns<'a> {
    names: Vec<&'a str>,
    slots: Vec<i32>,
    expected: Vec<i64>,
    instants: Vec<i64>,
    sizes: Vec<i32>,
    owners: Vec<i32>,
    rests: Vec<i32>,
    ids: Vec<Uuid>,
    streams: Vec<&'a str>,
    types: Vec<&'a str>,
    schemas: Vec<i32>,
    datas: Vec<&'a [u8]>,
    metas: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a [Request]) -> Self {
        let mut columns = Self::default();
        let mut slots = HashMap::new();
        for request in batch {
            let stream = request.stream.as_str();
            let slot = *slots.entry(stream).or_insert_with(|| {
                columns.names.push(stream);
                count(columns.names.len())
            });
            columns.slots.push(slot);
            columns.expected.push(match request.expected {
                Expected::NoStream => -1,
                Expected::At(revision) => bound(revision.0),
                Expected::Any => -2,
            });
            columns.instants.push(request.at);
            columns.sizes.push(count(request.events.len()));
            let owner = count(columns.slots.len());
            for (rest, event) in (0..count(request.events.len())).rev().zip(&request.events) {
                columns.owners.push(owner);
                columns.rests.push(rest);
                columns.ids.push(event.id.0);
                columns.streams.push(stream);
                columns.types.push(&event.kind);
                columns.schemas.push(event.schema.into());
                columns.datas.push(&event.data);
                columns.metas.push(&event.meta);
            }
        }
        columns
    }

    async fn send(self, connection: &mut PoolConnection<Postgres>) -> Result<Answers, sqlx::Error> {
        sqlx::query_as(APPEND)
            .bind(self.names)
            .bind(self.slots)
            .bind(self.expected)
            .bind(self.instants)
            .bind(self.sizes)
            .bind(self.owners)
            .bind(self.rests)
            .bind(self.ids)
            .bind(self.streams)
            .bind(self.types)
            .bind(self.schemas)
            .bind(self.datas)
            .bind(self.metas)
            .fetch_one(&mut **connection)
            .await
    }
}

/// A batch has at most as many appends as the queue gives, each with as many events as the log
/// allows: some ten thousand.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// What [`APPEND`] gives: an entry for each append.
#[derive(sqlx::FromRow)]
struct Answers {
    outcomes: Vec<i32>,
    revisions: Vec<Option<i64>>,
    positions: Vec<Option<i64>>,
}

impl Answers {
    fn outcomes(self) -> Vec<Outcome> {
        let places = self.revisions.into_iter().zip(self.positions);
        let answers = self.outcomes.into_iter().zip(places);
        answers.map(|(outcome, (revision, position))| told(outcome, revision, position)).collect()
    }
}

/// What the migration says of these numbers.
fn told(outcome: i32, revision: Option<i64>, position: Option<i64>) -> Outcome {
    let revision = revision.map(|revision| Revision(revision.cast_unsigned()));
    match (outcome, revision, position) {
        (0, Some(revision), Some(position)) => {
            Ok(Appended { revision, position: Position(position.cast_unsigned()) })
        }
        (1, current, _) => Err(AppendError::Conflict { current }),
        (2, ..) => Err(AppendError::Invalid("an event of this append is in the log already")),
        (3, ..) => Err(AppendError::Invalid("this command has been carried out with other events")),
        _ => Err(unavailable("append_batch answers what this version does not know")),
    }
}
