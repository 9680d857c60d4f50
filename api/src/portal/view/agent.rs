//! What a page says about the card software (the card agent) and what is in its reader.

use pages::Link;
use serde::Serialize;

use super::help::Topic;

/// What the portal knows of the card software, as the software says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentStatus {
    /// It was connected, and is not now.
    Lost {
        /// When it was last heard ("10:02am").
        last_heard: String,
    },
    /// Connected, but it sees no reader.
    NoReader,
    /// B-60: it sees a reader that is not approved.
    ReaderNotApproved {
        /// The reader's model.
        reader: String,
    },
    /// A reader without a card.
    NoCard {
        /// The reader's model.
        reader: String,
    },
    /// A card whose smartcard passcode was wrong too often.
    CardLocked {
        /// The reader's model.
        reader: String,
    },
    /// A card that can be used.
    Ready {
        /// The reader's model.
        reader: String,
    },
}

/// A status as pages show it: a word, a sentence, and where there is more to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentLine {
    /// One or two words, in a tag.
    pub tag: &'static str,
    /// Colour of the tag; it says nothing that the word does not.
    pub colour: &'static str,
    /// One sentence.
    pub text: String,
    /// The help page about it; none where all is well.
    pub help: Option<Link>,
}

impl AgentStatus {
    /// The status in words.
    #[must_use]
    pub fn line(&self) -> AgentLine {
        let (tag, colour, text) = match self {
            Self::Lost { last_heard } => (
                "Not connected",
                "red",
                format!("The card software was last connected at {last_heard}."),
            ),
            Self::NoReader => ("No reader", "orange", "Plug in your card reader.".to_owned()),
            Self::ReaderNotApproved { reader } => (
                "Reader not approved",
                "orange",
                format!("Your reader, {reader}, is not on the list of approved readers."),
            ),
            Self::NoCard { reader } => {
                ("No card", "orange", format!("Put your smartcard in the reader ({reader})."))
            }
            Self::CardLocked { reader } => {
                ("Card locked", "red", format!("The smartcard in the reader ({reader}) is locked."))
            }
            Self::Ready { reader } => ("Connected", "green", format!("Reader: {reader}")),
        };
        AgentLine { tag, colour, text, help: self.topic().map(Topic::link) }
    }

    fn topic(&self) -> Option<Topic> {
        match self {
            Self::Lost { .. } => Some(Topic::AgentLost),
            Self::NoReader => Some(Topic::NoReader),
            Self::ReaderNotApproved { .. } => Some(Topic::ReaderNotApproved),
            Self::NoCard { .. } => Some(Topic::NoCard),
            Self::CardLocked { .. } => Some(Topic::CardLocked),
            Self::Ready { .. } => None,
        }
    }
}
