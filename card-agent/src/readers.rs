//! What is in the readers of this workstation, and who works with a card at the moment.
//!
//! One thread watches. One card operation runs at a time; while it runs the thread only notes
//! removals and insertions, and leaves the card in peace.

mod watching;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use protocol::{CardSeen, ReaderSeen};
use tokio::sync::watch;

pub use watching::watch;

use crate::{
    operations::identify,
    piv::Card,
    transport::{LinkError, Transport, pcsc as smartcards},
};

/// How a card in a reader is reached. The real one is [`PcSc`]; tests have a stand-in.
pub trait Connector: Send + Sync {
    /// Runs `work` with the card in that reader, alone, and resets the card afterwards.
    ///
    /// # Errors
    /// [`LinkError`] if there is no card to work with.
    fn with_card(
        &self,
        reader: &str,
        work: &mut dyn FnMut(&mut dyn Transport),
    ) -> Result<(), LinkError>;
}

/// Cards by PC/SC.
#[derive(Debug, Clone, Copy, Default)]
pub struct PcSc;

impl Connector for PcSc {
    fn with_card(
        &self,
        reader: &str,
        work: &mut dyn FnMut(&mut dyn Transport),
    ) -> Result<(), LinkError> {
        smartcards::with_card(reader, work)
    }
}

/// A reader of this workstation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Its name, slot number included.
    pub name: String,
    /// Its model name, without (B-60).
    pub model: String,
    /// True if the model is on the list (B-60).
    pub approved: bool,
    /// What is in it.
    pub slot: Slot,
}

/// What is in a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// Nothing.
    Empty,
    /// Something that does not answer as a card of ours.
    Unreadable,
    /// A card.
    Card(CardSeen),
}

/// All readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// The smartcard service of this machine does not run, so nobody knows.
    NoService,
    /// These.
    Seen(Vec<Reader>),
}

impl Readers {
    /// As the server hears it.
    #[must_use]
    pub fn seen(&self) -> Vec<ReaderSeen> {
        let Self::Seen(readers) = self else { return Vec::new() };
        readers
            .iter()
            .map(|reader| ReaderSeen {
                model: reader.model.clone(),
                approved: reader.approved,
                card: match &reader.slot {
                    Slot::Card(card) => Some(card.clone()),
                    Slot::Empty | Slot::Unreadable => None,
                },
            })
            .collect()
    }
}

/// A card operation could not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// Another one runs.
    #[error("another card operation is under way")]
    Busy,
    /// There is no card to work with.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// The readers and the one place at the card. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    connector: Arc<dyn Connector>,
    approved: Arc<[String]>,
    /// Held by the one operation that runs.
    operation: Arc<Mutex<()>>,
    /// Held by whoever speaks with a card: an operation, or the watching thread for a moment.
    card: Arc<Mutex<()>>,
    readers: watch::Sender<Readers>,
}

impl Desk {
    /// A desk at which nothing was seen yet.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, approved: &[String]) -> Self {
        Self {
            connector,
            approved: approved.into(),
            operation: Arc::default(),
            card: Arc::default(),
            readers: watch::Sender::new(Readers::NoService),
        }
    }

    /// The readers as they are now.
    #[must_use]
    pub fn readers(&self) -> Readers {
        self.readers.borrow().clone()
    }

    /// The approved models (B-60).
    #[must_use]
    pub fn approved(&self) -> &[String] {
        &self.approved
    }

    /// Changes of the readers.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Readers> {
        self.readers.subscribe()
    }

    /// Runs one card operation; blocks. Afterwards the card is looked at again, because its retry
    /// counter may have changed.
    ///
    /// # Errors
    /// [`NotBegun`]; `work` was not called then.
    pub fn operate<R>(
        &self,
        reader: &str,
        work: impl FnOnce(&mut dyn Transport) -> R,
    ) -> Result<R, NotBegun> {
        let _only = try_lock(&self.operation).ok_or(NotBegun::Busy)?;
        let _alone = self.card.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut work, mut result) = (Some(work), None);
        self.connector.with_card(reader, &mut |link| {
            result = work.take().map(|work| work(link));
        })?;
        let slot = self.inspect(reader);
        self.put(|readers| {
            for seen in readers.iter_mut().filter(|seen| seen.name == reader) {
                // The watching thread may have seen the card go in the meantime.
                if seen.slot != Slot::Empty {
                    seen.slot = slot.clone();
                }
            }
        });
        result.ok_or(NotBegun::Link(LinkError::Lost))
    }

    /// What is in this reader? Spends nothing.
    pub(crate) fn inspect(&self, reader: &str) -> Slot {
        let mut slot = Slot::Unreadable;
        let connected = self.connector.with_card(reader, &mut |link| {
            slot = match identify(&mut Card::new(link)) {
                Ok(Some(identified)) => Slot::Card(identified.seen),
                Ok(None) => Slot::Unreadable,
                Err(error) => {
                    tracing::debug!(%error, "a card could not be identified");
                    Slot::Unreadable
                }
            };
        });
        if let Err(error) = connected {
            tracing::debug!(%error, "a card could not be reached");
        }
        slot
    }

    fn is_approved(&self, model: &str) -> bool {
        self.approved.iter().any(|approved| approved == model)
    }

    fn try_card(&self) -> Option<MutexGuard<'_, ()>> {
        try_lock(&self.card)
    }

    fn put(&self, change: impl FnOnce(&mut Vec<Reader>)) {
        self.readers.send_if_modified(|readers| {
            let before = readers.clone();
            if let Readers::Seen(readers) = readers {
                change(readers);
            }
            *readers != before
        });
    }

    pub(crate) fn replace(&self, readers: Readers) {
        self.readers.send_if_modified(|before| {
            let changed = *before != readers;
            *before = readers;
            changed
        });
    }
}

fn try_lock(mutex: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(guard)) => Some(PoisonError::into_inner(guard)),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The model of a reader: its PC/SC name without what counts readers and slots. `pcscd` appends
/// two hexadecimal pairs ("Virtual PCD 00 01"), Windows a number ("ACR39 ICC Reader 0").
#[must_use]
pub fn model_of(name: &str) -> &str {
    let is_pair = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some((head, last)) = name.rsplit_once(' ') else { return name };
    if let Some((model, first)) = head.rsplit_once(' ')
        && is_pair(first)
        && is_pair(last)
    {
        return model;
    }
    if last.bytes().all(|byte| byte.is_ascii_digit()) { head } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_ins::{
        card::{APPLET_A, StandInCard},
        desk::Drawer,
    };

    #[test]
    fn b60_a_model_is_the_reader_without_the_numbers_of_reader_and_slot() {
        assert_eq!(model_of("Virtual PCD 00 01"), "Virtual PCD");
        assert_eq!(
            model_of("Gemalto PC Twin Reader (8E23) 0A 00"),
            "Gemalto PC Twin Reader (8E23)"
        );
        assert_eq!(model_of("ACS ACR39U ICC Reader 0"), "ACS ACR39U ICC Reader");
        assert_eq!(model_of("Yubico YubiKey OTP+FIDO+CCID"), "Yubico YubiKey OTP+FIDO+CCID");
        assert_eq!(model_of("Reader"), "Reader");
    }

    #[test]
    fn a_second_operation_is_refused_while_one_runs() {
        let drawer = Drawer::new();
        drawer.insert(&StandInCard::of_holder(APPLET_A, "135790"));
        drawer.see();
        let desk = drawer.desk();
        let inner = desk.clone();
        let ended = desk.operate(Drawer::READER, |_| inner.operate(Drawer::READER, |_| ()));
        assert_eq!(ended, Ok(Err(NotBegun::Busy)));
    }

    #[test]
    fn after_an_operation_the_counter_is_read_again() {
        let drawer = Drawer::new();
        let card = StandInCard::of_holder(APPLET_A, "135790");
        drawer.insert(&card);
        drawer.see();
        let desk = drawer.desk();
        desk.operate(Drawer::READER, |_| card.files().tries = 2).unwrap();
        let Readers::Seen(readers) = desk.readers() else { panic!("the service runs") };
        assert!(matches!(&readers[0].slot, Slot::Card(seen) if seen.tries_left == Some(2)));
    }

    #[test]
    fn without_a_card_nothing_begins() {
        let desk = Drawer::new().desk();
        assert_eq!(desk.operate(Drawer::READER, |_| ()), Err(NotBegun::Link(LinkError::Lost)));
    }
}
