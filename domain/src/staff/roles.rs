//! The roles and assignments of one person, as his stream says.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Refusal, Role};
use crate::{desk::DeskEvent, holder::HolderEvent, ids::OrganisationCode};

/// The most roles of one person.
pub const GRANTS_MAX: usize = 16;

/// The most organisations that one person is assigned to at the same time.
pub const ASSIGNMENTS_MAX: usize = 16;

/// A role in an organisation. It reaches every organisation below (B-59).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// Which.
    pub role: Role,
    /// Where.
    pub organisation: OrganisationCode,
}

/// What one person may do as staff, and where he works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    grants: Vec<Grant>,
    assignments: Vec<OrganisationCode>,
}

impl Roles {
    /// His roles, at most [`GRANTS_MAX`], the oldest first.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// B-59: the organisations that he is assigned to, at most [`ASSIGNMENTS_MAX`], the oldest
    /// first.
    #[must_use]
    pub fn assignments(&self) -> &[OrganisationCode] {
        &self.assignments
    }

    /// True if he has this role in this organisation itself.
    #[must_use]
    pub fn has(&self, role: Role, organisation: &OrganisationCode) -> bool {
        self.grants.iter().any(|grant| grant.role == role && grant.organisation == *organisation)
    }

    /// True if he has any role.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        !self.grants.is_empty()
    }

    pub(crate) fn assign(
        &self,
        organisation: OrganisationCode,
        on: NaiveDate,
    ) -> Result<Vec<HolderEvent>, Refusal> {
        if self.assignments.contains(&organisation) {
            return Ok(vec![]);
        }
        if ASSIGNMENTS_MAX <= self.assignments.len() {
            return Err(Refusal::TooMany);
        }
        Ok(vec![HolderEvent::Desk(DeskEvent::Assigned { organisation, on })])
    }

    pub(crate) fn end_assignment(
        &self,
        organisation: OrganisationCode,
        on: NaiveDate,
    ) -> Vec<HolderEvent> {
        let is_assigned = self.assignments.contains(&organisation);
        let ended = || HolderEvent::Desk(DeskEvent::AssignmentEnded { organisation, on });
        is_assigned.then(ended).into_iter().collect()
    }

    pub(crate) fn grant(
        &self,
        role: Role,
        organisation: OrganisationCode,
        on: NaiveDate,
    ) -> Result<Vec<HolderEvent>, Refusal> {
        if self.has(role, &organisation) {
            return Ok(vec![]);
        }
        if GRANTS_MAX <= self.grants.len() {
            return Err(Refusal::TooMany);
        }
        Ok(vec![HolderEvent::Desk(DeskEvent::RoleGranted { role, organisation, on })])
    }

    pub(crate) fn withdraw(
        &self,
        role: Role,
        organisation: OrganisationCode,
        on: NaiveDate,
    ) -> Vec<HolderEvent> {
        let withdrawn = self.has(role, &organisation);
        let event = || HolderEvent::Desk(DeskEvent::RoleWithdrawn { role, organisation, on });
        withdrawn.then(event).into_iter().collect()
    }

    /// B-45: nothing of it outlives the account.
    pub(crate) fn end_all(&self, on: NaiveDate) -> Vec<HolderEvent> {
        let withdrawn = self.grants.iter().cloned().map(|Grant { role, organisation }| {
            HolderEvent::Desk(DeskEvent::RoleWithdrawn { role, organisation, on })
        });
        let ended =
            self.assignments.iter().cloned().map(|organisation| {
                HolderEvent::Desk(DeskEvent::AssignmentEnded { organisation, on })
            });
        withdrawn.chain(ended).collect()
    }

    /// The state after an event of the desk.
    #[must_use]
    pub(crate) fn evolve(mut self, event: &DeskEvent) -> Self {
        match event {
            DeskEvent::Assigned { organisation, .. } => {
                self.assignments.retain(|assigned| assigned != organisation);
                self.assignments.push(organisation.clone());
            }
            DeskEvent::AssignmentEnded { organisation, .. } => {
                self.assignments.retain(|assigned| assigned != organisation);
            }
            DeskEvent::RoleGranted { role, organisation, .. } => {
                let grant = Grant { role: *role, organisation: organisation.clone() };
                self.grants.retain(|granted| *granted != grant);
                self.grants.push(grant);
            }
            DeskEvent::RoleWithdrawn { role, organisation, .. } => {
                self.grants
                    .retain(|grant| grant.role != *role || grant.organisation != *organisation);
            }
            DeskEvent::IdentityVerified { .. }
            | DeskEvent::AccountUnlockRequested { .. }
            | DeskEvent::AccountUnlockAuthorised { .. }
            | DeskEvent::AccountUnlocked { .. }
            | DeskEvent::SelfServiceReleased { .. }
            | DeskEvent::CardUnlockAuthorised { .. }
            | DeskEvent::CertificatesSuspended { .. }
            | DeskEvent::CertificatesReinstated { .. }
            | DeskEvent::CardReportedLost { .. }
            | DeskEvent::CardCancelled { .. }
            | DeskEvent::ContactChanged { .. }
            | DeskEvent::AccountClosed { .. }
            | DeskEvent::PersonErased { .. }
            | DeskEvent::PasscodeChecked { .. }
            | DeskEvent::PasscodeCheckBlocked { .. }
            | DeskEvent::PasscodeCheckReleased { .. }
            | DeskEvent::NotMeReported { .. }
            | DeskEvent::LossOverdue { .. }
            | DeskEvent::StaffAlerted { .. }
            | DeskEvent::RecordViewed { .. } => {}
        }
        self
    }
}
