//! When the revocation list is made anew, and how.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use issuer::{CrlHead, Revocations};
use projections::RevokedCursor;
use stores::crl::PublishedCrl;

use super::standing;
use crate::app::App;

/// How long a list may be believed. FPKI Common Policy §4.9.7 allows 48 hours between lists where an
/// issuer also answers by OCSP, so an outage of more than a day leaves relying parties a valid one.
pub(super) const LIFE: TimeDelta = TimeDelta::hours(48);

/// How often a list is made anew when nothing is revoked.
pub(super) const EVERY: TimeDelta = TimeDelta::hours(12);

/// Lists follow each other no faster: revocations in between share the next one. With a call every
/// second, and a list of 200,000 entries made in a second, a revocation is published within 5.
pub(super) const APART: TimeDelta = TimeDelta::seconds(2);

const _: () = assert!(EVERY.num_seconds() * 2 < LIFE.num_seconds());

/// What the last list knew, and when it was made.
pub(super) struct Covered {
    /// Its last entry, in the order of the log.
    last: Option<RevokedCursor>,
    /// When.
    at: DateTime<Utc>,
}

impl Covered {
    /// True if the last list was made a moment ago.
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.at <= now && now < self.at + APART
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
    let now = app.now();
    if covered.as_ref().is_some_and(|last| last.is_fresh(now)) {
        return Ok(());
    }
    app.catch_up().await?;
    if let Some(known) = covered.as_ref()
        && !known.is_old(now)
        && !standing::is_any_after(app, known.last.as_ref()).await?
    {
        return Ok(());
    }
    let (revocations, last) = standing::revocations(app, now).await?;
    let made = make(app, now, revocations).await?;
    app.stores().crls.publish(&made).await?;
    tracing::info!(number = made.number, bytes = made.der.len(), "a revocation list is published");
    state.set_list(made);
    *covered = Some(Covered { last, at: now });
    Ok(())
}

async fn make(
    app: &App,
    now: DateTime<Utc>,
    revocations: Revocations,
) -> anyhow::Result<PublishedCrl> {
    let before = app.stores().crls.latest().await?;
    let number = before.map_or(1, |before| before.number + 1);
    let head = CrlHead { number, this_update: now, next_update: now + LIFE };
    let der = sign(app, head, revocations).await?;
    let CrlHead { number, this_update, next_update } = head;
    Ok(PublishedCrl { number, this_update, next_update, der })
}

/// Encoding and signing take a second of one core when there are many entries, and longer where the
/// key is in an HSM.
async fn sign(app: &App, head: CrlHead, revocations: Revocations) -> anyhow::Result<Vec<u8>> {
    let app = app.clone();
    let signed =
        tokio::task::spawn_blocking(move || app.cards_authority().crl(&head, &revocations));
    signed.await?.context("the authority signs its list")
}
