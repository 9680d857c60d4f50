//! Who may do what as staff, and who works where (B-58, B-59): for lists, and for the question
//! who is left when a manager goes. What somebody may do is decided by his own stream.

use chrono::NaiveDate;
use domain::{
    desk::DeskEvent,
    holder::HolderEvent,
    ids::{HolderId, OrganisationCode},
    staff::{Grant, ORGANISATIONS_MAX, Role},
};
use stores::database::{Pool, Query, Transaction};
use uuid::Uuid;

use crate::{ProjectionError, fact::Fact};

/// The most rows of one page.
pub const STAFF_PAGE_MAX: u32 = 200;

/// A role of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffGrant {
    /// Whose.
    pub holder: HolderId,
    /// Which, and where.
    pub grant: Grant,
    /// Since when.
    pub granted_on: NaiveDate,
}

type Row = (Uuid, String, String, NaiveDate);

/// What an event changes.
pub(crate) async fn fold(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<()> {
    let HolderEvent::Desk(event) = &fact.event else { return Ok(()) };
    match event {
        DeskEvent::RoleGranted { role, organisation, on } => {
            Query::new(
                r"
                insert into staff_grant (holder_id, role, organisation, granted_on)
                values ($1, $2, $3, $4)
                on conflict (holder_id, role, organisation) do nothing
                ",
            )
            .bind(fact.holder.0)
            .bind(role.label())
            .bind(organisation.as_str())
            .bind(on)
            .execute(tx)
            .await?;
        }
        DeskEvent::RoleWithdrawn { role, organisation, .. } => {
            Query::new(
                r"
                delete from staff_grant
                where holder_id = $1 and role = $2 and organisation = $3
                ",
            )
            .bind(fact.holder.0)
            .bind(role.label())
            .bind(organisation.as_str())
            .execute(tx)
            .await?;
        }
        DeskEvent::Assigned { organisation, .. } => {
            Query::new(
                r"
                insert into assignment (holder_id, organisation) values ($1, $2)
                on conflict (holder_id, organisation) do nothing
                ",
            )
            .bind(fact.holder.0)
            .bind(organisation.as_str())
            .execute(tx)
            .await?;
        }
        DeskEvent::AssignmentEnded { organisation, .. } => {
            Query::new("delete from assignment where holder_id = $1 and organisation = $2")
                .bind(fact.holder.0)
                .bind(organisation.as_str())
                .execute(tx)
                .await?;
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
    Ok(())
}

/// A page of all roles in force, by holder: those behind `after`.
pub(crate) async fn page(
    pool: &Pool,
    after: Option<&StaffGrant>,
    limit: u32,
) -> Result<Vec<StaffGrant>, ProjectionError> {
    let rows: Vec<Row> = Query::new(
        r"
        select holder_id, role, organisation, granted_on from staff_grant
        where (holder_id, role, organisation) > ($1, $2, $3)
        order by holder_id, role, organisation
        limit $4
        ",
    )
    .bind(after.map_or(Uuid::nil(), |last| last.holder.0))
    .bind(after.map_or("", |last| last.grant.role.label()))
    .bind(after.map_or("", |last| last.grant.organisation.as_str()))
    .bind(i64::from(limit.min(STAFF_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(read).collect()
}

fn read((holder, role, organisation, granted_on): Row) -> Result<StaffGrant, ProjectionError> {
    let role = Role::labelled(&role).ok_or_else(not_a_row)?;
    let organisation = organisation.parse().map_err(|_| not_a_row())?;
    Ok(StaffGrant { holder: HolderId(holder), grant: Grant { role, organisation }, granted_on })
}

/// The organisations of all registration authority managers but for this one role of this one; without
/// an organisation, but for all of his.
pub(crate) async fn managed_without(
    pool: &Pool,
    holder: HolderId,
    organisation: Option<&OrganisationCode>,
) -> Result<Vec<OrganisationCode>, ProjectionError> {
    let rows: Vec<(String,)> = Query::new(
        r"
        select distinct organisation from staff_grant
        where role = $1 and not (holder_id = $2 and organisation = coalesce($3, organisation))
        order by organisation
        limit $4
        ",
    )
    .bind(Role::RaManager.label())
    .bind(holder.0)
    .bind(organisation.map(OrganisationCode::as_str))
    .bind(i64::try_from(ORGANISATIONS_MAX).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|(code,)| code.parse().map_err(|_| not_a_row())).collect()
}

/// What is in the database was not written by this build.
pub(crate) fn not_a_row() -> ProjectionError {
    ProjectionError::Database(sqlx::Error::Decode("a row that no fold has written".into()))
}
