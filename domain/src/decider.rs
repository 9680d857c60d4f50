//! The shape of every aggregate: decide, evolve, and a state to start from. Nothing else.
//!
//! Deliberately synchronous. Whatever a rule needs to know is looked up first and put into the
//! command; whatever a rule wants done is an event that somebody else acts upon. So a decision can
//! be made twice, in a test or after a conflict, and comes out the same.

use chrono::{DateTime, Utc};

use crate::context::Context;

/// Decides commands against the state that its own events have made.
pub trait Decider: Default {
    /// What can be asked, imperative.
    type Command;
    /// What can have happened, past tense.
    type Event;
    /// Why a rule said no.
    type Refusal;

    /// The events that follow from a command, in order; none if it holds already.
    fn decide(
        &self,
        ctx: &Context<'_>,
        command: Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// The state after an event that was recorded at `at`. Total: history is never refused.
    #[must_use]
    fn evolve(self, at: DateTime<Utc>, event: &Self::Event) -> Self;
}
