//! What can be asked of a holder's stream by others than the holder. Who may is asked before, of
//! [`crate::staff::may`].

use crate::{ids::OrganisationCode, staff::Role};

/// A command about one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskCommand {
    /// B-59: he works for this organisation.
    Assign {
        /// Which.
        organisation: OrganisationCode,
    },
    /// B-59: not any more.
    EndAssignment {
        /// Which.
        organisation: OrganisationCode,
    },
    /// B-58: he has this role.
    GrantRole {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
    },
    /// B-58: not any more.
    WithdrawRole {
        /// Which.
        role: Role,
        /// Where.
        organisation: OrganisationCode,
    },
}
