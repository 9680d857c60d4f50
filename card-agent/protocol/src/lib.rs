//! What card agent and server say to each other, and nothing else.
//!
//! The agent dials out and asks; the server answers (design: "the server believes no claim of an
//! agent"). Every exchange is one JSON text frame of at most [`FRAME_BYTES_MAX`] bytes each way.
//! The server never starts an act: a person starts it on the agent's passcode page, so the only
//! thing that comes unasked is [`FromServer::Bye`].
//!
//! What a card key signs is composed here, by the agent, from its own configuration and from what
//! the page showed ([`Statement`]); the server composes the same sentence and compares signatures.
//! Neither side ever signs a digest it was handed.

mod act;
mod frame;
mod profile;
mod puk;
mod statement;
mod stretch;
mod update;
mod wire;

pub use act::{Act, Characters, Needs, PasscodeRules};
pub use frame::{
    Answer, Blank, CardSeen, Enrolled, Farewell, FromAgent, FromServer, Granted, JobId,
    ProblemSeen, ReaderSeen, Request, ReturnCode, Slot, WriteOutcome,
};
pub use profile::{GUIDE_PASSCODE, PIV_PASSCODE, passcode_rules_of};
pub use puk::{PukFound, PukKey, PukNotPassed, PukPart, PukPlan, PukRelease, seal_puk};
pub use statement::{Purpose, Statement};
pub use stretch::{NotStretched, STRETCHED_BYTES, stretch};
pub use update::{Resume, SlotPlan, SlotProgress, Write};
pub use wire::{Bytes, Secret};

/// The version both sides must speak. A server refuses an agent that speaks another.
pub const PROTOCOL_VERSION: u16 = 4;

/// The name in the server's certificate on the agents' channel, whatever address it has.
pub const SERVER_NAME: &str = "latchkey";

/// Path of the WebSocket of the agents' channel.
pub const CHANNEL_PATH: &str = "/agent";

/// The largest frame either side accepts, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// How often an agent that has nothing to say shows that it is there, in seconds.
/// A server that has heard nothing for three times as long takes the agent for lost.
pub const HEARTBEAT_SECS: u64 = 20;

/// The public input of the POPRF (RFC 9497 §3.3.3): holder, purpose and key version, so that no
/// evaluation for one holder, purpose or key is worth anything for another.
#[must_use]
pub fn poprf_info(holder: uuid::Uuid, key_version: u32) -> Vec<u8> {
    format!("latchkey/v1\nsmartcard-passcode-history\n{holder}\n{key_version}\n").into_bytes()
}
