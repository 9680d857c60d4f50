//! What other processes have put into the log that this one holds in memory: versions of the policy
//! (B-14), organisations (B-59); and into the keystore, a key of mailed codes every day (B-38).
//!
//! Asked every second, and before anything is decided if it was not for [`OLD`]: a process that was
//! stopped for days, and goes on, decides nothing by what it knew then. A version of the policy is in
//! force from tomorrow at the earliest, so a second is early enough.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use stores::event_store::Position;
use tokio_util::sync::CancellationToken;

use crate::{app::App, keystore::code_key_of, not_ready::RETRY_AFTER_SECS};

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);

/// So old, it is asked before anything is decided.
const OLD: Duration = Duration::from_secs(10);

/// How far the log has been heard, and when, by elapsed time.
#[derive(Debug, Default)]
pub struct News(Mutex<Option<(Position, Duration)>>);

impl News {
    fn last(&self) -> Option<(Position, Duration)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, until: Position, elapsed: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, elapsed));
    }
}

/// Asks every second until `shutdown`; where no other process can have put anything there, not at all.
pub async fn follow(app: App, shutdown: CancellationToken) {
    while app.is_shared() {
        if let Err(error) = hear(&app).await {
            tracing::warn!(error = format!("{error:#}"), "what others published is not known");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    shutdown.cancelled().await;
}

/// Takes over what is new.
///
/// # Errors
/// If the log cannot be read.
pub async fn hear(app: &App) -> anyhow::Result<()> {
    // Before it is read: what comes meanwhile is read twice, and never left out.
    let elapsed = app.clock().elapsed();
    let head = app.stores().log.head().await?;
    if app.news().last().is_none_or(|(until, _)| until != head) {
        app.hear_policies().await?;
        app.hear_organisations().await?;
    }
    hear_code_key(app)?;
    app.news().heard(head, elapsed);
    Ok(())
}

/// B-38: today's key is made by whoever does the housekeeping first, and read by all others as soon as
/// it is there.
fn hear_code_key(app: &App) -> anyhow::Result<()> {
    let vault = &app.stores().vault;
    if vault.code_key() < code_key_of(app.now()) {
        let keys = app.keystore().read_code_keys()?;
        if vault.code_key() < keys.current().0 {
            vault.renew_code_keys(keys);
        }
    }
    Ok(())
}

impl App {
    /// What others have published is known here as of a few seconds ago; asked now, if it is not.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn keep_fresh(&self) -> anyhow::Result<()> {
        let now = self.clock().elapsed();
        let is_fresh = self.news().last().is_some_and(|(_, heard)| now < heard + OLD);
        if is_fresh || !self.is_shared() { Ok(()) } else { hear(self).await }
    }
}

/// Nobody is answered by a process that does not know what holds.
pub async fn first(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.keep_fresh().await {
        Ok(()) => next.run(request).await,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "not ready");
            let retry = [(header::RETRY_AFTER, RETRY_AFTER_SECS.to_string())];
            (StatusCode::SERVICE_UNAVAILABLE, retry, "latchkey is not ready\n").into_response()
        }
    }
}
