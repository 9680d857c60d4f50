//! The HTTP API: the acts of the portal, for programs. JSON in, JSON out, every refusal a problem
//! (RFC 9457).
//!
//! A caller is the holder whose session cookie he sends; he gets one as in the portal, with his
//! card ([`log_ins`], then [`jobs`]). Or it is a machine with a bearer token for one role
//! ([`logon_checks`]). Routes are mounted only together with their description, so
//! that `/api/openapi.json` leaves none out and promises none.

mod alert;
mod audit;
mod certificates;
mod desk;
mod extract;
mod idempotency;
mod jobs;
mod ledger;
mod log_ins;
mod logon_checks;
mod not_me;
mod openapi;
mod operation;
mod passcodes;
mod policy;
mod problem;
mod renewals;
mod rules;
mod schedule;
mod self_service;
mod session;
#[cfg(test)]
pub(crate) mod tests;
mod unlocks;
mod verification_checks;

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, csrf::CsrfLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    staff::list::{StaffApi, StaffRoute},
};
use problem::Problem;

/// Where the API is mounted.
pub const PREFIX: &str = "/api";

/// The routes, to be nested at [`PREFIX`]. Whatever refuses, a handler, an extractor or a layer,
/// the answer is a problem.
pub fn routes() -> Router<App> {
    layered(documented().into())
}

fn layered(routes: Router<App>) -> Router<App> {
    routes
        .fallback(nothing_here)
        .layer(CatchPanicLayer::new())
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn(dress))
}

/// The one list of what there is.
fn documented() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::with_openapi(openapi::about())
        .routes(routes!(log_ins::start))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::back))
        .routes(routes!(session::show, session::end))
        .routes(routes!(passcodes::show, passcodes::update))
        .routes(routes!(alert::show))
        .routes(routes!(alert::later))
        .routes(routes!(certificates::show))
        .routes(routes!(certificates::later))
        .routes(routes!(certificates::defer))
        .routes(routes!(certificates::revoke))
        .routes(routes!(renewals::start))
        .routes(routes!(renewals::show))
        .routes(routes!(renewals::again))
        .routes(routes!(renewals::acknowledge))
        .routes(routes!(renewals::authorise))
        .routes(routes!(self_service::show))
        .routes(routes!(self_service::register))
        .routes(routes!(self_service::registration))
        .routes(routes!(self_service::enter_code))
        .routes(routes!(self_service::send_code))
        .routes(routes!(self_service::redirect))
        .routes(routes!(self_service::cancel))
        .routes(routes!(unlocks::start))
        .routes(routes!(unlocks::show))
        .routes(routes!(unlocks::answer))
        .routes(routes!(unlocks::try_recovery_passcode))
        .routes(routes!(unlocks::enter_code))
        .routes(routes!(unlocks::send_code))
        .routes(routes!(unlocks::choose_passcode))
        .routes(routes!(schedule::show))
        .routes(routes!(ledger::list))
        .routes(routes!(ledger::log_ins))
        .routes(routes!(not_me::answer))
        .routes(routes!(not_me::disown))
        .routes(routes!(not_me::disown_log_in))
        .routes(routes!(audit::explain_me))
        .routes(routes!(logon_checks::check))
        .routes(routes!(verification_checks::check))
        .routes(routes!(rules::list))
        .routes(routes!(rules::show))
        .routes(routes!(openapi::show));
    staff().onto(routes)
}

/// What only staff may: each route under its act.
fn staff() -> StaffApi {
    policy::routes(operation::routes(audit::routes(desk::routes())))
}

/// The list of it.
pub(crate) fn staff_routes() -> Vec<StaffRoute> {
    staff().into_list()
}

/// There is nothing at this address.
pub async fn nothing_here() -> Response {
    Problem::of(StatusCode::NOT_FOUND).into_response()
}

/// Makes a problem of every refusal that is none yet; its headers (`Allow`) stay.
async fn dress(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let refuses = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !refuses || kind.is_some_and(|kind| kind == problem::MEDIA_TYPE) {
        return response;
    }
    let (before, _) = response.into_parts();
    let mut response = Problem::of(status).into_response();
    for (name, value) in &before.headers {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
