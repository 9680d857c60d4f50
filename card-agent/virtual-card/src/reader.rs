//! Puts a card into the virtual reader: the card dials the port on which `vpcd`, pcscd's driver, waits for one.

use std::{
    cell::Cell,
    io,
    net::{Ipv4Addr, Shutdown, TcpStream},
};

use socket2::SockRef;
use vpicc::{Connection, VSmartCard};

use crate::{Card, PowerLost};

/// How the insertion of a card ended, other than by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The reader went away.
    ReaderGone,
    /// The card's power failed, as its faults asked.
    PowerLost,
}

/// Keeps `card` in the reader slot that listens on `port` of this machine until one of the two goes away.
/// Calls `inserted` once, when pcscd has noticed the card, powered it and read its ATR.
pub fn keep_inserted(card: Card, port: u16, inserted: impl FnOnce()) -> io::Result<Ended> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let wire = stream.try_clone()?;
    let mut connection = Connection::from(stream);
    let mut contacts = Contacts {
        card,
        wire: wire.try_clone()?,
        has_power: true,
        greeting: Cell::new(Greeting::None),
    };
    let mut inserted = Some(inserted);
    loop {
        // vpcd sends length and body in two segments; without an immediate acknowledgement each command costs 40 ms.
        // The kernel forgets the setting, so it is made before each read.
        SockRef::from(&wire).set_tcp_quickack(true)?;
        let polled = connection.poll(&mut contacts);
        if !contacts.has_power {
            return Ok(Ended::PowerLost);
        }
        match polled {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Ended::ReaderGone);
            }
            Err(error) => return Err(error),
        }
        if contacts.greeting.get() == Greeting::Greeted
            && let Some(inserted) = inserted.take()
        {
            inserted();
        }
    }
}

/// How far the reader has come with a card that it has noticed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    None,
    Powered,
    Greeted,
}

/// What the reader touches.
struct Contacts {
    card: Card,
    wire: TcpStream,
    has_power: bool,
    greeting: Cell<Greeting>,
}

impl Contacts {
    /// A card without power says nothing, not even that it is gone.
    fn without_power(&mut self) -> Vec<u8> {
        self.has_power = false;
        // If the wire cannot be cut it is cut already.
        self.wire.shutdown(Shutdown::Both).ok();
        Vec::new()
    }

    fn power_cycle(&mut self) {
        if self.card.reset().is_err() {
            self.without_power();
        }
    }
}

impl VSmartCard for Contacts {
    fn atr(&self) -> &[u8] {
        if self.greeting.get() == Greeting::Powered {
            self.greeting.set(Greeting::Greeted);
        }
        vpicc::DEFAULT_ATR
    }

    fn power_on(&mut self) {
        if self.greeting.get() == Greeting::None {
            self.greeting.set(Greeting::Powered);
        }
    }

    fn power_off(&mut self) {
        self.power_cycle();
    }

    fn reset(&mut self) {
        self.power_cycle();
    }

    fn execute(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.card.transmit(apdu).unwrap_or_else(|PowerLost| self.without_power())
    }
}
