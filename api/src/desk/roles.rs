//! Who works where, and who may do what (B-58, B-59, B-63).

use chrono::NaiveDate;
use domain::{
    desk::DeskCommand,
    holder::HolderCommand,
    ids::{HolderId, OrganisationCode},
    refusal::Refusal,
    staff::{self, Cover, Grant, Role, StaffAct, Warrant},
};
use projections::StaffGrant;

use super::place::{List, NotListed};
use crate::{
    app::App,
    execute::{Cause, ExecuteError},
    staff::{Member, Record},
};

/// B-59: the person works for this organisation from now on.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn assign(
    app: &App,
    member: &Member,
    record: &Record,
    organisation: OrganisationCode,
    cause: Cause,
) -> Result<(), ExecuteError> {
    let may = may_assign(app, member, record, StaffAct::Assign, &organisation)?;
    carry_out(app, &may, record, cause, DeskCommand::Assign { organisation }).await
}

/// B-59: not any more.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn end_assignment(
    app: &App,
    member: &Member,
    record: &Record,
    organisation: OrganisationCode,
    cause: Cause,
) -> Result<(), ExecuteError> {
    let may = may_assign(app, member, record, StaffAct::EndAssignment, &organisation)?;
    carry_out(app, &may, record, cause, DeskCommand::EndAssignment { organisation }).await
}

fn may_assign(
    app: &App,
    member: &Member,
    record: &Record,
    act: StaffAct,
    organisation: &OrganisationCode,
) -> Result<Warrant, Refusal> {
    let (staff, tree) = (member.staff(), app.organisations());
    Ok(staff::may_assign(&staff, act, &record.subject(), organisation, &tree)?)
}

/// What is about an organisation as well is allowed by more than a mandate.
async fn carry_out(
    app: &App,
    warrant: &Warrant,
    record: &Record,
    cause: Cause,
    command: DeskCommand,
) -> Result<(), ExecuteError> {
    app.execute_as(warrant, record.holder, cause, &HolderCommand::Desk(command)).await?;
    app.live().ring(record.holder);
    Ok(())
}

/// B-58: the person has this role from now on.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn grant(
    app: &App,
    member: &Member,
    record: &Record,
    grant: Grant,
    cause: Cause,
) -> Result<(), ExecuteError> {
    // Whoever gets a role while his account is closed would lose it unasked.
    let _alone = app.alone_with_managers().await?;
    let (staff, subject, tree) = (member.staff(), record.subject(), app.organisations());
    let may = staff::may_grant(&staff, &subject, &grant, &tree).map_err(Refusal::from)?;
    let Grant { role, organisation } = grant;
    carry_out(app, &may, record, cause, DeskCommand::GrantRole { role, organisation }).await
}

/// B-58: not any more. The last manager who can look after an organisation stays; where only an
/// organisation above is left to do so, that is an alarm.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn withdraw(
    app: &App,
    member: &Member,
    record: &Record,
    grant: Grant,
    cause: Cause,
) -> Result<(), ExecuteError> {
    // Of two who withdraw each other's role, one comes first, and the other is the last manager.
    let _alone = app.alone_with_managers().await?;
    let remaining = managed_without(app, record, Some(&grant.organisation)).await?;
    let warrant = may_withdraw(app, member, record, &grant, &remaining)?;
    let Grant { role, organisation } = grant;
    carry_out(app, &warrant, record, cause, DeskCommand::WithdrawRole { role, organisation }).await
}

/// B-45, B-59: whether all roles of somebody whose account is to be closed may go with it. To be asked
/// while the managers are held ([`App::managers`]), until the account is closed.
///
/// # Errors
/// If a rule says no, or we fail.
pub(super) async fn may_end_all(
    app: &App,
    member: &Member,
    record: &Record,
) -> Result<(), ExecuteError> {
    // His roles of now.
    let loaded = app.load(record.holder).await?;
    let record = &Record { holder: record.holder, loaded };
    let remaining = managed_without(app, record, None).await?;
    for grant in record.loaded.holder.roles().grants() {
        may_withdraw(app, member, record, grant, &remaining)?;
    }
    Ok(())
}

/// Which organisations others look after, as of the end of the log.
async fn managed_without(
    app: &App,
    record: &Record,
    organisation: Option<&OrganisationCode>,
) -> anyhow::Result<Vec<OrganisationCode>> {
    app.catch_up().await?;
    Ok(app.projections().managed_without(record.holder, organisation).await?)
}

fn may_withdraw(
    app: &App,
    member: &Member,
    record: &Record,
    grant: &Grant,
    remaining: &[OrganisationCode],
) -> Result<Warrant, Refusal> {
    let (staff, subject, tree) = (member.staff(), record.subject(), app.organisations());
    let (warrant, cover) = staff::may_withdraw(&staff, &subject, grant, remaining, &tree)?;
    match cover {
        Cover::Own => {}
        Cover::Above => {
            let organisation = &grant.organisation;
            tracing::warn!(%organisation, "alarm: the last manager of an organisation goes");
        }
    }
    Ok(warrant)
}

/// A member of staff, as the list of them shows him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffLine {
    /// Who, since when, in which role.
    pub grant: StaffGrant,
    /// His name; none if it was erased.
    pub name: Option<String>,
}

/// The most lines of one page of staff.
pub const STAFF_PAGE_MAX: usize = 50;

/// What a place in the list is sealed for.
const PLACE: &str = "place among staff";

/// The most rows that are looked at for one page.
const LOOKED_AT_MAX: u32 = 200;

/// Who has which role in the organisations of who asks, or in one of them and those below: a page, and
/// where to go on.
///
/// # Errors
/// If `after` is no place in this list, or a store fails.
pub async fn staff(
    app: &App,
    member: &Member,
    within: Option<&OrganisationCode>,
    after: Option<&str>,
) -> Result<(Vec<StaffLine>, Option<String>), NotListed> {
    let of = within.map(OrganisationCode::as_str).unwrap_or_default();
    let list = List { app, member, name: PLACE, of };
    let after: Option<Place> = after.map(|after| list.open(after)).transpose()?;
    app.catch_up().await?;
    let (lines, next) = lines(app, member, within, after.and_then(row)).await?;
    Ok((lines, next.and_then(|next| list.seal(&place(&next)))))
}

async fn lines(
    app: &App,
    member: &Member,
    within: Option<&OrganisationCode>,
    after: Option<StaffGrant>,
) -> anyhow::Result<(Vec<StaffLine>, Option<StaffGrant>)> {
    let tree = app.organisations();
    let rows = app.projections().staff(after.as_ref(), LOOKED_AT_MAX).await?;
    let is_full = rows.len() == LOOKED_AT_MAX as usize;
    let mut next = rows.last().filter(|_| is_full).cloned();
    let mut lines = Vec::new();
    for grant in rows {
        let may = member.may_in(app, StaffAct::SeeStaff, &grant.grant.organisation);
        let is_wanted = within.is_none_or(|top| tree.covers(top, &grant.grant.organisation));
        if may.is_err() || !is_wanted {
            continue;
        }
        let person = app.stores().vault.person(grant.holder).await?;
        let name = person.map(|person| person.name.clone());
        lines.push(StaffLine { grant, name });
        if lines.len() == STAFF_PAGE_MAX {
            next = lines.last().map(|line| line.grant.clone());
            break;
        }
    }
    Ok((lines, next))
}

/// The last row that was looked at: who, as what, where.
type Place = (HolderId, String, OrganisationCode);

fn place(row: &StaffGrant) -> Place {
    let Grant { role, organisation } = &row.grant;
    (row.holder, role.label().to_owned(), organisation.clone())
}

fn row((holder, role, organisation): Place) -> Option<StaffGrant> {
    let grant = Grant { role: Role::labelled(&role)?, organisation };
    Some(StaffGrant { holder, grant, granted_on: NaiveDate::MIN })
}
