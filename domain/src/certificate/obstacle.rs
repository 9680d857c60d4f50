//! B-19: the renewal is forced, and it cannot be done: the reader, the authority or the agent fails.
//!
//! The guides let nobody put it off then; a policy may, for a few hours, after a failure that was
//! recorded, and while the certificates are valid.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Phase, Refusal};
use crate::{context::Context, holder::Holder, holder::HolderEvent};

/// B-19: for how long a renewal is put off, in hours.
const HOURS: i64 = 12;

/// B-19: how often, for one pair of certificates.
const DEFERRALS_MAX: u8 = 2;

/// What makes a renewal impossible for the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The card reader, or the card in it.
    Reader,
    /// The certificate authority.
    CertificateAuthority,
    /// The program on the workstation.
    Agent,
}

impl Obstacle {
    /// In the middle of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Reader => "the card reader did not work",
            Self::CertificateAuthority => "no certificates could be issued",
            Self::Agent => "the workstation did not answer",
        }
    }
}

/// What is remembered for one pair of certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deferral {
    /// The last day on which a failure was recorded, and which.
    obstructed: Option<(NaiveDate, Obstacle)>,
    /// How often it was put off.
    times: u8,
    /// Until when it is.
    until: Option<DateTime<Utc>>,
}

/// B-19: why a renewal cannot be put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDeferrable {
    /// Policy allows it to nobody.
    #[error("A renewal that is required cannot be put off")]
    ByPolicy,
    /// Nothing is forced, or the card is between old and new.
    #[error("There is nothing to put off")]
    NotForced,
    /// No failure was recorded today.
    #[error("No technical problem with your renewal has been recorded today")]
    NotObstructed,
    /// It was put off twice.
    #[error("Your renewal was put off as often as is allowed")]
    TooOften,
}

impl Deferral {
    /// True while the renewal is put off.
    #[must_use]
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// After a failure.
    pub(super) fn obstructed(&mut self, on: NaiveDate, obstacle: Obstacle) {
        self.obstructed = Some((on, obstacle));
    }

    /// After it was put off.
    pub(super) fn deferred(&mut self, until: DateTime<Utc>) {
        self.times = self.times.saturating_add(1);
        self.until = Some(until);
    }
}

/// A failure, once a day for each obstacle in turn.
pub(crate) fn note(ctx: &Context<'_>, holder: &Holder, obstacle: Obstacle) -> Vec<HolderEvent> {
    let on = ctx.today();
    if holder.certificate_records().deferral().obstructed == Some((on, obstacle)) {
        return vec![];
    }
    vec![HolderEvent::RenewalObstructed { obstacle, on }]
}

/// *Not now*, for technical reasons.
pub(crate) fn defer(ctx: &Context<'_>, holder: &Holder) -> Result<Vec<HolderEvent>, Refusal> {
    let deferral = holder.certificate_records().deferral();
    let refused = |why| Err(Refusal::NotDeferrable(why));
    let Some(standing) = holder.certificates(ctx) else {
        return refused(NotDeferrable::NotForced);
    };
    if !ctx.policy().technical_deferral {
        return refused(NotDeferrable::ByPolicy);
    }
    if deferral.holds(ctx.now) {
        return Ok(vec![]);
    }
    if standing.phase != Phase::Forced || !standing.restricts || standing.update_open {
        return refused(NotDeferrable::NotForced);
    }
    if deferral.obstructed.is_none_or(|(on, _)| on != ctx.today()) {
        return refused(NotDeferrable::NotObstructed);
    }
    if DEFERRALS_MAX <= deferral.times {
        return refused(NotDeferrable::TooOften);
    }
    let until = (ctx.now + TimeDelta::hours(HOURS)).min(standing.expires_at);
    Ok(vec![HolderEvent::RenewalDeferred { until }])
}
