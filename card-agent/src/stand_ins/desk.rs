//! A stand-in for the readers of a workstation: one approved reader and the card in it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::watch;

use crate::{
    readers::{Connector, Desk, Reader, Readers, Slot},
    stand_ins::card::StandInCard,
    transport::{LinkError, Transport},
};

#[derive(Clone)]
pub(crate) struct Drawer {
    inserted: Arc<Mutex<Option<StandInCard>>>,
    n_connections: Arc<AtomicUsize>,
    /// Counts the connections that have ended.
    n_ended: watch::Sender<usize>,
    desk: Option<Desk>,
}

impl Drawer {
    pub(crate) const READER: &'static str = "Approved Reader 00 00";
    pub(crate) const MODEL: &'static str = "Approved Reader";

    pub(crate) fn new() -> Self {
        let mut drawer = Self {
            inserted: Arc::default(),
            n_connections: Arc::default(),
            n_ended: watch::Sender::new(0),
            desk: None,
        };
        let desk = Desk::new(Arc::new(drawer.clone()), &[Self::MODEL.to_owned()]);
        drawer.desk = Some(desk);
        drawer.show(Slot::Empty);
        drawer
    }

    pub(crate) fn desk(&self) -> Desk {
        self.desk.clone().unwrap()
    }

    /// Puts a card in, unnoticed.
    pub(crate) fn insert(&self, card: &StandInCard) {
        *self.inserted.lock().unwrap() = Some(card.clone());
    }

    /// Lets the desk notice what is in the reader.
    pub(crate) fn see(&self) {
        self.show(self.desk().inspect(Self::READER));
    }

    pub(crate) fn remove(&self) {
        *self.inserted.lock().unwrap() = None;
    }

    /// Lets the desk believe that.
    pub(crate) fn show(&self, slot: Slot) {
        self.show_readers(Readers::Seen(vec![Reader {
            name: Self::READER.to_owned(),
            model: Self::MODEL.to_owned(),
            approved: true,
            slot,
        }]));
    }

    pub(crate) fn show_readers(&self, readers: Readers) {
        self.desk().replace(readers);
    }

    /// Waits until so many connections have ended.
    pub(crate) async fn has_ended(&self, n: usize) {
        self.n_ended.subscribe().wait_for(|n_ended| n <= *n_ended).await.unwrap();
    }

    /// How often a card was connected to.
    pub(crate) fn n_connections(&self) -> usize {
        self.n_connections.load(Ordering::Relaxed)
    }
}

impl Connector for Drawer {
    fn with_card(
        &self,
        reader: &str,
        work: &mut dyn FnMut(&mut dyn Transport),
    ) -> Result<(), LinkError> {
        assert_eq!(reader, Self::READER);
        self.n_connections.fetch_add(1, Ordering::Relaxed);
        let card = self.inserted.lock().unwrap().clone().ok_or(LinkError::Lost)?;
        work(&mut card.insert());
        self.n_ended.send_modify(|n_ended| *n_ended += 1);
        Ok(())
    }
}
