//! For auditors: every event of the log, found by holder, card, member of staff, rule or workflow run.
//!
//! A page costs no more than [`LOOKED_AT_MAX`] rows, whatever is asked: the most telling filter is an
//! index, the others are compared row by row. A page may therefore be short, or empty, and still have
//! one after it.

use chrono::{DateTime, Utc};
use domain::ids::{CardSerial, CommandId, HolderId};
use serde::Deserialize;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use stores::event_store::{Position, Recorded, Revision};
use uuid::Uuid;

use crate::ProjectionError;

/// The most events of one page.
pub const HISTORY_PAGE_MAX: u32 = 100;

/// The most rows that are looked at for one page.
pub const LOOKED_AT_MAX: u32 = 2_000;

/// What is asked of the history. Everything that is given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// About whom.
    pub holder: Option<HolderId>,
    /// About which card.
    pub card: Option<CardSerial>,
    /// Done by which member of staff.
    pub staff: Option<HolderId>,
    /// Under which rule (`P-18`).
    pub rule: Option<String>,
    /// Of which workflow run: the command that began it all.
    pub run: Option<CommandId>,
    /// Of which type (`PasscodeSet`).
    pub kind: Option<String>,
    /// Done by whom, as recorded: `holder`, `staff`, `system`, `operator`.
    pub actor: Option<String>,
    /// From this instant on.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub to: Option<DateTime<Utc>>,
    /// B-63: not about this holder, nor done by him.
    pub except: Option<HolderId>,
}

/// Where a page ends: the next one has what is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryCursor {
    /// When the last event that was looked at was recorded, in microseconds since 1970.
    pub at: i64,
    /// Its place in the log.
    pub position: Position,
}

/// A page of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Newest first.
    pub events: Vec<HistoryEvent>,
    /// Where the next page begins; `None` if this is the last.
    pub older: Option<HistoryCursor>,
}

/// An event, as far as the history has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Its place in the log.
    pub position: Position,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Its stream.
    pub stream: String,
    /// Its place there.
    pub revision: Revision,
    /// Its type.
    pub kind: String,
    /// Whom it is about.
    pub holder: Option<HolderId>,
    /// Which card.
    pub card: Option<String>,
    /// Who did it, as recorded.
    pub actor: String,
    /// Which member of staff did it.
    pub staff: Option<HolderId>,
    /// Of which workflow run.
    pub run: Option<CommandId>,
    /// The version of the policy that it was decided by.
    pub policy: Option<u32>,
    /// The rules it answers to.
    pub rules: Vec<String>,
}

/// The part of `meta` that is indexed; not every event has all of it.
#[derive(Default, Deserialize)]
struct Meta {
    #[serde(rename = "$correlationId")]
    run: Option<Uuid>,
    actor: Option<Actor>,
    policy: Option<u32>,
    #[serde(default)]
    rules: Vec<String>,
}

#[derive(Deserialize)]
struct Actor {
    by: String,
    holder: Option<Uuid>,
}

/// The part of `data` that says whom and what an event of any stream is about.
#[derive(Default, Deserialize)]
struct About {
    holder: Option<Uuid>,
    card: Option<String>,
}

/// What an event of any stream adds: a row, and one for each of its rules.
pub(crate) async fn fold(tx: &mut SqliteConnection, event: &Recorded) -> sqlx::Result<()> {
    // What has not this shape is listed all the same, by its type and time.
    let meta: Meta = serde_json::from_slice(&event.meta).unwrap_or_default();
    let about: About = serde_json::from_slice(&event.data).unwrap_or_default();
    let (position, at) = (event.position.0.cast_signed(), event.at.timestamp_micros());
    let subject = event.stream.subject();
    let (holder, card) = match event.stream.category() {
        "holder" => (subject.parse().ok(), about.card),
        "card" => (about.holder, Some(subject.to_owned())),
        _ => (about.holder, about.card),
    };
    let (actor, staff) =
        meta.actor.map_or_else(|| ("system".to_owned(), None), |actor| (actor.by, actor.holder));
    sqlx::query(
        r"
        insert into history
            (position, at, stream, revision, kind, holder_id, card, actor, staff_id, run, policy, rules)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict (position) do nothing
        ",
    )
    .bind(position)
    .bind(at)
    .bind(event.stream.as_str())
    .bind(event.revision.0.cast_signed())
    .bind(&event.kind)
    .bind::<Option<Uuid>>(holder)
    .bind(card)
    .bind(actor)
    .bind(staff)
    .bind(meta.run)
    .bind(meta.policy.map(i64::from))
    .bind(meta.rules.join(" "))
    .execute(&mut *tx)
    .await?;
    for rule in &meta.rules {
        sqlx::query(
            r"
            insert into history_rule (rule, at, position) values ($1, $2, $3)
            on conflict (rule, at, position) do nothing
            ",
        )
        .bind(rule)
        .bind(at)
        .bind(position)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    position: i64,
    at: i64,
    stream: String,
    revision: i64,
    kind: String,
    holder_id: Option<Uuid>,
    card: Option<String>,
    actor: String,
    staff_id: Option<Uuid>,
    run: Option<Uuid>,
    policy: Option<i64>,
    rules: String,
}

/// A page, newest first.
pub(crate) async fn page(
    pool: &SqlitePool,
    filter: &HistoryFilter,
    before: Option<HistoryCursor>,
    limit: u32,
) -> Result<HistoryPage, ProjectionError> {
    let limit = limit.clamp(1, HISTORY_PAGE_MAX);
    // Whatever the index finds is on the page, unless there is something else to compare.
    let n_rows = if filter.n_compared() <= 1 { limit + 1 } else { LOOKED_AT_MAX };
    let rows = looked_at(pool, filter, before, n_rows).await?;
    let (limit, n_rows) = (count(limit), count(n_rows));
    let is_all = rows.len() < n_rows;
    let last = rows.last().map(Row::cursor);
    let mut events: Vec<HistoryEvent> = Vec::new();
    for row in rows {
        let event = row.event()?;
        if !filter.lets(&event) {
            continue;
        }
        if events.len() == limit {
            let older = events.last().map(HistoryEvent::cursor);
            return Ok(HistoryPage { events, older });
        }
        events.push(event);
    }
    Ok(HistoryPage { events, older: last.filter(|_| !is_all) })
}

/// The next rows of the most telling filter, in the order of time.
async fn looked_at(
    pool: &SqlitePool,
    filter: &HistoryFilter,
    before: Option<HistoryCursor>,
    n_rows: u32,
) -> sqlx::Result<Vec<Row>> {
    let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
        "select h.position, h.at, h.stream, h.revision, h.kind, h.holder_id, h.card, h.actor,
            h.staff_id, h.run, h.policy, h.rules from ",
    );
    // The alias names the table whose index gives the order.
    let order = filter.index(&mut query);
    let end = (i64::MAX, i64::MAX);
    let last = before.map_or(end, |at| (at.at, at.position.0.cast_signed()));
    // Before an instant is before its first event: one bound, so that the index has it.
    let last = last.min(filter.to.map_or(end, |to| (to.timestamp_micros(), i64::MIN)));
    query.push(format!(" and ({order}.at, {order}.position) < ("));
    query.push_bind(last.0).push(", ").push_bind(last.1).push(")");
    if let Some(from) = filter.from {
        query.push(format!(" and {order}.at >= ")).push_bind(from.timestamp_micros());
    }
    query.push(format!(" order by {order}.at desc, {order}.position desc limit "));
    query.push_bind(i64::from(n_rows));
    query.build_query_as().fetch_all(pool).await
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl HistoryFilter {
    /// How many things beside the time have to hold.
    fn n_compared(&self) -> usize {
        let given = [
            self.holder.is_some(),
            self.card.is_some(),
            self.staff.is_some(),
            self.rule.is_some(),
            self.run.is_some(),
            self.kind.is_some(),
        ];
        // Nothing is found by the actor alone: few are, and each has done most of it.
        let by_index = given.into_iter().filter(|is_given| *is_given).count();
        by_index + 2 * usize::from(self.actor.is_some())
    }

    /// Chooses the index: what few events have comes first. Gives the alias of its table.
    fn index(&self, query: &mut QueryBuilder<Sqlite>) -> &'static str {
        let all = "history h where ";
        if let Some(run) = self.run {
            query.push(all).push("h.run = ").push_bind(run.0);
        } else if let Some(holder) = self.holder {
            query.push(all).push("h.holder_id = ").push_bind(holder.0);
        } else if let Some(card) = &self.card {
            query.push(all).push("h.card = ").push_bind(card.as_str().to_owned());
        } else if let Some(staff) = self.staff {
            query.push(all).push("h.staff_id = ").push_bind(staff.0);
        } else if let Some(rule) = &self.rule {
            query.push("history_rule r cross join history h on h.position = r.position where ");
            query.push("r.rule = ").push_bind(rule.clone());
            return "r";
        } else if let Some(kind) = &self.kind {
            query.push(all).push("h.kind = ").push_bind(kind.clone());
        } else {
            query.push(all).push("true");
        }
        "h"
    }

    /// Whether everything holds that is given.
    fn lets(&self, event: &HistoryEvent) -> bool {
        let same = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
        let is_except = |who: Option<HolderId>| who.is_some() && who == self.except;
        !is_except(event.holder)
            && !is_except(event.staff)
            && same(self.card.as_ref().map(CardSerial::as_str), event.card.as_deref())
            && same(self.kind.as_deref(), Some(&event.kind))
            && same(self.actor.as_deref(), Some(&event.actor))
            && (self.holder.is_none() || self.holder == event.holder)
            && (self.staff.is_none() || self.staff == event.staff)
            && (self.run.is_none() || self.run == event.run)
            && self.rule.as_ref().is_none_or(|rule| event.rules.contains(rule))
    }
}

impl HistoryEvent {
    fn cursor(&self) -> HistoryCursor {
        HistoryCursor { at: self.at.timestamp_micros(), position: self.position }
    }
}

impl Row {
    fn cursor(&self) -> HistoryCursor {
        HistoryCursor { at: self.at, position: Position(self.position.cast_unsigned()) }
    }

    fn event(self) -> Result<HistoryEvent, ProjectionError> {
        let at = DateTime::from_timestamp_micros(self.at).ok_or(sqlx::Error::RowNotFound)?;
        Ok(HistoryEvent {
            position: Position(self.position.cast_unsigned()),
            at,
            stream: self.stream,
            revision: Revision(self.revision.cast_unsigned()),
            kind: self.kind,
            holder: self.holder_id.map(HolderId),
            card: self.card,
            actor: self.actor,
            staff: self.staff_id.map(HolderId),
            run: self.run.map(CommandId),
            policy: self.policy.and_then(|version| u32::try_from(version).ok()),
            rules: self.rules.split_whitespace().map(str::to_owned).collect(),
        })
    }
}
