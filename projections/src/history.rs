//! For auditors: every event of the log, found by holder, card, member of staff, rule or workflow run.
//!
//! A page costs no more than [`LOOKED_AT_MAX`] rows, whatever is asked: the most telling filter is an
//! index, the others are compared row by row. A page may therefore be short, or empty, and still have
//! one after it.

use chrono::{DateTime, Utc};
use domain::ids::{CardSerial, CommandId, HolderId};
use serde::Deserialize;
use stores::{
    database::{Kind, Pool, Query, Transaction},
    event_store::{Position, Recorded, Revision},
};
use uuid::Uuid;

use crate::{ProjectionError, fact::Meta, gathered::portions};

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

/// The part of `data` that says whom and what an event of any stream is about.
#[derive(Default, Deserialize)]
struct About {
    holder: Option<Uuid>,
    card: Option<String>,
}

/// What an event of any stream adds: a row, and one for each of its rules. What has not the shape of
/// ours is listed all the same, by its type and time.
pub(crate) struct Line<'a> {
    event: &'a Recorded,
    holder: Option<Uuid>,
    card: Option<String>,
    actor: String,
    staff: Option<Uuid>,
    run: Option<Uuid>,
    policy: Option<u32>,
    rules: Vec<String>,
}

impl<'a> Line<'a> {
    pub(crate) fn of(event: &'a Recorded, meta: Option<&Meta>) -> Self {
        let about: About = serde_json::from_slice(&event.data).unwrap_or_default();
        let subject = event.stream.subject();
        let (holder, card) = match event.stream.category() {
            "holder" => (subject.parse().ok(), about.card),
            "card" => (about.holder, Some(subject.to_owned())),
            _ => (about.holder, about.card),
        };
        let actor = meta.and_then(|meta| meta.actor.as_ref());
        Self {
            event,
            holder,
            card,
            actor: actor.map_or("system", |actor| &actor.by).to_owned(),
            staff: actor.and_then(|actor| actor.holder).map(|staff| staff.0),
            run: meta.and_then(|meta| meta.begun_by),
            policy: meta.and_then(|meta| meta.policy),
            rules: meta.map_or_else(Vec::new, |meta| meta.rules.clone()),
        }
    }
}

/// Writes the rows of these events.
pub(crate) async fn write(tx: &mut Transaction, lines: &[Line<'_>]) -> sqlx::Result<()> {
    for portion in portions(lines) {
        let mut query = Query::new(
            "insert into history
                (position, at, stream, revision, kind, holder_id, card, actor, staff_id, run, policy,
                rules) ",
        );
        query.push_values(portion, |row, line| {
            row.push_bind(line.event.position.0.cast_signed())
                .push_bind(line.event.at.timestamp_micros())
                .push_bind(line.event.stream.as_str())
                .push_bind(line.event.revision.0.cast_signed())
                .push_bind(&line.event.kind)
                .push_bind(line.holder)
                .push_bind(line.card.as_deref())
                .push_bind(&line.actor)
                .push_bind(line.staff)
                .push_bind(line.run)
                .push_bind(line.policy.map(i64::from))
                .push_bind(line.rules.join(" "));
        });
        query.execute(&mut *tx).await?;
    }
    let of_rules = lines.iter().flat_map(|line| line.rules.iter().map(|rule| (rule, line.event)));
    for portion in portions(&of_rules.collect::<Vec<_>>()) {
        let mut query = Query::new("insert into history_rule (rule, at, position) ");
        query.push_values(portion, |row, (rule, event)| {
            row.push_bind(*rule)
                .push_bind(event.at.timestamp_micros())
                .push_bind(event.position.0.cast_signed());
        });
        query.execute(&mut *tx).await?;
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
    pool: &Pool,
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
    pool: &Pool,
    filter: &HistoryFilter,
    before: Option<HistoryCursor>,
    n_rows: u32,
) -> sqlx::Result<Vec<Row>> {
    let mut query = Query::new(
        "select h.position, h.at, h.stream, h.revision, h.kind, h.holder_id, h.card, h.actor,
            h.staff_id, h.run, h.policy, h.rules from ",
    );
    let order = filter.index(&mut query, pool.kind());
    let end = (i64::MAX, i64::MAX);
    let last = before.map_or(end, |at| (at.at, at.position.0.cast_signed()));
    // Before an instant is before its first event: one bound, so that the index has it.
    let last = last.min(filter.to.map_or(end, |to| (to.timestamp_micros(), i64::MIN)));
    query.push(order.before).push_bind(last.0).push(", ").push_bind(last.1).push(")");
    if let Some(from) = filter.from {
        query.push(order.from).push_bind(from.timestamp_micros());
    }
    query.push(order.newest_first).push_bind(i64::from(n_rows));
    query.fetch_all(pool).await
}

/// What bounds a page and puts it in order, in the words of the table whose index is used.
struct Order {
    before: &'static str,
    from: &'static str,
    newest_first: &'static str,
}

const BY_TIME: Order = Order {
    before: " and (h.at, h.position) < (",
    from: " and h.at >= ",
    newest_first: " order by h.at desc, h.position desc limit ",
};

const BY_RULE: Order = Order {
    before: " and (r.at, r.position) < (",
    from: " and r.at >= ",
    newest_first: " order by r.at desc, r.position desc limit ",
};

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

    /// Chooses the index: what few events have comes first. Gives the order that it has.
    fn index(&self, query: &mut Query, database: Kind) -> &'static Order {
        let all = "history h where ";
        if let Some(run) = self.run {
            query.push(all).push("h.run = ").push_bind(run.0);
        } else if let Some(holder) = self.holder {
            query.push(all).push("h.holder_id = ").push_bind(holder.0);
        } else if let Some(card) = &self.card {
            query.push(all).push("h.card = ").push_bind(card.as_str());
        } else if let Some(staff) = self.staff {
            query.push(all).push("h.staff_id = ").push_bind(staff.0);
        } else if let Some(rule) = &self.rule {
            // SQLite takes a cross join as it is written; PostgreSQL finds out by itself.
            query.push(match database {
                Kind::Sqlite => "history_rule r cross join history h ",
                Kind::Postgres => "history_rule r join history h ",
            });
            query.push("on h.position = r.position where r.rule = ").push_bind(rule.as_str());
            return &BY_RULE;
        } else if let Some(kind) = &self.kind {
            query.push(all).push("h.kind = ").push_bind(kind.as_str());
        } else {
            query.push(all).push("true");
        }
        &BY_TIME
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
