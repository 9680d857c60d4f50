//! Who may do what, on whose record (B-58, B-59, B-63): the one place that knows.
//!
//! Staff are holders: what somebody may do as staff are roles, each in one organisation, granted by
//! events of his own stream. Portal, API and tests ask [`may`] and nothing else. Its answer is a
//! [`Warrant`], which cannot be made in another way, and which is recorded with what is done by it.
//!
//! ```text
//! not on one's own record (B-63) ─► within one's organisation or below (B-59) ─► by one's role (B-58)
//! ```

mod fit;
mod matrix;
mod organisations;
mod permission;
mod refusal;
mod roles;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use fit::{can_act, can_come_back};
pub use matrix::StaffAct;
pub use organisations::{
    DEPTH_MAX, NAME_CHARACTERS_MAX, NotAdded, ORGANISATIONS_MAX, OrganisationEvent, Organisations,
};
pub use permission::{
    Cover, Staff, Subject, Warrant, may, may_assign, may_grant, may_in, may_withdraw,
};
pub use refusal::Refusal;
pub use roles::{ASSIGNMENTS_MAX, GRANTS_MAX, Grant, Roles};

/// What somebody may be besides a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads a registration authority: all of the desk, and who works at it.
    RaManager,
    /// Works at the desk of a registration authority.
    RaAgent,
    /// B-58: helps with a locked smartcard, and with nothing else.
    Sponsor,
    /// Looks at everything, and changes nothing.
    Auditor,
    /// Keeps the service running.
    Operator,
    /// Decides about the numbers of the rules.
    PolicyOwner,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::RaManager,
        Self::RaAgent,
        Self::Sponsor,
        Self::Auditor,
        Self::Operator,
        Self::PolicyOwner,
    ];

    /// Its name in addresses and commands.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::RaManager => "ra-manager",
            Self::RaAgent => "ra-agent",
            Self::Sponsor => "sponsor",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::PolicyOwner => "policy-owner",
        }
    }

    /// The role with this [`Role::label`].
    #[must_use]
    pub fn labelled(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.label() == label)
    }

    /// In the middle of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RaManager => "registration authority manager",
            Self::RaAgent => "registration authority agent",
            Self::Sponsor => "sponsor",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::PolicyOwner => "policy owner",
        }
    }

    /// True if it concerns the whole service, so that only the root organisation has it.
    #[must_use]
    pub fn is_of_the_root(self) -> bool {
        match self {
            Self::Operator | Self::PolicyOwner => true,
            Self::RaManager | Self::RaAgent | Self::Sponsor | Self::Auditor => false,
        }
    }
}
