//! The table of wake-ups: one row per workflow and holder, taken by workers in bounded batches.
//!
//! A row is taken for the length of a lease. Every taking and every renewal counts its fence up, so
//! a worker that comes back after its lease completes nothing.

use chrono::{DateTime, Utc};
use domain::{expiry::WakeUp, ids::HolderId};
use stores::{
    database::{Executor, Query, Transaction},
    event_store::Revision,
};
use uuid::Uuid;

use super::{
    Effects, EngineError,
    database::{count, instant, micros},
    following::WorkedOut,
};
use crate::passcode_expiry;

/// A wake-up that this worker has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) holder: HolderId,
    /// Failures in a row so far.
    pub(super) attempts: u32,
    fence: i64,
}

/// A holder whose wake-up fails again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Who.
    pub holder: HolderId,
    /// Failures in a row.
    pub attempts: u32,
    /// What the last one was; no personal data.
    pub hitch: String,
    /// When it is tried again.
    pub again_at: Option<DateTime<Utc>>,
}

/// Writes what was worked out from each holder's stream up to a revision, unless his row knows more
/// of it. Whoever has taken the row has lost it.
pub(super) async fn renew(tx: &mut Transaction, rows: &[WorkedOut]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = Query::new(
        "
        insert into wake_up
            (workflow, holder_id, revision, due_at, forces_at, locks_at, look_at, fence, attempts)
        ",
    );
    query.push_values(rows, |row, WorkedOut { holder, revision, wake_up }| {
        let due_at = wake_up.map(|wake_up| micros(wake_up.due_at));
        row.push_bind(passcode_expiry::NAME)
            .push_bind(holder.0)
            .push_bind(revision_number(*revision))
            .push_bind(due_at)
            .push_bind(wake_up.and_then(|wake_up| wake_up.forces_at).map(micros))
            .push_bind(wake_up.and_then(|wake_up| wake_up.locks_at).map(micros))
            .push_bind(due_at)
            .push("0, 0");
    });
    query.push(
        "
        on conflict (workflow, holder_id) do update
        set revision = excluded.revision, due_at = excluded.due_at,
            forces_at = excluded.forces_at, locks_at = excluded.locks_at,
            look_at = excluded.look_at, fence = wake_up.fence + 1, attempts = 0, hitch = null
        where wake_up.revision <= excluded.revision
        ",
    );
    query.once().execute(tx).await?;
    Ok(())
}

/// Remembers that there are such holders; their wake-ups are worked out later.
pub(super) async fn name(tx: &mut Transaction, holders: &[HolderId]) -> sqlx::Result<()> {
    if holders.is_empty() {
        return Ok(());
    }
    let mut query =
        Query::new("insert into wake_up (workflow, holder_id, revision, fence, attempts)");
    query.push_values(holders, |row, holder| {
        row.push_bind(passcode_expiry::NAME).push_bind(holder.0).push("-1, 0, 0");
    });
    query.push(" on conflict (workflow, holder_id) do nothing");
    query.once().execute(tx).await?;
    Ok(())
}

/// Takes up to `limit` wake-ups that are due, the oldest first, until `lease_until`.
pub(super) async fn take_due(
    on: impl Into<Executor<'_>>,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Taken>, EngineError> {
    let rows: Vec<(Uuid, i64, i64)> = Query::new(
        "
        update wake_up set look_at = $2, fence = fence + 1
        where (workflow, holder_id) in (
            select workflow, holder_id from wake_up
            where look_at <= $1
            order by look_at, holder_id
            limit $3
        ) and look_at <= $1
        returning holder_id, attempts, fence
        ",
    )
    // Nobody waits for a row that somebody else is taking.
    .on_postgres(
        "
        update wake_up set look_at = $2, fence = fence + 1
        where (workflow, holder_id) in (
            select workflow, holder_id from wake_up
            where look_at <= $1
            order by look_at, holder_id
            limit $3
            for update skip locked
        ) and look_at <= $1
        returning holder_id, attempts, fence
        ",
    )
    .bind(micros(now))
    .bind(micros(lease_until))
    .bind(i64::from(limit))
    .fetch_all(on)
    .await?;
    let taken = |(holder, attempts, fence)| {
        Ok(Taken { holder: HolderId(holder), attempts: count(attempts)?, fence })
    };
    rows.into_iter().map(taken).collect()
}

/// There was nothing to record: sleeps until the next wake-up. False if somebody else has the row.
pub(super) async fn sleep(
    on: impl Into<Executor<'_>>,
    taken: Taken,
    next: Option<WakeUp>,
) -> sqlx::Result<bool> {
    let done = Query::new(
        "
        update wake_up
        set due_at = $4, forces_at = $5, locks_at = $6, look_at = $4, attempts = 0, hitch = null
        where workflow = $1 and holder_id = $2 and fence = $3
        ",
    )
    .bind(passcode_expiry::NAME)
    .bind(taken.holder.0)
    .bind(taken.fence)
    .bind(next.map(|next| micros(next.due_at)))
    .bind(next.and_then(|next| next.forces_at).map(micros))
    .bind(next.and_then(|next| next.locks_at).map(micros))
    .execute(on)
    .await?;
    Ok(done == 1)
}

/// It failed: looks again at `again_at`. False if somebody else has the row.
pub(super) async fn postpone(
    on: impl Into<Executor<'_>>,
    taken: Taken,
    again_at: DateTime<Utc>,
    hitch: &str,
) -> sqlx::Result<bool> {
    let done = Query::new(
        "
        update wake_up set look_at = $4, attempts = attempts + 1, hitch = $5
        where workflow = $1 and holder_id = $2 and fence = $3
        ",
    )
    .bind(passcode_expiry::NAME)
    .bind(taken.holder.0)
    .bind(taken.fence)
    .bind(micros(again_at))
    .bind(hitch)
    .execute(on)
    .await?;
    Ok(done == 1)
}

/// How many holders the wake-ups that are due would force to change, and lock, of how many: whoever
/// has missed both is locked. Counts those that others have taken, too.
pub(super) async fn count_effects(
    on: impl Into<Executor<'_>>,
    now: DateTime<Utc>,
) -> sqlx::Result<Effects> {
    let (n_forced, n_locked, n_holders): (i64, i64, i64) = Query::new(
        "
        select count(*) filter (where forces_at <= $1 and (locks_at is null or $1 < locks_at)),
               count(*) filter (where locks_at <= $1),
               (select n_holders from checkpoint where checkpoint_id = 1)
        from wake_up where due_at <= $1
        ",
    )
    .bind(micros(now))
    .fetch_one(on)
    .await?;
    Ok(Effects {
        n_forced: n_forced.cast_unsigned(),
        n_locked: n_locked.cast_unsigned(),
        n_holders: n_holders.cast_unsigned(),
    })
}

/// When the next one is to be looked at.
pub(super) async fn next(
    on: impl Into<Executor<'_>>,
) -> Result<Option<DateTime<Utc>>, EngineError> {
    let (next,): (Option<i64>,) =
        Query::new("select min(look_at) from wake_up where look_at is not null")
            .fetch_one(on)
            .await?;
    next.map(instant).transpose()
}

/// Up to `limit` holders after `after`, in the order of their ids.
pub(super) async fn holders(
    on: impl Into<Executor<'_>>,
    after: Option<HolderId>,
    limit: u32,
) -> sqlx::Result<Vec<HolderId>> {
    let rows: Vec<(Uuid,)> = Query::new(
        "
        select holder_id from wake_up where workflow = $1 and ($2 is null or $2 < holder_id)
        order by holder_id limit $3
        ",
    )
    .bind(passcode_expiry::NAME)
    .bind(after.map(|holder| holder.0))
    .bind(i64::from(limit))
    .fetch_all(on)
    .await?;
    Ok(rows.into_iter().map(|(holder,)| HolderId(holder)).collect())
}

/// Up to `limit` holders after `after` whose wake-ups fail, in the order of their ids.
pub(super) async fn failing(
    on: impl Into<Executor<'_>>,
    after: Option<HolderId>,
    limit: u32,
) -> Result<Vec<Failing>, EngineError> {
    let rows: Vec<(Uuid, i64, String, Option<i64>)> = Query::new(
        "
        select holder_id, attempts, hitch, look_at from wake_up
        where hitch is not null and ($1 is null or $1 < holder_id)
        order by holder_id limit $2
        ",
    )
    .bind(after.map(|holder| holder.0))
    .bind(i64::from(limit))
    .fetch_all(on)
    .await?;
    let mut failing = Vec::with_capacity(rows.len());
    for (holder, attempts, hitch, look_at) in rows {
        let again_at = look_at.map(instant).transpose()?;
        let attempts = count(attempts)?;
        failing.push(Failing { holder: HolderId(holder), attempts, hitch, again_at });
    }
    Ok(failing)
}

/// The number of a revision, -1 for a stream that does not exist.
fn revision_number(revision: Option<Revision>) -> i64 {
    revision.map_or(-1, |revision| revision.0.cast_signed())
}
