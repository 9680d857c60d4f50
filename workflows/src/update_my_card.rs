//! *Update My Card*: both certificates of a card are renewed, in the order in which the page shows it.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> none
//!     none --> checking: the holder begins
//!     none --> revoked: the certificates are revoked
//!     checking --> checking: the holder begins
//!     checking --> checking: taken up by another visit
//!     checking --> creating: 9A may make a key
//!     checking --> revoked: the certificates are revoked
//!     creating --> creating: taken up by another visit
//!     creating --> creating: 9A may make a key
//!     creating --> creating: a key is made
//!     creating --> checking: the old key signs
//!     creating --> writing_1: a certificate is issued
//!     creating --> revoked: the certificates are revoked
//!     writing_1 --> writing_1: taken up by another visit
//!     writing_1 --> creating: 9A may make a key
//!     writing_1 --> writing_1: a key is made
//!     writing_1 --> writing_1: the old key signs
//!     writing_1 --> writing_1: a certificate is issued
//!     writing_1 --> writing_1: a certificate may be written
//!     writing_1 --> writing_1: a certificate is read back
//!     writing_1 --> writing_2: a certificate is read back
//!     writing_1 --> reading_back: a certificate is read back
//!     writing_1 --> revoked: the certificates are revoked
//!     writing_2 --> writing_2: taken up by another visit
//!     writing_2 --> creating: 9A may make a key
//!     writing_2 --> writing_2: 9C may make a key
//!     writing_2 --> writing_2: a key is made
//!     writing_2 --> writing_2: the old key signs
//!     writing_2 --> writing_2: a certificate is issued
//!     writing_2 --> writing_1: a certificate may be written
//!     writing_2 --> writing_2: a certificate may be written
//!     writing_2 --> reading_back: a certificate is read back
//!     writing_2 --> revoked: the certificates are revoked
//!     reading_back --> reading_back: taken up by another visit
//!     reading_back --> creating: 9A may make a key
//!     reading_back --> writing_2: 9C may make a key
//!     reading_back --> writing_1: a certificate may be written
//!     reading_back --> writing_2: a certificate may be written
//!     reading_back --> renewed: both are read back once more
//!     reading_back --> revoked: the certificates are revoked
//!     renewed --> [*]
//!     revoked --> [*]
//! ```
//!
//! The workflow's memory is the holder's own stream ([`domain::card::CardUpdate`]): what was opened,
//! made, issued and written there decides who may log in and with which key, so it is decided there,
//! against everything else that concerns the holder (B-55). This module says how far an update is in
//! the words of the guides (C-11, S-07), and draws the ways.

use domain::card::{CardUpdate, Slot, SlotState};
use serde::{Deserialize, Serialize};

use crate::{
    card_job::Stage,
    drawing::{Arrow, Drawing},
};

/// The name of the workflow, in drawings.
pub const NAME: &str = "update_my_card";

/// S-07: the lines of the progress page, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// *Checking your card*.
    Checking,
    /// *Creating card*: the first new key, and its certificate.
    Creating,
    /// *Writing certificate 1 of 2*.
    WritingFirst,
    /// *Writing certificate 2 of 2*, with the key that belongs to it.
    WritingSecond,
    /// *Reading back*.
    ReadingBack,
}

impl What {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 5] = [
        Self::Checking,
        Self::Creating,
        Self::WritingFirst,
        Self::WritingSecond,
        Self::ReadingBack,
    ];

    /// As the page says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Checking => "Checking your card",
            Self::Creating => "Creating card",
            Self::WritingFirst => "Writing certificate 1 of 2",
            Self::WritingSecond => "Writing certificate 2 of 2",
            Self::ReadingBack => "Reading back",
        }
    }
}

/// How a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is not its turn.
    Waiting,
    /// The card is at it.
    InProgress,
    /// Done, and on record.
    Done,
    /// It came to nothing, and may be tried again.
    Failed,
    /// The card is gone: only reading it will tell.
    NotKnown,
}

impl State {
    /// As the page says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::InProgress => "in progress",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NotKnown => "not known",
        }
    }
}

/// A line of the progress page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    pub what: What,
    /// How it stands.
    pub state: State,
}

/// The update as the holder's stream has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded<'a> {
    /// It has not begun.
    NotBegun,
    /// It is open.
    Open(&'a CardUpdate),
    /// C-12: it is committed.
    Committed,
}

/// S-07, C-11: the progress page: what is on record, and how the job that carries it stands.
/// `agent_is_there` says that the agent which has claimed the job is connected and has the card.
#[must_use]
pub fn progress(recorded: Recorded<'_>, stage: &Stage, agent_is_there: bool) -> [Line; 5] {
    let reached = match recorded {
        Recorded::NotBegun => What::Checking,
        Recorded::Open(update) => at(update),
        Recorded::Committed => return What::ALL.map(|what| Line { what, state: State::Done }),
    };
    let may_be_half_written = match recorded {
        Recorded::Open(update) => update.is_touched(),
        Recorded::NotBegun | Recorded::Committed => false,
    };
    What::ALL.map(|what| {
        let how = match what.cmp(&reached) {
            std::cmp::Ordering::Less => State::Done,
            std::cmp::Ordering::Equal => current(stage, agent_is_there, may_be_half_written),
            std::cmp::Ordering::Greater => State::Waiting,
        };
        Line { what, state: how }
    })
}

/// The line that an open update is at.
#[must_use]
pub fn at(update: &CardUpdate) -> What {
    match (update.slot(Slot::Authentication), update.slot(Slot::Signature)) {
        (SlotState::Untouched, _) => What::Checking,
        (SlotState::Opened | SlotState::KeyMade { .. }, _) => What::Creating,
        (SlotState::Issued { .. }, _) => What::WritingFirst,
        (SlotState::Written { .. }, SlotState::Written { .. }) => What::ReadingBack,
        (
            SlotState::Written { .. },
            SlotState::Untouched
            | SlotState::Opened
            | SlotState::KeyMade { .. }
            | SlotState::Issued { .. },
        ) => What::WritingSecond,
    }
}

fn current(stage: &Stage, agent_is_there: bool, may_be_half_written: bool) -> State {
    match stage {
        // The holder is on the agent's page, or about to be.
        Stage::Claimed(_) | Stage::Present(_) | Stage::Agreed(_) | Stage::Settled(_) => {
            State::Waiting
        }
        Stage::Updating(_) | Stage::Done(_) if agent_is_there => State::InProgress,
        Stage::Updating(_) | Stage::Done(_) if may_be_half_written => State::NotKnown,
        Stage::Updating(_)
        | Stage::Done(_)
        | Stage::Open
        | Stage::Cancelled
        | Stage::Writing(..)
        | Stage::Unknown(..)
        | Stage::NotWritten(_) => State::Failed,
    }
}

pub(crate) const BEGUN: &str = "the holder begins";
pub(crate) const TAKEN_UP: &str = "taken up by another visit";
pub(crate) const FIRST_KEY: &str = "9A may make a key";
pub(crate) const SECOND_KEY: &str = "9C may make a key";
pub(crate) const MADE: &str = "a key is made";
pub(crate) const KEPT: &str = "the old key signs";
pub(crate) const ISSUED: &str = "a certificate is issued";
pub(crate) const MAY_WRITE: &str = "a certificate may be written";
pub(crate) const WRITTEN: &str = "a certificate is read back";
pub(crate) const COMMITTED: &str = "both are read back once more";
pub(crate) const REVOKED: &str = "the certificates are revoked";

/// The states and the ways between them. Each state is a line of the progress page.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "none",
    arrows: &[
        Arrow { from: "none", label: BEGUN, to: "checking" },
        Arrow { from: "none", label: REVOKED, to: "revoked" },
        Arrow { from: "checking", label: BEGUN, to: "checking" },
        Arrow { from: "checking", label: TAKEN_UP, to: "checking" },
        Arrow { from: "checking", label: FIRST_KEY, to: "creating" },
        Arrow { from: "checking", label: REVOKED, to: "revoked" },
        Arrow { from: "creating", label: TAKEN_UP, to: "creating" },
        Arrow { from: "creating", label: FIRST_KEY, to: "creating" },
        Arrow { from: "creating", label: MADE, to: "creating" },
        Arrow { from: "creating", label: KEPT, to: "checking" },
        Arrow { from: "creating", label: ISSUED, to: "writing_1" },
        Arrow { from: "creating", label: REVOKED, to: "revoked" },
        Arrow { from: "writing_1", label: TAKEN_UP, to: "writing_1" },
        Arrow { from: "writing_1", label: FIRST_KEY, to: "creating" },
        Arrow { from: "writing_1", label: MADE, to: "writing_1" },
        Arrow { from: "writing_1", label: KEPT, to: "writing_1" },
        Arrow { from: "writing_1", label: ISSUED, to: "writing_1" },
        Arrow { from: "writing_1", label: MAY_WRITE, to: "writing_1" },
        Arrow { from: "writing_1", label: WRITTEN, to: "writing_1" },
        Arrow { from: "writing_1", label: WRITTEN, to: "writing_2" },
        Arrow { from: "writing_1", label: WRITTEN, to: "reading_back" },
        Arrow { from: "writing_1", label: REVOKED, to: "revoked" },
        Arrow { from: "writing_2", label: TAKEN_UP, to: "writing_2" },
        Arrow { from: "writing_2", label: FIRST_KEY, to: "creating" },
        Arrow { from: "writing_2", label: SECOND_KEY, to: "writing_2" },
        Arrow { from: "writing_2", label: MADE, to: "writing_2" },
        Arrow { from: "writing_2", label: KEPT, to: "writing_2" },
        Arrow { from: "writing_2", label: ISSUED, to: "writing_2" },
        Arrow { from: "writing_2", label: MAY_WRITE, to: "writing_1" },
        Arrow { from: "writing_2", label: MAY_WRITE, to: "writing_2" },
        Arrow { from: "writing_2", label: WRITTEN, to: "reading_back" },
        Arrow { from: "writing_2", label: REVOKED, to: "revoked" },
        Arrow { from: "reading_back", label: TAKEN_UP, to: "reading_back" },
        Arrow { from: "reading_back", label: FIRST_KEY, to: "creating" },
        Arrow { from: "reading_back", label: SECOND_KEY, to: "writing_2" },
        Arrow { from: "reading_back", label: MAY_WRITE, to: "writing_1" },
        Arrow { from: "reading_back", label: MAY_WRITE, to: "writing_2" },
        Arrow { from: "reading_back", label: COMMITTED, to: "renewed" },
        Arrow { from: "reading_back", label: REVOKED, to: "revoked" },
    ],
    ends: &["renewed", "revoked"],
};

#[cfg(test)]
mod tests;
