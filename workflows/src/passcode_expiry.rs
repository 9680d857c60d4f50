//! What time does to a holder's passcodes: the day's alert, the forced change, the lock.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> current
//!     current --> alert: woken: raise the day's alert
//!     alert --> alert: woken: raise the day's alert
//!     current --> forced: woken: record the forced change
//!     alert --> forced: woken: record the forced change
//!     forced --> forced: woken: record the forced change
//!     forced --> forced: woken: raise the day's alert
//!     forced --> forced: woken: announce the lock
//!     current --> locked: woken: record the lock
//!     alert --> locked: woken: record the lock
//!     forced --> locked: woken: record the lock
//!     current --> current: passcodes are changed
//!     alert --> current: passcodes are changed
//!     alert --> alert: passcodes are changed
//!     forced --> current: passcodes are changed
//!     forced --> alert: passcodes are changed
//!     forced --> forced: passcodes are changed
//!     locked --> [*]
//! ```
//!
//! The states are the phases of the account (B-20), which hold whether anybody is woken or not
//! (B-08); who is woken late finds the phase of that day and records it, and nothing of what was
//! missed (B-15). The workflow's memory is the holder's own stream, so it has none of its own: its
//! wake-up is a function of his state, the policies and the time.

use domain::{
    context::Context,
    expiry::{self, Occasion, WakeUp},
    holder::{Holder, HolderCommand},
    ids::{CommandId, HolderId},
};
use stores::event_store::Revision;

use crate::{
    derived::derived,
    drawing::{Arrow, Drawing},
};

/// The name of the workflow, in tables and drawings.
pub const NAME: &str = "passcode_expiry";

const ALERT: &str = "woken: raise the day's alert";
const FORCE: &str = "woken: record the forced change";
const ANNOUNCE: &str = "woken: announce the lock";
const LOCK: &str = "woken: record the lock";
const CHANGE: &str = "passcodes are changed";

/// The states and the ways between them.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "current",
    arrows: &[
        Arrow { from: "current", label: ALERT, to: "alert" },
        Arrow { from: "alert", label: ALERT, to: "alert" },
        Arrow { from: "current", label: FORCE, to: "forced" },
        Arrow { from: "alert", label: FORCE, to: "forced" },
        Arrow { from: "forced", label: FORCE, to: "forced" },
        Arrow { from: "forced", label: ALERT, to: "forced" },
        Arrow { from: "forced", label: ANNOUNCE, to: "forced" },
        Arrow { from: "current", label: LOCK, to: "locked" },
        Arrow { from: "alert", label: LOCK, to: "locked" },
        Arrow { from: "forced", label: LOCK, to: "locked" },
        Arrow { from: "current", label: CHANGE, to: "current" },
        Arrow { from: "alert", label: CHANGE, to: "current" },
        Arrow { from: "alert", label: CHANGE, to: "alert" },
        Arrow { from: "forced", label: CHANGE, to: "current" },
        Arrow { from: "forced", label: CHANGE, to: "alert" },
        Arrow { from: "forced", label: CHANGE, to: "forced" },
    ],
    ends: &["locked"],
};

/// When a holder is to be woken next; `None` if nothing is to come for him.
#[must_use]
pub fn wake_up(ctx: &Context<'_>, holder: &Holder) -> Option<WakeUp> {
    expiry::wake_up(ctx, holder)
}

/// What is asked of a holder who is woken.
#[must_use]
pub fn woken() -> HolderCommand {
    HolderCommand::RecordExpiry { occasion: Occasion::Schedule }
}

/// The id of what is asked of a holder whose last event has this revision: the same for whoever
/// wakes him there, after a crash or at the same time.
#[must_use]
pub fn command_id(holder: HolderId, last: Option<Revision>) -> CommandId {
    let next = last.map_or(0, |last| last.0 + 1);
    CommandId(derived(NAME, &[holder.0.as_bytes(), &next.to_be_bytes()]))
}

#[cfg(test)]
mod tests;
