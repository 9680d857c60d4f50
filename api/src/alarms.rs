//! Tells staff what they are to see to: a card that was not out of use in time (B-57), and the only
//! manager of an organisation who soon cannot act (B-59).
//!
//! What is true is in the log already, or follows from it; here it is only said, once to each of those
//! concerned, as an event of his own stream, which mails him. The command's id follows from what it is
//! about, so however often this runs, and whatever is cut off, nobody is told twice.

use chrono::{NaiveDate, TimeDelta};
use domain::{
    calendar::Phase,
    certificate,
    desk::{Alarm, DeskCommand},
    holder::HolderCommand,
    ids::{CommandId, HolderId, OrganisationCode},
    passcode::Standing,
    staff::{Organisations, Role},
};
use projections::{STAFF_PAGE_MAX, StaffGrant, WORK_PAGE_MAX, WorkKind};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError, Loaded},
};

/// Pages of roles that are gone through; more staff than that has no service here.
const PAGES_MAX: u32 = 50;

/// The most people who are told of one thing.
const TOLD_MAX: usize = 50;

/// An alarm that is older is not told any more; it stays on the work list.
const TOLD_FOR: TimeDelta = TimeDelta::hours(48);

/// Who may be told.
struct Staff {
    grants: Vec<StaffGrant>,
}

/// Tells everybody concerned of every alarm of whom he was not told.
///
/// # Errors
/// If a store fails; the next round makes it good.
pub async fn tell(app: &App) -> anyhow::Result<()> {
    app.catch_up().await?;
    let staff = Staff::of(app).await?;
    overdue(app, &staff).await?;
    last_managers(app, &staff).await
}

/// B-57: the managers of the holder's organisations; where there is nobody, the operators.
async fn overdue(app: &App, staff: &Staff) -> anyhow::Result<()> {
    let tree = app.organisations();
    let since = app.now() - TOLD_FOR;
    let items = app.projections().work_of(WorkKind::LossOverdue, since, WORK_PAGE_MAX).await?;
    for item in items {
        let about = item.holder;
        let root: Vec<OrganisationCode> = tree.root().cloned().into_iter().collect();
        let places = if item.assignments.is_empty() { &root } else { &item.assignments };
        let mut told: Vec<HolderId> = Vec::new();
        for place in places {
            told.extend(staff.managers_of(&tree, place).filter(|manager| *manager != about));
        }
        if told.is_empty() {
            tracing::error!("alarm: a card is overdue, and no manager is there to be told");
            told.extend(staff.operators());
        }
        let what = format!("loss_overdue {} {}", about, item.since.timestamp_micros());
        to_each(app, told, about, &Alarm::LossOverdue, &what).await?;
    }
    Ok(())
}

/// B-59: a manager without whom nobody covers the organisation is told of what he has to renew from his
/// first alert on, and so are the operators.
async fn last_managers(app: &App, staff: &Staff) -> anyhow::Result<()> {
    let tree = app.organisations();
    for grant in staff.of_role(Role::RaManager) {
        let (manager, organisation) = (grant.holder, grant.grant.organisation.clone());
        let Some(due) = due(app, manager).await? else { continue };
        if is_covered(app, staff, &tree, manager, &organisation).await? {
            continue;
        }
        tracing::error!(%organisation, "alarm: the only manager of an organisation has to renew");
        let mut told = vec![manager];
        told.extend(staff.operators().filter(|operator| *operator != manager));
        let what = format!("last_manager {manager} {organisation} {due}");
        to_each(app, told, manager, &Alarm::LastManager { organisation }, &what).await?;
    }
    Ok(())
}

/// B-59: true if somebody else who can act manages this organisation, or one above it.
async fn is_covered(
    app: &App,
    staff: &Staff,
    tree: &Organisations,
    manager: HolderId,
    organisation: &OrganisationCode,
) -> anyhow::Result<bool> {
    for other in staff.managers_of(tree, organisation).filter(|other| *other != manager) {
        if can_act(app, &app.load(other).await?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// True if he can log in and may do more than renew.
fn can_act(app: &App, loaded: &Loaded) -> bool {
    let (ctx, holder) = (app.context(loaded), &loaded.holder);
    let passcodes = holder.passcodes().worst(&ctx);
    let is_open = !matches!(passcodes, Some((_, Phase::Forced { .. } | Phase::Locked)));
    let certificates = holder.certificates(&ctx);
    let is_good = certificates.is_some_and(|standing| match standing.phase {
        certificate::Phase::Quiet | certificate::Phase::Alert | certificate::Phase::Forced => {
            !standing.restricts
        }
        certificate::Phase::Expired
        | certificate::Phase::Suspended
        | certificate::Phase::Revoked => false,
    });
    holder.desk().closed().is_none() && is_open && is_good
}

/// The first day on which something of his that is due ends; none if nothing is due.
async fn due(app: &App, manager: HolderId) -> anyhow::Result<Option<NaiveDate>> {
    let loaded = app.load(manager).await?;
    if loaded.holder.desk().closed().is_some() {
        return Ok(None);
    }
    let ctx = app.context(&loaded);
    let passcodes = loaded.holder.passcodes().status(&ctx).map(|status| match status.standing {
        Standing::NotSet | Standing::Set { phase: Phase::Current { .. }, .. } => None,
        Standing::Set { expires_on, .. } => Some(expires_on),
    });
    let certificates = loaded.holder.certificates(&ctx).and_then(|standing| {
        (standing.phase != certificate::Phase::Quiet).then_some(standing.expires_on)
    });
    Ok(passcodes.into_iter().flatten().chain(certificates).min())
}

/// Once to each.
async fn to_each(
    app: &App,
    mut told: Vec<HolderId>,
    about: HolderId,
    alarm: &Alarm,
    what: &str,
) -> anyhow::Result<()> {
    told.sort_unstable();
    told.dedup();
    for staff in told.into_iter().take(TOLD_MAX) {
        let command = HolderCommand::Desk(DeskCommand::AlertStaff { alarm: alarm.clone(), about });
        let cause = Cause::first(command_of(what, staff));
        match app.execute(staff, cause, Actor::System, &command).await {
            // Whoever has left meanwhile is told nothing any more.
            Ok(_) | Err(ExecuteError::Refused(_)) => {}
            Err(error @ (ExecuteError::Conflict | ExecuteError::Failed(_))) => {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

/// The same for the same alarm and the same person.
fn command_of(what: &str, staff: HolderId) -> CommandId {
    let digest = Sha256::new()
        .chain_update(format!("latchkey/v1 alarm\n{what}\n"))
        .chain_update(staff.0.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    CommandId(Uuid::new_v8(bytes))
}

impl Staff {
    async fn of(app: &App) -> anyhow::Result<Self> {
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

    fn of_role(&self, role: Role) -> impl Iterator<Item = &StaffGrant> {
        self.grants.iter().filter(move |grant| grant.grant.role == role)
    }

    fn operators(&self) -> impl Iterator<Item = HolderId> {
        self.of_role(Role::Operator).map(|grant| grant.holder)
    }

    /// B-59: who manages an organisation, or one above it.
    fn managers_of<'a>(
        &'a self,
        tree: &'a Organisations,
        organisation: &'a OrganisationCode,
    ) -> impl Iterator<Item = HolderId> + 'a {
        let managers = self.of_role(Role::RaManager);
        let covering =
            move |grant: &&StaffGrant| tree.covers(&grant.grant.organisation, organisation);
        managers.filter(covering).map(|grant| grant.holder)
    }
}
