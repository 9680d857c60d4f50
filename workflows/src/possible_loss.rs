//! A card that may be in somebody else's hands: suspended, and then lost for ever or good again, within
//! the time that policy gives.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> in_use
//!     in_use --> in_doubt: suspended, because it may be lost
//!     in_use --> out_of_use: reported as lost
//!     in_use --> out_of_use_late: reported as lost, too late
//!     in_doubt --> in_use: the suspension is ended
//!     in_doubt --> overdue: woken: raise the alarm
//!     in_doubt --> out_of_use: reported as lost
//!     in_doubt --> out_of_use_late: reported as lost, too late
//!     overdue --> in_use: the suspension is ended
//!     overdue --> out_of_use_late: reported as lost
//!     out_of_use --> [*]
//!     out_of_use_late --> [*]
//! ```
//!
//! The memory is the holder's own stream ([`domain::desk::InDoubt`]). A report takes the card out of
//! use by itself; what can take too long is the decision about a card that is suspended, and the
//! report. The alarm is told to the registration authority managers of the holder's organisations.

use crate::drawing::{Arrow, Drawing};

/// The name of the workflow, in drawings.
pub const NAME: &str = "possible_loss";

const SUSPENDED: &str = "suspended, because it may be lost";
const REINSTATED: &str = "the suspension is ended";
const ALARM: &str = "woken: raise the alarm";
const LOST: &str = "reported as lost";
const LOST_LATE: &str = "reported as lost, too late";

/// The states and the ways between them.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "in_use",
    arrows: &[
        Arrow { from: "in_use", label: SUSPENDED, to: "in_doubt" },
        Arrow { from: "in_use", label: LOST, to: "out_of_use" },
        Arrow { from: "in_use", label: LOST_LATE, to: "out_of_use_late" },
        Arrow { from: "in_doubt", label: REINSTATED, to: "in_use" },
        Arrow { from: "in_doubt", label: ALARM, to: "overdue" },
        Arrow { from: "in_doubt", label: LOST, to: "out_of_use" },
        Arrow { from: "in_doubt", label: LOST_LATE, to: "out_of_use_late" },
        Arrow { from: "overdue", label: REINSTATED, to: "in_use" },
        Arrow { from: "overdue", label: LOST, to: "out_of_use_late" },
    ],
    ends: &["out_of_use", "out_of_use_late"],
};

#[cfg(test)]
mod tests;
