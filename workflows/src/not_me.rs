//! "This was not me" (B-57): which mails can be answered so, by what reference, and until when.
//!
//! Nothing is kept for it. The reference is the place in the log of the event that the mail tells of, so
//! that the mail is found again without a table; the code is worked out ([`AnswerBinding`]); that it was
//! used is an event of the holder's.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::HolderId, policy::Policy};
use stores::{
    event_store::{Position, Recorded},
    vault::AnswerBinding,
};

use crate::{
    commands,
    mail::{Notice, Wanted},
    mail_delivery::StepId,
};

/// What somebody enters beside the code, to say which mail it is: figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference(pub Position);

/// Not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reference is a number")]
pub struct NotAReference;

/// Most characters of what somebody typed that are looked at.
const TYPED_CHARS_MAX: usize = 64;

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(formatter)
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    /// Spaces do not count.
    fn from_str(typed: &str) -> Result<Self, NotAReference> {
        let characters = typed.chars().take(TYPED_CHARS_MAX);
        let text: String = characters.filter(|character| !character.is_whitespace()).collect();
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAReference);
        }
        text.parse().map(|place| Self(Position(place))).map_err(|_| NotAReference)
    }
}

/// A mail that can be answered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answerable {
    /// The step that sends it: what the report names.
    pub step: StepId,
    /// Whom it is sent to.
    pub holder: HolderId,
    /// When what it tells of happened.
    pub at: DateTime<Utc>,
    /// What it is found by.
    pub reference: Reference,
}

impl Answerable {
    /// The mail about this event; `None` if there is none, or none that can be answered so.
    #[must_use]
    pub fn about(recorded: &Recorded) -> Option<Self> {
        if recorded.stream.category() != "holder" {
            return None;
        }
        let holder = recorded.stream.subject().parse().ok()?;
        let wanted = Wanted::of(&commands::decode(recorded).ok()?)?;
        let is_answerable = match &wanted {
            Wanted::Notice(notice) => Notice::tells_of_an_act(notice),
            Wanted::Code(_) => false,
        };
        is_answerable.then(|| Self {
            step: StepId::of_event(recorded.id),
            holder,
            at: recorded.at,
            reference: Reference(recorded.position),
        })
    }

    /// What its code is good for.
    #[must_use]
    pub fn binding(&self) -> AnswerBinding {
        AnswerBinding { step: self.step.0, holder: self.holder, at: self.at }
    }

    /// The first instant at which it cannot be answered any more.
    #[must_use]
    pub fn until(&self, policy: &Policy) -> DateTime<Utc> {
        self.at + TimeDelta::hours(policy.not_me_hours.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b57_a_reference_is_read_back_as_it_was_written_and_spaces_do_not_count() {
        let reference = Reference(Position(104_523));
        assert_eq!(reference.to_string().parse(), Ok(reference));
        assert_eq!(" 104 523\n".parse(), Ok(reference));
        for text in ["", "x", "-1", "+1", "1.0", "99999999999999999999999"] {
            assert_eq!(text.parse::<Reference>(), Err(NotAReference), "{text}");
        }
    }
}
