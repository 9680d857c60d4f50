//! A stand-in for a smartcard and the drawer it is kept in, for the demo and the tests only.
//!
//! The card is not a toy: it is the PIV applet that Nitrokey ships in its firmware (crate `piv-authenticator`), run on
//! a machine of ours made of files, and it can lose its power at any command or flash write.
//! What it is not: tamper-proof. Whoever can read its folder can read its keys.
//!
//! - [`Profile`]: which cards there are, and how they differ.
//! - [`drawer`]: what is said to the drawer that inserts and removes cards, and the client that says it.
//! - `Card` (feature `card`): one card in process, no reader needed.
//!
//! Invariants: without the feature `card` this package knows no applet and no cryptography, so that the server's demo
//! can hold the client. Randomness comes from `entropy` alone. Nothing here logs the data of a command; a test
//! may have somebody listen who writes down the PUKs ([`Faults::overheard`]).

pub mod drawer;
mod faults;
mod profile;

#[cfg(feature = "card")]
mod card;
#[cfg(feature = "card")]
mod entropy;
#[cfg(feature = "card")]
pub mod reader;

pub use faults::{Faults, Moment, OVERHEARD, TearAt, UnreadableTear};
pub use profile::{Profile, UnknownProfile};

#[cfg(feature = "card")]
pub use card::{Card, Label, OpenError, PowerLost, create, read_label};
