//! The workstation program, as a library: it reads and writes the card, asks for the passcode, and
//! speaks with the server on behalf of whoever sits before it.
//!
//! Reading order:

/// The link to a card; PC/SC is known in there and nowhere else.
pub mod transport;

/// PIV commands, status words, objects. Knows no server and no person.
pub mod piv;

/// What card models take and have.
pub mod profile;

/// A passcode as it was typed.
pub mod passcode;

/// The acts: log in, change passcodes, personalise.
pub mod operations;

/// The readers, what is in them, and who works with a card.
pub mod readers;

/// The line to the server.
pub mod channel;

/// The passcode page.
pub mod page;

/// How a workstation becomes known to the server.
pub mod enrolment;

/// What the operator decides.
pub mod config;

/// Randomness, in one place.
pub mod entropy;

/// What stands in for card, server and authority in tests.
#[cfg(test)]
mod stand_ins;
