//! Log-ins: a job that the card finishes.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use workflows::card_job::Goal;

use super::{jobs::Started, problem::Problem};
use crate::{app::App, cookies::browser};

/// P-05: starts the job that the card finishes. Its cookie says which browser may finish it.
#[utoipa::path(post, path = "/log-ins", operation_id = "start_log_in", tag = "session", responses(
    (status = 201, description = "The job is started.", body = Started, headers(
        ("location" = String, description = "Where to ask how far it is."),
        ("set-cookie" = String, description = "The browser's cookie, if it sent none."))),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
) -> Result<Response, Problem> {
    if !app.admits_log_in(&headers) {
        return Err(Problem::of(StatusCode::TOO_MANY_REQUESTS));
    }
    let (browser, jar) = browser(jar, app.entropy());
    let started = Started::now(&app, app.start_job(Goal::LogIn, browser).await?);
    let location = [(header::LOCATION, started.location())];
    Ok((StatusCode::CREATED, jar, location, Json(started)).into_response())
}
