//! Tells staff what they are to see to: a card that was not out of use in time (B-57), the only manager
//! of an organisation who soon cannot act, or cannot any more, and that glass was broken (B-59).
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
    staff::{Role, can_act, can_come_back},
};
use projections::{WORK_PAGE_MAX, WorkKind};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    app::App,
    cover::Cover,
    execute::{Actor, Cause, ExecuteError},
};

/// The most people who are told of one thing.
const TOLD_MAX: usize = 50;

/// An alarm that is older is not told any more; it stays on the work list.
const TOLD_FOR: TimeDelta = TimeDelta::hours(48);

/// Tells everybody concerned of every alarm of whom he was not told.
///
/// # Errors
/// If a store fails; the next round makes it good.
pub async fn tell(app: &App) -> anyhow::Result<()> {
    app.catch_up().await?;
    let staff = Cover::of(app).await?;
    overdue(app, &staff).await?;
    broken_glass(app).await?;
    last_managers(app, &staff).await
}

/// B-57: the managers of the holder's organisations; where there is nobody, the operators.
async fn overdue(app: &App, staff: &Cover) -> anyhow::Result<()> {
    let tree = app.organisations();
    let since = app.now() - TOLD_FOR;
    let items = app.projections().work_of(WorkKind::LossOverdue, since, WORK_PAGE_MAX).await?;
    for item in items {
        let about = item.holder;
        let root: Vec<OrganisationCode> = tree.root().cloned().into_iter().collect();
        let places = if item.assignments.is_empty() { &root } else { &item.assignments };
        let mut told: Vec<HolderId> = Vec::new();
        for place in places {
            let managers = staff.covering(Role::RaManager, &tree, place).into_iter();
            told.extend(managers.filter(|manager| *manager != about));
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
/// first alert on, and so are the operators; and once nobody who manages it can act any more, they are
/// told that, too.
async fn last_managers(app: &App, staff: &Cover) -> anyhow::Result<()> {
    for grant in staff.of_role(Role::RaManager) {
        let (manager, organisation) = (grant.holder, grant.grant.organisation.clone());
        let Some(due) = due(app, manager).await? else { continue };
        let managers = &[Role::RaManager];
        let but = (manager, &organisation);
        if staff.is_there_another(app, managers, but, can_act).await? {
            continue;
        }
        let mut told = vec![manager];
        told.extend(staff.operators().into_iter().filter(|operator| *operator != manager));
        let what = format!("last_manager {manager} {organisation} {due}");
        tracing::error!(%organisation, "alarm: the only manager of an organisation has to renew");
        let alarm = Alarm::LastManager { organisation: organisation.clone() };
        to_each(app, told.clone(), manager, &alarm, &what).await?;
        let loaded = app.load(manager).await?;
        let is_back = can_come_back(&app.context(&loaded), &loaded.holder);
        if is_back || staff.is_there_another(app, managers, but, can_come_back).await? {
            continue;
        }
        tracing::error!(%organisation, "alarm: nobody manages an organisation any more");
        let what = format!("nobody_left {manager} {organisation} {due}");
        to_each(app, told, manager, &Alarm::NobodyLeft { organisation }, &what).await?;
    }
    Ok(())
}

/// B-59, B-63: that glass was broken is told to every manager and auditor of the organisation and above,
/// to the operators, and to the one for whom it was.
pub(crate) async fn glass_broken(
    app: &App,
    (holder, organisation, request): (HolderId, &OrganisationCode, CommandId),
) -> anyhow::Result<()> {
    let (staff, tree) = (Cover::of(app).await?, app.organisations());
    let mut told = staff.covering(Role::RaManager, &tree, organisation);
    told.extend(staff.covering(Role::Auditor, &tree, organisation));
    told.extend(staff.operators());
    told.push(holder);
    tracing::error!(%organisation, "alarm: glass was broken");
    let what = format!("glass_broken {holder} {organisation} {request}");
    let alarm = Alarm::GlassBroken { organisation: organisation.clone() };
    to_each(app, told, holder, &alarm, &what).await
}

/// Whoever was not told at once, because something failed.
async fn broken_glass(app: &App) -> anyhow::Result<()> {
    let since = app.now() - TOLD_FOR;
    for item in app.projections().work_of(WorkKind::GlassBroken, since, WORK_PAGE_MAX).await? {
        let holder = app.load(item.holder).await?.holder;
        if let Some((request, organisation)) = holder.desk().glass() {
            glass_broken(app, (item.holder, organisation, *request)).await?;
        }
    }
    Ok(())
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
