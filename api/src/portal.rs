//! The portal: what a browser sees. Handlers parse, prove, execute and answer; the words are in
//! `view`, the rules elsewhere.

mod alert;
mod audit;
mod card_update;
mod certificates;
mod codes;
#[cfg(feature = "demo")]
mod demo;
mod desk;
pub mod errors;
mod first_manager;
mod home;
mod information;
mod jobs;
mod ledger;
mod log_in;
mod not_me;
mod operation;
mod passcodes;
mod policy;
mod profile;
mod registration;
mod schedule;
mod session;
mod unlock;
pub mod view;
pub mod visitor;

use axum::{
    Router,
    response::{Html, IntoResponse as _, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use domain::{
    refusal::Refusal,
    staff::{Roles, Staff, StaffAct, may},
};
use stores::session::{Scope, Session};

use crate::{
    app::App,
    staff::{
        acts::SeeHistory,
        list::{StaffPages, StaffRoute},
    },
};
use errors::PageError;
use view::{
    frame::{Tab, Visitor, frame},
    paths,
    refusal::RefusalView,
};

/// The portal's routes. Those of the demonstration exist only in its build and its mode.
pub fn routes(app: &App) -> Router<App> {
    let routes = Router::new()
        .route(paths::START, get(information::start))
        .route(paths::CARE_IDENTITY_SERVICE, get(information::care_identity_service))
        .route(paths::ACCESSIBILITY, get(information::accessibility))
        .route(paths::HELP, get(information::help))
        .route("/help/{topic}", get(information::help_topic))
        .route("/rules/{id}", get(information::rule))
        .route(paths::LOG_IN, get(log_in::page).post(log_in::start))
        .route(paths::LOG_OUT, post(log_in::log_out))
        .route(paths::LOGGED_OUT, get(log_in::logged_out))
        .route(paths::NOT_ME, get(not_me::page).post(not_me::enter))
        .route(paths::NOT_ME_CONFIRM, post(not_me::confirm))
        .route(paths::SESSION_KEEP, post(session::keep))
        .route("/jobs/{id}", get(jobs::page))
        .route("/jobs/{id}/return", get(jobs::back))
        .route(paths::HOME, get(home::page))
        .route(paths::ALERT, get(alert::page))
        .route(paths::ALERT_LATER, post(alert::later))
        .route(paths::RENEWAL, get(alert::renewal))
        .route(paths::SCHEDULE, get(schedule::page))
        .route(paths::PASSCODES, get(passcodes::page).post(passcodes::update))
        .route(paths::PASSCODES_CANCELLED, get(passcodes::cancelled))
        .route("/passcodes/updated/{id}", get(passcodes::updated))
        .route(paths::CERTIFICATES_RENEW, get(certificates::renew).post(certificates::start))
        .route(paths::CERTIFICATES_LATER, post(certificates::later))
        .route(paths::CERTIFICATES_DEFER, post(certificates::defer))
        .route(paths::CERTIFICATES_REVOKE, get(certificates::revocation).post(certificates::revoke))
        .route("/card-updates/{id}", get(card_update::page))
        .route("/card-updates/{id}/live", get(card_update::live))
        .route("/card-updates/{id}/again", post(card_update::again))
        .route("/card-updates/{id}/continue", post(card_update::go_on))
        .route(paths::LEDGER, get(ledger::page))
        .route("/ledger/not-me/{line}", get(ledger::not_me_page).post(ledger::not_me))
        .route(paths::FIRST_MANAGER, get(first_manager::page).post(first_manager::enter))
        .merge(self_service())
        .merge(staff_pages().into_router())
        .fallback(errors::not_found)
        .method_not_allowed_fallback(errors::method_not_allowed);
    with_demo(app, routes)
}

/// What only staff may: each page under its act.
fn staff_pages() -> StaffPages {
    StaffPages::default()
        .get(SeeHistory, paths::AUDIT, audit::history)
        .get(SeeHistory, paths::AUDIT_HOLDER, audit::holder)
        .merge(desk::pages())
        .merge(policy::pages())
        .merge(operation::pages())
}

/// The list of it.
pub(crate) fn staff_routes() -> Vec<StaffRoute> {
    staff_pages().into_list()
}

/// My Profile, registering, and unlocking, which needs no session.
fn self_service() -> Router<App> {
    use registration::{code as registration_code, questions};
    use unlock::{answers, code as unlock_code};
    Router::new()
        .route(paths::PROFILE, get(profile::page))
        .route(paths::REGISTER, get(registration::page).post(registration::start))
        .route(paths::REGISTER_QUESTIONS, get(questions::choice).post(questions::choose))
        .route(
            "/profile/register/answers/{number}",
            get(questions::question).post(questions::answer),
        )
        .route(paths::REGISTER_EMAIL, get(registration::email).post(registration::keep_email))
        .route(paths::REGISTER_CHECK, get(registration::check).post(registration::confirm))
        .route(
            "/profile/register/{job}",
            get(registration_code::page).post(registration_code::enter),
        )
        .route("/profile/register/{job}/codes", post(registration_code::send))
        .route(
            "/profile/register/{job}/address",
            get(registration_code::address).post(registration_code::redirect),
        )
        .route("/profile/register/{job}/cancel", post(registration_code::cancel))
        .route(paths::UNLOCK, get(unlock::start_page).post(unlock::start))
        .route("/unlock/{job}", get(unlock::page))
        .route("/unlock/{job}/answers", get(answers::check).post(answers::send))
        .route("/unlock/{job}/answers/{number}", get(answers::question).post(answers::answer))
        .route(
            "/unlock/{job}/recovery-passcode",
            get(answers::recovery).post(answers::try_recovery),
        )
        .route("/unlock/{job}/code", post(unlock_code::enter))
        .route("/unlock/{job}/codes", post(unlock_code::send))
        .route("/unlock/{job}/passcode", post(unlock::passcode))
}

#[cfg(feature = "demo")]
fn with_demo(app: &App, routes: Router<App>) -> Router<App> {
    if app.demo().is_none() {
        return routes;
    }
    routes
        .route(paths::DEMO, get(demo::page))
        .route(paths::DEMO_INSERT, post(demo::insert))
        .route(paths::DEMO_REMOVE, post(demo::remove))
        .route(paths::DEMO_BLANK, post(demo::blank))
        .route(paths::DEMO_TIME, get(demo::time_machine::page).post(demo::time_machine::go))
        .route(paths::DEMO_MAILBOX, get(demo::mailbox::list))
        .route("/demo/mailbox/{number}", get(demo::mailbox::one))
}

#[cfg(not(feature = "demo"))]
fn with_demo(_app: &App, routes: Router<App>) -> Router<App> {
    routes
}

/// The frame of a page for a holder who is logged in.
async fn frame_for(app: &App, session: &Session, tab: Option<Tab>) -> anyhow::Result<pages::Frame> {
    let person = app.stores().vault.person(session.holder).await?;
    let name = person.map_or_else(|| "You".to_owned(), |person| person.name);
    let log_out_at = time(app, session.ends_at());
    let loaded = app.load(session.holder).await?;
    let standing = loaded.holder.certificates(&app.context(&loaded));
    let staff = Staff { holder: session.holder, roles: loaded.holder.roles() };
    let desk = may(&staff, StaffAct::FindHolder, None, &app.organisations());
    let visitor = Visitor {
        name: &name,
        log_out_at: &log_out_at,
        scope: session.scope,
        may_renew: standing.as_ref().is_some_and(certificates::may_renew),
        is_of_desk: desk.is_ok(),
    };
    let time_out = Some(session::time_out(app, session));
    let mut frame = pages::Frame { time_out, ..frame(app.is_demo(), Some(visitor), tab) };
    let of_staff = [
        (StaffAct::SeeHistory, paths::AUDIT, "Audit"),
        (StaffAct::SeePolicy, paths::POLICY, "Policy"),
        (StaffAct::BreakGlass, paths::DESK_GLASS, "Break glass"),
        (StaffAct::SeeOperation, paths::OPERATION, "Operation"),
    ];
    for (act, href, text) in of_staff {
        if session.scope == Scope::Full && has_role_for(loaded.holder.roles(), act) {
            let (href, text) = (href.to_owned(), text.to_owned());
            frame.navigation.push(pages::NavigationItem { href, text, current: false });
        }
    }
    Ok(frame)
}

/// B-58: true if one of his roles lets him do this.
fn has_role_for(roles: &Roles, act: StaffAct) -> bool {
    let allowed = act.roles();
    roles.grants().iter().any(|grant| allowed.contains(&grant.role))
}

/// The frame of a page for nobody in particular.
fn public_frame(app: &App) -> pages::Frame {
    frame(app.is_demo(), None, None)
}

/// A time of day in the policy's zone, in words.
fn time(app: &App, instant: DateTime<Utc>) -> String {
    pages::time(instant, &app.policy().zone)
}

/// A refusal with the time from which on the answer is another, where that is known.
fn refused(app: &App, refusal: &Refusal) -> RefusalView {
    let view = RefusalView::from(refusal);
    let at = refusal.changes_at().map(pages::minute_from);
    let at = at.map(|at| pages::date_and_time(at, &app.policy().zone));
    RefusalView { changes_on: at.or(view.changes_on), ..view }
}

/// A rendered page.
fn html(page: Result<String, pages::Error>) -> Result<Response, PageError> {
    Ok(Html(page?).into_response())
}
