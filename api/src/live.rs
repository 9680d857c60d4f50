//! Tells pages that are being looked at that something has happened to the update they show.
//!
//! A ring carries no news: who hears it reads what is true. Nobody depends on hearing it either:
//! a page looks again by itself every few seconds, so that what another process did is seen, too.

use std::sync::Arc;

use domain::ids::HolderId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// Rings that a page may be behind; beyond that it looks once for all of them.
const RINGS_KEPT: usize = 64;

/// Pages that are kept new at the same time by one process; others ask again by themselves.
const PAGES_MAX: usize = 1_000;

/// The bell. One a process.
#[derive(Debug)]
pub struct Live {
    bell: broadcast::Sender<HolderId>,
    places: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            bell: broadcast::Sender::new(RINGS_KEPT),
            places: Arc::new(Semaphore::new(PAGES_MAX)),
            closing: CancellationToken::new(),
        }
    }
}

/// A page that is kept new, as long as this is held.
#[derive(Debug)]
pub struct Place {
    rings: broadcast::Receiver<HolderId>,
    closing: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// Something has happened to a holder.
    pub fn ring(&self, holder: HolderId) {
        // Nobody looking is no error.
        let _ = self.bell.send(holder);
    }

    /// A place for a page; `None` if all are taken.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (rings, closing) = (self.bell.subscribe(), self.closing.clone());
        Some(Place { rings, closing, _permit: permit })
    }

    /// The server is about to stop: pages are not kept new any more.
    pub fn close(&self) {
        self.closing.cancel();
    }
}

impl Place {
    /// Waits until something has happened to this holder. False once nothing more will be told.
    pub async fn rung(&mut self, holder: HolderId) -> bool {
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return false,
                rung = self.rings.recv() => match rung {
                    Ok(of) if of != holder => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return true,
                    Err(broadcast::error::RecvError::Closed) => return false,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn holder(n: u128) -> HolderId {
        HolderId(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn a_page_hears_of_its_own_holder_and_of_the_end() {
        let live = Live::default();
        let mut place = live.place().unwrap();
        live.ring(holder(2));
        live.ring(holder(1));
        assert!(place.rung(holder(1)).await);
        live.close();
        assert!(!place.rung(holder(1)).await);
    }

    #[tokio::test]
    async fn whoever_is_too_far_behind_looks_once() {
        let live = Live::default();
        let mut place = live.place().unwrap();
        for _ in 0..=RINGS_KEPT {
            live.ring(holder(2));
        }
        assert!(place.rung(holder(1)).await);
    }

    #[test]
    fn the_last_place_is_given_and_the_one_after_is_not() {
        let live = Live::default();
        let places: Vec<_> = (0..PAGES_MAX).map(|_| live.place().unwrap()).collect();
        assert!(live.place().is_none());
        drop(places);
        assert!(live.place().is_some());
    }
}
