//! The demonstration: people who do not exist, and a drawer with their cards.
//!
//! A cargo feature *and* a mode of the log: without either, nothing in here runs. The cards are
//! personalised by the same agent code as any other card, over the same pages; this module only
//! plays the person at the desk. The reader and the cards in it are stand-ins (`virtual-card`).

pub mod mailbox;
pub mod population;
mod setup;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::watch;
use virtual_card::drawer::{Client, Contents, Error};

pub use setup::set_up;

/// What the demonstration's page can do.
#[derive(Clone)]
pub struct Demo {
    drawer: Arc<Client>,
    /// How far the cards are.
    progress: watch::Sender<Progress>,
}

/// How far the personalisation of the demonstration's cards is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Cards that are ready.
    pub ready: usize,
    /// The card being written now, if any.
    pub now: Option<&'static str>,
    /// Why it stopped, if it did.
    pub problem: Option<String>,
}

impl Demo {
    /// The demonstration over the drawer that listens on this socket.
    #[must_use]
    pub fn new(drawer: impl Into<PathBuf>) -> Self {
        let start = Progress { ready: 0, now: None, problem: None };
        Self { drawer: Arc::new(Client::new(drawer)), progress: watch::Sender::new(start) }
    }

    /// How far the cards are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// True once every holder has his card.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.progress.borrow().ready == population::PEOPLE.len()
    }

    /// What is in the drawer and in the reader.
    pub async fn contents(&self) -> Result<Contents, Error> {
        self.ask(Client::list).await
    }

    /// Puts a card into the reader; the one that is there comes out first.
    pub async fn insert(&self, card: &str) -> Result<Contents, Error> {
        let card = card.to_owned();
        self.ask(move |drawer| {
            drawer.remove(SLOT)?;
            drawer.insert(&card, SLOT)
        })
        .await
    }

    /// Takes the card out of the reader.
    pub async fn remove(&self) -> Result<Contents, Error> {
        self.ask(|drawer| drawer.remove(SLOT)).await
    }

    /// The drawer answers when the reader has noticed, which takes it up to a second.
    async fn ask<F>(&self, question: F) -> Result<Contents, Error>
    where
        F: FnOnce(&Client) -> Result<Contents, Error> + Send + 'static,
    {
        let drawer = Arc::clone(&self.drawer);
        tokio::task::spawn_blocking(move || question(&drawer))
            .await
            .unwrap_or_else(|_| Err(Error::Refused("the card drawer's client failed".to_owned())))
    }
}

/// The slot of the reader that the demonstration uses.
const SLOT: u8 = 0;
