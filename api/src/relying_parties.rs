//! What relying parties ask of the cards' authority, on a listener of its own: the revocation list,
//! OCSP, the authorities' certificates. Plain HTTP: all of it is public, and signed.
//!
//! A revocation is an event of its holder's stream; OCSP answers from what the projection of
//! certificates makes of the log's very end, so it flips with that event. The list follows within
//! seconds: several revocations share one.

mod http;
mod list;
mod listener;
mod pause;
mod standing;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use issuer::{RESPONDER_LIFE, Responder};
use sha2::{Digest as _, Sha256};
use stores::crl::{PublishError, PublishedCrl};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

pub use http::router;
pub use listener::listen;

use crate::app::App;
use list::Covered;
use pause::Pause;

/// What the listener answers from.
#[derive(Default)]
pub struct RelyingParties {
    /// The list that is published.
    list: RwLock<Option<Arc<Published>>>,
    /// Who signs OCSP answers.
    signer: RwLock<Option<Arc<Signer>>>,
    /// What the list covers; held while another is made.
    covered: Mutex<Option<Covered>>,
    /// After a failure, when it is tried again.
    pause: Pause,
}

impl fmt::Debug for RelyingParties {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RelyingParties(…)")
    }
}

/// A list, and what a cache knows it by.
struct Published {
    crl: PublishedCrl,
    tag: String,
}

impl Published {
    /// The tag is of the bytes: a number that came twice, from a restored backup, is another list.
    fn of(crl: PublishedCrl) -> Self {
        let tag = format!("\"{}-{}\"", crl.number, hex::encode(Sha256::digest(&crl.der)));
        Self { crl, tag }
    }
}

/// A signer of answers, and since when he is one.
struct Signer {
    responder: Responder,
    made_at: DateTime<Utc>,
}

impl Signer {
    /// True if his answers are believed at this instant.
    fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.made_at <= now && now < self.responder.not_after()
    }
}

impl RelyingParties {
    /// True if relying parties have no list, or an old one, long before they stop believing it; or
    /// nobody signs OCSP answers: somebody has to look at it.
    #[must_use]
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        let late_at = |list: &Published| list.crl.next_update - list::LIFE + list::LATE;
        self.list().is_none_or(|list| late_at(&list) <= now)
            || self.signer().is_none_or(|signer| !signer.is_valid(now))
    }

    /// From when on and until when the published list is believed, if there is one.
    #[must_use]
    pub fn list_times(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.list().map(|list| (list.crl.this_update, list.crl.next_update))
    }

    fn list(&self) -> Option<Arc<Published>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_list(&self, list: Published) {
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(list));
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_signer(&self, signer: Signer) {
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(signer));
    }
}

/// True if somebody has to look at what relying parties are told. A process that tells them nothing
/// asks what those have published that do.
///
/// # Errors
/// If the lists cannot be read.
pub async fn is_late(app: &App) -> anyhow::Result<bool> {
    let now = app.now();
    if app.role().works() {
        return Ok(app.relying_parties().is_late(now));
    }
    let latest = app.stores().crls.latest().await?;
    Ok(latest.is_none_or(|list| list.next_update - list::LIFE + list::LATE <= now))
}

/// Does what is due: a signer for OCSP answers, a revocation list. A failure is logged and made good
/// by a later call, after a pause; to be called every second.
pub async fn tick(app: &App) {
    let (state, elapsed) = (app.relying_parties(), app.clock().elapsed());
    if state.pause.is_on(elapsed) {
        return;
    }
    if state.list().is_none()
        && let Err(error) = list::resume(app).await
    {
        tracing::error!(error = format!("{error:#}"), "the last revocation list cannot be read");
    }
    let signer = renew_signer(app).await.inspect_err(|error| {
        tracing::error!(error = format!("{error:#}"), "nobody new signs OCSP answers");
    });
    let list = match list::publish_if_due(app).await {
        // Another process was faster; the next call makes one that is newer than that.
        Err(error) if error.is::<PublishError>() && app.is_shared() => Ok(()),
        list => list.inspect_err(|error| {
            tracing::error!(error = format!("{error:#}"), "no revocation list was published");
        }),
    };
    if signer.is_ok() && list.is_ok() {
        state.pause.end();
    } else {
        app.metrics().authority_failed(app.now());
        state.pause.begin(elapsed);
    }
}

/// A signer is replaced when half of his certificate's life is over, and when the clock was turned
/// back to a time before him.
async fn renew_signer(app: &App) -> anyhow::Result<()> {
    let now = app.now();
    let is_due =
        |signer: &Signer| now < signer.made_at || signer.made_at + RESPONDER_LIFE / 2 <= now;
    if app.relying_parties().signer().is_some_and(|signer| !is_due(&signer)) {
        return Ok(());
    }
    let (scalar, serial) = (Zeroizing::new(app.entropy().bytes()), app.entropy().bytes());
    let signing = app.clone();
    // The authority's key may be in an HSM, which takes its time.
    let responder = tokio::task::spawn_blocking(move || {
        anyhow::Ok(Responder::create(signing.cards_authority()?, &scalar, serial, now)?)
    });
    let responder = responder.await?.context("the authority certifies a signer")?;
    app.relying_parties().set_signer(Signer { responder, made_at: now });
    Ok(())
}
