//! The operator's port: is the process alive, is it ready, how does it stand? Loopback only, and
//! nothing about people.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use workflows::engine::Breaker;

use crate::{app::App, metrics, relying_parties};

/// Ready, but the operator has something to do.
const CLOCK_KEPT_OUT: &str =
    "latchkey is ready\nthe system's clock is kept out: see latchkey clock status\n";

/// The same, about the workflow engine.
const ENGINE_STOPPED: &str =
    "latchkey is ready\nthe workflow engine is stopped: see latchkey clock status\n";

/// The same, about what relying parties are told.
const LIST_LATE: &str = "latchkey is ready\n\
    the revocation list was not renewed in time, or nobody signs OCSP answers: see the log\n";

/// What the operator's port answers.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(measured))
        .with_state(app)
}

/// Touches nothing outside the process, so that a slow disk does not get every process restarted.
async fn alive() -> &'static str {
    "latchkey is alive\n"
}

/// The log answers, and what is shown keeps up with it. A wall clock that is kept out is told, and
/// so is a workflow engine that was stopped; neither keeps anybody from working.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    let alarm = app.clock().accepted().is_some_and(|clock| clock.standing().alarm);
    let stopped = matches!(app.engine().breaker().await, Ok(Breaker::Stopped { .. }));
    let list_late = relying_parties::is_late(&app).await.unwrap_or(true);
    match app.catch_up().await {
        Ok(()) if stopped => (StatusCode::OK, ENGINE_STOPPED),
        Ok(()) if alarm => (StatusCode::OK, CLOCK_KEPT_OUT),
        Ok(()) if list_late => (StatusCode::OK, LIST_LATE),
        Ok(()) => (StatusCode::OK, "latchkey is ready\n"),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "latchkey is not ready\n")
        }
    }
}

/// What is measured. Without an answer from the tables there is none here, which alarms, too.
async fn measured(State(app): State<App>) -> Response {
    match metrics::text(&app).await {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "nothing could be measured");
            (StatusCode::SERVICE_UNAVAILABLE, "latchkey cannot be measured\n").into_response()
        }
    }
}
