//! Why a member of staff may not, in his words.

use super::StaffAct;
use crate::refusal::{Fact, RuleId};

/// A rule about staff says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// B-63: nobody acts as staff on his own record.
    #[error("This is your own record")]
    OwnRecord,
    /// B-59: the person is not assigned to an organisation of yours, or the organisation is not
    /// one of yours.
    #[error("This is outside the organisation that you work for")]
    OtherOrganisation,
    /// B-58: no role of yours lets you.
    #[error("Your role does not allow you to {}", act.words())]
    NotYourRole {
        /// What was asked.
        act: StaffAct,
    },
    /// B-63: it takes two people.
    #[error("This takes a second person, and you are the first")]
    SamePerson,
    /// Somebody has to be left who can grant roles.
    #[error("This is the last registration authority manager who can look after the organisation")]
    LastManager,
    /// The role concerns the whole service.
    #[error("Only the root organisation has this role")]
    RootOnly,
    /// B-59: glass is only broken where nobody of the registration authority can act.
    #[error("Somebody else of the registration authority can act for this organisation")]
    NotAlone,
    /// A person has at most so many.
    #[error("This person has too many roles or assignments already")]
    TooMany,
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::OwnRecord | Self::SamePerson => const { RuleId::new("B-63") },
            Self::OtherOrganisation
            | Self::RootOnly
            | Self::LastManager
            | Self::NotAlone
            | Self::TooMany => const { RuleId::new("B-59") },
            Self::NotYourRole { .. } => const { RuleId::new("B-58") },
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::OwnRecord => "Ask another member of the registration authority to do it.",
            Self::OtherOrganisation => {
                "Ask the registration authority of the organisation that this person works for."
            }
            Self::NotYourRole { .. } => {
                "Ask somebody with the right role, or your registration authority manager for it."
            }
            Self::SamePerson => "Ask a colleague at the registration authority to agree to it.",
            Self::LastManager => "Make somebody else registration authority manager first.",
            Self::RootOnly => "Grant the role in the root organisation.",
            Self::NotAlone => {
                "Ask the registration authority of this organisation, or of one above it, to let the person unlock the account."
            }
            Self::TooMany => "End a role or assignment that is not needed any more.",
        }
    }

    /// B-58: which roles may.
    pub(crate) fn facts(self) -> Vec<Fact> {
        match self {
            Self::NotYourRole { act } => {
                let roles: Vec<_> = act.roles().iter().map(|role| role.words()).collect();
                vec![Fact::words("done_by", roles.join(", "))]
            }
            Self::OwnRecord
            | Self::OtherOrganisation
            | Self::SamePerson
            | Self::LastManager
            | Self::RootOnly
            | Self::NotAlone
            | Self::TooMany => vec![],
        }
    }
}
