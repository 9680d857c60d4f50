//! What relying parties ask of the cards' authority, on a listener of its own: the revocation list,
//! OCSP, the authorities' certificates. Plain HTTP: all of it is public, and signed.
//!
//! A revocation is an event of its holder's stream; OCSP answers from what the projection of
//! certificates makes of the log's very end, so it flips with that event. The list follows within
//! seconds: several revocations share one.

mod http;
mod list;
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
use stores::crl::PublishedCrl;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

pub use http::router;

use crate::app::App;
use list::Covered;

/// What the listener answers from.
#[derive(Default)]
pub struct RelyingParties {
    /// The list that is published.
    list: RwLock<Option<Arc<PublishedCrl>>>,
    /// Who signs OCSP answers.
    signer: RwLock<Option<Arc<Signer>>>,
    /// What the list covers; held while another is made.
    covered: Mutex<Option<Covered>>,
}

impl fmt::Debug for RelyingParties {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RelyingParties(…)")
    }
}

/// A signer of answers, and since when he is one.
struct Signer {
    responder: Responder,
    made_at: DateTime<Utc>,
}

impl RelyingParties {
    fn list(&self) -> Option<Arc<PublishedCrl>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_list(&self, list: PublishedCrl) {
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(list));
    }

    fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_signer(&self, signer: Signer) {
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(signer));
    }
}

/// Does what is due: a signer for OCSP answers, a revocation list. A failure is logged and made good
/// by the next call; to be called every second.
pub async fn tick(app: &App) {
    if let Err(error) = renew_signer(app).await {
        tracing::error!(error = format!("{error:#}"), "nobody signs OCSP answers");
    }
    if let Err(error) = list::publish_if_due(app).await {
        tracing::error!(error = format!("{error:#}"), "no revocation list was published");
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
        Responder::create(signing.cards_authority(), &scalar, serial, now)
    });
    let responder = responder.await?.context("the authority certifies a signer")?;
    app.relying_parties().set_signer(Signer { responder, made_at: now });
    Ok(())
}
