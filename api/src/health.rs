//! The operator's port: is the process alive, is it ready? Loopback only, and nothing about people.

use axum::{Router, extract::State, http::StatusCode, routing::get};

use crate::app::App;

/// What the operator's port answers.
pub fn router(app: App) -> Router {
    Router::new().route("/livez", get(alive)).route("/readyz", get(ready)).with_state(app)
}

/// Touches nothing outside the process, so that a slow disk does not get every process restarted.
async fn alive() -> &'static str {
    "latchkey is alive\n"
}

/// The log answers, and what is shown keeps up with it.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.catch_up().await {
        Ok(()) => (StatusCode::OK, "latchkey is ready\n"),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "latchkey is not ready\n")
        }
    }
}
