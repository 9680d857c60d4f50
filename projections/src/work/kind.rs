//! Why somebody waits for the registration authority: the kinds of lines of the work list, and their words.

use serde::Serialize;

/// Why somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// P-18, P-19: the account is locked.
    AccountLocked,
    /// B-63: an unlock of the account needs a second person.
    UnlockAwaitsApproval,
    /// B-34: three failed attempts at the questions.
    SelfServiceBlocked,
    /// B-41: three wrong account recovery passcodes.
    RecoveryCheckBlocked,
    /// P-11: three wrong verification passcodes.
    VerificationCheckBlocked,
    /// C-04, B-51: only the registration authority can let the certificates be renewed.
    RenewalNeeded,
    /// B-55: nobody knows what an update has left on the card.
    CardUnfinished,
    /// What unlocks the card is not known any more.
    UnlockingKeyLost,
    /// B-57: the certificates are suspended for a while, and nothing has to be decided soon.
    Suspended,
    /// B-57: they are suspended because the card may be in somebody else's hands: whether it is lost has
    /// to be decided in time.
    LossToDecide,
    /// B-57: that took too long.
    LossOverdue,
    /// The holder says that something was not done by him.
    NotMe,
    /// B-59: he is the only registration authority manager of an organisation and has something to
    /// renew, without which he soon cannot act.
    LastManager,
    /// B-59, B-63: two operators have let him, a manager, unlock his account; nobody of the registration
    /// authority has looked at his record since.
    GlassBroken,
}

impl WorkKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::AccountLocked,
        Self::UnlockAwaitsApproval,
        Self::SelfServiceBlocked,
        Self::RecoveryCheckBlocked,
        Self::VerificationCheckBlocked,
        Self::RenewalNeeded,
        Self::CardUnfinished,
        Self::UnlockingKeyLost,
        Self::Suspended,
        Self::LossToDecide,
        Self::LossOverdue,
        Self::NotMe,
        Self::LastManager,
        Self::GlassBroken,
    ];

    /// As in the table.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::AccountLocked => "account_locked",
            Self::UnlockAwaitsApproval => "unlock_awaits_approval",
            Self::SelfServiceBlocked => "self_service_blocked",
            Self::RecoveryCheckBlocked => "recovery_check_blocked",
            Self::VerificationCheckBlocked => "verification_check_blocked",
            Self::RenewalNeeded => "renewal_needed",
            Self::CardUnfinished => "card_unfinished",
            Self::UnlockingKeyLost => "unlocking_key_lost",
            Self::Suspended => "suspended",
            Self::LossToDecide => "loss_to_decide",
            Self::LossOverdue => "loss_overdue",
            Self::NotMe => "not_me",
            Self::LastManager => "last_manager",
            Self::GlassBroken => "glass_broken",
        }
    }

    /// In a sentence about the person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AccountLocked => "The account is locked",
            Self::UnlockAwaitsApproval => "An unlock of the account waits for a second person",
            Self::SelfServiceBlocked => "Self-service is blocked after wrong answers",
            Self::RecoveryCheckBlocked => {
                "The account recovery passcode is not checked any more after wrong ones"
            }
            Self::VerificationCheckBlocked => {
                "The verification passcode is not checked any more after wrong ones"
            }
            Self::RenewalNeeded => "The certificates need the registration authority to be renewed",
            Self::CardUnfinished => "An update of the smartcard was not finished",
            Self::UnlockingKeyLost => "The smartcard cannot be unlocked any more",
            Self::Suspended => "The certificates are suspended",
            Self::LossToDecide => "The smartcard may be in somebody else's hands: is it lost?",
            Self::LossOverdue => {
                "A smartcard that may be in somebody else's hands was not taken out of use in time"
            }
            Self::NotMe => "The holder says that something was not done by them",
            Self::LastManager => {
                "The only manager of an organisation has something to renew, and soon cannot act"
            }
            Self::GlassBroken => {
                "Two operators let this manager unlock the account, because nobody else could act"
            }
        }
    }

    /// The kind with this label.
    #[must_use]
    pub fn labelled(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }
}
