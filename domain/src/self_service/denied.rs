//! What is refused about self-service by somebody who sees only that, and has to leave a trace: who has
//! the card, or sits at the screen, may be somebody else.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CodePurpose;
use crate::{
    ids::{CardSerial, CommandId},
    refusal::RuleId,
};

/// What was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "denied", rename_all = "snake_case", deny_unknown_fields)]
pub enum Denied {
    /// B-35: an answer that is a passcode of the holder.
    AnswerIsPasscode {},
    /// to register with another card than that of the session.
    OtherCard {
        /// Which.
        card: CardSerial,
        /// Where, as the agent says.
        workstation: String,
        /// In which reader, as the agent says.
        reader: String,
    },
    /// B-11, B-36, B-37: a code that is good no more, or anything in its place.
    CodeNotTaken {
        /// What for.
        purpose: CodePurpose,
        /// Which registration or unlock.
        flow: CommandId,
        /// The newest code's id.
        code: Uuid,
        /// Why.
        why: NotTaken,
    },
}

/// Why a code was not taken, whatever was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotTaken {
    /// B-36: a newer one was sent.
    Superseded,
    /// B-11: its time is over.
    Expired,
    /// B-37: it is void.
    Void,
}

impl Denied {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::AnswerIsPasscode {} => const { RuleId::new("B-35") },
            Self::OtherCard { .. } => const { RuleId::new("R-01") },
            Self::CodeNotTaken { why, .. } => match why {
                NotTaken::Superseded => const { RuleId::new("B-36") },
                NotTaken::Expired => const { RuleId::new("B-11") },
                NotTaken::Void => const { RuleId::new("B-37") },
            },
        }
    }
}
