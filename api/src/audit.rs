//! What auditors ask: what happened, how somebody stood at any instant, and why something would be
//! refused.
//!
//! A holder's state at an instant is worked out from his events until then and from the versions of
//! the policy that had been published by then: [`story`]. Both are in an export, so whoever has one
//! works out the same bytes without the server ([`offline`]).

pub mod csv;
pub mod explain;
pub mod export;
pub mod facts;
pub mod life;
pub mod looking;
pub mod offline;
pub mod question;
pub mod state;
pub mod story;
#[cfg(test)]
mod tests;
