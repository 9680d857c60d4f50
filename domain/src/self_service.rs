//! Self-service: who has registered for it, with which questions and which address, what codes were
//! mailed, how many attempts were lost (R-01 to R-11, B-31 to B-45).
//!
//! ```text
//! registration:  ── awaiting code ──(right code)──► in force ──(another one completes)──► replaced
//!                       └─(60 minutes, or cancelled)─► over
//! ```
//!
//! Everything is folded in the holder's stream, so that one person's attempts are decided one after
//! the other, from whatever browser they come. What time ends is worked out (B-08): an event about
//! it only records what holds already. Answers, addresses and codes are never here: answers and
//! addresses are references to the vault, a code is its id.

mod answers;
mod codes;
mod denied;
mod deny;
mod desk;
mod fold;
mod questions;
mod refusal;
mod registration;
mod state;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use answers::{AnswerFault, Fault, Normalised, Place, judge, normalise};
pub use codes::{CODES_KEPT_MAX, SentCode};
pub(crate) use codes::{enter, send, sent};
pub use denied::{Denied, NotTaken};
pub use questions::{NotAQuestion, QUESTIONS, QUESTIONS_CHOSEN, Question, QuestionId, questions};
pub use refusal::{Refusal, outcome};
pub use registration::address_allowed;
pub(crate) use registration::{Asked, awaited_until, begin, cancel, over, over_at, redirect};
pub use state::{Awaiting, Registration, SelfService, Status};

use crate::ids::SecretRef;

/// One question that was chosen, and where the vault keeps the digest of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which question.
    pub question: QuestionId,
    /// Where the digest is.
    pub secret: SecretRef,
}

/// B-38: what a code is for. One for the one is none for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// R-08: it completes a registration.
    Registration,
    /// U-08: it leads to the choice of a new smartcard passcode.
    Unlock,
}

impl CodePurpose {
    /// As stored and sent: the same text as in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Unlock => "unlock",
        }
    }
}

/// A code that may be sent: what it is made of, which is nothing without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCode {
    /// Its id, random.
    pub code: Uuid,
    /// The version of the key that it is made with.
    pub key: u32,
}

/// What the text that somebody typed was found to be, among the codes of its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The newest, by its id.
    Newest(Uuid),
    /// B-36: an earlier one.
    Superseded,
    /// None of them.
    Nothing,
}
