//! The rules of the two guides: pure and synchronous. No I/O, no clock, no randomness, no SQL, no
//! HTTP, no logging; depends on none of our crates.
//!
//! Everything that differs between two moments comes in by [`context::Context`]: what time it is,
//! and which policy is in force. Everything that happened comes in as events. So every answer can
//! be worked out again, for any holder, as of any instant.

pub mod calendar;
pub mod card;
pub mod context;
pub mod decider;
pub mod holder;
pub mod ids;
pub mod logon;
pub mod passcode;
pub mod policy;
pub mod refusal;
#[cfg(test)]
mod samples;
pub mod testing;
