//! A job's own page, and the way back from the agent's.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::passcode::Status;
use protocol::JobId;
use serde::Deserialize;
use uuid::Uuid;
use workflows::card_job::{CardJob, Goal, Stage};

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        account_locked::AccountLocked,
        job::{Job, JobFor, JobState},
        paths,
        problem::ProblemKind,
        refusal::{RefusalView, rule_link},
    },
};
use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, token},
    jobs::OpenJob,
    log_in::{self, CARD_GONE, CARD_GONE_WAY_OUT, First, NotOpened},
    passcode_page,
};

/// How far the job is. Only for the browser that started it.
pub(super) async fn page(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let browser = token(&jar, BROWSER_COOKIE);
    let (purpose, state) = match app.job(JobId(id)).await? {
        Some(open) if open.browser == browser => {
            if let (Goal::UpdateCard(_), Stage::Updating(_) | Stage::Done(_)) =
                (&open.job.goal, &open.job.stage)
            {
                return Ok(Redirect::to(&paths::card_update(&id.to_string())).into_response());
            }
            // B-38: an unlock goes on in the browser that was at the card reader.
            let stays = matches!(open.job.goal, Goal::BeginUnlock { .. }) && !open.job.returned;
            if let (Stage::Done(_), Some(way), false) =
                (&open.job.stage, goes_on(open.id, &open.job.goal), stays)
            {
                return Ok(Redirect::to(&way).into_response());
            }
            if open.job.stage == Stage::Cancelled {
                return Ok(Redirect::to(after_cancel(&open.job.goal)).into_response());
            }
            (purpose(&open.job.goal), state(&app, &open))
        }
        Some(_) => return Err(PageError::Problem(ProblemKind::NotFound)),
        None => (JobFor::LogIn, JobState::Expired),
    };
    let page = Job { id: id.to_string(), purpose, state };
    html(page.render(app.pages(), &public_frame(&app)))
}

/// R-08, U-05, U-12: where it goes on once the card has done its part.
fn goes_on(id: JobId, goal: &Goal) -> Option<String> {
    match goal {
        Goal::Register(_) => Some(paths::registration(&id.to_string())),
        Goal::BeginUnlock { .. } => Some(paths::unlock(&id.to_string())),
        Goal::Unlock(planned) => {
            let begun = crate::jobs::job_of(planned.unlock);
            Some(paths::unlock(&begun.to_string()))
        }
        Goal::LogIn | Goal::ChangePasscodes(_) | Goal::UpdateCard(_) | Goal::Personalise { .. } => {
            None
        }
    }
}

/// P-27: where somebody goes who changed his mind.
fn after_cancel(goal: &Goal) -> &'static str {
    match goal {
        Goal::ChangePasscodes(_) => paths::PASSCODES_CANCELLED,
        Goal::UpdateCard(_) => paths::HOME,
        Goal::Register(_) => paths::PROFILE,
        Goal::BeginUnlock { .. } | Goal::Unlock(_) => paths::UNLOCK,
        Goal::LogIn | Goal::Personalise { .. } => paths::LOG_IN,
    }
}

fn purpose(goal: &Goal) -> JobFor {
    match goal {
        Goal::LogIn => JobFor::LogIn,
        Goal::UpdateCard(_) => JobFor::UpdateCard,
        Goal::Register(_) => JobFor::Register,
        Goal::BeginUnlock { .. } => JobFor::BeginUnlock,
        Goal::Unlock(_) => JobFor::Unlock,
        Goal::ChangePasscodes(_) | Goal::Personalise { .. } => JobFor::ChangePasscodes,
    }
}

fn state(app: &App, open: &OpenJob) -> JobState {
    match &open.job.stage {
        Stage::Open if app.agents().is_empty() => JobState::NoAgent,
        Stage::Open
        | Stage::Claimed(_)
        | Stage::Present(_)
        | Stage::Agreed(_)
        | Stage::Settled(_)
        | Stage::Cancelled => JobState::Waiting {
            passcode_url: passcode_page::address(app, open.id),
            passcode_host: passcode_page::host(app),
            until: super::time(app, CardJob::ends_at(open.started_at)),
            last_try: open.job.last_refusal.as_ref().map(passcode_page::last_try),
        },
        Stage::Writing(..) | Stage::Updating(_) => JobState::InProgress,
        Stage::Unknown(..) => JobState::NotKnown,
        Stage::Done(_) => JobState::DoneElsewhere,
        Stage::NotWritten(_) => JobState::Refused(RefusalView {
            rule: Some(rule_link("B-28")),
            why: "The card kept your old passcode, so nothing was changed.".to_owned(),
            facts: Vec::new(),
            changes_on: None,
            way_out: "Go back to Manage Passcodes and try again.".to_owned(),
        }),
    }
}

/// The return code, as the agent's page sends it.
#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

/// Back from the agent's page: the result goes to the browser that started the job, once.
pub(super) async fn back(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
    Query(code): Query<Code>,
) -> Result<Response, PageError> {
    let Some(open) = log_in::redeem(&app, &jar, JobId(id), &code.code).await? else {
        return Err(PageError::Problem(ProblemKind::Forbidden));
    };
    // C-11: the card software works on; the portal shows how far it is.
    if matches!(open.job.goal, Goal::UpdateCard(_)) {
        return Ok(Redirect::to(&paths::card_update(&id.to_string())).into_response());
    }
    let Stage::Done(claim) = &open.job.stage else {
        return Ok(Redirect::to(&paths::job(&id.to_string())).into_response());
    };
    match &open.job.goal {
        Goal::LogIn => match log_in::open_session(&app, jar, &open, claim).await {
            Ok(opened) => Ok((opened.jar, Redirect::to(first(opened.first))).into_response()),
            Err(NotOpened::Locked(passcodes)) => locked(&app, &passcodes),
            Err(error) => Err(not_opened(error)),
        },
        Goal::ChangePasscodes(_) => {
            Ok(Redirect::to(&format!("/passcodes/updated/{id}")).into_response())
        }
        Goal::UpdateCard(_) => {
            Ok(Redirect::to(&paths::card_update(&id.to_string())).into_response())
        }
        Goal::Personalise { holder, desk: Some(_), .. } => {
            Ok(Redirect::to(&paths::desk_record(&holder.to_string())).into_response())
        }
        // At the demonstration's desk nobody waits for the browser.
        Goal::Personalise { .. } => Ok(StatusCode::NO_CONTENT.into_response()),
        goal @ (Goal::Register(_) | Goal::BeginUnlock { .. } | Goal::Unlock(_)) => {
            let way = goes_on(open.id, goal).unwrap_or_else(|| paths::job(&id.to_string()));
            Ok(Redirect::to(&way).into_response())
        }
    }
}

/// Where a new session begins.
fn first(first: First) -> &'static str {
    match first {
        First::Home => paths::HOME,
        First::Alert => paths::ALERT,
        First::Renewal => paths::RENEWAL,
    }
}

/// P-19: a page with no way on but the registration authority.
fn locked(app: &App, passcodes: &[Status]) -> Result<Response, PageError> {
    let page = html(AccountLocked::of(passcodes).render(app.pages(), &public_frame(app)))?;
    Ok((StatusCode::LOCKED, page).into_response())
}

fn not_opened(error: NotOpened) -> PageError {
    match error {
        NotOpened::Locked(_) => PageError::Problem(ProblemKind::Locked),
        NotOpened::Refused(refusal) => PageError::Refused(Box::new(RefusalView {
            rule: Some(rule_link(refusal.rule().as_str())),
            why: format!("{refusal}."),
            facts: Vec::new(),
            changes_on: None,
            way_out: refusal.way_out().to_owned(),
        })),
        NotOpened::CardGone => PageError::Refused(Box::new(RefusalView {
            rule: Some(rule_link("P-05")),
            why: format!("{CARD_GONE}."),
            facts: Vec::new(),
            changes_on: None,
            way_out: CARD_GONE_WAY_OUT.to_owned(),
        })),
        NotOpened::Failed(error) => PageError::Failed(error),
    }
}
