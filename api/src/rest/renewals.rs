//! C-09 to C-14: a renewal is a job at the passcode page, and then an update of the card that is
//! asked how far it is. It belongs to the browser that started it, for the session ends with it; and
//! what the registration authority allows (C-04).

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use domain::{
    certificate::{self, IdentityEvidence, Visit},
    holder::HolderCommand,
    ids::{CommandId, HolderId},
};
use protocol::JobId;
use serde::{Deserialize, Serialize};
use stores::{api_token::ApiToken, session::Session, token::TokenHash};
use utoipa::ToSchema;
use uuid::Uuid;
use workflows::{
    card_job::PlannedUpdate,
    update_my_card::{Line, State as LineState, What},
};

use super::{
    extract::{Caller, LoggedInBrowser, RegistrationAuthority, Sent},
    idempotency::{Answer, IdempotencyKey, whole_request},
    jobs::Started,
    problem::Problem,
};
use crate::{
    admission::RenewCertificates,
    app::App,
    cookies::{BROWSER_COOKIE, token},
    execute::{Actor, Cause},
    jobs::{OpenJob, job_of},
    passcode_page,
    renewals::{self, Stands},
};

/// How far a renewal is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Renewal {
    /// The job that was asked for.
    job: Uuid,
    /// The update of the card, which may be carried by several jobs.
    update: Uuid,
    /// How far it is.
    state: RenewalState,
    /// C-11: the five steps; empty before the card has agreed.
    steps: Vec<RenewalStep>,
    /// Why the last try came to nothing, in a sentence.
    #[schema(required)]
    last_try: Option<String>,
    /// Once it is done: until when the new certificates are good, the earlier of both.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
}

/// How far a renewal is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RenewalState {
    /// For the holder, at the passcode page.
    Waiting,
    /// The card software works on it.
    Working,
    /// B-55: it stopped, and can be gone on with.
    Interrupted,
    /// C-12: both certificates are on the card; *Continue* is waited for, and for nothing else.
    Renewed,
    /// C-13.
    Acknowledged,
}

/// C-11: one of the five steps.
#[derive(Debug, Serialize, ToSchema)]
struct RenewalStep {
    /// Which.
    step: Step,
    /// How far.
    state: StepState,
}

/// Which step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// Checking your card.
    Checking,
    /// Creating card.
    Creating,
    /// Writing certificate 1 of 2.
    WritingFirst,
    /// Writing certificate 2 of 2.
    WritingSecond,
    /// Reading back.
    ReadingBack,
}

/// How far a step is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StepState {
    /// It comes later.
    Waiting,
    /// The card is at it.
    InProgress,
    /// It is done, and on record.
    Done,
    /// It came to nothing, and may be tried again.
    Failed,
    /// Only reading the card will tell.
    NotKnown,
}

impl From<&Line> for RenewalStep {
    fn from(line: &Line) -> Self {
        let step = match line.what {
            What::Checking => Step::Checking,
            What::Creating => Step::Creating,
            What::WritingFirst => Step::WritingFirst,
            What::WritingSecond => Step::WritingSecond,
            What::ReadingBack => Step::ReadingBack,
        };
        let state = match line.state {
            LineState::Waiting => StepState::Waiting,
            LineState::InProgress => StepState::InProgress,
            LineState::Done => StepState::Done,
            LineState::Failed => StepState::Failed,
            LineState::NotKnown => StepState::NotKnown,
        };
        Self { step, state }
    }
}

impl Renewal {
    /// How far the update of this job is; a problem once it is over.
    pub(super) async fn of(
        app: &App,
        open: &OpenJob,
        planned: &PlannedUpdate,
    ) -> Result<Self, Problem> {
        let stands = renewals::stands(app, open, planned).await?;
        let steps = |lines: &[Line]| lines.iter().map(RenewalStep::from).collect();
        let (state, steps, expires_at) = match &stands {
            Stands::NotBegun => (RenewalState::Waiting, Vec::new(), None),
            Stands::Working(lines) => (RenewalState::Working, steps(lines), None),
            Stands::Interrupted(lines) => (RenewalState::Interrupted, steps(lines), None),
            Stands::Renewed(committed) => {
                let state = if committed.acknowledged {
                    RenewalState::Acknowledged
                } else {
                    RenewalState::Renewed
                };
                (state, Vec::new(), Some(committed.expires_at))
            }
            Stands::Revoked => {
                return Err(Problem::of_refusal(&certificate::Refusal::Revoked.into()));
            }
            Stands::Replaced => {
                return Err(Problem::of_refusal(&certificate::Refusal::NoUpdate.into()));
            }
            Stands::Over => {
                return Err(Problem::of(StatusCode::NOT_FOUND)
                    .because("Your certificates were renewed, and your session is over.")
                    .but("Log in again."));
            }
        };
        let last_try = open.job.last_refusal.as_ref().map(passcode_page::last_try);
        Ok(Self { job: open.id.0, update: planned.update.0, state, steps, last_try, expires_at })
    }
}

/// C-09: *Renew*: it waits for the card, and nothing is changed before.
#[utoipa::path(post, path = "/renewals", operation_id = "renew_certificates", tag = "certificates", security(("session" = [], "browser" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    responses(
    (status = 202, description = "It waits for the card.", body = Started,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The browser's cookie, which came with the log-in, is missing; or it is too early (C-01), or only the registration authority can do it (C-04), or passcodes come first (B-18).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn start(
    State(app): State<App>,
    Caller { session, .. }: Caller<RenewCertificates>,
    LoggedInBrowser(browser): LoggedInBrowser,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let request = whole_request("POST /api/renewals", &session, browser, &[]);
    let work = |command| begin(&app, &session, browser, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn begin(
    app: &App,
    session: &Session,
    browser: TokenHash,
    command: CommandId,
) -> Result<Answer, Problem> {
    // A repeat whose first answer was lost.
    if let Some(open) = app.job(job_of(command)).await? {
        return Ok(started(app, &open)?);
    }
    let loaded = app.load(session.holder).await.map_err(anyhow::Error::from)?;
    match renewals::plan(app, session, &loaded, command) {
        Ok(planned) => visit(app, planned, browser, command).await,
        Err(refusal) => Ok(Answer::refused(&Problem::of_refusal(&refusal))?),
    }
}

async fn visit(
    app: &App,
    planned: PlannedUpdate,
    browser: TokenHash,
    visit: CommandId,
) -> Result<Answer, Problem> {
    let job = app.start_visit(planned, visit, browser).await?;
    match app.job(job).await? {
        Some(open) => Ok(started(app, &open)?),
        None => Err(Problem::over()),
    }
}

fn started(app: &App, open: &OpenJob) -> anyhow::Result<Answer> {
    let started = Started::of(app, open);
    let location = format!("{}/renewals/{}", super::PREFIX, open.id.0);
    Answer::accepted(location, &started)
}

/// The update of a job, if this browser started it.
async fn mine(
    app: &App,
    jar: &CookieJar,
    id: Uuid,
) -> Result<(OpenJob, PlannedUpdate, TokenHash), Problem> {
    let not_there = || {
        Problem::of(StatusCode::NOT_FOUND)
            .because("There is no such renewal, it is over, or another browser began it.")
            .but("Log in to see how your certificates stand.")
    };
    let browser = token(jar, BROWSER_COOKIE).ok_or_else(not_there)?;
    let open = app.job(JobId(id)).await?.filter(|open| open.browser == Some(browser));
    let open = open.ok_or_else(not_there)?;
    let planned = renewals::carried(&open).ok_or_else(not_there)?.clone();
    Ok((open, planned, browser))
}

/// C-11, C-12: how far a renewal is. Only for the browser that started it, until five minutes after
/// it is done (C-14).
#[utoipa::path(get, path = "/renewals/{job}", operation_id = "show_renewal", tag = "certificates", params(("job" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 200, description = "How far it is.", body = Renewal),
    (status = 404, description = "There is no such renewal, it was done more than five minutes ago, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<Renewal>, Problem> {
    let (open, planned, _) = mine(&app, &jar, job).await?;
    Ok(Json(Renewal::of(&app, &open, &planned).await?))
}

/// B-55: another visit to the card goes on with an interrupted renewal. It needs no session: the
/// card has to agree as for a log-in.
#[utoipa::path(post, path = "/renewals/{job}/again", operation_id = "resume_renewal", tag = "certificates", params(("job" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 202, description = "It waits for the card.", body = Started,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 404, description = "There is no such renewal, it is over, or another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many have been started within a minute.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn again(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, Problem> {
    let (_, planned, browser) = mine(&app, &jar, job).await?;
    if !app.admits_log_in(&headers) {
        return Err(Problem::of(StatusCode::TOO_MANY_REQUESTS));
    }
    let id = app.entropy().command_id(app.now());
    Ok(visit(&app, planned, browser, id).await?.into_response())
}

/// C-13, B-56: *Continue*. The renewal stands without it.
#[utoipa::path(post, path = "/renewals/{job}/acknowledgement", operation_id = "acknowledge_renewal", tag = "certificates", params(("job" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 200, description = "Acknowledged, now or before.", body = Renewal),
    (status = 404, description = "There is no such renewal, it is over, or another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It is not done yet.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn acknowledge(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<Renewal>, Problem> {
    let (open, planned, _) = mine(&app, &jar, job).await?;
    match renewals::stands(&app, &open, &planned).await? {
        Stands::Renewed(_) => {
            let done = renewals::acknowledge(&app, planned.holder, planned.update).await;
            done.map_err(Problem::of_execute)?;
        }
        Stands::NotBegun
        | Stands::Working(_)
        | Stands::Interrupted(_)
        | Stands::Revoked
        | Stands::Replaced => {
            return Err(Problem::of(StatusCode::CONFLICT).because("It is not done yet."));
        }
        Stands::Over => {}
    }
    Ok(Json(Renewal::of(&app, &open, &planned).await?))
}

/// C-04: somebody's identity was checked at a registration authority.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityCheck {
    /// By what.
    #[schema(value_type = EvidenceShown)]
    evidence: IdentityEvidence,
    /// Where: name or code of the office.
    #[schema(min_length = 1, max_length = 80)]
    place: String,
}

/// By what an identity was checked.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the description's words for the domain's evidence")]
enum EvidenceShown {
    /// A passport.
    Passport,
    /// A driving licence with a photograph.
    DrivingLicence,
    /// A national identity card.
    NationalIdentityCard,
    /// The photograph that the registration authority has on record.
    PhotographOnRecord,
}

/// C-04: the holder may renew, with this card.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RenewalAuthorised {
    /// Until this instant.
    #[schema(required)]
    until: Option<DateTime<Utc>>,
}

/// C-04, B-49: the registration authority has checked who the holder is, and lets him renew his
/// certificates within half an hour, with the card he has. He does it himself, with his passcode.
#[utoipa::path(post, path = "/holders/{id}/renewal-authorisations", operation_id = "authorise_renewal", tag = "certificates", params(("id" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("machine" = [])), request_body = IdentityCheck, responses(
    (status = 200, description = "Until when the holder may renew.", body = RenewalAuthorised),
    (status = 401, description = "No bearer token, or none that is good.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The bearer token is for something else, or a rule says no.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn authorise(
    State(app): State<App>,
    RegistrationAuthority(token): RegistrationAuthority,
    Path(id): Path<Uuid>,
    key: IdempotencyKey,
    sent: Sent<IdentityCheck>,
) -> Result<Response, Problem> {
    let act = b"POST /api/renewal-authorisations\0".as_slice();
    let machine = token.api_token_id.0;
    let request = [act, machine.as_bytes(), id.as_bytes(), &sent.bytes].concat();
    let IdentityCheck { evidence, place } = sent.value;
    let visit = Visit { evidence, place };
    let work = |command| authorised(&app, &token, HolderId(id), visit, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn authorised(
    app: &App,
    token: &ApiToken,
    holder: HolderId,
    visit: Visit,
    command: CommandId,
) -> Result<Answer, Problem> {
    let authorise = HolderCommand::AuthoriseRenewal(visit);
    let actor = Actor::RegistrationAuthority { token: token.api_token_id.0 };
    let done = app.execute(holder, Cause::first(command), actor, &authorise).await;
    done.map_err(Problem::of_execute)?;
    let loaded = app.load(holder).await.map_err(anyhow::Error::from)?;
    let standing = loaded.holder.certificates(&app.context(&loaded));
    let until = standing.and_then(|standing| standing.authorised_until);
    Ok(Answer::done(&RenewalAuthorised { until })?)
}
