//! Says a few times in a while that this process is there, so that its agents' connections count; and
//! ends those that count no more.

use std::time::Duration;

use stores::line::LOST_SECS;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often. A process may miss two of them.
const EVERY: Duration = Duration::from_secs(4);

const _: () = assert!(3 * EVERY.as_secs() < LOST_SECS as u64);

/// Until `shutdown`; then its agents have left.
pub async fn keep(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        // One process over files need not say that it is there, and no other takes its place.
        if app.is_shared()
            && let Err(error) = app.agents().keep().await
        {
            tracing::warn!(error = format!("{error:#}"), "this process could not say it is there");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    if let Err(error) = app.agents().end(app.real_now()).await {
        tracing::warn!(error = format!("{error:#}"), "this process could not say that it ends");
    }
}
