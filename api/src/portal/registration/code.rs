//! the code of a registration, another one, another address, or giving it up.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use domain::refusal::Refusal;
use protocol::JobId;
use serde::Deserialize;
use stores::session::Session;
use uuid::Uuid;
use workflows::registration::Next;

use super::{Address, email_page, not_begun, to};
use crate::{
    admission::UseProfile,
    app::App,
    codes::NotDone,
    cookies::{BROWSER_COOKIE, token},
    drafts,
    portal::{
        codes::{self, Awaited},
        errors::PageError,
        frame_for, html, refused, time,
        view::{
            code::{CodeFault, CodeView},
            frame::Tab,
            paths,
            problem::ProblemKind,
            profile::Done,
            registration::{RegistrationCode, RegistrationOver},
        },
        visitor::LoggedIn,
    },
    self_service::{self, NotBegun, RegistrationFlow},
};

/// How one came to the page.
#[derive(Deserialize)]
pub(in crate::portal) struct Came {
    /// B-36: a new code was sent.
    sent: Option<String>,
}

/// Where the code is entered.
pub(in crate::portal) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Query(came): Query<Came>,
) -> Result<Response, PageError> {
    let flow = flow(&app, &session, &jar, job).await?;
    let page = show(&app, &session, &flow, None, came.sent.is_some()).await?;
    Ok(match flow.next {
        // The card has agreed: what was typed for it is not needed any more.
        Next::Code { .. } | Next::Done { .. } => (drafts::forget(jar), page).into_response(),
        Next::Over(_) => page,
    })
}

/// B-38: only its holder's, in the browser that began it.
async fn flow(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    job: Uuid,
) -> Result<RegistrationFlow, PageError> {
    let not_found = PageError::Problem(ProblemKind::NotFound);
    let Some(browser) = token(jar, BROWSER_COOKIE) else { return Err(not_found) };
    self_service::flow(app, session, JobId(job), browser).await?.ok_or(not_found)
}

async fn show(
    app: &App,
    session: &Session,
    flow: &RegistrationFlow,
    fault: Option<CodeFault>,
    sent_again: bool,
) -> Result<Response, PageError> {
    let frame = frame_for(app, session, Some(Tab::Profile)).await?;
    match &flow.next {
        Next::Code { sent, until } => {
            let awaited = Awaited {
                sent: sent.as_ref(),
                address: flow.address.as_deref(),
                next_at: flow.next_code_at,
                undeliverable: flow.undeliverable,
            };
            let code = CodeView { sent_again, ..codes::view(app, &awaited, fault) };
            let (job, until) = (flow.job.to_string(), time(app, *until));
            let page = html(RegistrationCode { job, until, code }.render(app.pages(), &frame))?;
            Ok(if fault.is_some() {
                (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
            } else {
                page
            })
        }
        Next::Done { .. } => Ok(to(&Done::Registered.address())),
        Next::Over(refusal) => {
            let page = RegistrationOver { refusal: refused(app, refusal) };
            html(page.render(app.pages(), &frame))
        }
    }
}

/// A code as it was typed.
#[derive(Deserialize)]
pub(in crate::portal) struct Typed {
    #[serde(default)]
    pub(in crate::portal) code: String,
}

/// R-10: *Confirm registration*.
pub(in crate::portal) async fn enter(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Form(Typed { code }): Form<Typed>,
) -> Result<Response, PageError> {
    let before = flow(&app, &session, &jar, job).await?;
    if code.trim().is_empty() {
        return show(&app, &session, &before, Some(CodeFault::Missing), false).await;
    }
    let registered = self_service::overview(&app, session.holder).await?.status.registered_on;
    match self_service::enter_code(&app, &before, &code).await {
        Ok(()) if registered.is_some() => Ok(to(&Done::Changed.address())),
        Ok(()) => Ok(to(&Done::Registered.address())),
        Err(NotDone::Refused(refusal)) => after(&app, &session, &jar, job, &refusal).await,
        Err(error) => Err(codes::not_done(&app, error)),
    }
}

/// The page after a refusal: at the field where it belongs there, else as things stand now.
async fn after(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    job: Uuid,
    refusal: &Refusal,
) -> Result<Response, PageError> {
    let flow = flow(app, session, jar, job).await?;
    let fault = codes::fault(refusal);
    match (&flow.next, fault) {
        (Next::Code { .. }, None) => Err(PageError::Refused(Box::new(refused(app, refusal)))),
        (Next::Code { .. } | Next::Done { .. } | Next::Over(_), _) => {
            show(app, session, &flow, fault, false).await
        }
    }
}

/// B-36: *Send a new code*.
pub(in crate::portal) async fn send(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    let before = flow(&app, &session, &jar, job).await?;
    match self_service::send_code(&app, &before).await {
        Ok(()) => Ok(to(&format!("{}?sent=again", paths::registration(&job.to_string())))),
        Err(NotDone::Refused(refusal)) => after(&app, &session, &jar, job, &refusal).await,
        Err(error) => Err(codes::not_done(&app, error)),
    }
}

/// another address, while the code is awaited.
pub(in crate::portal) async fn address(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    flow(&app, &session, &jar, job).await?;
    email_page(&app, &session, String::new(), None, Some(job.to_string())).await
}

/// B-42: a new code goes there, and the one before is no good any more.
pub(in crate::portal) async fn redirect(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Form(Address { email }): Form<Address>,
) -> Result<Response, PageError> {
    let before = flow(&app, &session, &jar, job).await?;
    match self_service::redirect(&app, &before, &email).await {
        Ok(()) => Ok(to(&format!("{}?sent=again", paths::registration(&job.to_string())))),
        Err(NotBegun::Address(fault)) => {
            let awaiting = Some(job.to_string());
            email_page(&app, &session, email, Some(fault.to_string()), awaiting).await
        }
        Err(NotBegun::Refused(refusal)) => after(&app, &session, &jar, job, &refusal).await,
        Err(error) => Err(not_begun(&app, error)),
    }
}

/// B-44: *Cancel the registration*.
pub(in crate::portal) async fn cancel(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    let before = flow(&app, &session, &jar, job).await?;
    self_service::cancel(&app, &before).await.map_err(|error| codes::not_done(&app, error))?;
    Ok(to(&Done::Cancelled.address()))
}
