//! The PIV card application (SP 800-73-5 part 2) as seen from the workstation.
//!
//! Commands, status words and objects, over any [`Transport`](crate::transport::Transport). It
//! does no I/O of its own, knows no server, no person and no order of steps, and takes randomness
//! as an argument. Of what passes, only instruction bytes and status words are ever logged.
//!
//! Cards disagree on some fifteen points that matter here; what any of them answers is mapped to
//! one meaning, and the tests replay both sides of each point.

mod apdu;
mod card;
mod keys;
mod management;
mod objects;
mod reference;
mod request;
mod status;
pub mod tlv;

pub use card::{Card, CardError, Changed, Tries, Verified};
pub use keys::{Key, PublicKey};
pub use management::{ManagementAlgorithm, ManagementKey};
pub use objects::{Container, Object};
pub use reference::{REFERENCE_BYTES, Reference, ReferenceData};
pub use request::certificate_request;
pub use status::Status;

#[cfg(test)]
mod tests;
