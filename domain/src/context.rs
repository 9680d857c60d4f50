//! What a decision depends on beside the facts: the time and the policy. Both are arguments.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{calendar, policy::Policy};

/// Now, and the policy in force now.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The server's clock (B-09).
    pub now: DateTime<Utc>,
    /// The numbers.
    pub policy: &'a Policy,
}

impl Context<'_> {
    /// The civil day it is now, in the policy's zone (B-01).
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        calendar::civil_day(self.now, self.policy.zone)
    }
}
