//! Unlocking a smartcard, or choosing a new passcode for a forgotten one, without anybody's help
//! (U-01 to U-12, P-09, B-31 to B-41, B-47).
//!
//! ```text
//! card proved ─► questions ──(right)──────────────────► code ──(right)──► new passcode ─► done
//!     │            │ 2, 3, 4 of them; the third wrong      ▲                    ▲
//!     │            └─ form blocks                          │ where there is an  │
//!     └──────────► account recovery passcode ──(right)─────┴─ address ──────────┘
//! ```
//!
//! Nothing can be lost or locked by somebody without the card: every unlock begins with a signature
//! of the card itself ([`crate::logon::CardPresent`]). Of two unlocks the one that was started last
//! is under way, on whatever workstation; failed attempts are the registration's, not the unlock's.

mod refusal;
mod steps;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use refusal::Refusal;
pub(crate) use steps::{
    Tried, answer, complete, has_second_proof, may_go_on, refuse, start, try_recovery_passcode,
};
pub use steps::{may_start, recovery_tries};

use crate::{
    ids::{CardSerial, CommandId},
    self_service::QuestionId,
};

/// An unlock that is under way, or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlock {
    /// Which.
    pub unlock: CommandId,
    /// Of which card.
    pub card: CardSerial,
    /// How far it is.
    pub stage: Stage,
    /// By what the holder proves who he is; what he has proved it by, from the code on.
    pub by: Means,
}

/// How far an unlock is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// U-05, B-32: these are asked. The account recovery passcode is another way
    /// ([`recovery_tries`]).
    Questions {
        /// 1 to 3.
        attempt: u8,
        /// Two, three or four of them.
        asked: Vec<QuestionId>,
    },
    /// B-41: the account recovery passcode is the only way: there is no registration.
    RecoveryPasscode,
    /// U-08: the code is awaited. None may have been sent yet (B-36).
    Code,
    /// U-12, B-39: the new passcode may be chosen.
    Passcode {
        /// Until when, exclusive.
        until: DateTime<Utc>,
    },
    /// The card has its new passcode.
    Done,
}

/// By what a holder proves who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// U-05: the answers to his security questions.
    Questions,
    /// P-09, B-41: his account recovery passcode.
    RecoveryPasscode,
    /// B-58: the registration authority has verified who he is.
    Desk,
    /// B-58: a sponsor's help, and a mailed code or the account recovery passcode.
    Sponsor,
}

impl Means {
    /// B-58: true if somebody else has let him, so that a block of the questions is no hindrance.
    #[must_use]
    pub fn is_assisted(self) -> bool {
        match self {
            Self::Desk | Self::Sponsor => true,
            Self::Questions | Self::RecoveryPasscode => false,
        }
    }
}
