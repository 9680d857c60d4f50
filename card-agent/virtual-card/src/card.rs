//! One card in process: put it in, send it commands, take it out. No reader and no PC/SC are needed.
//!
//! The card lives on a thread of its own, because the applet borrows its flash for as long as it is powered.
//! Dropping the handle takes the card out; what its flash holds stays in its folder.

mod applet;
mod chip;
mod edge;
mod flash;
mod folder;
mod passcode_front;

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

use littlefs2::fs::Filesystem;

pub use self::folder::{Label, create, read_label};
use self::{
    applet::{Applet, Wires},
    chip::Disks,
    edge::Edge,
    flash::{Flash, Fuse},
    passcode_front::PasscodeFront,
};
use crate::{Faults, Moment, OVERHEARD, Profile, TearAt};

/// The applet's buffers lie on the stack, and a debug build doubles them.
const STACK_BYTES: usize = 16 << 20;

/// The card's power is gone. It may have obeyed the last command or not; to go on, open it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the card has lost its power")]
pub struct PowerLost;

/// A card that cannot be put in.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder holds a card of another kind.
    #[error("the card in this folder is of profile {0}")]
    OtherProfile(Profile),
    /// The folder cannot be read or written, or another process holds this card.
    #[error("the card's folder cannot be used, or the card is in another reader")]
    Folder(#[from] io::Error),
    /// The flash holds no file system, or the applet does not start.
    #[error("the card does not start: its flash is damaged")]
    Damaged,
}

/// A powered card.
#[derive(Debug)]
pub struct Card {
    label: Label,
    /// `None` only while it is being dropped.
    orders: Option<SyncSender<Order>>,
    answers: Receiver<Vec<u8>>,
    life: Option<JoinHandle<Result<(), OpenError>>>,
}

enum Order {
    Transmit(Vec<u8>),
    Reset,
}

/// Why a powered stretch of a card's life ended.
enum End {
    /// It is reset and powered again.
    Reset,
    /// It was taken out, or its power failed.
    Out,
}

impl Card {
    /// Puts in the card of `folder`, or a new one if there is none.
    pub fn open(folder: &Path, profile: Profile) -> Result<Self, OpenError> {
        Self::open_with(folder, profile, Faults::default())
    }

    /// Puts in a card with which something will go wrong. Flash writes are counted from the first command.
    pub fn open_with(folder: &Path, profile: Profile, faults: Faults) -> Result<Self, OpenError> {
        let label = match read_label(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(folder, profile)?,
            found => found?,
        };
        if label.profile != profile {
            return Err(OpenError::OtherProfile(label.profile));
        }
        let (orders, orders_of_card) = sync_channel(0);
        let (answers_of_card, answers) = sync_channel(0);
        let life = Life {
            held: folder::hold(folder)?,
            folder: folder.to_owned(),
            label,
            tear: faults.tear_ins,
            tear_after_writes: faults.tear_after_writes,
            delay: Duration::from_millis(faults.delay_ms.into()),
            listener: if faults.overheard { Some(listener(folder)?) } else { None },
            orders: orders_of_card,
            answers: answers_of_card,
        };
        let life = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| life.live())?;
        let mut card = Self { label, orders: Some(orders), answers, life: Some(life) };
        match card.answers.recv() {
            Ok(_powered) => Ok(card),
            Err(_) => Err(card.take_out().err().unwrap_or(OpenError::Damaged)),
        }
    }

    /// Which card this is.
    #[must_use]
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Sends one APDU; the response APDU has at least its two status bytes.
    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, PowerLost> {
        self.order(Order::Transmit(apdu.to_vec()))
    }

    /// Cuts the power for a moment: what was verified or authenticated is forgotten.
    pub fn reset(&mut self) -> Result<(), PowerLost> {
        self.order(Order::Reset).map(drop)
    }

    fn order(&mut self, order: Order) -> Result<Vec<u8>, PowerLost> {
        let orders = self.orders.as_ref().ok_or(PowerLost)?;
        orders.send(order).map_err(|_| PowerLost)?;
        self.answers.recv().map_err(|_| PowerLost)
    }

    fn take_out(&mut self) -> Result<(), OpenError> {
        self.orders = None;
        self.life.take().map_or(Ok(()), |life| life.join().unwrap_or(Err(OpenError::Damaged)))
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        // Waits for the thread, so that the folder is free again; how the card ended was told to the last caller.
        drop(self.take_out());
    }
}

/// What the card's thread owns.
struct Life {
    held: File,
    folder: PathBuf,
    label: Label,
    tear: Option<TearAt>,
    tear_after_writes: Option<u64>,
    delay: Duration,
    /// Where the commands that carry a PUK are written.
    listener: Option<File>,
    orders: Receiver<Order>,
    answers: SyncSender<Vec<u8>>,
}

impl Life {
    fn live(mut self) -> Result<(), OpenError> {
        let fuse = Fuse::new();
        let mut internal = formatted(&self.folder.join("internal.img"), &fuse)?;
        let mut external = formatted(&self.folder.join("external.img"), &fuse)?;
        while let End::Reset = self.power_cycle(&mut internal, &mut external, &fuse)? {}
        drop(self.held);
        Ok(())
    }

    fn power_cycle(
        &mut self,
        internal: &mut Flash,
        external: &mut Flash,
        fuse: &Fuse,
    ) -> Result<End, OpenError> {
        let mut volatile = Flash::volatile();
        Filesystem::format(&mut volatile).map_err(|_| OpenError::Damaged)?;
        let mut end = Err(OpenError::Damaged);
        let mounted = Filesystem::mount_and_then(internal, |internal| {
            Filesystem::mount_and_then(external, |external| {
                Filesystem::mount_and_then(&mut volatile, |volatile| {
                    end = self.powered(Disks { internal, external, volatile }, fuse);
                    Ok(())
                })
            })
        });
        mounted.map_err(|_| OpenError::Damaged)?;
        end
    }

    fn powered(&mut self, disks: Disks<'_>, fuse: &Fuse) -> Result<End, OpenError> {
        let wires = Wires::new();
        let mut applet = Applet::power_up(&wires, disks, fuse.clone(), self.label.guid)
            .ok_or(OpenError::Damaged)?;
        let front = match self.label.profile {
            Profile::Piv => None,
            Profile::Guide => Some(
                PasscodeFront::power_up(disks.internal, &mut applet)
                    .map_err(|_| OpenError::Damaged)?,
            ),
        };
        let mut edge = Edge::new(applet, front, self.label.serial());
        if let Some(writes) = self.tear_after_writes.take() {
            fuse.set(writes);
        }
        let mut answer = Vec::new();
        while self.answers.send(answer).is_ok() {
            answer = match self.orders.recv() {
                Err(_) => return Ok(End::Out),
                Ok(Order::Reset) => return Ok(End::Reset),
                Ok(Order::Transmit(apdu)) => match self.transmit(&mut edge, &apdu, fuse) {
                    Ok(answer) => answer,
                    Err(PowerLost) => return Ok(End::Out),
                },
            };
        }
        Ok(End::Out)
    }

    fn transmit(
        &mut self,
        edge: &mut Edge<'_>,
        apdu: &[u8],
        fuse: &Fuse,
    ) -> Result<Vec<u8>, PowerLost> {
        let torn = self.torn_at(apdu);
        if torn == Some(Moment::Before) {
            return Err(PowerLost);
        }
        self.listen(apdu);
        std::thread::sleep(self.delay);
        let answer = edge.transmit(apdu);
        if fuse.is_blown() || torn == Some(Moment::After) { Err(PowerLost) } else { Ok(answer) }
    }

    /// CHANGE REFERENCE DATA of 81, and RESET RETRY COUNTER.
    fn listen(&mut self, apdu: &[u8]) {
        if let (Some(file), [_, 0x24, _, 0x81, ..] | [_, 0x2C, ..]) = (&mut self.listener, apdu) {
            let written = apdu.iter().try_for_each(|byte| write!(file, "{byte:02X}"));
            if let Err(error) = written.and_then(|()| writeln!(file)) {
                tracing::error!(%error, "nobody could listen");
            }
        }
    }

    fn torn_at(&mut self, apdu: &[u8]) -> Option<Moment> {
        let tear = self.tear.as_mut().filter(|tear| apdu.get(1) == Some(&tear.ins))?;
        tear.nth -= 1;
        (tear.nth == 0).then_some(tear.moment)
    }
}

fn listener(folder: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(folder.join(OVERHEARD))
}

fn formatted(image: &Path, fuse: &Fuse) -> Result<Flash, OpenError> {
    let (mut flash, is_new) = Flash::open(image, fuse.clone())?;
    if is_new {
        Filesystem::format(&mut flash).map_err(|_| OpenError::Damaged)?;
    }
    Ok(flash)
}

#[cfg(test)]
mod tests;
