//! The card drawer: holders' cards in a row, and a reader with slots to put them into.
//!
//! The drawer is a program of its own beside pcscd (`latchkey-virtual-card drawer`); the demo and the tests talk to it
//! over a Unix socket, one request and one answer a connection, each a line of JSON:
//! `{"insert":{"card":"ann","slot":0}}` → `{"contents":{"slots":[…],"cards":[…]}}` or `{"refused":"…"}`.

#[cfg(feature = "card")]
pub mod supervisor;

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Faults, Profile};

/// The longest request or answer, in bytes.
pub const MAX_LINE_BYTES: u64 = 64 * 1024;

/// How long the client waits for an answer: longer than the drawer's own waits together.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// What the drawer is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Put a card into a slot. A slot that was emptied a moment ago is waited for.
    Insert {
        /// The card's name.
        card: String,
        /// The slot, from 0.
        slot: u8,
        /// What goes wrong with it this time.
        #[serde(default)]
        faults: Faults,
    },
    /// Take the card out of a slot.
    Remove {
        /// The slot, from 0.
        slot: u8,
    },
    /// Lay a new card into the drawer.
    New {
        /// Its name: 1 to 40 lower-case letters, digits and hyphens.
        card: String,
        /// Its kind.
        profile: Profile,
    },
    /// Say what is where.
    List {},
}

/// What the drawer answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The request was carried out; this is what the drawer looks like now.
    Contents(Contents),
    /// The request was not carried out, and why.
    Refused(String),
}

/// What is where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Every slot of the reader, in order.
    pub slots: Vec<SlotState>,
    /// Every card, by name.
    pub cards: Vec<CardState>,
}

/// One slot of the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotState {
    /// Its number, from 0.
    pub slot: u8,
    /// The card in it, if any.
    pub card: Option<String>,
}

/// One card of the drawer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardState {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub profile: Profile,
    /// The slot it is in, if any.
    pub slot: Option<u8>,
    /// Its serial number.
    pub serial: u32,
}

/// What can go wrong between client and drawer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The drawer does not answer, or not in time.
    #[error("the card drawer does not answer")]
    Gone(#[from] io::Error),
    /// What came back was no answer.
    #[error("the card drawer answered with something else")]
    Garbled(#[from] serde_json::Error),
    /// The drawer said no.
    #[error("{0}")]
    Refused(String),
}

/// Talks to the drawer. Blocking: a call may take some seconds, since the reader must notice what happens to it.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of the drawer that listens on this Unix socket. Connects at each call.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Lays a new card into the drawer.
    pub fn new_card(&self, card: &str, profile: Profile) -> Result<Contents, Error> {
        self.ask(&Request::New { card: card.to_owned(), profile })
    }

    /// Puts a card into a slot.
    pub fn insert(&self, card: &str, slot: u8) -> Result<Contents, Error> {
        self.insert_with(card, slot, Faults::default())
    }

    /// Puts a card into a slot, to have something go wrong with it.
    pub fn insert_with(&self, card: &str, slot: u8, faults: Faults) -> Result<Contents, Error> {
        self.ask(&Request::Insert { card: card.to_owned(), slot, faults })
    }

    /// Takes the card out of a slot; an empty slot stays empty.
    pub fn remove(&self, slot: u8) -> Result<Contents, Error> {
        self.ask(&Request::Remove { slot })
    }

    /// Asks what is where.
    pub fn list(&self) -> Result<Contents, Error> {
        self.ask(&Request::List {})
    }

    fn ask(&self, request: &Request) -> Result<Contents, Error> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        write_line(&mut stream, request)?;
        match read_line(&stream)? {
            Answer::Contents(contents) => Ok(contents),
            Answer::Refused(reason) => Err(Error::Refused(reason)),
        }
    }
}

fn write_line(mut stream: impl Write, message: &impl Serialize) -> Result<(), Error> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

fn read_line<T: for<'a> Deserialize<'a>>(stream: impl Read) -> Result<T, Error> {
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_LINE_BYTES)).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_look_as_the_module_says() {
        for text in [
            r#"{"insert":{"card":"ann","slot":0}}"#,
            r#"{"insert":{"card":"ann","slot":1,"faults":{"tear_ins":"24:1:after","delay_ms":40}}}"#,
            r#"{"remove":{"slot":0}}"#,
            r#"{"new":{"card":"ann","profile":"guide"}}"#,
            r#"{"list":{}}"#,
        ] {
            serde_json::from_str::<Request>(text).unwrap();
        }
        assert!(serde_json::from_str::<Request>(r#"{"remove":{"slot":0,"all":true}}"#).is_err());
    }

    #[test]
    fn a_drawer_that_is_not_there_is_told_from_one_that_says_no() {
        let folder = tempfile::tempdir().unwrap();
        let answer = Client::new(folder.path().join("none.sock")).list();
        assert!(matches!(answer, Err(Error::Gone(_))), "{answer:?}");
    }
}
