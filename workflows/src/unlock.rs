//! Unlocking a card, or choosing a new passcode for a forgotten one: from the proof that the card is
//! there to the new passcode on it.
//!
//! ```mermaid
//! ```
//!
//! The workflow's memory is the holder's own stream ([`domain::unlock`]): two unlocks of one person at
//! two workstations are decided one after the other, and what is counted is counted there. This module
//! says what comes next for the browser that began an unlock, and draws the ways. Questions, recovery
//! passcode and code are typed in the portal; the new passcode on the agent's page, by the job
//! [`crate::card_job::Goal::Unlock`].

use chrono::{DateTime, Utc};
use domain::{
    context::Context,
    holder::Holder,
    ids::CommandId,
    refusal::Refusal,
    self_service::{CodePurpose, QuestionId, SentCode},
    unlock::{self, Stage},
};

use crate::drawing::{Arrow, Drawing};

/// The name of the workflow, in drawings.
pub const NAME: &str = "unlock";

/// What comes next in an unlock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// U-05, B-32: these questions.
    Questions {
        /// 1 to 3; the answers are judged for this attempt and no other.
        attempt: u8,
        /// Two, three or four of them.
        asked: Vec<QuestionId>,
        /// B-41: tries with the account recovery passcode, where that is another way.
        recovery_tries: Option<u8>,
    },
    /// P-09, B-41: the account recovery passcode, the only way there is.
    RecoveryPasscode {
        /// Tries that are left, at least one.
        tries: u8,
    },
    /// U-11: the code.
    Code {
        /// The newest one, if one was sent (B-36); whether it can still be used is seen from it.
        sent: Option<SentCode>,
    },
    /// U-12: the new passcode, on the agent's page.
    Passcode {
        /// B-39: the first instant at which it is too late.
        until: DateTime<Utc>,
    },
    /// The card has its new passcode.
    Done,
    /// Nothing, and why (B-40).
    Over(Refusal),
}

/// What comes next in this unlock.
#[must_use]
pub fn next(ctx: &Context<'_>, holder: &Holder, unlock: CommandId) -> Next {
    let self_service = holder.self_service();
    let underway = match self_service.unlock_of(ctx, unlock) {
        Ok(underway) => underway,
        Err(refusal) => return Next::Over(refusal.into()),
    };
    let recovery_tries = unlock::recovery_tries(ctx, holder);
    match underway.stage {
        Stage::Questions { attempt, asked } => {
            Next::Questions { attempt, asked, recovery_tries: recovery_tries.ok() }
        }
        Stage::RecoveryPasscode => match recovery_tries {
            Ok(tries) => Next::RecoveryPasscode { tries },
            Err(refusal) => Next::Over(refusal.into()),
        },
        Stage::Code => {
            Next::Code { sent: self_service.codes(CodePurpose::Unlock, unlock).last().copied() }
        }
        Stage::Passcode { until } => Next::Passcode { until },
        Stage::Done => Next::Done,
    }
}

pub(crate) const STARTED: &str = "the card shows itself";
pub(crate) const ANSWERS_RIGHT: &str = "all answers are right";
pub(crate) const ANSWERS_WRONG: &str = "an answer is wrong";
pub(crate) const RECOVERY_RIGHT: &str = "the recovery passcode is right";
pub(crate) const RECOVERY_WRONG: &str = "the recovery passcode is wrong";
pub(crate) const SENT: &str = "a new code is asked for";
pub(crate) const CODE_WRONG: &str = "a wrong code is entered";
pub(crate) const CODE_RIGHT: &str = "the newest code is entered";
pub(crate) const WRITTEN: &str = "the new passcode is read back";
pub(crate) const ANOTHER: &str = "another one is started";
pub(crate) const TIME: &str = "its time goes by";
pub(crate) const REVOKED: &str = "the card is revoked";

/// The states and the ways between them. `recovery` is where nobody is registered.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "none",
    arrows: &[Arrow { from: "none", label: STARTED, to: "questions_1" }],
    ends: &["done", "over"],
};

#[cfg(test)]
mod tests;
