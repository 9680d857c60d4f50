//! What people look at. Everything here is made from the log and can be thrown away.
//!
//! A projection is one file: its row, how an event changes it (fold), what is asked of it (query).
//! To add one: a file, a migration, a line in `Gathered`, and a rebuild of what is in use.
//!
//! All projections share one checkpoint, written in the transaction that applies the events, so
//! they are never ahead of it, behind it, or at different places. An event that this build cannot
//! read stops them: a page that is old and says so is better than one that has silently left
//! something out.

mod certificates;
mod database;
mod digest;
mod error;
mod fact;
mod gathered;
mod history;
mod indexes;
mod ledger;
mod passcode_status;
mod staff;
#[cfg(test)]
mod tests;
mod work;

use std::{path::Path, pin::pin, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::ids::{CertificateSerial, HolderId, OrganisationCode};
use futures::{Stream, StreamExt as _};
use stores::{
    database::{Place, Pool},
    event_store::{EventStore, Filter, Position, Recorded, Revision, StoreError},
    postgres::Options,
};
use tokio::sync::{Mutex, RwLock, watch};

pub use certificates::{
    CertificateOwner, CertificateState, CertificateStatus, REVOKED_PAGE_MAX, RevokedCertificate,
    RevokedCursor,
};
use database::TABLES;
pub use digest::TableDigest;
pub use error::{Behind, ProjectionError};
use gathered::Gathered;
pub use history::{
    HISTORY_PAGE_MAX, HistoryCursor, HistoryEvent, HistoryFilter, HistoryPage, LOOKED_AT_MAX,
};
pub use ledger::{Entry, PAGE_ENTRIES_MAX};
pub use passcode_status::PasscodeStatus;
pub use staff::{STAFF_PAGE_MAX, StaffGrant};
pub use work::{StaffUnlocks, WORK_PAGE_MAX, WorkItem, WorkKind};

/// The most events that are applied in one transaction.
const BATCH_EVENTS_MAX: usize = 256;

/// The most events that a rebuild applies in one transaction.
const REBUILD_EVENTS_MAX: usize = 4_096;

/// How often in a row following the log may fail, without any progress, before it is given up.
const FAILURES_MAX: u32 = 30;

/// How long following rests after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// The projections of one log. Cheap to clone.
#[derive(Clone)]
pub struct Projections(Arc<Inner>);

struct Inner {
    place: Place,
    /// What is read. Held for writing only while a rebuilt database takes its place.
    live: RwLock<Pool>,
    /// Held by whoever applies events or is about to swap.
    writing: Mutex<()>,
    /// The position of the checkpoint, for those who wait for it.
    position: watch::Sender<Position>,
}

impl Projections {
    /// Opens the file, made (readable by its owner only) and brought up to date if need be.
    pub async fn open(path: &Path) -> Result<Self, ProjectionError> {
        Self::at(Place::File(path.to_owned())).await
    }

    /// Opens those of a PostgreSQL database, made and brought up to date if need be. Whoever else has
    /// opened them follows the log, too: each batch of events is applied by one of them.
    pub async fn open_postgres(options: &Options) -> Result<Self, ProjectionError> {
        Self::at(Place::Postgres(Box::new(options.clone()))).await
    }

    /// Projections that are gone with the last clone.
    pub async fn in_memory() -> Result<Self, ProjectionError> {
        Self::at(Place::Memory).await
    }

    async fn at(place: Place) -> Result<Self, ProjectionError> {
        let live = TABLES.open(&place).await?;
        let (position, _) = watch::channel(database::checkpoint(&live).await?);
        let (live, writing) = (RwLock::new(live), Mutex::new(()));
        Ok(Self(Arc::new(Inner { place, live, writing, position })))
    }

    /// How far they have followed the log.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.0.position.borrow()
    }

    /// Applies these events, in the order of the log, in one transaction: all or none. Those that
    /// were applied before are left out, so a repeat changes nothing.
    pub async fn apply(&self, events: &[Recorded]) -> Result<Position, ProjectionError> {
        let _writing = self.0.writing.lock().await;
        let live = self.0.live.read().await;
        let position = apply_to(&live, events).await?;
        self.0.position.send_replace(position);
        Ok(position)
    }

    /// Follows the log until `shutdown` comes or the store is closed. A failing database is tried
    /// again; an event that cannot be read ends it.
    pub async fn follow(
        &self,
        store: Arc<dyn EventStore>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ProjectionError> {
        let mut shutdown = pin!(shutdown);
        let mut n_failures = 0;
        loop {
            let before = self.position();
            let outcome = tokio::select! {
                () = &mut shutdown => return Ok(()),
                outcome = self.follow_once(&*store) => outcome,
            };
            let error = match outcome {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            n_failures = if before < self.position() { 1 } else { n_failures + 1 };
            if !error.may_pass() || FAILURES_MAX < n_failures {
                return Err(error);
            }
            tracing::warn!(%error, n_failures, "the projections could not follow the log");
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = tokio::time::sleep(FAILURE_PAUSE) => {}
            }
        }
    }

    async fn follow_once(&self, store: &dyn EventStore) -> Result<(), ProjectionError> {
        let mut batches = in_batches(store.subscribe(self.position(), Filter::All));
        while let Some(batch) = batches.next().await {
            self.apply(&batch?).await?;
        }
        Ok(())
    }

    /// Waits until they are at least as new as `position`, so that people see their own change;
    /// for `limit` at the most.
    pub async fn wait_for(&self, position: Position, limit: Duration) -> Result<(), Behind> {
        let mut reached = self.0.position.subscribe();
        match tokio::time::timeout(limit, reached.wait_for(|at| position <= *at)).await {
            Ok(Ok(_)) => Ok(()),
            // The sender lives as long as `self`, so the channel does not close meanwhile.
            Ok(Err(_)) | Err(_) => Err(Behind { wanted: position, reached: self.position() }),
        }
    }

    /// Builds everything anew from the log, beside what is in use, and puts it in its place when
    /// it is as far as the log. What is in use is read and goes on meanwhile; if this fails, it stays.
    pub async fn rebuild(&self, store: &dyn EventStore) -> Result<Position, ProjectionError> {
        let fresh = TABLES.open_beside(&self.0.place).await?;
        let indexes = indexes::take(&fresh).await?;
        catch_up(&fresh, store).await?;
        indexes::make(&fresh, indexes).await?;
        // From here on nothing new is applied to the old one, so the rest is short.
        let _writing = self.0.writing.lock().await;
        let mut live = self.0.live.write().await;
        let mut hold = live.begin().await?;
        database::held_checkpoint(&mut hold).await?;
        let position = catch_up(&fresh, store).await?;
        TABLES.replace(&self.0.place, (&mut *live, fresh), hold).await?;
        self.0.position.send_replace(position);
        Ok(position)
    }

    /// What each table holds, as a number, by the name of the table: the same for the same rows.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn digests(&self) -> Result<Vec<TableDigest>, ProjectionError> {
        let live = self.0.live.read().await;
        digest::of_all(&live).await
    }

    /// S-02: the three kinds of a holder, in the order of the page.
    pub async fn passcode_status(
        &self,
        holder: HolderId,
    ) -> Result<[PasscodeStatus; 3], ProjectionError> {
        let live = self.0.live.read().await;
        Ok(passcode_status::of_holder(&live, holder).await?)
    }

    /// A page of a holder's ledger, newest first: `limit` entries at the most (and never more than
    /// [`PAGE_ENTRIES_MAX`]), those before revision `before` if it is given.
    pub async fn ledger(
        &self,
        holder: HolderId,
        before: Option<Revision>,
        limit: u32,
    ) -> Result<Vec<Entry>, ProjectionError> {
        let live = self.0.live.read().await;
        Ok(ledger::page(&live, holder, before, limit).await?)
    }

    /// Whose a certificate is, in use or not; `None` if it is nobody's.
    pub async fn certificate_owner(
        &self,
        serial: &CertificateSerial,
    ) -> Result<Option<CertificateOwner>, ProjectionError> {
        let live = self.0.live.read().await;
        certificates::owner(&live, serial).await
    }

    /// How a certificate stands; `None` if it was never issued here.
    pub async fn certificate_status(
        &self,
        serial: &CertificateSerial,
    ) -> Result<Option<CertificateStatus>, ProjectionError> {
        let live = self.0.live.read().await;
        certificates::status(&live, serial).await
    }

    /// A page of what is revoked, in the order of the log: `limit` entries at the most (and never
    /// more than [`REVOKED_PAGE_MAX`]), those after the cursor if one is given.
    pub async fn revoked_certificates(
        &self,
        after: Option<&RevokedCursor>,
        limit: u32,
    ) -> Result<Vec<RevokedCertificate>, ProjectionError> {
        let live = self.0.live.read().await;
        certificates::revoked(&live, after, limit).await
    }

    /// B-57: where in the log a certificate was last taken off the revocation list; none if none ever
    /// was.
    pub async fn last_reinstated(&self) -> Result<Option<Position>, ProjectionError> {
        let live = self.0.live.read().await;
        certificates::last_reinstated(&live).await
    }

    /// B-58: a page of the roles in force, by holder: `limit` at the most (and never more than
    /// [`STAFF_PAGE_MAX`]), those behind `after`.
    pub async fn staff(
        &self,
        after: Option<&StaffGrant>,
        limit: u32,
    ) -> Result<Vec<StaffGrant>, ProjectionError> {
        let live = self.0.live.read().await;
        staff::page(&live, after, limit).await
    }

    /// The organisations that have a registration authority manager, this role of this holder left
    /// out; without an organisation, all of his.
    pub async fn managed_without(
        &self,
        holder: HolderId,
        organisation: Option<&OrganisationCode>,
    ) -> Result<Vec<OrganisationCode>, ProjectionError> {
        let live = self.0.live.read().await;
        staff::managed_without(&live, holder, organisation).await
    }

    /// A page of what waits for the registration authority now, the oldest first: `limit` lines at the
    /// most (and never more than [`WORK_PAGE_MAX`]), those behind `after`.
    pub async fn work(
        &self,
        now: DateTime<Utc>,
        after: Option<&WorkItem>,
        limit: u32,
    ) -> Result<Vec<WorkItem>, ProjectionError> {
        let live = self.0.live.read().await;
        work::page(&live, now, after, limit).await
    }

    /// What waits for this reason since then, the oldest first: `limit` lines at the most (and never
    /// more than [`WORK_PAGE_MAX`]).
    pub async fn work_of(
        &self,
        kind: WorkKind,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<WorkItem>, ProjectionError> {
        let live = self.0.live.read().await;
        work::of_kind(&live, kind, since, limit).await
    }

    /// How often each member of staff has let somebody unlock from the first of these instants to
    /// before the second, if it was at least so often: most often first, `limit` lines at the most (and
    /// never more than [`WORK_PAGE_MAX`]). B-59: of those who work for one of these organisations, or of
    /// all.
    pub async fn staff_unlocks(
        &self,
        time: (DateTime<Utc>, DateTime<Utc>),
        within: Option<&[OrganisationCode]>,
        least: u32,
        limit: u32,
    ) -> Result<Vec<StaffUnlocks>, ProjectionError> {
        let live = self.0.live.read().await;
        work::unlocks(&live, time, within, (least, limit)).await
    }
}

impl Projections {
    /// A page of the history of the whole log, newest first: `limit` events at the most (and never
    /// more than [`HISTORY_PAGE_MAX`]), those before the cursor if one is given.
    pub async fn history(
        &self,
        filter: &HistoryFilter,
        before: Option<HistoryCursor>,
        limit: u32,
    ) -> Result<HistoryPage, ProjectionError> {
        let live = self.0.live.read().await;
        history::page(&live, filter, before, limit).await
    }
}

/// Events as they come, up to [`BATCH_EVENTS_MAX`] at a time.
fn in_batches<'a>(
    events: impl Stream<Item = Result<Recorded, StoreError>> + Send + Unpin + 'a,
) -> impl Stream<Item = Result<Vec<Recorded>, StoreError>> + Send + Unpin + 'a {
    events.ready_chunks(BATCH_EVENTS_MAX).map(|batch| batch.into_iter().collect())
}

/// Applies what the log has and `pool` has not.
async fn catch_up(pool: &Pool, store: &dyn EventStore) -> Result<Position, ProjectionError> {
    let mut position = database::checkpoint(pool).await?;
    let events = store.read_all(position, Filter::All);
    let mut batches = events.chunks(REBUILD_EVENTS_MAX);
    let mut batch = batches.next().await;
    while let Some(events) = batch {
        let events: Vec<_> = events.into_iter().collect::<Result<_, _>>()?;
        let (applied, next) = tokio::join!(apply_to(pool, &events), batches.next());
        (position, batch) = (applied?, next);
    }
    Ok(position)
}

async fn apply_to(pool: &Pool, events: &[Recorded]) -> Result<Position, ProjectionError> {
    let mut tx = pool.begin().await?;
    let mut position = database::held_checkpoint(&mut tx).await?;
    let mut gathered = Gathered::default();
    for recorded in events {
        if recorded.position <= position {
            continue;
        }
        gathered.add(&mut tx, recorded).await?;
        position = recorded.position;
    }
    gathered.write(&mut tx).await?;
    database::set_checkpoint(&mut tx, position).await?;
    tx.commit().await?;
    Ok(position)
}
