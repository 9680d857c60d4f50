//! Why a renewal or a revocation is refused, in the holder's words.

use chrono::NaiveDate;

use super::NotDeferrable;
use crate::{
    passcode::Kind,
    refusal::{Fact, RuleId},
};

/// A rule about certificates or about the update of a card says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// C-01, B-53: too early.
    #[error("It is too early to renew your certificates: you can from {}", opens_on.format("%-d %B %Y"))]
    NotInWindow {
        /// The first day on which it is possible.
        opens_on: NaiveDate,
    },
    /// C-04: the holder has renewed as often as he may without the registration authority.
    #[error("You have to visit your registration authority to renew your certificates")]
    RaVisitRequired,
    /// C-04: an identity check that is not recorded is none.
    #[error("The place of the identity check is missing, too long, or not text")]
    PlaceNotValid,
    /// B-52: too late.
    #[error("Your certificates have expired")]
    Expired,
    /// C-15, B-57: there is nothing left to renew.
    #[error("Your certificates have been revoked")]
    Revoked,
    /// B-57: the registration authority ends it.
    #[error("Your certificates are suspended")]
    Suspended,
    /// B-18: what has expired of the passcodes comes first.
    #[error("Change your {} first: it has expired", kind.words())]
    PasscodesFirst {
        /// Which passcode.
        kind: Kind,
    },
    /// B-17: a session that a forced renewal has restricted may do no more than cure it.
    #[error("You have to renew your certificates before you can do this")]
    RenewalRequired,
    /// C-07: what is forced cannot be put off.
    #[error("You have to renew your certificates now: they expire soon")]
    MayNotDecline,
    /// B-51: what the registration authority has to do cannot be put off, only read.
    #[error("Only your registration authority can renew your certificates")]
    NoticeStays,
    /// B-55: a card between old and new does nothing else before it is settled.
    #[error("The update of your smartcard is not finished")]
    UpdateOpen,
    /// B-55: the update is over, or there never was one.
    #[error("There is no card update to go on with")]
    NoUpdate,
    /// B-55: another workstation, or a later visit, has taken the update up.
    #[error("This card update was taken up somewhere else")]
    OtherJob,
    /// B-55: steps were skipped, repeated or mixed up.
    #[error("The card update is not at that step")]
    OutOfOrder,
    /// B-55: a key that was there before is not a new one.
    #[error("The smartcard did not make a new key")]
    KeyNotNew,
    /// B-55: it was tried too often.
    #[error("The update of your smartcard was tried too often")]
    WritesSpent,
    /// B-19: it cannot be put off for technical reasons.
    #[error("{0}")]
    NotDeferrable(NotDeferrable),
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::NotInWindow { .. } => const { RuleId::new("C-01") },
            Self::RaVisitRequired | Self::PlaceNotValid => const { RuleId::new("C-04") },
            Self::Expired => const { RuleId::new("B-52") },
            Self::Revoked => const { RuleId::new("C-15") },
            Self::Suspended => const { RuleId::new("B-57") },
            Self::PasscodesFirst { .. } => const { RuleId::new("B-18") },
            Self::RenewalRequired => const { RuleId::new("B-17") },
            Self::MayNotDecline => const { RuleId::new("C-07") },
            Self::NoticeStays => const { RuleId::new("B-51") },
            Self::UpdateOpen
            | Self::NoUpdate
            | Self::OtherJob
            | Self::OutOfOrder
            | Self::KeyNotNew
            | Self::WritesSpent => const { RuleId::new("B-55") },
            Self::NotDeferrable(_) => const { RuleId::new("B-19") },
        }
    }

    /// What the holder can do about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotInWindow { .. } => "We will tell you when it is time.",
            Self::RaVisitRequired | Self::NoticeStays => {
                "Visit the registration authority of your organisation with your smartcard before your certificates expire."
            }
            Self::PlaceNotValid => {
                "Say where the identity was checked, in 1 to 80 letters, digits or signs."
            }
            Self::Expired | Self::WritesSpent => {
                "Visit the registration authority of your organisation with your smartcard."
            }
            Self::Revoked => {
                "Ask the registration authority of your organisation for a new smartcard."
            }
            Self::Suspended => {
                "Ask the registration authority of your organisation to end the suspension."
            }
            Self::PasscodesFirst { .. } => {
                "Go to Manage passcodes and change it, then renew your certificates."
            }
            Self::RenewalRequired | Self::MayNotDecline => {
                "Go to Renew certificates and renew them."
            }
            Self::UpdateOpen => "Finish the update of your smartcard first.",
            Self::NoUpdate => "Go to Renew certificates to see how your smartcard stands.",
            Self::OtherJob => "Go on where you began last, or start again there.",
            Self::OutOfOrder | Self::KeyNotNew => {
                "Try again. If it happens again, visit the registration authority of your organisation."
            }
            Self::NotDeferrable(_) => "Renew your certificates, at another workstation if need be.",
        }
    }

    /// The day on which the answer changes by itself.
    #[must_use]
    pub fn changes_on(&self) -> Option<NaiveDate> {
        match self {
            Self::NotInWindow { opens_on } => Some(*opens_on),
            Self::RaVisitRequired
            | Self::PlaceNotValid
            | Self::Expired
            | Self::Revoked
            | Self::Suspended
            | Self::PasscodesFirst { .. }
            | Self::RenewalRequired
            | Self::MayNotDecline
            | Self::NoticeStays
            | Self::UpdateOpen
            | Self::NoUpdate
            | Self::OtherJob
            | Self::OutOfOrder
            | Self::KeyNotNew
            | Self::WritesSpent
            | Self::NotDeferrable(_) => None,
        }
    }

    /// From when on it is possible, or which passcode comes first.
    pub(crate) fn facts(self) -> Vec<Fact> {
        if let Self::PasscodesFirst { kind } = self {
            return vec![Fact::words("passcode", kind.words())];
        }
        let opens_on = self.changes_on().map(|day| Fact::day("opens_on", day));
        opens_on.into_iter().collect()
    }
}
