//! Unlocking a card, or choosing a new passcode for a forgotten one: from the proof that the card is
//! there to the new passcode on it.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> none
//!     none --> questions_1: the card shows itself
//!     none --> questions_2: the card shows itself
//!     none --> questions_3: the card shows itself
//!     none --> recovery: the card shows itself
//!     none --> code: the card shows itself
//!     none --> passcode: the card shows itself
//!     none --> over: the card shows itself
//!     questions_1 --> code: all answers are right
//!     questions_1 --> questions_2: an answer is wrong
//!     questions_1 --> code: the recovery passcode is right
//!     questions_1 --> over: the recovery passcode is wrong
//!     questions_1 --> over: another one is started
//!     questions_1 --> over: its time goes by
//!     questions_1 --> over: the card is revoked
//!     questions_2 --> code: all answers are right
//!     questions_2 --> questions_3: an answer is wrong
//!     questions_2 --> code: the recovery passcode is right
//!     questions_2 --> over: the recovery passcode is wrong
//!     questions_2 --> over: another one is started
//!     questions_2 --> over: its time goes by
//!     questions_2 --> over: the card is revoked
//!     questions_3 --> code: all answers are right
//!     questions_3 --> over: an answer is wrong
//!     questions_3 --> code: the recovery passcode is right
//!     questions_3 --> over: the recovery passcode is wrong
//!     questions_3 --> over: another one is started
//!     questions_3 --> over: its time goes by
//!     questions_3 --> over: the card is revoked
//!     recovery --> passcode: the recovery passcode is right
//!     recovery --> over: the recovery passcode is wrong
//!     recovery --> over: another one is started
//!     recovery --> over: its time goes by
//!     recovery --> over: the card is revoked
//!     code --> code: a new code is asked for
//!     code --> code: a wrong code is entered
//!     code --> over: a wrong code is entered
//!     code --> passcode: the newest code is entered
//!     code --> over: another one is started
//!     code --> over: its time goes by
//!     code --> over: the card is revoked
//!     passcode --> done: the new passcode is read back
//!     passcode --> over: another one is started
//!     passcode --> over: its time goes by
//!     passcode --> over: the card is revoked
//!     over --> done: the new passcode is read back
//!     done --> [*]
//!     over --> [*]
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

/// The states and the ways between them. At `recovery` is whoever is not registered; at `code` or
/// `passcode` begins whom a sponsor or the registration authority helps (B-58); what a card has
/// been given may be told after the time is over.
pub const DRAWING: Drawing = Drawing {
    name: NAME,
    start: "none",
    arrows: &[
        Arrow { from: "none", label: STARTED, to: "questions_1" },
        Arrow { from: "none", label: STARTED, to: "questions_2" },
        Arrow { from: "none", label: STARTED, to: "questions_3" },
        Arrow { from: "none", label: STARTED, to: "recovery" },
        Arrow { from: "none", label: STARTED, to: "code" },
        Arrow { from: "none", label: STARTED, to: "passcode" },
        Arrow { from: "none", label: STARTED, to: "over" },
        Arrow { from: "questions_1", label: ANSWERS_RIGHT, to: "code" },
        Arrow { from: "questions_1", label: ANSWERS_WRONG, to: "questions_2" },
        Arrow { from: "questions_1", label: RECOVERY_RIGHT, to: "code" },
        Arrow { from: "questions_1", label: RECOVERY_WRONG, to: "over" },
        Arrow { from: "questions_1", label: ANOTHER, to: "over" },
        Arrow { from: "questions_1", label: TIME, to: "over" },
        Arrow { from: "questions_1", label: REVOKED, to: "over" },
        Arrow { from: "questions_2", label: ANSWERS_RIGHT, to: "code" },
        Arrow { from: "questions_2", label: ANSWERS_WRONG, to: "questions_3" },
        Arrow { from: "questions_2", label: RECOVERY_RIGHT, to: "code" },
        Arrow { from: "questions_2", label: RECOVERY_WRONG, to: "over" },
        Arrow { from: "questions_2", label: ANOTHER, to: "over" },
        Arrow { from: "questions_2", label: TIME, to: "over" },
        Arrow { from: "questions_2", label: REVOKED, to: "over" },
        Arrow { from: "questions_3", label: ANSWERS_RIGHT, to: "code" },
        Arrow { from: "questions_3", label: ANSWERS_WRONG, to: "over" },
        Arrow { from: "questions_3", label: RECOVERY_RIGHT, to: "code" },
        Arrow { from: "questions_3", label: RECOVERY_WRONG, to: "over" },
        Arrow { from: "questions_3", label: ANOTHER, to: "over" },
        Arrow { from: "questions_3", label: TIME, to: "over" },
        Arrow { from: "questions_3", label: REVOKED, to: "over" },
        Arrow { from: "recovery", label: RECOVERY_RIGHT, to: "passcode" },
        Arrow { from: "recovery", label: RECOVERY_WRONG, to: "over" },
        Arrow { from: "recovery", label: ANOTHER, to: "over" },
        Arrow { from: "recovery", label: TIME, to: "over" },
        Arrow { from: "recovery", label: REVOKED, to: "over" },
        Arrow { from: "code", label: SENT, to: "code" },
        Arrow { from: "code", label: CODE_WRONG, to: "code" },
        Arrow { from: "code", label: CODE_WRONG, to: "over" },
        Arrow { from: "code", label: CODE_RIGHT, to: "passcode" },
        Arrow { from: "code", label: ANOTHER, to: "over" },
        Arrow { from: "code", label: TIME, to: "over" },
        Arrow { from: "code", label: REVOKED, to: "over" },
        Arrow { from: "passcode", label: WRITTEN, to: "done" },
        Arrow { from: "passcode", label: ANOTHER, to: "over" },
        Arrow { from: "passcode", label: TIME, to: "over" },
        Arrow { from: "passcode", label: REVOKED, to: "over" },
        Arrow { from: "over", label: WRITTEN, to: "done" },
    ],
    ends: &["done", "over"],
};

#[cfg(test)]
mod tests;
