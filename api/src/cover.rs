//! Who of the staff looks after an organisation, and can (B-59): for alarms, and for the question
//! whether glass may be broken.

use domain::{
    context::Context,
    holder::Holder,
    ids::{HolderId, OrganisationCode},
    staff::{Organisations, Role},
};
use projections::{STAFF_PAGE_MAX, StaffGrant};

use crate::app::App;

/// Pages of roles that are gone through; more staff than that has no service here.
const PAGES_MAX: u32 = 50;

/// Everybody with a role.
pub struct Cover {
    grants: Vec<StaffGrant>,
}

impl Cover {
    /// As the projections have it.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn of(app: &App) -> anyhow::Result<Self> {
        let mut grants: Vec<StaffGrant> = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = app.projections().staff(grants.last(), STAFF_PAGE_MAX).await?;
            let is_last = page.len() < STAFF_PAGE_MAX as usize;
            grants.extend(page);
            if is_last {
                break;
            }
        }
        Ok(Self { grants })
    }

    /// B-58: every grant of this role.
    #[must_use]
    pub fn of_role(&self, role: Role) -> Vec<&StaffGrant> {
        self.grants.iter().filter(|grant| grant.grant.role == role).collect()
    }

    /// The operators.
    #[must_use]
    pub fn operators(&self) -> Vec<HolderId> {
        self.of_role(Role::Operator).into_iter().map(|grant| grant.holder).collect()
    }

    /// B-59: who has this role in an organisation, or in one above it.
    #[must_use]
    pub fn covering(
        &self,
        role: Role,
        tree: &Organisations,
        organisation: &OrganisationCode,
    ) -> Vec<HolderId> {
        let all = self.of_role(role).into_iter();
        let covering = all.filter(|grant| tree.covers(&grant.grant.organisation, organisation));
        covering.map(|grant| grant.holder).collect()
    }

    /// B-59: true if somebody but this one has one of these roles there, or above, and is as asked.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn is_there_another(
        &self,
        app: &App,
        roles: &[Role],
        (but, organisation): (HolderId, &OrganisationCode),
        is_as_asked: fn(&Context<'_>, &Holder) -> bool,
    ) -> anyhow::Result<bool> {
        let tree = app.organisations();
        for role in roles {
            for other in self.covering(*role, &tree, organisation) {
                if other == but {
                    continue;
                }
                let loaded = app.load(other).await?;
                if is_as_asked(&app.context(&loaded), &loaded.holder) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
