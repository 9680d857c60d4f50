//! What time does to a card's certificates: an alert on each of the last thirty days, which may be
//! put off on the first ten of them.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> quiet
//!     quiet --> alert: woken: raise the day's alert
//!     quiet --> forced: woken: raise the day's alert
//!     quiet --> alert: woken: tell the registration authority
//!     quiet --> forced: woken: tell the registration authority
//!     quiet --> expired: the first certificate ends
//!     quiet --> revoked: the certificates are revoked
//!     alert --> alert: woken: raise the day's alert
//!     alert --> forced: woken: raise the day's alert
//!     alert --> quiet: the certificates are renewed
//!     alert --> expired: the first certificate ends
//!     alert --> revoked: the certificates are revoked
//!     forced --> forced: woken: raise the day's alert
//!     forced --> quiet: the certificates are renewed
//!     forced --> expired: the first certificate ends
//!     forced --> revoked: the certificates are revoked
//!     expired --> quiet: the certificates are renewed
//!     expired --> revoked: the certificates are revoked
//!     expired --> [*]
//!     revoked --> [*]
//! ```
//!
//! The states are the phases of the certificates, which hold whether anybody is woken or not (B-08).
//! There is one wake-up for a holder, and one command for whatever it finds, of his passcodes and of
//! his certificates alike: see [`crate::passcode_expiry`]. This module draws the ways.

use crate::drawing::{Arrow, Drawing};

/// The name of the workflow, in drawings.
pub const NAME: &str = "certificate_expiry";

const ALERT: &str = "woken: raise the day's alert";
const AUTHORITY: &str = "woken: tell the registration authority";
const ENDS: &str = "the first certificate ends";
const RENEWED: &str = "the certificates are renewed";
const REVOKED: &str = "the certificates are revoked";

/// The states and the ways between them.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "quiet",
    arrows: &[
        Arrow { from: "quiet", label: ALERT, to: "alert" },
        Arrow { from: "quiet", label: ALERT, to: "forced" },
        Arrow { from: "quiet", label: AUTHORITY, to: "alert" },
        Arrow { from: "quiet", label: AUTHORITY, to: "forced" },
        Arrow { from: "quiet", label: ENDS, to: "expired" },
        Arrow { from: "quiet", label: REVOKED, to: "revoked" },
        Arrow { from: "alert", label: ALERT, to: "alert" },
        Arrow { from: "alert", label: ALERT, to: "forced" },
        Arrow { from: "alert", label: RENEWED, to: "quiet" },
        Arrow { from: "alert", label: ENDS, to: "expired" },
        Arrow { from: "alert", label: REVOKED, to: "revoked" },
        Arrow { from: "forced", label: ALERT, to: "forced" },
        Arrow { from: "forced", label: RENEWED, to: "quiet" },
        Arrow { from: "forced", label: ENDS, to: "expired" },
        Arrow { from: "forced", label: REVOKED, to: "revoked" },
        Arrow { from: "expired", label: RENEWED, to: "quiet" },
        Arrow { from: "expired", label: REVOKED, to: "revoked" },
    ],
    ends: &["expired", "revoked"],
};

#[cfg(test)]
mod tests;
