//! Given, when, then: the one place where tests touch [`Decider`], so that a test of a rule is a
//! sentence and three lines. Panics are its answers; nothing but tests calls it.

pub mod refusals;

use std::fmt::Debug;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    context::Context,
    decider::Decider,
    policy::{Policies, Policy},
};

/// A civil day, `2026-03-30`.
///
/// # Panics
/// If it is none.
#[must_use]
#[track_caller]
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day such as 2026-03-30")
}

/// An instant, `2026-03-30T23:00:00Z`.
///
/// # Panics
/// If it is none.
#[must_use]
#[track_caller]
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant such as 2026-03-30T23:00:00Z")
}

/// What has happened so far.
pub struct Given<D> {
    state: D,
    policies: Policies,
}

/// And now it is this time.
pub struct When<D> {
    state: D,
    policies: Policies,
    now: DateTime<Utc>,
}

/// What came of it.
pub struct Then<D: Decider> {
    state: D,
    policies: Policies,
    now: DateTime<Utc>,
    outcome: Result<Vec<D::Event>, D::Refusal>,
}

/// Starts from these events, recorded before anybody counted (in 1970), under policy `seed`.
pub fn given<D: Decider>(events: impl IntoIterator<Item = D::Event>) -> Given<D> {
    Given { state: D::default(), policies: Policies::seed() }.and(DateTime::UNIX_EPOCH, events)
}

impl<D: Decider> Given<D> {
    /// Then these, recorded at `at`.
    #[must_use]
    pub fn and(mut self, at: DateTime<Utc>, events: impl IntoIterator<Item = D::Event>) -> Self {
        for event in events {
            self.state = self.state.evolve(at, &event);
        }
        self
    }

    /// Under another policy.
    #[must_use]
    pub fn under(self, policy: Policy) -> Self {
        self.under_all(Policies::only(policy))
    }

    /// Under these policies, each from its day on.
    #[must_use]
    pub fn under_all(self, policies: Policies) -> Self {
        Self { policies, ..self }
    }

    /// At noon UTC on this day.
    #[track_caller]
    pub fn on(self, today: &str) -> When<D> {
        self.at(&format!("{today}T12:00:00Z"))
    }

    /// At this instant.
    #[track_caller]
    pub fn at(self, now: &str) -> When<D> {
        When { state: self.state, policies: self.policies, now: instant(now) }
    }
}

impl<D: Decider> When<D> {
    /// Decides a command.
    pub fn when(self, command: D::Command) -> Then<D> {
        let ctx = Context { now: self.now, policies: &self.policies };
        let outcome = self.state.decide(&ctx, command);
        Then { state: self.state, policies: self.policies, now: self.now, outcome }
    }

    /// Looks at the state instead.
    pub fn see<T>(&self, look: impl FnOnce(&Context<'_>, &D) -> T) -> T {
        look(&Context { now: self.now, policies: &self.policies }, &self.state)
    }
}

impl<D: Decider> Then<D>
where
    D::Event: Debug + PartialEq,
    D::Refusal: Debug + PartialEq,
{
    /// Exactly these events follow; goes on after them.
    ///
    /// # Panics
    /// If others do, or a refusal.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) -> When<D> {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(self.outcome.as_ref(), Ok(&expected));
        self.go_on(&expected)
    }

    /// Exactly this refusal follows; goes on as if nothing had been asked.
    ///
    /// # Panics
    /// If another does, or events.
    #[track_caller]
    pub fn then_refused(self, expected: impl Into<D::Refusal>) -> When<D> {
        assert_eq!(self.outcome.as_ref(), Err(&expected.into()));
        self.go_on(&[])
    }

    /// Whatever events follow, to be looked at.
    ///
    /// # Panics
    /// If a refusal does.
    #[track_caller]
    pub fn then_see(self) -> Vec<D::Event> {
        self.outcome.expect("events")
    }

    fn go_on(self, events: &[D::Event]) -> When<D> {
        let mut state = self.state;
        for event in events {
            state = state.evolve(self.now, event);
        }
        When { state, policies: self.policies, now: self.now }
    }
}
