//! How a batch is written: looked up, planned here, inserted.
//!
//! A batch is one `insert` and so one transaction of its own. Positions are counted here, in commit
//! order. What it was planned on cannot change in between, for this task and the connection are the
//! only ones that write events; and if somebody else did, the constraints of the table refuse the
//! whole batch.

use std::collections::HashMap;

use domain::ids::EventId;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::Connections;
use crate::{
    event_store::{AppendError, Appended, Expected, NewEvent, Position, Revision, StoreError},
    group_commit::{Outcome, Request, gather, unavailable},
};

/// All that a batch has to know before it is planned, in one round trip: the head of the log, the
/// last event of each stream (`$1`), and which of the ids (`$2`) are in the log already.
const LOOK_UP: &str = "
    select 0 as part, 0 as item, null as stream, 0 as revision,
           coalesce(max(position), 0) as position, 0 as at, 0 as append_rest
    from event
    union all
    select 1, wanted.key, null, event.revision, event.position, event.at, 0
    from json_each($1) as wanted
    cross join event on event.stream = wanted.value and event.revision = (
        select max(last.revision) from event as last where last.stream = wanted.value
    )
    union all
    select 2, wanted.key, event.stream, event.revision, event.position, event.at, event.append_rest
    from json_each($2) as wanted
    cross join event on event.id = unhex(wanted.value)
";

/// Rows as JSON (`$2`), their bytes in one blob (`$3`) that the rows cut up: one statement whatever
/// the number of events, and the bytes pass untouched.
const INSERT: &str = "
    insert into event (position, id, stream, category, revision, type, schema, at, append_rest, data, meta)
    select $1 + r.key + 1,
           substr($3, (r.value ->> 7) + 1, 16),
           r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4,
           r.value ->> 5, r.value ->> 6,
           substr($3, (r.value ->> 7) + 17, r.value ->> 8),
           substr($3, (r.value ->> 7) + 17 + (r.value ->> 8), r.value ->> 9)
    from json_each($2) as r
";

/// Writes until every [`super::SqliteEventStore`] is gone.
pub(super) async fn run(
    connections: Connections,
    mut requests: mpsc::Receiver<Request>,
    head: watch::Sender<Position>,
) {
    let mut batch = Vec::new();
    while gather(&mut requests, &mut batch).await {
        let outcomes = match write(&connections, &batch).await {
            Ok((outcomes, last)) => {
                head.send_if_modified(|head| std::mem::replace(head, last) != last);
                outcomes
            }
            Err(StoreError(error)) => {
                let reason = error.to_string();
                batch.iter().map(|_| Err(unavailable(&reason))).collect()
            }
        };
        for (request, outcome) in batch.drain(..).zip(outcomes) {
            request.answer(outcome);
        }
    }
}

async fn write(
    connections: &Connections,
    batch: &[Request],
) -> Result<(Vec<Outcome>, Position), StoreError> {
    let mut connection = connections.settle(connections.writer()?.acquire().await)?;
    let streams: Vec<&str> = batch.iter().map(|request| request.stream.as_str()).collect();
    let ids: Vec<String> = batch
        .iter()
        .flat_map(|request| &request.events)
        .map(|event| event.id.0.simple().to_string())
        .collect();
    let found: Vec<Found> = connections.settle(
        sqlx::query_as(LOOK_UP)
            .bind(json!(streams).to_string())
            .bind(json!(ids).to_string())
            .fetch_all(&mut *connection)
            .await,
    )?;
    let mut plan = Plan::on(batch, found);
    let start = plan.last;
    let outcomes = batch.iter().map(|request| plan.add(request)).collect();
    if start < plan.last {
        connections.settle(
            sqlx::query(INSERT)
                .bind(start)
                .bind(serde_json::Value::Array(plan.rows).to_string())
                .bind(plan.bytes)
                .execute(&mut *connection)
                .await,
        )?;
    }
    Ok((outcomes, position(plan.last)))
}

/// A row of [`LOOK_UP`].
#[derive(sqlx::FromRow)]
struct Found {
    part: i64,
    item: i64,
    stream: Option<String>,
    revision: i64,
    position: i64,
    at: i64,
    append_rest: i64,
}

/// Last event of a stream.
#[derive(Clone, Copy)]
struct Tip {
    revision: i64,
    at: i64,
}

/// Where an event is.
struct Place<'a> {
    stream: std::borrow::Cow<'a, str>,
    revision: i64,
    position: i64,
    append_rest: i64,
}

/// What will be written, and the state of the log after it.
struct Plan<'a> {
    /// Position of the last event.
    last: i64,
    tips: HashMap<&'a str, Tip>,
    places: HashMap<EventId, Place<'a>>,
    rows: Vec<serde_json::Value>,
    bytes: Vec<u8>,
}

impl<'a> Plan<'a> {
    fn on(batch: &'a [Request], found: Vec<Found>) -> Self {
        let ids: Vec<EventId> =
            batch.iter().flat_map(|request| &request.events).map(|event| event.id).collect();
        let mut plan = Self {
            last: 0,
            tips: HashMap::new(),
            places: HashMap::new(),
            rows: Vec::new(),
            bytes: Vec::new(),
        };
        for row in found {
            let item = usize::try_from(row.item).unwrap_or_default();
            match row.stream {
                None if row.part == 0 => plan.last = row.position,
                None => {
                    let tip = Tip { revision: row.revision, at: row.at };
                    plan.tips.insert(batch[item].stream.as_str(), tip);
                }
                Some(stream) => {
                    let place = Place {
                        stream: stream.into(),
                        revision: row.revision,
                        position: row.position,
                        append_rest: row.append_rest,
                    };
                    plan.places.insert(ids[item], place);
                }
            }
        }
        plan
    }

    /// Adds one append, or says why not; the next one sees its effect.
    fn add(&mut self, request: &'a Request) -> Outcome {
        if let Some(answer) = self.earlier(request)? {
            return Ok(answer);
        }
        let stream = request.stream.as_str();
        let tip = self.tips.get(stream).copied();
        let current = tip.map(|tip| revision(tip.revision));
        let as_expected = match request.expected {
            Expected::NoStream => current.is_none(),
            Expected::At(revision) => current == Some(revision),
            Expected::Any => true,
        };
        if !as_expected {
            return Err(AppendError::Conflict { current });
        }
        let mut tip = tip.unwrap_or(Tip { revision: -1, at: i64::MIN });
        tip.at = tip.at.max(request.at);
        for (index, event) in request.events.iter().enumerate() {
            tip.revision += 1;
            self.push(request, event, tip, request.events.len() - 1 - index);
        }
        self.tips.insert(stream, tip);
        Ok(Appended { revision: revision(tip.revision), position: position(self.last) })
    }

    /// The first answer to this append, if it has been made before, perhaps in this very batch.
    fn earlier(&self, request: &Request) -> Result<Option<Appended>, AppendError> {
        let stream = request.stream.as_str();
        let Some(first) = request.events.first().and_then(|event| self.places.get(&event.id))
        else {
            return if request.events.iter().any(|event| self.places.contains_key(&event.id)) {
                Err(AppendError::Invalid("an event of this append is in the log already"))
            } else {
                Ok(None)
            };
        };
        let same = (0_i64..).zip(&request.events).all(|(index, event)| {
            self.places.get(&event.id).is_some_and(|place| {
                place.stream == stream && place.revision == first.revision + index
            })
        });
        let rest = i64::try_from(request.events.len()).unwrap_or(i64::MAX) - 1;
        if same && first.append_rest == rest {
            Ok(Some(Appended {
                revision: revision(first.revision + rest),
                position: position(first.position + rest),
            }))
        } else {
            Err(AppendError::Invalid("this command has been carried out with other events"))
        }
    }

    fn push(&mut self, request: &'a Request, event: &'a NewEvent, tip: Tip, rest: usize) {
        self.last += 1;
        let stream = request.stream.as_str();
        self.rows.push(json!([
            stream,
            request.stream.category(),
            tip.revision,
            event.kind,
            event.schema,
            tip.at,
            rest,
            self.bytes.len(),
            event.data.len(),
            event.meta.len(),
        ]));
        self.bytes.extend_from_slice(event.id.0.as_bytes());
        self.bytes.extend_from_slice(&event.data);
        self.bytes.extend_from_slice(&event.meta);
        let place = Place {
            stream: stream.into(),
            revision: tip.revision,
            position: self.last,
            append_rest: i64::try_from(rest).unwrap_or(i64::MAX),
        };
        self.places.insert(event.id, place);
    }
}

fn revision(stored: i64) -> Revision {
    Revision(stored.cast_unsigned())
}

fn position(stored: i64) -> Position {
    Position(stored.cast_unsigned())
}
