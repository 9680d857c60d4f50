//! U-01 to U-12: unlocking a smartcard, without logging in. Whoever is here has shown by his card that
//! it is there, and by a cookie that he is the one who began (B-38); who he is he proves here.

pub(super) mod answers;
pub(super) mod code;

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{refusal::Refusal, self_service};
use pages::Link;
use protocol::JobId;
use serde::Deserialize;
use uuid::Uuid;
use workflows::{
    card_job::{Goal, Hitch, Stage},
    unlock::Next,
};

use super::{
    codes::{self, Awaited},
    errors::PageError,
    html, public_frame, refused, time,
    view::{
        code::{CodeFault, CodeView},
        paths,
        problem::ProblemKind,
        unlock::{Unlock, UnlockStart, UnlockState},
    },
};
use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, browser, token},
    passcode_page,
    unlocks::{self, NotStarted, UnlockFlow},
};

/// U-04, U-06: what is needed, and the warning.
pub(super) async fn start_page(State(app): State<App>) -> Result<Response, PageError> {
    start_page_with(&app, false)
}

fn start_page_with(app: &App, fault: bool) -> Result<Response, PageError> {
    let page = UnlockStart {
        readers: app.config().readers.approved.clone(),
        minutes: app.policy().unlock_minutes.into(),
        code_minutes: codes::minutes(app),
        fault,
    };
    html(page.render(app.pages(), &public_frame(app)))
}

/// The box of the warning; one that is not ticked is not there.
#[derive(Deserialize)]
pub(super) struct Accepted {
    accept: Option<String>,
}

/// U-04: *Start*: on to the card. Nothing is known of anybody yet.
pub(super) async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(Accepted { accept }): Form<Accepted>,
) -> Result<Response, PageError> {
    if accept.is_none() {
        let page = start_page_with(&app, true)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (browser, jar) = browser(jar, app.entropy());
    match unlocks::start(&app, &headers, browser).await {
        Ok(job) => Ok((jar, Redirect::to(&paths::job(&job.to_string()))).into_response()),
        Err(NotStarted::TooMany) => Err(PageError::Problem(ProblemKind::TooManyRequests)),
        Err(NotStarted::Failed(error)) => Err(PageError::Failed(error)),
    }
}

/// How one came to the page.
#[derive(Default, Deserialize)]
pub(super) struct Came {
    /// U-07: the answers that were just sent were not all right.
    judged: Option<String>,
    /// B-36: a new code was sent.
    sent: Option<String>,
    /// U-12: from the visit to the card that this job is.
    visit: Option<Uuid>,
}

/// Whatever comes next.
pub(super) async fn page(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Query(came): Query<Came>,
) -> Result<Response, PageError> {
    match flow(&app, &jar, job).await? {
        Some(flow) => {
            let last_try = match came.visit {
                Some(visit) => last_try(&app, &flow, JobId(visit)).await?,
                None => None,
            };
            show_with(&app, &flow, None, &came, last_try)
        }
        // Its card has not shown itself, or it is over, or another browser's: that page says which.
        None => Ok(to(&paths::job(&job.to_string()))),
    }
}

/// B-38: only in the browser that began it, and only once the card has shown itself.
async fn flow(app: &App, jar: &CookieJar, job: Uuid) -> Result<Option<UnlockFlow>, PageError> {
    let Some(browser) = token(jar, BROWSER_COOKIE) else {
        return Err(PageError::Problem(ProblemKind::NotFound));
    };
    Ok(unlocks::flow(app, JobId(job), browser).await?)
}

/// The same for a form, which needs it.
async fn needed(app: &App, jar: &CookieJar, job: Uuid) -> Result<UnlockFlow, PageError> {
    flow(app, jar, job).await?.ok_or(PageError::Problem(ProblemKind::NotFound))
}

fn to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// U-12: what the last visit to the card came to, if it was one of this unlock.
async fn last_try(app: &App, flow: &UnlockFlow, visit: JobId) -> anyhow::Result<Option<String>> {
    let Some(open) = app.job(visit).await? else { return Ok(None) };
    let is_of = matches!(&open.job.goal, Goal::Unlock(planned) if planned.unlock == flow.unlock);
    Ok(if !is_of {
        None
    } else if open.job.stage == Stage::Cancelled {
        Some(passcode_page::last_try(&Hitch::Cancelled))
    } else {
        open.job.last_refusal.as_ref().map(passcode_page::last_try)
    })
}

fn show(
    app: &App,
    flow: &UnlockFlow,
    fault: Option<CodeFault>,
    came: &Came,
) -> Result<Response, PageError> {
    show_with(app, flow, fault, came, None)
}

fn show_with(
    app: &App,
    flow: &UnlockFlow,
    fault: Option<CodeFault>,
    came: &Came,
    last_try: Option<String>,
) -> Result<Response, PageError> {
    let job = flow.job.to_string();
    let state = match &flow.next {
        Next::Questions { attempt, asked, recovery_tries } => UnlockState::Questions {
            attempt: *attempt,
            attempts: app.policy().question_failures,
            asked: asked.len(),
            wrong: came.judged.is_some(),
            recovery_too: recovery_tries.is_some(),
        },
        Next::RecoveryPasscode { .. } => return Ok(to(&paths::unlock_recovery_passcode(&job))),
        Next::Code { sent } => {
            let awaited = Awaited {
                sent: sent.as_ref(),
                address: flow.address.as_deref(),
                next_at: flow.next_code_at,
                undeliverable: flow.undeliverable,
            };
            let sent_again = came.sent.is_some();
            UnlockState::Code(CodeView { sent_again, ..codes::view(app, &awaited, fault) })
        }
        Next::Passcode { until } => UnlockState::Passcode {
            until: time(app, *until),
            minutes: app.policy().unlock_passcode_minutes.into(),
            last_try,
        },
        Next::Done => UnlockState::Done { card: flow.card.to_string() },
        Next::Over(refusal) => UnlockState::Over(refused(app, refusal)),
    };
    let page = html(Unlock { job, state }.render(app.pages(), &public_frame(app)))?;
    Ok(if fault.is_some() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    })
}

/// The page after a refusal: at the field where it belongs there, else as things stand now.
async fn after(app: &App, flow: &UnlockFlow, refusal: &Refusal) -> Result<Response, PageError> {
    let now = flow.again(app).await?;
    let fault = codes::fault(refusal);
    let page = paths::unlock(&flow.job.to_string());
    match (&now.next, fault) {
        (Next::Code { .. }, Some(_)) => show(app, &now, fault, &Came::default()),
        // B-41: it could be used when the page was opened, and cannot now.
        (Next::Questions { recovery_tries: None, .. }, _) if is_of_recovery(refusal) => {
            let next = Link::new(page, "Answer your security questions");
            Err(PageError::RefusedFor(Box::new(refused(app, refusal)), next))
        }
        (
            Next::Questions { .. }
            | Next::RecoveryPasscode { .. }
            | Next::Code { .. }
            | Next::Passcode { .. }
            | Next::Done
            | Next::Over(_),
            _,
        ) => Ok(to(&page)),
    }
}

fn is_of_recovery(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::SelfService(
            self_service::Refusal::RecoveryPasscodeNotSet
                | self_service::Refusal::RecoveryPasscodeBlocked
        )
    )
}

/// U-12: *Choose your new passcode*: on to the card software's page.
pub(super) async fn passcode(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    let (browser, jar) = browser(jar, app.entropy());
    match unlocks::begin_passcode(&app, &flow, browser).await {
        Ok(visit) => Ok((jar, Redirect::to(&paths::job(&visit.to_string()))).into_response()),
        Err(crate::codes::NotDone::Refused(refusal)) => after(&app, &flow, &refusal).await,
        Err(error) => Err(codes::not_done(&app, error)),
    }
}
