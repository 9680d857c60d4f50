//! Log in and log out. The card does the work; here a job is started, and a session ends.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use stores::session::{EndReason, Ending};
use workflows::card_job::Goal;

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        self, paths,
        problem::ProblemKind,
        session_ended::{Ended, SessionEnded},
    },
};
use crate::{
    app::App,
    cookies::{SESSION_COOKIE, browser, token},
};

/// What is needed to log in.
pub(super) async fn page(State(app): State<App>) -> Result<Response, PageError> {
    html(view::log_in::render(app.pages(), &public_frame(&app)))
}

/// P-05: starts the job that the card finishes.
pub(super) async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
) -> Result<Response, PageError> {
    if !app.admits_log_in(&headers) {
        return Err(PageError::Problem(ProblemKind::TooManyRequests));
    }
    let (browser, jar) = browser(jar, app.entropy());
    let job = app.start_job(Goal::LogIn, browser).await?;
    Ok((jar, Redirect::to(&paths::job(&job.to_string()))).into_response())
}

/// Ends the session.
pub(super) async fn log_out(State(app): State<App>, jar: CookieJar) -> Result<Response, PageError> {
    if let Some(token) = token(&jar, SESSION_COOKIE) {
        app.stores().sessions.end(token, EndReason::SignedOut, app.now()).await?;
    }
    Ok(Redirect::to(paths::LOGGED_OUT).into_response())
}

/// Why the session is over, as far as this browser's cookie tells.
pub(super) async fn logged_out(
    State(app): State<App>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let reason = match token(&jar, SESSION_COOKIE) {
        Some(token) => app.stores().sessions.ending(token, app.now()).await?,
        None => None,
    };
    let Some(reason) = reason else {
        return Ok(Redirect::to(paths::LOG_IN).into_response());
    };
    let page = SessionEnded { reason: ended(reason) };
    html(page.render(app.pages(), &public_frame(&app)))
}

fn ended(ending: Ending) -> Ended {
    match ending {
        Ending::Idle => Ended::Idle,
        Ending::Absolute => Ended::AbsoluteLimit,
        Ending::Because(EndReason::SignedOut) => Ended::LoggedOut,
        Ending::Because(EndReason::CardRemoved | EndReason::AgentLost) => Ended::CardRemoved,
        Ending::Because(EndReason::CertificatesRenewed) => Ended::CertificatesRenewed,
        Ending::Because(EndReason::CertificatesRevoked) => Ended::CertificatesRevoked,
        Ending::Because(EndReason::CertificatesSuspended) => Ended::CertificatesSuspended,
        Ending::Because(EndReason::Suspended) => Ended::Suspended,
        Ending::Because(EndReason::AgentRevoked | EndReason::AccountLocked) => Ended::Revoked,
    }
}
