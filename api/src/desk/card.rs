//! A card that is lost, suspended, cancelled, or whose certificates are revoked (B-57, B-61, C-15).
//! What is said here relying parties are told with the very event.

use chrono::{DateTime, Utc};
use domain::{
    certificate::RevocationReason,
    desk::{CancelReason, DeskCommand, Loss, SuspensionReason},
};
use stores::session::EndReason;

use super::act;
use crate::{
    app::App,
    execute::{Cause, ExecuteError},
    staff::Mandate,
};

/// B-57: the certificates are good for nothing until the suspension is ended, and no session goes
/// on.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn suspend(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    reason: SuspensionReason,
) -> Result<(), ExecuteError> {
    act(app, mandate, cause, DeskCommand::Suspend { reason }).await?;
    end_sessions(app, mandate, EndReason::CertificatesSuspended).await
}

/// B-57: they are good again.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn reinstate(app: &App, mandate: &Mandate, cause: Cause) -> Result<(), ExecuteError> {
    act(app, mandate, cause, DeskCommand::Reinstate {}).await?;
    Ok(())
}

/// B-57: somebody has said that the card is lost or stolen: it is out of use, at once.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn report_lost(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    loss: Loss,
    lost_at: DateTime<Utc>,
) -> Result<(), ExecuteError> {
    out_of_use(app, mandate, cause, DeskCommand::ReportLost { loss, lost_at }).await
}

/// B-61: the card is out of use.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn cancel(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    reason: CancelReason,
) -> Result<(), ExecuteError> {
    out_of_use(app, mandate, cause, DeskCommand::CancelCard { reason }).await
}

/// C-15, B-57: the certificates are revoked, for ever.
///
/// # Errors
/// If a rule says no, or we fail.
pub async fn revoke(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    reason: RevocationReason,
) -> Result<(), ExecuteError> {
    out_of_use(app, mandate, cause, DeskCommand::Revoke { reason }).await
}

/// What was issued in an update that is thereby over is forgotten, and no session goes on.
pub(super) async fn out_of_use(
    app: &App,
    mandate: &Mandate,
    cause: Cause,
    command: DeskCommand,
) -> Result<(), ExecuteError> {
    let before = app.load(mandate.holder()).await?;
    act(app, mandate, cause, command).await?;
    app.authority().forget(before.holder.card_update()).await;
    app.prune_vault(mandate.holder()).await;
    end_sessions(app, mandate, EndReason::CertificatesRevoked).await
}

/// Whoever dies before this leaves sessions that the log says are over.
async fn end_sessions(app: &App, mandate: &Mandate, reason: EndReason) -> Result<(), ExecuteError> {
    let ended = app.stores().sessions.end_of_holder(mandate.holder(), reason, app.now()).await;
    ended.map_err(anyhow::Error::from)?;
    Ok(())
}
