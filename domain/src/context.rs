//! What a decision depends on beside the facts: the time and the policy. Both are arguments.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    calendar,
    policy::{Policies, Policy},
};

/// Now, and the policies there have been until now.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The server's clock (B-09).
    pub now: DateTime<Utc>,
    /// The numbers, with the days from which they were in force (B-14).
    pub policies: &'a Policies,
}

impl<'a> Context<'a> {
    /// The civil day it is now, in the policy's zone (B-01).
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        calendar::civil_day(self.now, self.policies.zone())
    }

    /// The numbers in force today.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policies.in_force(self.today())
    }

    /// The same facts at another time.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        Self { now, policies: self.policies }
    }
}
