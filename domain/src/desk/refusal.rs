//! Why something is not done about a holder, in the words of whoever asked for it.

use crate::refusal::RuleId;

/// A rule about what the desk does says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// C-04, B-30: a place is missing, too long or has control characters.
    #[error("The place where the identity was checked has 1 to 80 characters")]
    PlaceNotValid,
    /// C-04, B-63: being vouched for is enough for an account unlock alone, and takes two.
    #[error("This evidence is not enough here")]
    EvidenceNotEnough,
    /// B-30: nothing to unlock.
    #[error("This account is not locked")]
    AccountNotLocked,
    /// B-58: a sponsor helps with cards, not with accounts.
    #[error("This account is locked")]
    AccountLocked,
    /// B-30, B-63: the request that is to be agreed to is over, or there was none.
    #[error("There is no such request, or its time is over")]
    NoRequest,
    /// P-11, B-34, B-41: nothing to release.
    #[error("Neither self-service nor a passcode of this person is blocked")]
    NothingBlocked,
    /// B-58: neither an address to mail a code to nor an account recovery passcode.
    #[error(
        "This person has neither a confirmed email address nor an account recovery passcode that works"
    )]
    NoSecondProof,
    /// B-58: policy does without sponsors.
    #[error("Sponsors do not help with smartcards here")]
    NotOffered,
    /// B-61: there is no card.
    #[error("This person has no smartcard in use")]
    NoCard,
    /// C-15: for ever.
    #[error("The certificates on this smartcard have been revoked")]
    Revoked,
    /// B-52: only a renewal or another card helps.
    #[error("The certificates on this smartcard have expired")]
    Expired,
    /// B-57: nothing to reinstate.
    #[error("The certificates on this smartcard are not suspended")]
    NotSuspended,
    /// B-57: what is suspended is reinstated first.
    #[error("The certificates on this smartcard are suspended")]
    Suspended,
    /// B-57: a card cannot be lost in the future.
    #[error("The loss has to be in the past")]
    NotYet,
    /// B-57: a card cannot be lost before it was given to anybody.
    #[error("The loss has to be after this smartcard was issued")]
    BeforeIssue,
    /// B-61: it is this person's card already.
    #[error("This smartcard is this person's already")]
    SameCard,
    /// B-45: nothing is done about a closed account.
    #[error("This account is closed")]
    AccountClosed,
    /// B-45: only the person of a closed account can be erased.
    #[error("This account is not closed")]
    NotClosed,
    /// Nothing is left of the person.
    #[error("The name and the address of this person were erased already")]
    Erased,
    /// B-58: nothing to withdraw.
    #[error("This person has no role as staff")]
    NoRole,
    /// B-59: nothing to end.
    #[error("This person is assigned to no organisation")]
    NoAssignment,
    /// P-08: there is none.
    #[error("No such passcode is on record")]
    NoneOnRecord,
    /// B-41: three wrong ones.
    #[error("This passcode is not compared any more because wrong ones were given too often")]
    CheckBlocked,
    /// U-01: what unlocks this card is not on record.
    #[error("This smartcard cannot be unlocked")]
    NoPuk,
    /// B-59: glass is broken for managers alone.
    #[error("This person is no registration authority manager of an organisation")]
    NotManager,
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::PlaceNotValid => const { RuleId::new("C-04") },
            Self::EvidenceNotEnough | Self::NoRequest => const { RuleId::new("B-63") },
            Self::AccountNotLocked => const { RuleId::new("B-30") },
            Self::AccountLocked => const { RuleId::new("P-19") },
            Self::NothingBlocked => const { RuleId::new("B-34") },
            Self::NoSecondProof | Self::NotOffered | Self::NoRole => const { RuleId::new("B-58") },
            Self::NoCard | Self::SameCard => const { RuleId::new("B-61") },
            Self::Revoked => const { RuleId::new("C-15") },
            Self::Expired => const { RuleId::new("B-52") },
            Self::NotSuspended | Self::Suspended | Self::NotYet | Self::BeforeIssue => {
                const { RuleId::new("B-57") }
            }
            Self::AccountClosed | Self::NotClosed | Self::Erased => const { RuleId::new("B-45") },
            Self::NoAssignment | Self::NotManager => const { RuleId::new("B-59") },
            Self::NoneOnRecord => const { RuleId::new("P-08") },
            Self::CheckBlocked => const { RuleId::new("B-41") },
            Self::NoPuk => const { RuleId::new("U-01") },
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::PlaceNotValid => "Enter the name or code of the office.",
            Self::EvidenceNotEnough => {
                "Check a document or the photograph on record. For a locked account a colleague can agree instead."
            }
            Self::AccountNotLocked => {
                "Nothing has to be unlocked. If the smartcard is locked, help with the smartcard instead."
            }
            Self::AccountLocked => "Let the registration authority unlock the account first.",
            Self::NoRequest => "Ask for the unlock again, and let a colleague agree in time.",
            Self::NothingBlocked => "Nothing has to be released.",
            Self::NoSecondProof | Self::NotOffered => {
                "Let the registration authority help with the smartcard."
            }
            Self::NoCard => "Issue a smartcard first.",
            Self::Revoked | Self::NoPuk => "Issue another smartcard.",
            Self::Expired => "Let the person renew the certificates, or issue another smartcard.",
            Self::NotSuspended => "Nothing has to be done: the certificates can be used.",
            Self::Suspended => "End the suspension first, or issue another smartcard.",
            Self::NotYet | Self::BeforeIssue => "Enter when the smartcard was last seen.",
            Self::SameCard => "Put another, blank smartcard into the reader.",
            Self::AccountClosed => "Register the person anew if they come back.",
            Self::NotClosed => "Close the account first.",
            Self::Erased => "Nothing is left to be erased.",
            Self::NoRole => "Nothing has to be withdrawn.",
            Self::NoAssignment => "Assign the person first, if somebody is to be looked after.",
            Self::NoneOnRecord => "Check the identity in another way.",
            Self::NotManager => {
                "Let a manager unlock the account first, who then helps this person as any other."
            }
            Self::CheckBlocked => {
                "Check the identity in another way, and ask the person to set a new passcode."
            }
        }
    }
}
