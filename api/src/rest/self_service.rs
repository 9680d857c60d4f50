//! how a holder stands with self-service, and registering for it. What was entered is
//! judged as a whole; then a job waits for the card, and then the registration for its code.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::CommandId,
    self_service::{QuestionId, SentCode, questions},
};
use protocol::JobId;
use serde::{Deserialize, Serialize};
use stores::{session::Session, token::TokenHash};
use utoipa::ToSchema;
use uuid::Uuid;
use workflows::registration::Next;
use zeroize::Zeroizing;

use super::{
    PREFIX,
    extract::{Caller, LoggedInBrowser, Sent, wiped},
    idempotency::{Answer, IdempotencyKey, whole_request},
    jobs::Started,
    problem::Problem,
};
use crate::{
    admission::UseProfile,
    app::App,
    cookies::{BROWSER_COOKIE, token},
    jobs::{OpenJob, job_of},
    self_service::{self, NotBegun, RegistrationFlow},
};

/// The act of registering, as a repeat of it is recognised by.
const REGISTER: &str = "POST /api/self-service/registrations";

/// one of the twenty questions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecurityQuestion {
    /// Its id.
    #[schema(examples("Q07"), pattern = "^Q(0[1-9]|1[0-9]|20)$")]
    id: String,
    /// Its words.
    text: &'static str,
}

impl From<QuestionId> for SecurityQuestion {
    fn from(id: QuestionId) -> Self {
        Self { id: id.to_string(), text: id.text() }
    }
}

/// R-02, B-34, B-37, B-43: how a holder stands with self-service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SelfService {
    /// registered since this day; none if he is not.
    #[schema(required)]
    registered_on: Option<NaiveDate>,
    /// Where codes are sent, masked.
    #[schema(required, examples("n•••@example.org"))]
    address: Option<String>,
    /// The questions that he has chosen; never the answers.
    questions: Vec<SecurityQuestion>,
    /// B-44: a registration waits for its code until this instant.
    #[schema(required)]
    awaiting_until: Option<DateTime<Utc>>,
    /// The job of that registration, for the browser that began it.
    #[schema(required)]
    awaiting: Option<Uuid>,
    /// U-07, B-34: blocked since this day, until the registration authority releases him.
    #[schema(required)]
    blocked_on: Option<NaiveDate>,
    /// B-37: no unlock before this instant.
    #[schema(required)]
    paused_until: Option<DateTime<Utc>>,
    /// all that may be chosen.
    choices: Vec<SecurityQuestion>,
}

/// how the holder stands, and the questions that may be chosen.
#[utoipa::path(get, path = "/self-service", operation_id = "show_self_service", tag = "self-service", security(("session" = [])), responses(
    (status = 200, description = "How he stands.", body = SelfService),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
) -> Result<Json<SelfService>, Problem> {
    let overview = self_service::overview(&app, session.holder).await?;
    let (status, awaiting) = (overview.status, overview.status.awaiting);
    Ok(Json(SelfService {
        registered_on: status.registered_on,
        address: overview.address,
        questions: overview.questions.into_iter().map(SecurityQuestion::from).collect(),
        awaiting_until: awaiting.map(|awaiting| awaiting.until),
        awaiting: awaiting.map(|awaiting| self_service::job_of(awaiting.registration).0),
        blocked_on: status.blocked_on,
        paused_until: status.paused_until,
        choices: questions().iter().map(|question| question.id.into()).collect(),
    }))
}

/// a question and what is answered to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GivenAnswer {
    /// The question's id.
    #[schema(value_type = String, examples("Q07"), pattern = "^Q(0[1-9]|1[0-9]|20)$")]
    question: QuestionId,
    /// The answer.
    #[schema(value_type = String, format = Password, max_length = 100)]
    #[serde(deserialize_with = "wiped")]
    answer: Zeroizing<String>,
}

/// Questions with their answers, as they are judged.
pub(super) fn given(answers: &[GivenAnswer]) -> Vec<(QuestionId, &str)> {
    answers.iter().map(|given| (given.question, given.answer.as_str())).collect()
}

/// a registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    /// Exactly four; left out where questions and answers stay as they are and only the address
    /// changes (B-43).
    #[schema(min_items = 4, max_items = 4)]
    answers: Option<Vec<GivenAnswer>>,
    /// where codes are sent.
    #[schema(format = "email", max_length = 254)]
    email: String,
}

/// R-02, R-04, R-05: *Register*, or *Change*: judged as a whole; what is right waits for the card, and
/// nothing is changed before.
#[utoipa::path(post, path = "/self-service/registrations", operation_id = "register_for_self_service", tag = "self-service", security(("session" = [], "browser" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = Register, responses(
    (status = 202, description = "It waits for the card.", body = Started,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The browser's cookie, which came with the log-in, is missing; or self-service is blocked (B-34), or codes were asked for too often (B-36).",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Everything that is wrong with questions and answers, at once; or the address is none, or none that is allowed (B-42).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn register(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
    LoggedInBrowser(browser): LoggedInBrowser,
    key: IdempotencyKey,
    sent: Sent<Register>,
) -> Result<Response, Problem> {
    let request = whole_request(REGISTER, &session, browser, &sent.bytes);
    let work = |command| begin(&app, &session, browser, &sent.value, command);
    Ok(key.once(&app, &request, work).await?.into_response())
}

async fn begin(
    app: &App,
    session: &Session,
    browser: TokenHash,
    register: &Register,
    command: CommandId,
) -> Result<Answer, Problem> {
    // A repeat whose first answer was lost.
    if let Some(open) = app.job(job_of(command)).await? {
        return Ok(started(app, &open)?);
    }
    let answers = register.answers.as_deref().map(given);
    let email = &register.email;
    match self_service::begin(app, session, browser, command, answers.as_deref(), email).await {
        Ok(job) => match app.job(job).await? {
            Some(open) => Ok(started(app, &open)?),
            None => Err(Problem::over()),
        },
        Err(error @ (NotBegun::Faults(_) | NotBegun::Address(_) | NotBegun::Refused(_))) => {
            Ok(Answer::refused(&Problem::of_not_begun(error))?)
        }
        Err(error @ (NotBegun::Busy | NotBegun::Failed(_))) => Err(Problem::of_not_begun(error)),
    }
}

fn started(app: &App, open: &OpenJob) -> anyhow::Result<Answer> {
    let location = format!("{PREFIX}/self-service/registrations/{}", open.id.0);
    Answer::accepted(location, &Started::of(app, open))
}

/// A mailed code that is awaited.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AwaitedCode {
    /// B-36: which of the codes it is, as page and mail say; none if none could be sent yet.
    #[schema(required)]
    number: Option<u8>,
    /// Where it was sent, masked.
    #[schema(required, examples("n•••@example.org"))]
    address: Option<String>,
    /// B-11: the first instant at which it is not good any more.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
    /// B-37: it was entered wrongly too often.
    void: bool,
    /// B-36: from when on another may be asked for; none if now.
    #[schema(required)]
    next_at: Option<DateTime<Utc>>,
    /// True if its mail was refused, or did not get through in time.
    undeliverable: bool,
}

impl AwaitedCode {
    /// The newest of a flow.
    pub(super) fn of(
        sent: Option<&SentCode>,
        address: Option<String>,
        next_at: Option<DateTime<Utc>>,
        undeliverable: bool,
    ) -> Self {
        Self {
            number: sent.map(|sent| sent.number),
            address,
            expires_at: sent.map(|sent| sent.expires_at),
            void: sent.is_some_and(|sent| sent.voided),
            next_at,
            undeliverable,
        }
    }
}

/// how far a registration is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SelfServiceRegistration {
    /// Its job.
    job: Uuid,
    /// How far.
    state: RegistrationState,
    /// B-44: until when the code is awaited; none once it is over.
    #[schema(required)]
    until: Option<DateTime<Utc>>,
    /// The code, while it is awaited.
    #[schema(required)]
    code: Option<AwaitedCode>,
}

/// How far a registration is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RegistrationState {
    /// it waits for its code.
    Code,
    /// it is in force.
    Registered,
    /// B-44: its time is over, it was given up, or another one was begun.
    Over,
}

impl From<RegistrationFlow> for SelfServiceRegistration {
    fn from(flow: RegistrationFlow) -> Self {
        let (state, until, code) = match &flow.next {
            Next::Code { sent, until } => {
                let (address, next_at) = (flow.address.clone(), flow.next_code_at);
                let code = AwaitedCode::of(sent.as_ref(), address, next_at, flow.undeliverable);
                (RegistrationState::Code, Some(*until), Some(code))
            }
            Next::Done { .. } => (RegistrationState::Registered, None, None),
            Next::Over(_) => (RegistrationState::Over, None, None),
        };
        Self { job: flow.job.0, state, until, code }
    }
}

/// B-38: the registration of a job, if it is this holder's and this browser began it.
async fn flow(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    job: Uuid,
) -> Result<RegistrationFlow, Problem> {
    let not_there = || {
        Problem::of(StatusCode::NOT_FOUND)
            .because("There is no such registration, its card has not agreed yet, or another browser began it.")
            .but("Ask for the job, or register again.")
    };
    let browser = token(jar, BROWSER_COOKIE).ok_or_else(not_there)?;
    self_service::flow(app, session, JobId(job), browser).await?.ok_or_else(not_there)
}

async fn now(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    job: Uuid,
) -> Result<Json<SelfServiceRegistration>, Problem> {
    Ok(Json(flow(app, session, jar, job).await?.into()))
}

/// how far a registration is, from the card's agreement on.
#[utoipa::path(get, path = "/self-service/registrations/{job}", operation_id = "show_registration", tag = "self-service", params(("job" = Uuid, Path)), security(("session" = [], "browser" = [])), responses(
    (status = 200, description = "How far it is.", body = SelfServiceRegistration),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such registration, its card has not agreed yet, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn registration(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<SelfServiceRegistration>, Problem> {
    now(&app, &session, &jar, job).await
}

/// A code that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailedCode {
    /// As it was typed: case, spaces and hyphens mean nothing (B-38).
    #[schema(max_length = 64)]
    pub(super) code: String,
}

/// the code completes the registration.
#[utoipa::path(post, path = "/self-service/registrations/{job}/code", operation_id = "complete_registration", tag = "self-service", params(("job" = Uuid, Path)), security(("session" = [], "browser" = [])),
    request_body = MailedCode, responses(
    (status = 200, description = "The registration is in force.", body = SelfServiceRegistration),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The code is wrong, expired, void or not the newest.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such registration, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn enter_code(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    sent: Sent<MailedCode>,
) -> Result<Json<SelfServiceRegistration>, Problem> {
    let before = flow(&app, &session, &jar, job).await?;
    let done = self_service::enter_code(&app, &before, &sent.value.code).await;
    done.map_err(Problem::of_not_done)?;
    now(&app, &session, &jar, job).await
}

/// B-36: another code, which takes the place of the one before.
#[utoipa::path(post, path = "/self-service/registrations/{job}/codes", operation_id = "send_registration_code", tag = "self-service", params(("job" = Uuid, Path)), security(("session" = [], "browser" = [])), responses(
    (status = 200, description = "It is on its way.", body = SelfServiceRegistration),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It is too soon, or there were too many within an hour.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such registration, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn send_code(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<SelfServiceRegistration>, Problem> {
    let before = flow(&app, &session, &jar, job).await?;
    self_service::send_code(&app, &before).await.map_err(Problem::of_not_done)?;
    now(&app, &session, &jar, job).await
}

/// another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherAddress {
    /// Where codes are sent.
    #[schema(format = "email", max_length = 254)]
    email: String,
}

/// R-07, B-42: another address, while the code is awaited: a new code goes there.
#[utoipa::path(post, path = "/self-service/registrations/{job}/address", operation_id = "redirect_registration", tag = "self-service", params(("job" = Uuid, Path)), security(("session" = [], "browser" = [])),
    request_body = OtherAddress, responses(
    (status = 200, description = "A new code is on its way there.", body = SelfServiceRegistration),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It is too soon, or there were too many codes within an hour.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such registration, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The address is none, or none that is allowed (B-42).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn redirect(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    sent: Sent<OtherAddress>,
) -> Result<Json<SelfServiceRegistration>, Problem> {
    let before = flow(&app, &session, &jar, job).await?;
    let done = self_service::redirect(&app, &before, &sent.value.email).await;
    done.map_err(Problem::of_not_begun)?;
    now(&app, &session, &jar, job).await
}

/// B-44: it is given up, and what was entered for it is deleted.
#[utoipa::path(post, path = "/self-service/registrations/{job}/cancel", operation_id = "cancel_registration", tag = "self-service", params(("job" = Uuid, Path)), security(("session" = [], "browser" = [])), responses(
    (status = 200, description = "It is given up.", body = SelfServiceRegistration),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such registration, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cancel(
    State(app): State<App>,
    Caller { session, .. }: Caller<UseProfile>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<SelfServiceRegistration>, Problem> {
    let before = flow(&app, &session, &jar, job).await?;
    self_service::cancel(&app, &before).await.map_err(Problem::of_not_done)?;
    now(&app, &session, &jar, job).await
}
