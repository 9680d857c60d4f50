//! One mail, from the event that asks for it until a mail server has taken it.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> waiting
//!     waiting --> sending: taken by a worker
//!     sending --> delivered: accepted by the mail server
//!     sending --> withdrawn: what it tells of is done with
//!     sending --> waiting: not now, again after a pause
//!     sending --> waiting: the worker is gone
//!     sending --> dead: refused for good, or nobody to send to
//!     sending --> dead: not now for 48 hours
//!     sending --> dead: the code it brings is over
//!     dead --> waiting: redriven by the operator
//!     delivered --> [*]
//!     withdrawn --> [*]
//!     dead --> [*]
//! ```
//!
//! At least once: a worker that dies between the mail server's *yes* and its own record of it
//! leaves the mail to another, who sends it again under the same Message-ID. What became of a mail
//! is recorded in the stream `mail-<step>`; what lies between is only in the outbox.
//!
//! A mail that brings a code has an end of its own, after which the code is worth nothing. Until then
//! it is tried, the last time just before.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CommandId, EventId};
use serde::{Deserialize, Serialize};
use stores::event_store::{NotAStreamName, Revision, StreamName};
use uuid::Uuid;

use crate::{
    derived::{derived, scattered},
    drawing::{Arrow, Drawing},
    mail::Failure,
};

/// The pause after the first failure, in milliseconds; each further one doubles it.
pub const PAUSE_MILLIS: i64 = 1_000;

/// The longest pause, before the jitter.
pub const PAUSE_MILLIS_MAX: i64 = 60_000;

/// How much a pause is shortened or lengthened at most, so that mails that failed together do not
/// all come back together, in percent.
pub const JITTER_PERCENT: i64 = 20;

/// How long after its event, or after the last redrive, a mail is tried.
pub const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(48);

/// A mail that brings a code is tried for the last time so long before the code is over.
pub const LAST_TRY_BEFORE: TimeDelta = TimeDelta::seconds(1);

/// The states and the ways between them.
pub const DRAWING: Drawing = Drawing {
    name: "mail_delivery",
    start: "waiting",
    arrows: &[
        Arrow { from: "waiting", label: "taken by a worker", to: "sending" },
        Arrow { from: "sending", label: "accepted by the mail server", to: "delivered" },
        Arrow { from: "sending", label: "what it tells of is done with", to: "withdrawn" },
        Arrow { from: "sending", label: "not now, again after a pause", to: "waiting" },
        Arrow { from: "sending", label: "the worker is gone", to: "waiting" },
        Arrow { from: "sending", label: "refused for good, or nobody to send to", to: "dead" },
        Arrow { from: "sending", label: "not now for 48 hours", to: "dead" },
        Arrow { from: "sending", label: "the code it brings is over", to: "dead" },
        Arrow { from: "dead", label: "redriven by the operator", to: "waiting" },
    ],
    ends: &["delivered", "withdrawn", "dead"],
};

/// A mail's step: derived from the event that asks for it, so that it is asked for once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub Uuid);

impl StepId {
    /// The step of the mail that an event asks for.
    #[must_use]
    pub fn of_event(event: EventId) -> Self {
        Self(derived("mail step", &[event.0.as_bytes()]))
    }

    /// Where what became of it is recorded.
    pub fn stream(self) -> Result<StreamName, NotAStreamName> {
        format!("{CATEGORY}-{}", self.0).parse()
    }

    /// The step whose stream this is.
    #[must_use]
    pub fn of_stream(stream: &StreamName) -> Option<Self> {
        (stream.category() == CATEGORY).then(|| stream.subject().parse().ok().map(Self)).flatten()
    }

    /// The command that records what became of it, after what was recorded last.
    #[must_use]
    pub fn command(self, last: Option<Revision>) -> CommandId {
        let next = last.map_or(0, |last| last.0 + 1);
        CommandId(derived("mail", &[self.0.as_bytes(), &next.to_be_bytes()]))
    }

    /// The jitter of the pause after this failure, for [`MailDelivery::step`].
    #[must_use]
    pub fn jitter(self, attempts: u32) -> i64 {
        scattered("mail pause", &[self.0.as_bytes(), &attempts.to_be_bytes()])
    }
}

/// The category of the streams of mails.
pub const CATEGORY: &str = "mail";

/// What is recorded of a mail, in its own stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", deny_unknown_fields)]
pub enum MailEvent {
    /// A mail server has taken it.
    MailDelivered {
        /// The event that asked for it.
        event: EventId,
        /// Failures before that, since the event or the last redrive.
        attempts: u32,
    },
    /// It is not tried again by itself.
    MailFailed {
        /// The event that asked for it.
        event: EventId,
        /// Why.
        reason: Reason,
        /// The last failure, as the courier named it; neither address nor content.
        failure: String,
        /// Failures, since the event or the last redrive.
        attempts: u32,
    },
    /// It was late, and would not have been true any more: every passcode that it is about has been
    /// changed or removed since.
    MailWithdrawn {
        /// The event that asked for it.
        event: EventId,
    },
    /// The operator wants it tried again.
    MailRedriven {
        /// The event that asked for it.
        event: EventId,
    },
}

impl MailEvent {
    /// Its type, as recorded.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MailDelivered { .. } => "MailDelivered",
            Self::MailFailed { .. } => "MailFailed",
            Self::MailWithdrawn { .. } => "MailWithdrawn",
            Self::MailRedriven { .. } => "MailRedriven",
        }
    }

    /// Its data, without its type.
    #[must_use]
    pub fn data(&self) -> serde_json::Value {
        match self {
            Self::MailDelivered { event, attempts } => {
                serde_json::json!({ "event": event, "attempts": attempts })
            }
            Self::MailFailed { event, reason, failure, attempts } => serde_json::json!({
                "event": event, "reason": reason, "failure": failure, "attempts": attempts,
            }),
            Self::MailWithdrawn { event } | Self::MailRedriven { event } => {
                serde_json::json!({ "event": event })
            }
        }
    }
}

/// Why a mail is not tried again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A mail server has said no for good, or the address is none.
    Refused,
    /// Nobody is on record to send it to: the person was erased.
    NobodyToSendTo,
    /// It did not get through for 48 hours.
    GivenUp,
    /// It did not get through before the code that it brings was over.
    Expired,
}

/// A mail, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailDelivery {
    /// When the event was, or the last redrive.
    pub since: DateTime<Utc>,
    /// Transient failures since then.
    pub attempts: u32,
    /// The first instant at which what it brings is worth nothing any more.
    pub ends_at: Option<DateTime<Utc>>,
    /// How far.
    pub stage: Stage,
}

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// To be sent, from this instant on.
    Waiting {
        /// When.
        due_at: DateTime<Utc>,
    },
    /// A worker has it.
    Sending,
    /// A mail server has it.
    Delivered,
    /// There is nothing left to tell.
    Withdrawn,
    /// It was given up.
    Dead(Reason),
}

/// What can happen to a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A worker takes it.
    Taken,
    /// A mail server has taken it.
    Delivered,
    /// It was not taken.
    Failed(Failure),
    /// There is no person to send it to.
    NobodyToSendTo,
    /// Nothing that it tells of stands any more.
    DoneWith,
    /// What it brings is worth nothing any more.
    Ended,
    /// The worker that had it did not come back in time.
    WorkerGone,
    /// The operator wants it tried again.
    Redriven,
}

/// An input that the stage does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this mail is not at that step")]
pub struct OutOfOrder;

impl MailDelivery {
    /// A mail that an event of this instant asks for.
    #[must_use]
    pub fn asked_for(at: DateTime<Utc>) -> Self {
        Self { since: at, attempts: 0, ends_at: None, stage: Stage::Waiting { due_at: at } }
    }

    /// The next state, or why there is none. Total. `jitter` is from -1000 to 1000, the whole range
    /// of [`JITTER_PERCENT`] either way.
    pub fn step(self, now: DateTime<Utc>, jitter: i64, input: &Input) -> Result<Self, OutOfOrder> {
        let Self { since, attempts, ends_at, stage } = self;
        let next = match (stage, input) {
            (Stage::Waiting { .. }, Input::Taken) => Self { stage: Stage::Sending, ..self },
            (Stage::Sending, Input::Delivered) => Self { stage: Stage::Delivered, ..self },
            (Stage::Sending, Input::Failed(Failure::Permanent(_))) => {
                Self { stage: Stage::Dead(Reason::Refused), ..self }
            }
            (Stage::Sending, Input::DoneWith) => Self { stage: Stage::Withdrawn, ..self },
            (Stage::Sending, Input::NobodyToSendTo) => {
                Self { stage: Stage::Dead(Reason::NobodyToSendTo), ..self }
            }
            (Stage::Sending, Input::Failed(Failure::Transient(_))) => {
                let attempts = attempts.saturating_add(1);
                let due_at = now + pause(attempts, jitter);
                let last_try = ends_at.map(|ends_at| ends_at - LAST_TRY_BEFORE);
                let stage = if last_try.is_some_and(|last_try| last_try <= now) {
                    Stage::Dead(Reason::Expired)
                } else if since + GIVEN_UP_AFTER <= due_at {
                    Stage::Dead(Reason::GivenUp)
                } else {
                    let due_at = last_try.map_or(due_at, |last_try| due_at.min(last_try));
                    Stage::Waiting { due_at }
                };
                Self { since, attempts, ends_at, stage }
            }
            (Stage::Sending, Input::Ended) => Self { stage: Stage::Dead(Reason::Expired), ..self },
            (Stage::Sending, Input::WorkerGone) => {
                Self { stage: Stage::Waiting { due_at: now }, ..self }
            }
            (Stage::Dead(_), Input::Redriven) => Self { ends_at, ..Self::asked_for(now) },
            (
                Stage::Waiting { .. }
                | Stage::Sending
                | Stage::Delivered
                | Stage::Withdrawn
                | Stage::Dead(_),
                Input::Taken
                | Input::Delivered
                | Input::Failed(_)
                | Input::NobodyToSendTo
                | Input::DoneWith
                | Input::Ended
                | Input::WorkerGone
                | Input::Redriven,
            ) => return Err(OutOfOrder),
        };
        Ok(next)
    }
}

/// How long to wait after the `attempts`-th failure.
fn pause(attempts: u32, jitter: i64) -> TimeDelta {
    // Doubled more often, it would be beyond the maximum all the same.
    let doublings = attempts.saturating_sub(1).min(16);
    let base = (PAUSE_MILLIS << doublings).min(PAUSE_MILLIS_MAX);
    let jitter = base * JITTER_PERCENT * jitter.clamp(-1000, 1000) / 100_000;
    TimeDelta::milliseconds(base + jitter)
}

#[cfg(test)]
mod tests;
