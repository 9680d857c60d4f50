//! Jobs: how far one is, and the way back from the passcode page.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use domain::logon::LogonRefusal;
use protocol::JobId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use workflows::card_job::{CardJob, Claim, Goal, Stage};

use super::{PREFIX, extract::Sent, problem::Problem, renewals::Renewal};
use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, token},
    jobs::OpenJob,
    log_in::{self, NotOpened},
    passcode_page,
    updates::{self, Ended},
};

/// A job that was started, and where it goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Started {
    /// Its number, which is no secret.
    job: Uuid,
    /// The page on the holder's own workstation where he types his smartcard passcode.
    #[schema(format = "uri")]
    passcode_page: String,
    /// From this instant on the job is over, and everything entered for it is gone.
    expires_at: DateTime<Utc>,
}

impl Started {
    /// The job with this number, started now.
    pub(super) fn now(app: &App, job: JobId) -> Self {
        Self::at(app, job, app.now())
    }

    /// A job, whenever it was started.
    pub(super) fn of(app: &App, open: &OpenJob) -> Self {
        Self::at(app, open.id, open.started_at)
    }

    fn at(app: &App, job: JobId, started_at: DateTime<Utc>) -> Self {
        Self {
            job: job.0,
            passcode_page: passcode_page::address(app, job),
            expires_at: CardJob::ends_at(started_at),
        }
    }

    /// Where to ask how far it is.
    pub(super) fn location(&self) -> String {
        format!("{PREFIX}/jobs/{}", self.job)
    }
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct Progress {
    /// Its number.
    job: Uuid,
    /// What for.
    purpose: Purpose,
    /// How far.
    state: JobState,
    /// Where the holder types his smartcard passcode, while it is waited for.
    #[schema(format = "uri", required)]
    passcode_page: Option<String>,
    /// From this instant on the job is over, unless its state is not known yet.
    expires_at: DateTime<Utc>,
    /// Why the last try came to nothing, in a sentence.
    #[schema(required)]
    last_try: Option<String>,
}

/// What a job is for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    /// P-05.
    LogIn,
    /// P-20 to P-28.
    ChangePasscodes,
    /// C-09.
    RenewCertificates,
    ///
    Register,
    /// U-04: the card shows that it is there.
    BeginUnlock,
    /// U-12: the new passcode.
    Unlock,
    /// P-03.
    Personalise,
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum JobState {
    /// For the holder, at the passcode page.
    Waiting,
    /// The card is being written. For certificates, ask for the renewal: it says how far it is.
    Writing,
    /// The link to the card was lost while it was being written. The next log-in settles it.
    NotKnown,
    /// The card has done its part.
    Done,
    /// The card kept the old passcode: nothing was changed.
    NotWritten,
    /// The holder cancelled it: nothing was changed.
    Cancelled,
}

impl Progress {
    fn of(app: &App, open: &OpenJob) -> Self {
        let state = match &open.job.stage {
            Stage::Open
            | Stage::Claimed(_)
            | Stage::Present(_)
            | Stage::Agreed(_)
            | Stage::Settled(_) => JobState::Waiting,
            Stage::Writing(..) | Stage::Updating(_) => JobState::Writing,
            Stage::Unknown(..) => JobState::NotKnown,
            Stage::Done(_) => JobState::Done,
            Stage::NotWritten(_) => JobState::NotWritten,
            Stage::Cancelled => JobState::Cancelled,
        };
        let waits = matches!(state, JobState::Waiting);
        Self {
            job: open.id.0,
            purpose: match &open.job.goal {
                Goal::LogIn => Purpose::LogIn,
                Goal::ChangePasscodes(_) => Purpose::ChangePasscodes,
                Goal::UpdateCard(_) => Purpose::RenewCertificates,
                Goal::Personalise { .. } => Purpose::Personalise,
                Goal::Register(_) => Purpose::Register,
                Goal::BeginUnlock { unlock: _ } => Purpose::BeginUnlock,
                Goal::Unlock(_) => Purpose::Unlock,
            },
            state,
            passcode_page: waits.then(|| passcode_page::address(app, open.id)),
            expires_at: CardJob::ends_at(open.started_at),
            last_try: open.job.last_refusal.as_ref().map(passcode_page::last_try),
        }
    }
}

/// How far a job is. Only for the browser that started it, known by its cookie.
#[utoipa::path(get, path = "/jobs/{id}", operation_id = "show_job", tag = "jobs", params(("id" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 200, description = "How far it is.", body = Progress),
    (status = 404, description = "There is no such job, it is over, or another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Json<Progress>, Problem> {
    let browser = token(&jar, BROWSER_COOKIE);
    match app.job(JobId(id)).await? {
        Some(open) if browser.is_some() && open.browser == browser => {
            Ok(Json(Progress::of(&app, &open)))
        }
        Some(_) | None => Err(Problem::of(StatusCode::NOT_FOUND)
            .because("There is no such job, its ten minutes are over, or another browser began it.")
            .but("Start again.")),
    }
}

/// The return code that the passcode page sends the browser back with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnCode {
    /// Hexadecimal; good for one minute, once, in the browser that started the job.
    #[schema(min_length = 32, max_length = 32)]
    code: String,
}

/// Back from the passcode page: a log-in opens the session, a change says how it ended.
#[utoipa::path(post, path = "/jobs/{id}/return", operation_id = "bring_back", tag = "jobs", params(("id" = Uuid, Path)), security(("browser" = [])),
    request_body = ReturnCode, responses(
    (status = 200, description = "How the change ended.", body = Ended),
    (status = 204, description = "The session is open.",
        headers(("set-cookie" = String, description = "The session's cookie."))),
    (status = 403, description = "The code is unknown, spent, over a minute old, another job's or another browser's; or the card is not the holder's.",
        body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The card has not done its part yet.",
        body = Problem, content_type = "application/problem+json"),
    (status = 423, description = "The account is locked.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn back(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
    sent: Sent<ReturnCode>,
) -> Result<Response, Problem> {
    let Some(open) = log_in::redeem(&app, &jar, JobId(id), &sent.value.code).await? else {
        return Err(Problem::of(StatusCode::FORBIDDEN)
            .because("This return code is unknown, spent, over a minute old, another job's or another browser's.")
            .but("Start again."));
    };
    match (&open.job.goal, &open.job.stage) {
        (Goal::LogIn, Stage::Done(claim)) => opened(&app, jar, &open, claim).await,
        (
            Goal::Personalise { .. }
            | Goal::Register(_)
            | Goal::BeginUnlock { unlock: _ }
            | Goal::Unlock(_),
            Stage::Done(_),
        ) => Ok(StatusCode::NO_CONTENT.into_response()),
        (Goal::ChangePasscodes(change), stage) => {
            let ended = updates::ended(&app, stage, change).await?.ok_or_else(not_yet)?;
            Ok(Json(ended).into_response())
        }
        (Goal::UpdateCard(planned), Stage::Updating(_) | Stage::Done(_)) => {
            Ok(Json(Renewal::of(&app, &open, planned).await?).into_response())
        }
        (
            Goal::LogIn
            | Goal::UpdateCard(_)
            | Goal::Personalise { .. }
            | Goal::Register(_)
            | Goal::BeginUnlock { unlock: _ }
            | Goal::Unlock(_),
            _,
        ) => Err(not_yet()),
    }
}

async fn opened(
    app: &App,
    jar: CookieJar,
    open: &OpenJob,
    claim: &Claim,
) -> Result<Response, Problem> {
    match log_in::open_session(app, jar, open, claim).await {
        Ok(opened) => Ok((StatusCode::NO_CONTENT, opened.jar).into_response()),
        Err(NotOpened::Refused(refusal)) => Err(Problem::of_logon(refusal, &[])),
        Err(NotOpened::Locked(passcodes)) => {
            Err(Problem::of_logon(LogonRefusal::AccountLocked, &passcodes))
        }
        Err(NotOpened::CardGone) => Err(Problem::card_gone()),
        Err(NotOpened::Failed(error)) => Err(error.into()),
    }
}

fn not_yet() -> Problem {
    Problem::of(StatusCode::CONFLICT).because("The card has not done its part yet.")
}
