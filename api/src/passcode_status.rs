//! *Passcode Status* (S-02) as people see it: from the projection, once that is as new as the log.
//! Whatever decides anything folds the log itself.

use domain::{ids::HolderId, passcode::Status};

use crate::app::App;

/// How a holder's three passcodes stand today, in the order of the page.
///
/// # Errors
/// If the projection is behind, or it or the log cannot be read.
pub async fn of(app: &App, holder: HolderId) -> anyhow::Result<[Status; 3]> {
    app.catch_up().await?;
    // The holder's time, as whatever decides has it (B-09).
    let loaded = app.load(holder).await?;
    let context = app.context(&loaded);
    let rows = app.projections().passcode_status(holder).await?;
    Ok(rows.map(|row| Status { kind: row.kind, standing: row.standing(&context) }))
}
