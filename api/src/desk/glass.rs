//! Breaking glass (B-59, B-63): where nobody of the registration authority can act for an organisation any
//! more, because everybody who could is locked out, two operators let one of its managers unlock his
//! account: one has seen who it is and asks, another one agrees within the desk's minutes.
//!
//! Everybody who should know is told at once, and it stays on the work list until somebody of the
//! registration authority has looked at the record.

use chrono::{DateTime, Utc};
use domain::{
    desk::{self, DeskCommand, IdentityCheck},
    ids::{CommandId, HolderId, OrganisationCode},
    passcode::Status,
    refusal::Refusal,
    staff::{self, Role, StaffAct, can_come_back},
};

use super::{act, allow};
use crate::{
    alarms,
    app::App,
    cover::Cover,
    execute::{Cause, ExecuteError},
    staff::Mandate,
};

/// The most managers of one list.
pub const LOCKED_OUT_MAX: usize = 200;

/// A manager who is locked out of his account, and whom nobody else can let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedOut {
    /// Who.
    pub holder: HolderId,
    /// The organisation for which nobody can act.
    pub organisation: OrganisationCode,
    /// Which operator has asked, and until when another one can agree.
    pub asked: Option<(HolderId, DateTime<Utc>)>,
    /// Until when he may unlock his account.
    pub let_until: Option<DateTime<Utc>>,
}

/// For whom glass may be broken now; the first [`LOCKED_OUT_MAX`] of them.
///
/// # Errors
/// If a store fails.
pub async fn locked_out(app: &App) -> anyhow::Result<Vec<LockedOut>> {
    app.catch_up().await?;
    let cover = Cover::of(app).await?;
    let mut found = Vec::new();
    for grant in cover.of_role(Role::RaManager) {
        let (holder, organisation) = (grant.holder, grant.grant.organisation.clone());
        if !is_alone(app, &cover, holder, &organisation).await? {
            continue;
        }
        let loaded = app.load(holder).await?;
        let ctx = app.context(&loaded);
        let Some(card) = loaded.holder.card().map(|card| card.card.clone()) else { continue };
        if Status::worst_locked(&loaded.holder.passcodes().status(&ctx)).is_none() {
            continue;
        }
        let desk = loaded.holder.desk();
        let asked = desk.request(ctx.now).filter(|request| request.glass.is_some());
        let asked = asked.map(|request| (request.by, request.until));
        let let_until = desk.account_unlock(&card, ctx.now);
        found.push(LockedOut { holder, organisation, asked, let_until });
        if found.len() == LOCKED_OUT_MAX {
            break;
        }
    }
    Ok(found)
}

/// B-59: an operator asks. The organisation is the first that the person manages and for which nobody
/// can act.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn ask(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    check: IdentityCheck,
) -> Result<(), ExecuteError> {
    let _alone = app.alone_with_managers().await?;
    let organisation = left_alone(app, mandate.holder()).await?;
    let (request, by) = (cause.command, mandate.warrant().staff());
    let command = DeskCommand::AskToBreakGlass { request, by, check, organisation };
    act(app, mandate, cause, command).await?;
    Ok(())
}

/// B-59, B-63: another operator agrees: until when the manager may unlock his account. All who should
/// know are told.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn agree(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    request: CommandId,
) -> Result<Option<DateTime<Utc>>, ExecuteError> {
    let _alone = app.alone_with_managers().await?;
    let holder = mandate.holder();
    let organisation = left_alone(app, holder).await?;
    let by = mandate.warrant().staff();
    act(app, mandate, cause, DeskCommand::BreakGlass { request, by }).await?;
    alarms::glass_broken(app, (holder, &organisation, request)).await?;
    let loaded = app.load(holder).await?;
    Ok(allow::account_unlock_until(app, &loaded))
}

/// The first organisation that he manages and for which nobody else can act.
async fn left_alone(app: &App, holder: HolderId) -> Result<OrganisationCode, ExecuteError> {
    app.catch_up().await?;
    let cover = Cover::of(app).await?;
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    let grants = loaded.holder.roles().grants().iter();
    let manages = grants.filter(|grant| grant.role == Role::RaManager);
    let manages: Vec<_> = manages.map(|grant| grant.organisation.clone()).collect();
    if manages.is_empty() {
        return Err(Refusal::from(desk::Refusal::NotManager).into());
    }
    for organisation in manages {
        if is_alone(app, &cover, holder, &organisation).await? {
            return Ok(organisation);
        }
    }
    Err(Refusal::from(staff::Refusal::NotAlone).into())
}

/// B-59: true if nobody else who could let him unlock his account can act, or could once he has renewed.
async fn is_alone(
    app: &App,
    cover: &Cover,
    holder: HolderId,
    organisation: &OrganisationCode,
) -> anyhow::Result<bool> {
    let roles = StaffAct::AuthoriseAccountUnlock.roles();
    Ok(!cover.is_there_another(app, roles, (holder, organisation), can_come_back).await?)
}
