//! The demonstration: people who do not exist, a drawer with their cards, a clock that can be moved,
//! and a mailbox.
//!
//! A cargo feature *and* a mode of the log: without either, nothing in here runs. The cards are
//! personalised by the same agent code as any other card, over the same pages; this module only
//! plays the person at the desk. The reader and the cards in it are stand-ins (`virtual-card`), and
//! so is the mail server.

pub mod clock;
mod desk;
pub mod mailbox;
pub mod population;
mod setup;
pub mod time_machine;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use stores::truth::Stores;
use tokio::sync::watch;
use virtual_card::{
    Profile,
    drawer::{Client, Contents, Error},
};
use workflows::mail::{Courier, Failure, Mail, SmtpCourier};

use crate::{
    clock::{Clock, Entropy},
    config::{Config, Mode},
};
use clock::VirtualClock;
use mailbox::Mailbox;
use population::{PEOPLE, Person};
use time_machine::TimeMachine;

pub use setup::set_up;

/// What the demonstration's pages can do.
#[derive(Clone)]
pub struct Demo {
    drawer: Option<Arc<Client>>,
    time_machine: Arc<TimeMachine>,
    mailbox: Arc<Mailbox>,
    people: &'static [Person],
    /// How far their lives are.
    progress: watch::Sender<Progress>,
}

/// How far the lives of the demonstration's people are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The cards of those who have lived their lives so far.
    pub ready: BTreeSet<&'static str>,
    /// Why it stopped, if it did.
    pub problem: Option<String>,
}

impl Demo {
    /// The demonstration over the drawer that listens on this socket; without one, nobody is there.
    #[must_use]
    pub fn new(drawer: Option<PathBuf>, time_machine: TimeMachine, mailbox: Mailbox) -> Self {
        let start = Progress { ready: BTreeSet::new(), problem: None };
        Self {
            people: if drawer.is_some() { PEOPLE } else { &[] },
            drawer: drawer.map(|socket| Arc::new(Client::new(socket))),
            time_machine: Arc::new(time_machine),
            mailbox: Arc::new(mailbox),
            progress: watch::Sender::new(start),
        }
    }

    /// The people there are.
    #[must_use]
    pub fn people(&self) -> &'static [Person] {
        self.people
    }

    /// The machine that moves the clock.
    #[must_use]
    pub fn time_machine(&self) -> &Arc<TimeMachine> {
        &self.time_machine
    }

    /// The mails.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// The courier that takes mails to the mailbox, after the mail server that the configuration
    /// names has taken them, if it names one.
    ///
    /// # Errors
    /// Never, unless the mailbox's own address is of no use.
    pub fn courier(&self, server: Option<SmtpCourier>) -> anyhow::Result<Arc<dyn Courier>> {
        let mailbox = self.mailbox.courier()?;
        Ok(match server {
            Some(server) => Arc::new(Copying { server, mailbox }),
            None => Arc::new(mailbox),
        })
    }

    /// How far the cards are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// True once every holder has lived his life so far.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.progress.borrow().ready.len() == self.people.len()
    }

    /// What is in the drawer and in the reader.
    pub async fn contents(&self) -> Result<Contents, Error> {
        self.ask(Client::list).await
    }

    /// Puts a card into a reader; the one that is there comes out first.
    pub async fn insert(&self, card: &str, slot: u8) -> Result<Contents, Error> {
        let card = card.to_owned();
        self.ask(move |drawer| {
            drawer.remove(slot)?;
            drawer.insert(&card, slot)
        })
        .await
    }

    /// Takes the card out of a reader.
    pub async fn remove(&self, slot: u8) -> Result<Contents, Error> {
        self.ask(move |drawer| drawer.remove(slot)).await
    }

    /// Lays a blank card into the drawer, for somebody to be registered at the desk: at most
    /// [`BLANK_CARDS_MAX`].
    pub async fn new_blank(&self) -> Result<Contents, Error> {
        let contents = self.contents().await?;
        let is_there = |name: &String| contents.cards.iter().any(|card| card.name == *name);
        let name = (1..=BLANK_CARDS_MAX).map(|number| format!("blank-{number}"));
        let Some(name) = name.into_iter().find(|name| !is_there(name)) else {
            return Err(Error::Refused("there are enough blank cards".to_owned()));
        };
        self.ask(move |drawer| drawer.new_card(&name, Profile::Guide)).await
    }

    /// The drawer answers when the reader has noticed, which takes it up to a second.
    async fn ask<F>(&self, question: F) -> Result<Contents, Error>
    where
        F: FnOnce(&Client) -> Result<Contents, Error> + Send + 'static,
    {
        let Some(drawer) = self.drawer.clone() else {
            return Err(Error::Refused("there is no card drawer".to_owned()));
        };
        tokio::task::spawn_blocking(move || question(&drawer))
            .await
            .unwrap_or_else(|_| Err(Error::Refused("the card drawer's client failed".to_owned())))
    }
}

/// Hands a mail to a mail server, and a copy to the mailbox.
struct Copying {
    server: SmtpCourier,
    mailbox: SmtpCourier,
}

impl Courier for Copying {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.server.deliver(mail).await?;
            self.mailbox.deliver(mail).await
        })
    }
}

/// The demonstration, if this is one, and the clock that it goes by.
///
/// # Errors
/// If the log or the mailbox's folder cannot be used.
pub async fn open(
    config: &Config,
    stores: &Stores,
    real: Arc<dyn Clock>,
    entropy: &Entropy,
) -> anyhow::Result<(Arc<dyn Clock>, Option<Demo>)> {
    if config.mode != Mode::Demo {
        return Ok((real, None));
    }
    let drawer = config.drawer().map(Path::to_path_buf);
    let command = entropy.command_id(real.now());
    let clock =
        VirtualClock::open(Arc::clone(&stores.log), real, drawer.is_some(), command).await?;
    let clock = Arc::new(clock);
    let mailbox = Mailbox::open(config.data_dir.join(MAILS)).await?;
    let machine = TimeMachine::new(Arc::clone(&clock));
    Ok((clock, Some(Demo::new(drawer, machine, mailbox))))
}

/// The folder of the mailbox's mails, in the data folder.
const MAILS: &str = "mails";

/// The reader that people use, as a slot of the drawer's reader.
pub const READER: u8 = 0;

/// The second reader of a desk.
pub const SECOND_READER: u8 = 1;

/// The most blank cards in the drawer.
const BLANK_CARDS_MAX: u8 = 20;
