//! From the log to the tables: what each event means for wake-ups, outbox and breaker, with the
//! checkpoint in the same transaction.

use std::collections::BTreeSet;

use domain::{
    context::Context, expiry::WakeUp, holder::UnknownEvent, ids::HolderId, policy::Policies,
};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use stores::{
    database::Pool,
    event_store::{EventStore, Filter, Position, Recorded, Revision, StoreError, StreamName},
    vault::Vault,
};

use super::{EngineError, applying, breaker, checkpoint, wake_ups};
use crate::{
    commands::{Commands, Loaded},
    forgetting, mail_delivery, passcode_expiry,
};

/// The most events that are applied in one transaction.
const BATCH_EVENTS_MAX: usize = 256;

/// The most holders that are worked out anew in one transaction.
const BATCH_HOLDERS_MAX: u32 = 256;

/// What is needed to bring one database up to date.
pub(super) struct Follower<'a> {
    pub(super) pool: &'a Pool,
    pub(super) log: &'a dyn EventStore,
    pub(super) commands: &'a Commands,
    pub(super) policies: &'a Policies,
    /// Where what events point to is forgotten; none where the log is only read once more.
    pub(super) vault: Option<&'a Vault>,
}

/// A holder's row, worked out.
pub(super) struct WorkedOut {
    pub(super) holder: HolderId,
    pub(super) revision: Option<Revision>,
    pub(super) wake_up: Option<WakeUp>,
}

/// The categories of the streams that mean something here.
pub(super) fn filter() -> Filter {
    let categories = ["holder", mail_delivery::CATEGORY, breaker::CATEGORY];
    Filter::Categories(categories.into_iter().map(str::to_owned).collect())
}

/// Events as they come, up to [`BATCH_EVENTS_MAX`] at a time.
pub(super) fn in_batches<'a>(
    events: impl Stream<Item = Result<Recorded, StoreError>> + Send + Unpin + 'a,
) -> impl Stream<Item = Result<Vec<Recorded>, StoreError>> + Send + Unpin + 'a {
    events.ready_chunks(BATCH_EVENTS_MAX).map(|batch| batch.into_iter().collect())
}

impl Follower<'_> {
    /// Applies what the log has and the tables have not. The first time, all holders' wake-ups are
    /// worked out after that.
    pub(super) async fn catch_up(&self) -> Result<(), EngineError> {
        let before = checkpoint::read(self.pool).await?;
        let mut batches = in_batches(self.log.read_all(before.position, filter()));
        while let Some(batch) = batches.next().await {
            self.apply(&batch?).await?;
        }
        if before.policy_version == 0 {
            while !self.recompute_batch().await? {}
        }
        Ok(())
    }

    /// Applies these events, in the order of the log, in one transaction: all or none. Those that
    /// were applied before are left out.
    pub(super) async fn apply(&self, events: &[Recorded]) -> Result<Position, EngineError> {
        let checkpoint = checkpoint::read(self.pool).await?;
        let new = events.iter().filter(|event| checkpoint.position < event.position);
        let holders: BTreeSet<HolderId> = new.filter_map(holder_of).collect();
        let holders: Vec<HolderId> = holders.into_iter().collect();
        // Streams are read before the transaction, which others have to wait for.
        let names_only = checkpoint.names_only();
        let worked_out = if names_only { Vec::new() } else { self.work_out(&holders).await? };
        // Before it counts as followed, so that a crash forgets nothing to forget.
        let new = events.iter().filter(|event| checkpoint.position < event.position);
        let leaving: BTreeSet<HolderId> =
            new.filter(|event| forgetting::is_cause(&event.kind)).filter_map(holder_of).collect();
        for holder in leaving {
            self.forget(holder).await?;
        }
        let mut tx = self.pool.begin().await?;
        // Another process may have come first; what it has applied is left out.
        let held = checkpoint::hold(&mut tx).await?;
        if names_only != held.names_only() {
            // It has begun to work out wake-ups: so must this batch. It never goes back to names.
            tx.roll_back().await?;
            return Box::pin(self.apply(events)).await;
        }
        if self.policies.latest().version < held.newest_version() {
            tx.roll_back().await?;
            return Err(EngineError::OldPolicy);
        }
        let before = held.position;
        let mut new = events.iter().filter(|event| before < event.position);
        if new.clone().next().is_none() {
            // Nor are rows renewed that somebody may have taken meanwhile.
            tx.roll_back().await?;
            return Ok(before);
        }
        applying::apply(&mut tx, new.clone()).await?;
        let firsts = new.clone().filter(|event| is_first_of_holder(event));
        let n_new_holders = u64::try_from(firsts.count()).unwrap_or(u64::MAX);
        let position = new.next_back().map_or(before, |last| last.position);
        wake_ups::renew(&mut tx, &worked_out).await?;
        if names_only {
            wake_ups::name(&mut tx, &holders).await?;
        }
        checkpoint::advance(&mut tx, position, n_new_holders).await?;
        tx.commit().await?;
        Ok(position)
    }

    /// Works out the wake-ups of some more holders, if they are of an older policy. True if all are
    /// of the newest. What an interrupted one has done is not done again.
    pub(super) async fn recompute_batch(&self) -> Result<bool, EngineError> {
        let version = self.policies.latest().version;
        let checkpoint = checkpoint::read(self.pool).await?;
        let newest = checkpoint.newest_version();
        // Another process may have read a newer policy already: then what it works out stays.
        if version < newest || (version == newest && checkpoint.next_version.is_none()) {
            return Ok(true);
        }
        let begun = checkpoint.next_version == Some(version);
        let after = checkpoint.recomputed_to.filter(|_| begun);
        let holders = wake_ups::holders(self.pool, after, BATCH_HOLDERS_MAX).await?;
        let worked_out = self.work_out(&holders).await?;
        let mut tx = self.pool.begin().await?;
        // Another process may have come first: then this was its batch.
        if checkpoint::hold(&mut tx).await? != checkpoint {
            return Ok(false);
        }
        wake_ups::renew(&mut tx, &worked_out).await?;
        match holders.last() {
            Some(last) => checkpoint::recomputed_to(&mut tx, version, *last).await?,
            None => checkpoint::recomputed(&mut tx, version).await?,
        }
        tx.commit().await?;
        Ok(holders.is_empty())
    }

    /// As of each holder's last event, whatever the time is now: so the table is a function of the
    /// log alone.
    async fn work_out(&self, holders: &[HolderId]) -> Result<Vec<WorkedOut>, EngineError> {
        let mut loaded = self.commands.load_all(holders).await?;
        let mut rows = Vec::with_capacity(holders.len());
        for holder in holders {
            match loaded.remove(holder) {
                Some(Ok(loaded)) => rows.push(self.work_out_one(*holder, &loaded)),
                // He is woken at once, which fails, is seen, and is tried again by a build that can.
                Some(Err(StoreError(error))) if error.is::<UnknownEvent>() => {
                    tracing::error!(%holder, %error, "a holder's stream cannot be read");
                    rows.push(self.unreadable(*holder).await?);
                }
                Some(Err(error)) => return Err(error.into()),
                None => {}
            }
        }
        Ok(rows)
    }

    fn work_out_one(&self, holder: HolderId, loaded: &Loaded) -> WorkedOut {
        let Some(last_at) = loaded.last_at else {
            return WorkedOut { holder, revision: None, wake_up: None };
        };
        let ctx = Context { now: last_at, policies: self.policies };
        let wake_up = passcode_expiry::wake_up(&ctx, &loaded.holder);
        WorkedOut { holder, revision: loaded.revision, wake_up }
    }

    async fn forget(&self, holder: HolderId) -> Result<(), EngineError> {
        let Some(vault) = self.vault else { return Ok(()) };
        let policy = self.policies.latest();
        match forgetting::forget(self.log, self.commands, vault, policy, holder).await {
            Ok(_) => Ok(()),
            // He is not woken, either; a build that can read him comes back to it.
            Err(error) if error.is::<UnknownEvent>() => Ok(()),
            Err(error) => Err(StoreError(error).into()),
        }
    }

    async fn unreadable(&self, holder: HolderId) -> Result<WorkedOut, EngineError> {
        let stream = StreamName::holder(holder);
        let mut events = self.log.read_stream(&stream, Revision(0));
        let mut last = None;
        while let Some(recorded) = events.try_next().await? {
            last = Some((recorded.revision, recorded.at));
        }
        let due = |due_at| WakeUp { due_at, forces_at: None, locks_at: None };
        Ok(WorkedOut {
            holder,
            revision: last.map(|(revision, _)| revision),
            wake_up: last.map(|(_, at)| due(at)),
        })
    }
}

pub(super) fn holder_of(recorded: &Recorded) -> Option<HolderId> {
    let is_holder = recorded.stream.category() == "holder";
    is_holder.then(|| recorded.stream.subject().parse().ok()).flatten()
}

fn is_first_of_holder(recorded: &Recorded) -> bool {
    recorded.revision == Revision(0) && holder_of(recorded).is_some()
}
