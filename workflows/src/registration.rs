//! Self-service registration: from the card's agreement to the code that completes it.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> none
//!     none --> code: the card and its holder agree
//!     code --> code: a new code is asked for
//!     code --> code: another address is given
//!     code --> code: a wrong code is entered
//!     code --> in_force: the newest code is entered
//!     code --> over: another one is begun
//!     code --> over: the holder gives it up
//!     code --> over: 60 minutes go by
//!     code --> over: the card is revoked
//!     in_force --> over: another one is completed
//!     in_force --> [*]
//!     over --> [*]
//! ```
//!
//! The workflow's memory is the holder's own stream ([`domain::self_service`]): a registration is
//! decided there against the one that is in force, the strikes against it, and the codes of the last
//! hour. What is typed before the card has agreed is kept by the browser. This module says what comes
//! next for the browser that began a registration, and draws the ways.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    context::Context,
    holder::Holder,
    ids::CommandId,
    refusal::Refusal,
    self_service::{self, CodePurpose, SentCode},
};

use crate::drawing::{Arrow, Drawing};

/// The name of the workflow, in drawings.
pub const NAME: &str = "registration";

/// What comes next in a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// R-09, R-10: the code is awaited.
    Code {
        /// The newest one; whether it can still be used is seen from it.
        sent: Option<SentCode>,
        /// B-44: the first instant at which the registration is over.
        until: DateTime<Utc>,
    },
    /// R-11: it is in force.
    Done {
        /// Since this day.
        on: NaiveDate,
    },
    /// Nothing: it was given up, its time is over, or another one has taken its place.
    Over(Refusal),
}

/// What comes next in this registration.
#[must_use]
pub fn next(ctx: &Context<'_>, holder: &Holder, registration: CommandId) -> Next {
    let self_service = holder.self_service();
    if let Some(active) = self_service.active()
        && active.registration == registration
    {
        return Next::Done { on: active.on };
    }
    let awaiting = self_service.status(ctx).awaiting;
    match awaiting.filter(|awaiting| awaiting.registration == registration) {
        Some(awaiting) => Next::Code {
            sent: self_service.codes(CodePurpose::Registration, registration).last().copied(),
            until: awaiting.until,
        },
        None => Next::Over(self_service::Refusal::RegistrationOver.into()),
    }
}

pub(crate) const BEGUN: &str = "the card and its holder agree";
pub(crate) const SENT: &str = "a new code is asked for";
pub(crate) const REDIRECTED: &str = "another address is given";
pub(crate) const WRONG: &str = "a wrong code is entered";
pub(crate) const RIGHT: &str = "the newest code is entered";
pub(crate) const GIVEN_UP: &str = "the holder gives it up";
pub(crate) const TIME: &str = "60 minutes go by";
pub(crate) const REPLACED: &str = "another one is completed";
pub(crate) const ANOTHER: &str = "another one is begun";
pub(crate) const REVOKED: &str = "the card is revoked";

/// The states and the ways between them.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "none",
    arrows: &[
        Arrow { from: "none", label: BEGUN, to: "code" },
        Arrow { from: "code", label: SENT, to: "code" },
        Arrow { from: "code", label: REDIRECTED, to: "code" },
        Arrow { from: "code", label: WRONG, to: "code" },
        Arrow { from: "code", label: RIGHT, to: "in_force" },
        Arrow { from: "code", label: ANOTHER, to: "over" },
        Arrow { from: "code", label: GIVEN_UP, to: "over" },
        Arrow { from: "code", label: TIME, to: "over" },
        Arrow { from: "code", label: REVOKED, to: "over" },
        Arrow { from: "in_force", label: REPLACED, to: "over" },
    ],
    ends: &["in_force", "over"],
};

#[cfg(test)]
pub(crate) mod tests;
