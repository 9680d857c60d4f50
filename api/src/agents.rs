//! The card agents' channel: who may connect, who is connected, and what they may ask.
//!
//! Agents dial out and speak WebSocket over TLS with a client certificate of the agents'
//! authority; nothing here ever connects to a workstation. A connection without a certificate may
//! ask one thing only: to be enrolled.

pub mod answers;
mod claims;
mod connection;
pub mod enrolment;
mod keeping;
mod listener;
mod registry;

pub use claims::is_there;
pub use keeping::keep;
pub use listener::listen;
pub use registry::{AgentSeen, Asker, LineId, Registry, Standing};
