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
    agents::answers::Stop,
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
    let (open, is_open) = match app.job(JobId(id)).await? {
        Some(open) => (Some(open), true),
        None => (app.ended_job(JobId(id)).await?, false),
    };
    let (purpose, state) = match open {
        Some(open) if open.browser != token(&jar, BROWSER_COOKIE) => {
            return Err(PageError::Problem(ProblemKind::NotFound));
        }
        Some(open) if is_open => {
            let way = match leads_to(&open) {
                None if is_left_behind(&app, &open).await? => goes_on(open.id, &open.job.goal),
                way => way,
            };
            match way {
                Some(way) => return Ok(Redirect::to(&way).into_response()),
                None => (purpose(&open.job.goal), state(&app, &open).await?),
            }
        }
        Some(ended) => (purpose(&ended.job.goal), JobState::Expired),
        None => (JobFor::Forgotten, JobState::Expired),
    };
    let page = Job { id: id.to_string(), purpose, state };
    html(page.render(app.pages(), &public_frame(&app)))
}

/// Another page, where that says more than this one.
fn leads_to(open: &OpenJob) -> Option<String> {
    let (id, goal) = (open.id, &open.job.goal);
    match (&open.job.stage, goal) {
        (Stage::Updating(_) | Stage::Done(_), Goal::UpdateCard(_)) => {
            Some(paths::card_update(&id.to_string()))
        }
        // B-38: an unlock goes on in the browser that was at the card reader.
        (Stage::Done(_), Goal::BeginUnlock { .. }) if !open.job.returned => None,
        (Stage::Done(_), goal) => goes_on(id, goal),
        // B-39: the new passcode can be chosen for as long as its time runs.
        (Stage::Cancelled | Stage::NotWritten(_), Goal::Unlock(_)) => goes_on(id, goal),
        (Stage::Cancelled, goal) => after_cancel(goal).map(str::to_owned),
        (
            Stage::Open
            | Stage::Claimed(_)
            | Stage::Present(_)
            | Stage::Agreed(_)
            | Stage::Settled(_)
            | Stage::Writing(..)
            | Stage::Unknown(..)
            | Stage::Updating(_)
            | Stage::NotWritten(_),
            _,
        ) => None,
    }
}

/// U-12: nothing more comes of this visit: another one has set the new passcode, or the unlock's time is
/// over. Its own page says which.
async fn is_left_behind(app: &App, open: &OpenJob) -> anyhow::Result<bool> {
    let (Goal::Unlock(planned), Stage::Open) = (&open.job.goal, &open.job.stage) else {
        return Ok(false);
    };
    match crate::jobs::unlock::in_time(app, planned).await {
        Ok(()) => Ok(false),
        Err(Stop::Refused { .. }) => Ok(true),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// R-08, U-05, U-12: where it goes on once the card has done its part.
fn goes_on(id: JobId, goal: &Goal) -> Option<String> {
    match goal {
        Goal::Register(_) => Some(paths::registration(&id.to_string())),
        Goal::BeginUnlock { .. } => Some(paths::unlock(&id.to_string())),
        Goal::Unlock(planned) => {
            let begun = crate::jobs::job_of(planned.unlock);
            Some(paths::unlock_after(&begun.to_string(), &id.to_string()))
        }
        Goal::LogIn | Goal::ChangePasscodes(_) | Goal::UpdateCard(_) | Goal::Personalise { .. } => {
            None
        }
    }
}

/// P-27: where somebody goes who changed his mind. Who was about to register can go on with what he
/// entered; his browser sends that only from a page of ours (a cookie that is *strict*), so he gets one.
fn after_cancel(goal: &Goal) -> Option<&'static str> {
    match goal {
        Goal::ChangePasscodes(_) => Some(paths::PASSCODES_CANCELLED),
        Goal::UpdateCard(_) => Some(paths::HOME),
        Goal::Register(_) => None,
        Goal::BeginUnlock { .. } | Goal::Unlock(_) => Some(paths::UNLOCK),
        Goal::Personalise { .. } => Some(paths::DESK),
        Goal::LogIn => Some(paths::LOG_IN),
    }
}

fn purpose(goal: &Goal) -> JobFor {
    match goal {
        Goal::LogIn => JobFor::LogIn,
        Goal::UpdateCard(_) => JobFor::UpdateCard,
        Goal::Register(_) => JobFor::Register,
        Goal::BeginUnlock { .. } => JobFor::BeginUnlock,
        Goal::Unlock(planned) => JobFor::Unlock { begun: crate::jobs::job_of(planned.unlock).0 },
        Goal::ChangePasscodes(_) => JobFor::ChangePasscodes,
        Goal::Personalise { .. } => JobFor::WriteCard,
    }
}

async fn state(app: &App, open: &OpenJob) -> anyhow::Result<JobState> {
    Ok(match &open.job.stage {
        Stage::Open if !app.agents().any_connected().await? => JobState::NoAgent,
        Stage::Open
        | Stage::Claimed(_)
        | Stage::Present(_)
        | Stage::Agreed(_)
        | Stage::Settled(_) => JobState::Waiting {
            passcode_url: passcode_page::address(app, open.id),
            passcode_host: passcode_page::host(app),
            until: super::time(app, CardJob::ends_at(open.started_at)),
            last_try: open.job.last_refusal.as_ref().map(passcode_page::last_try),
        },
        Stage::Writing(..) | Stage::Updating(_) => JobState::InProgress,
        Stage::Unknown(..) => JobState::NotKnown,
        Stage::Done(_) => JobState::DoneElsewhere,
        Stage::Cancelled => JobState::Cancelled,
        Stage::NotWritten(_) => JobState::Refused(RefusalView {
            rule: Some(rule_link("B-28")),
            why: "The card kept your old passcode, so nothing was changed".to_owned(),
            facts: Vec::new(),
            changes_on: None,
            way_out: "Go back to Manage Passcodes and try again.".to_owned(),
        }),
    })
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
            why: refusal.to_string(),
            facts: Vec::new(),
            changes_on: None,
            way_out: refusal.way_out().to_owned(),
        })),
        NotOpened::CardGone => PageError::Refused(Box::new(RefusalView {
            rule: Some(rule_link("P-05")),
            why: CARD_GONE.to_owned(),
            facts: Vec::new(),
            changes_on: None,
            way_out: CARD_GONE_WAY_OUT.to_owned(),
        })),
        NotOpened::Failed(error) => PageError::Failed(error),
    }
}
