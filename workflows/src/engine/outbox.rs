//! The table of mails that are to be sent, and of those that could not be.
//!
//! Taken by workers as wake-ups are. A row goes when the log says that its mail was delivered or
//! withdrawn, and lies dead when the log says that it failed; between those only the table knows how often it was
//! tried.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::ids::{EventId, HolderId};
use stores::{
    database::{Executor, Query, Transaction},
    event_store::{Recorded, Revision},
};
use uuid::Uuid;

use super::{
    EngineError,
    database::{count, instant, micros},
};
use crate::{
    mail::Wanted,
    mail_delivery::{MailDelivery, Stage, StepId},
};

/// A mail that this worker has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) step: StepId,
    pub(super) holder: HolderId,
    /// The event that asks for it.
    pub(super) event: EventId,
    /// Its place in the holder's stream.
    pub(super) revision: Revision,
    /// The last event of the step's own stream.
    pub(super) settled: Option<Revision>,
    pub(super) delivery: MailDelivery,
    fence: i64,
}

/// A mail that is not tried again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its step: what it is redriven by.
    pub step: StepId,
    /// Whom it was for.
    pub holder: HolderId,
    /// The event that asked for it, in the holder's stream.
    pub revision: Revision,
    /// When the event was, or the last redrive.
    pub since: DateTime<Utc>,
    /// Failures that might have passed, since then.
    pub attempts: u32,
    /// Why: the last failure; neither address nor content.
    pub hitch: String,
}

/// A mail that brings a code, and is not with a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeMail {
    /// It is tried again; so often it was not taken.
    Waiting {
        /// Failures so far; 0 while it has not been tried.
        attempts: u32,
    },
    /// It is not tried again.
    Dead,
}

/// Which mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Those that bring codes.
    Codes,
    /// Those that tell what was just done with a card ([`Wanted::is_urgent`]).
    Urgent,
    /// All others.
    Others,
}

/// A mail that an event asks for.
pub(super) struct Asked<'a> {
    pub(super) holder: HolderId,
    pub(super) by: &'a Recorded,
    pub(super) wanted: Wanted,
}

/// Those that events ask for; a second time, nothing.
pub(super) async fn ask(tx: &mut Transaction, mails: &[Asked<'_>]) -> sqlx::Result<()> {
    if mails.is_empty() {
        return Ok(());
    }
    let mut query = Query::new(
        "
        insert into outbox
            (step_id, holder_id, event_id, revision, since, look_at, code_id, ends_at, is_urgent,
             state, attempts, fence)
        ",
    );
    query.push_values(mails, |row, Asked { holder, by, wanted }| {
        let code = match wanted {
            Wanted::Notice(_) => None,
            Wanted::Code(code) => Some(code),
        };
        row.push_bind(StepId::of_event(by.id).0)
            .push_bind(holder.0)
            .push_bind(by.id.0)
            .push_bind(by.revision.0.cast_signed())
            .push_bind(micros(by.at))
            .push_bind(micros(by.at))
            .push_bind(code.map(|code| code.code))
            .push_bind(code.map(|code| micros(code.expires_at)))
            .push_bind(i64::from(wanted.is_urgent()))
            .push("'waiting', 0, 0");
    });
    query.push(" on conflict (step_id) do nothing");
    query.once().execute(tx).await?;
    Ok(())
}

/// The log says that these were delivered, or withdrawn.
pub(super) async fn settled(tx: &mut Transaction, steps: &[StepId]) -> sqlx::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut query = Query::new("delete from outbox where step_id in (");
    query.push_list(steps.iter().map(|step| step.0)).push(")");
    query.once().execute(tx).await?;
    Ok(())
}

/// The log says that it failed.
pub(super) async fn failed(
    tx: &mut Transaction,
    step: StepId,
    settled: Revision,
    attempts: u32,
    hitch: &str,
) -> sqlx::Result<()> {
    Query::new(
        "
        update outbox
        set state = 'dead', attempts = $3, hitch = $4, look_at = null, settled = $2,
            fence = fence + 1
        where step_id = $1
        ",
    )
    .bind(step.0)
    .bind(settled.0.cast_signed())
    .bind(i64::from(attempts))
    .bind(hitch)
    .execute(tx)
    .await?;
    Ok(())
}

/// The log says that the operator wants it tried again.
pub(super) async fn redriven(
    tx: &mut Transaction,
    step: StepId,
    settled: Revision,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    Query::new(
        "
        update outbox
        set state = 'waiting', since = $3, attempts = 0, hitch = null, look_at = $3, settled = $2,
            fence = fence + 1
        where step_id = $1
        ",
    )
    .bind(step.0)
    .bind(settled.0.cast_signed())
    .bind(micros(at))
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(Clone, Copy, sqlx::FromRow)]
struct Row {
    step_id: Uuid,
    holder_id: Uuid,
    event_id: Uuid,
    revision: i64,
    since: i64,
    attempts: i64,
    fence: i64,
    settled: Option<i64>,
    ends_at: Option<i64>,
}

/// Takes up to `limit` mails that are due, the oldest first, until `lease_until`.
pub(super) async fn take_due(
    on: impl Into<Executor<'_>>,
    lane: Lane,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Taken>, EngineError> {
    let rows: Vec<Row> = Query::new(
        "
        update outbox set look_at = $2, fence = fence + 1
        where step_id in (
            select step_id from outbox
            where look_at <= $1 and (ends_at is not null) = $4 and is_urgent = $5
            order by look_at, step_id limit $3
        ) and look_at <= $1
        returning step_id, holder_id, event_id, revision, since, attempts, fence, settled, ends_at
        ",
    )
    // Nobody waits for a mail that somebody else is taking.
    .on_postgres(
        "
        update outbox set look_at = $2, fence = fence + 1
        where step_id in (
            select step_id from outbox
            where look_at <= $1 and (ends_at is not null) = $4 and is_urgent = $5
            order by look_at, step_id limit $3
            for update skip locked
        ) and look_at <= $1
        returning step_id, holder_id, event_id, revision, since, attempts, fence, settled, ends_at
        ",
    )
    .bind(micros(now))
    .bind(micros(lease_until))
    .bind(i64::from(limit))
    .bind(lane == Lane::Codes)
    .bind(i64::from(lane == Lane::Urgent))
    .fetch_all(on)
    .await?;
    rows.into_iter().map(taken).collect()
}

fn taken(row: Row) -> Result<Taken, EngineError> {
    let Row { step_id, holder_id, event_id, revision, since, attempts, fence, settled, ends_at } =
        row;
    let since = instant(since)?;
    let ends_at = ends_at.map(instant).transpose()?;
    Ok(Taken {
        step: StepId(step_id),
        holder: HolderId(holder_id),
        event: EventId(event_id),
        revision: Revision(revision.cast_unsigned()),
        settled: settled.map(|settled| Revision(settled.cast_unsigned())),
        delivery: MailDelivery {
            since,
            attempts: count(attempts)?,
            ends_at,
            stage: Stage::Sending,
        },
        fence,
    })
}

/// Makes the leases longer before something is recorded. The steps of which this worker still has the
/// row: for the others, which somebody else has, nothing may be recorded.
pub(super) async fn hold(
    on: impl Into<Executor<'_>>,
    mails: &[&Taken],
    lease_until: DateTime<Utc>,
) -> sqlx::Result<HashSet<StepId>> {
    if mails.is_empty() {
        return Ok(HashSet::new());
    }
    let mut query = Query::new("update outbox set look_at = ");
    query.push_bind(micros(lease_until));
    query.push(" where (step_id, fence) in (");
    query.push_values(mails, |row, taken| {
        row.push_bind(taken.step.0).push_bind(taken.fence);
    });
    query.push(") returning step_id");
    let held: Vec<(Uuid,)> = query.once().fetch_all(on).await?;
    Ok(held.into_iter().map(|(step,)| StepId(step)).collect())
}

/// It failed, and is tried again at `due_at`. False if somebody else has the row.
pub(super) async fn postpone(
    on: impl Into<Executor<'_>>,
    taken: &Taken,
    attempts: u32,
    due_at: DateTime<Utc>,
    hitch: &str,
) -> sqlx::Result<bool> {
    let done = Query::new(
        "
        update outbox set look_at = $3, attempts = $4, hitch = $5
        where step_id = $1 and fence = $2
        ",
    )
    .bind(taken.step.0)
    .bind(taken.fence)
    .bind(micros(due_at))
    .bind(i64::from(attempts))
    .bind(hitch)
    .execute(on)
    .await?;
    Ok(done == 1)
}

/// When the next one is to be looked at.
pub(super) async fn next(
    on: impl Into<Executor<'_>>,
) -> Result<Option<DateTime<Utc>>, EngineError> {
    let (next,): (Option<i64>,) =
        Query::new("select min(look_at) from outbox where look_at is not null")
            .fetch_one(on)
            .await?;
    next.map(instant).transpose()
}

/// How the mail stands that brings this code; `None` once a mail server has it, or it was withdrawn.
pub(super) async fn code_mail(
    on: impl Into<Executor<'_>>,
    code: Uuid,
) -> Result<Option<CodeMail>, EngineError> {
    let row: Option<(String, i64)> =
        Query::new("select state, attempts from outbox where code_id = $1")
            .bind(code)
            .fetch_optional(on)
            .await?;
    let read = |(state, attempts): (String, i64)| match state.as_str() {
        "dead" => Ok(CodeMail::Dead),
        _ => Ok(CodeMail::Waiting { attempts: count(attempts)? }),
    };
    row.map(read).transpose()
}

/// Up to `limit` dead letters after `after`, in the order of their steps.
pub(super) async fn dead_letters(
    on: impl Into<Executor<'_>>,
    after: Option<StepId>,
    limit: u32,
) -> Result<Vec<DeadLetter>, EngineError> {
    let rows: Vec<(Uuid, Uuid, i64, i64, i64, Option<String>)> = Query::new(
        "
        select step_id, holder_id, revision, since, attempts, hitch from outbox
        where state = 'dead' and ($1 is null or $1 < step_id)
        order by step_id limit $2
        ",
    )
    .bind(after.map(|step| step.0))
    .bind(i64::from(limit))
    .fetch_all(on)
    .await?;
    let mut letters = Vec::with_capacity(rows.len());
    for (step, holder, revision, since, attempts, hitch) in rows {
        letters.push(DeadLetter {
            step: StepId(step),
            holder: HolderId(holder),
            revision: Revision(revision.cast_unsigned()),
            since: instant(since)?,
            attempts: count(attempts)?,
            hitch: hitch.unwrap_or_default(),
        });
    }
    Ok(letters)
}

/// The event that asked for a dead letter, and the last event of its own stream; `None` if there is
/// no such dead letter.
pub(super) async fn dead(
    on: impl Into<Executor<'_>>,
    step: StepId,
) -> sqlx::Result<Option<(EventId, Option<Revision>)>> {
    let row: Option<(Uuid, Option<i64>)> =
        Query::new("select event_id, settled from outbox where step_id = $1 and state = 'dead'")
            .bind(step.0)
            .fetch_optional(on)
            .await?;
    Ok(row.map(|(event, settled)| {
        (EventId(event), settled.map(|settled| Revision(settled.cast_unsigned())))
    }))
}

/// How many wait, and how many lie dead.
pub(super) async fn numbers(on: impl Into<Executor<'_>>) -> sqlx::Result<(u64, u64)> {
    let (n_waiting, n_dead): (i64, i64) = Query::new(
        "
        select (select count(*) from outbox where look_at is not null),
               (select count(*) from outbox where state = 'dead')
        ",
    )
    .fetch_one(on)
    .await?;
    Ok((n_waiting.cast_unsigned(), n_dead.cast_unsigned()))
}
