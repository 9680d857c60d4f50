//! What the registration authority, a sponsor, a telephone service or an auditor does about a holder,
//! and what comes of it in his stream.
//!
//! The desk authorises and the holder finishes: an authorisation is an event with an end, for one
//! card and one act, and every secret is typed by the holder in a session of his own. Who may do
//! what is asked of [`crate::staff::may`] before a command comes here.

mod account;
mod assistance;
mod cards;
mod checks;
mod command;
mod decide;
mod event;
mod loss;
mod obstacle;
mod records;
mod refusal;
#[cfg(test)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};

pub use assistance::is_blocked;
pub(crate) use cards::verified;
pub use checks::{has_matched, may_check};
pub use command::{DeskCommand, Replacement};
pub(crate) use decide::decide;
use decide::until;
pub use event::DeskEvent;
pub(crate) use loss::{instant as loss_instant, missing as loss_missing};
pub use obstacle::{Asker, DECIDED, obstacle};
pub use records::{InDoubt, Leave, Lost, NOT_ME_MAX, Records, Request};
pub use refusal::Refusal;

use crate::{
    certificate::{IdentityEvidence, PLACE_CHARACTERS_MAX},
    ids::{HolderId, OrganisationCode},
};

/// How a member of staff has seen who somebody is. Never the number of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityCheck {
    /// By what.
    pub evidence: IdentityEvidence,
    /// Where: the name or code of the office, 1 to
    /// [`crate::certificate::PLACE_CHARACTERS_MAX`] characters.
    pub place: String,
    /// B-63: the second person, where one is required.
    pub second: Option<HolderId>,
}

impl IdentityCheck {
    /// By one member of staff.
    #[must_use]
    pub fn by(evidence: IdentityEvidence, place: impl Into<String>) -> Self {
        Self { evidence, place: place.into(), second: None }
    }

    /// The same with the place without outer spaces, if it is one.
    pub(crate) fn parsed(self) -> Result<Self, Refusal> {
        let place = self.place.trim().to_owned();
        let is_too_long = PLACE_CHARACTERS_MAX < place.chars().count();
        if place.is_empty() || is_too_long || place.contains(char::is_control) {
            return Err(Refusal::PlaceNotValid);
        }
        Ok(Self { place, ..self })
    }

    /// C-04, B-63: the same, if it rests on more than somebody's word.
    ///
    /// # Errors
    /// If it does not, or the place is none.
    pub fn with_evidence(self) -> Result<Self, Refusal> {
        if self.evidence == IdentityEvidence::Vouched {
            return Err(Refusal::EvidenceNotEnough);
        }
        self.parsed()
    }
}

/// B-58: who helps with a locked card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Helper {
    /// The registration authority, which has verified who the holder is.
    Authority,
    /// A sponsor, whose word is not enough: a mailed code or the account recovery passcode has to
    /// come with it.
    Sponsor,
}

/// B-57: what has become of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Nobody knows where it is.
    Lost,
    /// Somebody has taken it.
    Stolen,
}

/// B-57: why certificates are suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    /// The card cannot be found and may turn up again.
    Mislaid,
    /// Somebody else may have used the card.
    Suspected,
    /// The holder does not work for a while.
    Away,
    /// The holder has said of something in a mail that it was not him.
    NotMe,
}

/// What a member of staff is to see to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// B-57: a card that may be in somebody else's hands was not out of use in time.
    LossOverdue,
    /// B-59: the only registration authority manager there is for an organisation has something to
    /// renew, without which he soon cannot act.
    LastManager {
        /// The organisation.
        organisation: OrganisationCode,
    },
    /// B-59: no registration authority manager of an organisation can act any more.
    NobodyLeft {
        /// The organisation.
        organisation: OrganisationCode,
    },
    /// B-59, B-63: because nobody else could, two operators have let a manager of it unlock his account.
    GlassBroken {
        /// The organisation.
        organisation: OrganisationCode,
    },
}

/// B-61: why a card is taken out of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// Nobody knows where it is.
    Lost,
    /// Somebody has taken it.
    Stolen,
    /// It does not work any more.
    Damaged,
    /// B-45: somebody else may have used it or know its passcode.
    Compromised,
    /// It is not needed any more.
    NoLongerNeeded,
    /// B-45: the account is closed.
    AccountClosed,
}

/// B-45: why an account is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The person has left.
    Left,
    /// The person was registered twice.
    RegisteredTwice,
    /// The person has died.
    Died,
    /// The service was misused.
    Misuse,
}

/// Who compares a passcode with what somebody has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checker {
    /// P-08: the registration authority, for a caller.
    Desk,
    /// P-11: a telephone service.
    Telephone,
}

/// What a member of staff has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The record at the desk.
    Record,
    /// The history.
    History,
    /// The state as of an instant.
    AsOf,
    /// The name of the person, to whom it was shown with something else.
    Name,
}
