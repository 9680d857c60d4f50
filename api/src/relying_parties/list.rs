//! When the revocation list is made anew, and how.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use issuer::{CLOCK_SKEW, CrlHead, Revocations};
use projections::RevokedCursor;
use stores::{crl::PublishedCrl, event_store::Position};

use super::{Published, standing};
use crate::app::App;

/// How long a list may be believed. FPKI Common Policy §4.9.7 allows 48 hours between lists where an
/// issuer also answers by OCSP, so an outage of more than a day leaves relying parties a valid one.
pub(super) const LIFE: TimeDelta = TimeDelta::hours(48);

/// How often a list is made anew when nothing is revoked.
pub(super) const EVERY: TimeDelta = TimeDelta::hours(12);

/// Lists follow each other no faster: revocations in between share the next one. With a call every
/// second, and a list of 200,000 entries made in a second, a revocation is published within 5.
/// Measured by elapsed time: the clock may stand still for a minute where it was set back.
pub(super) const APART: Duration = Duration::from_secs(2);

/// A list as old as that should have been followed by another long ago.
pub(super) const LATE: TimeDelta = TimeDelta::hours(13);

const _: () = assert!(EVERY.num_seconds() < LATE.num_seconds());
const _: () = assert!(EVERY.num_seconds() * 2 < LIFE.num_seconds());

/// What the last list knew, and when it was made.
pub(super) struct Covered {
    /// Its last entry, in the order of the log.
    last: Option<RevokedCursor>,
    /// B-57: where in the log something was last taken off it.
    reinstated: Option<Position>,
    /// When.
    at: DateTime<Utc>,
    /// The same, as elapsed time.
    elapsed: Duration,
}

impl Covered {
    /// True if the last list was made a moment ago.
    fn is_fresh(&self, elapsed: Duration) -> bool {
        elapsed < self.elapsed + APART
    }

    /// True if it is time for another, whoever was revoked; also when the clock was turned back to a
    /// time before the last.
    fn is_old(&self, now: DateTime<Utc>) -> bool {
        now < self.at || self.at + EVERY <= now
    }
}

/// Publishes a list at the start, on schedule, and when somebody was revoked since the last one.
pub(super) async fn publish_if_due(app: &App) -> anyhow::Result<()> {
    let state = app.relying_parties();
    let mut covered = state.covered.lock().await;
    let (now, elapsed) = (app.now(), app.clock().elapsed());
    if covered.as_ref().is_some_and(|last| last.is_fresh(elapsed)) {
        return Ok(());
    }
    app.catch_up().await?;
    if let Some(known) = covered.as_ref()
        && !known.is_old(now)
        && !standing::is_any_after(app, known.last.as_ref()).await?
        && known.reinstated == app.projections().last_reinstated().await?
    {
        return Ok(());
    }
    // Before the entries: what is taken off meanwhile makes another list due.
    let reinstated = app.projections().last_reinstated().await?;
    let (revocations, last) = standing::revocations(app, now).await?;
    let made = make(app, now, revocations).await?;
    app.stores().crls.publish(&made).await?;
    tracing::info!(number = made.number, bytes = made.der.len(), "a revocation list is published");
    state.set_list(Published::of(made));
    *covered = Some(Covered { last, reinstated, at: now, elapsed });
    Ok(())
}

/// The list that was published before a restart, if it may still be believed: whatever keeps another
/// from being signed, relying parties have this one meanwhile.
pub(super) async fn resume(app: &App) -> anyhow::Result<()> {
    if let Some(latest) = app.stores().crls.latest().await?
        && app.now() < latest.next_update
    {
        tracing::info!(number = latest.number, "the last revocation list is published again");
        app.relying_parties().set_list(Published::of(latest));
    }
    Ok(())
}

async fn make(
    app: &App,
    now: DateTime<Utc>,
    revocations: Revocations,
) -> anyhow::Result<PublishedCrl> {
    let before = app.stores().crls.latest_number().await?;
    let number = number(before, now);
    // A relying party whose clock is a little slow takes it, too.
    let head = CrlHead { number, this_update: now - CLOCK_SKEW, next_update: now + LIFE };
    let der = sign(app, head, revocations).await?;
    let CrlHead { number, this_update, next_update } = head;
    Ok(PublishedCrl { number, this_update, next_update, der })
}

/// Greater than that of every list before, those included that a restored backup has forgotten: it is
/// not below the seconds since 1970.
fn number(before: Option<u64>, now: DateTime<Utc>) -> u64 {
    let next = before.map_or(1, |before| before.saturating_add(1));
    next.max(u64::try_from(now.timestamp()).unwrap_or_default())
}

/// Encoding and signing take a second of one core when there are many entries, and longer where the
/// key is in an HSM.
async fn sign(app: &App, head: CrlHead, revocations: Revocations) -> anyhow::Result<Vec<u8>> {
    let app = app.clone();
    let signed = tokio::task::spawn_blocking(move || {
        anyhow::Ok(app.cards_authority()?.crl(&head, &revocations)?)
    });
    signed.await?.context("the authority signs its list")
}
