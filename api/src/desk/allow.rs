//! What the desk allows and the holder finishes: an end of his account's lock, a renewal, an end of
//! a block, a new passcode for a locked card. Each for this card, and for a while.

use chrono::{DateTime, Utc};
use domain::{
    certificate::Visit,
    desk::{DeskCommand, Helper, IdentityCheck},
    holder::HolderCommand,
    ids::CommandId,
    staff::Role,
};

use super::act;
use crate::{
    app::App,
    execute::{Cause, ExecuteError, Loaded},
    staff::Mandate,
};

/// P-19, B-30: the holder has shown who he is, and may unlock his account: until when.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn account_unlock(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    check: IdentityCheck,
) -> Result<Option<DateTime<Utc>>, ExecuteError> {
    act(app, mandate, cause, DeskCommand::AuthoriseAccountUnlock { check }).await?;
    let loaded = app.load(mandate.holder()).await?;
    Ok(account_unlock_until(app, &loaded))
}

/// P-19, B-30: until when the holder may unlock his account.
#[must_use]
pub fn account_unlock_until(app: &App, loaded: &Loaded) -> Option<DateTime<Utc>> {
    let card = &loaded.holder.card()?.card;
    loaded.holder.desk().account_unlock(card, app.context(loaded).now)
}

/// B-30, B-63: he has nothing to show, and is vouched for: a second person has to agree to the
/// request of this command.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn request_account_unlock(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    check: IdentityCheck,
) -> Result<(), ExecuteError> {
    let (request, by) = (cause.command, mandate.warrant().staff());
    act(app, mandate, cause, DeskCommand::RequestAccountUnlock { request, by, check }).await?;
    Ok(())
}

/// B-30, B-63: the second person agrees: until when the holder may unlock his account.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn approve_account_unlock(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    request: CommandId,
) -> Result<Option<DateTime<Utc>>, ExecuteError> {
    let by = mandate.warrant().staff();
    act(app, mandate, cause, DeskCommand::ApproveAccountUnlock { request, by }).await?;
    let loaded = app.load(mandate.holder()).await?;
    Ok(account_unlock_until(app, &loaded))
}

/// C-04, B-49: the holder has shown who he is, and may renew his certificates: until when.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn renewal(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    visit: Visit,
) -> Result<Option<DateTime<Utc>>, ExecuteError> {
    let (holder, command) = (mandate.holder(), HolderCommand::AuthoriseRenewal(visit));
    app.execute_as(mandate.warrant(), holder, cause, &command).await?;
    app.live().ring(holder);
    let loaded = app.load(holder).await?;
    let standing = loaded.holder.certificates(&app.context(&loaded));
    Ok(standing.and_then(|standing| standing.authorised_until))
}

/// P-11, B-34, B-41: what wrong answers or wrong passcodes have blocked is open again. Blocked questions
/// are gone: the holder registers anew. A passcode is compared again, and the holder is asked for a new
/// one.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn release(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    check: IdentityCheck,
) -> Result<(), ExecuteError> {
    act(app, mandate, cause, DeskCommand::ReleaseSelfService { check }).await?;
    app.prune_vault(mandate.holder()).await;
    Ok(())
}

/// B-58: the holder may choose a new passcode for his card with somebody's help. A sponsor's word
/// is not enough: the holder adds a mailed code or his account recovery passcode to it.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn card_unlock(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    check: Option<IdentityCheck>,
) -> Result<(), ExecuteError> {
    let (by, check) = match mandate.warrant().role() {
        Role::Sponsor => (Helper::Sponsor, None),
        Role::RaManager | Role::RaAgent | Role::Auditor | Role::Operator | Role::PolicyOwner => {
            (Helper::Authority, check)
        }
    };
    act(app, mandate, cause, DeskCommand::AuthoriseCardUnlock { by, check }).await?;
    Ok(())
}
