//! What is swept away when its time is over: expired jobs and codes, pending vault rows, old
//! answers. Nothing depends on it having run; it only keeps tables small.

use std::time::Duration;

use chrono::TimeDelta;
use stores::logon::KEPT_DAYS;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often.
const EVERY: Duration = Duration::from_mins(1);

/// Rows per table and round.
const ROWS_MAX: u32 = 1_000;

/// A session that can no longer be open is kept for so many hours more, because its browser may
/// come back and is told why it ended.
const ENDED_KEPT_HOURS: i64 = 12;

/// Counters are kept for the day they count and the one after.
const COUNTERS_KEPT_DAYS: i64 = 2;

/// Sweeps once a minute until `shutdown`.
pub async fn run(app: App, shutdown: CancellationToken) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(error = format!("{error:#}"), "not everything was swept");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One round over every table.
///
/// # Errors
/// If the store fails; the next round starts over.
pub async fn sweep(app: &App) -> anyhow::Result<()> {
    let (stores, now) = (app.stores(), app.now());
    stores.vault.sweep(stores.log.as_ref(), now, ROWS_MAX).await?;
    stores.jobs.sweep(now, ROWS_MAX).await?;
    stores.sessions.sweep(now - TimeDelta::hours(ENDED_KEPT_HOURS), ROWS_MAX).await?;
    stores.answers.sweep(now, ROWS_MAX).await?;
    stores.agents.sweep(now, ROWS_MAX).await?;
    stores.logons.forget(now, KEPT_DAYS, ROWS_MAX).await?;
    stores.limits.sweep(now - TimeDelta::days(COUNTERS_KEPT_DAYS), ROWS_MAX).await?;
    Ok(())
}
