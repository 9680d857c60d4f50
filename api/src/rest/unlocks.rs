//! U-01 to U-12: unlocking a smartcard, without a session. Before the card has shown that it is there
//! every start is answered alike; afterwards its holder is told plainly (B-40).

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use domain::refusal::{Refusal, RuleId};
use protocol::JobId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use workflows::unlock::Next;
use zeroize::Zeroizing;

use super::{
    extract::{Sent, wiped},
    jobs::Started,
    problem::Problem,
    self_service::{AwaitedCode, GivenAnswer, MailedCode, SecurityQuestion, given},
};
use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, browser, token},
    unlocks::{self, NotStarted, UnlockFlow},
};

/// U-06: the start of an unlock.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    /// Has to be true: the person was warned that trying to unlock somebody else's card is
    /// misconduct, and says that it is his own.
    warning_accepted: bool,
}

/// U-04: starts the job by which the card shows that it is there. Nothing is looked up before.
#[utoipa::path(post, path = "/unlocks", operation_id = "start_unlock", tag = "unlock", request_body = Begin, responses(
    (status = 201, description = "The job is started.", body = Started, headers(
        ("location" = String, description = "Where to ask how far it is."),
        ("set-cookie" = String, description = "The browser's cookie, if it sent none."))),
    (status = 422, description = "The warning was not accepted (U-06), or the body cannot be understood.",
        body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many have been started within a minute.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    sent: Sent<Begin>,
) -> Result<Response, Problem> {
    if !sent.value.warning_accepted {
        return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .by(const { RuleId::new("U-06") })
            .because("The warning about misconduct was not accepted.")
            .but("Show the warning, and send `warning_accepted` once it is accepted."));
    }
    let (browser, jar) = browser(jar, app.entropy());
    let job = unlocks::start(&app, &headers, browser).await.map_err(not_started)?;
    let started = Started::now(&app, job);
    let location = [(header::LOCATION, format!("{}/unlocks/{}", super::PREFIX, job.0))];
    Ok((StatusCode::CREATED, jar, location, Json(started)).into_response())
}

fn not_started(error: NotStarted) -> Problem {
    match error {
        NotStarted::TooMany => Problem::of(StatusCode::TOO_MANY_REQUESTS),
        NotStarted::Failed(error) => error.into(),
    }
}

/// How far an unlock is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unlock {
    /// Its job.
    job: Uuid,
    /// What comes next.
    next: UnlockNext,
    /// B-32: which of the three attempts; none where no questions are asked.
    #[schema(required)]
    attempt: Option<u8>,
    /// B-32: the questions of this attempt.
    questions: Vec<SecurityQuestion>,
    /// B-41: how often the account recovery passcode may be tried in their place; none if it may not.
    #[schema(required)]
    recovery_tries: Option<u8>,
    /// U-08: the code, while it is awaited.
    #[schema(required)]
    code: Option<AwaitedCode>,
    /// B-39: until when the new passcode may be chosen.
    #[schema(required)]
    passcode_until: Option<DateTime<Utc>>,
}

/// What comes next in an unlock.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum UnlockNext {
    /// U-05: the answers to these questions, all at once.
    Questions,
    /// B-41: the account recovery passcode; there is no registration.
    RecoveryPasscode,
    /// U-08.
    Code,
    /// U-12: the new passcode, at the passcode page.
    Passcode,
    /// The new passcode is on the card.
    Done,
}

impl Unlock {
    /// What comes next, or why nothing does (B-40).
    fn of(flow: UnlockFlow) -> Result<Self, Refusal> {
        let blank = |next| Self {
            job: flow.job.0,
            next,
            attempt: None,
            questions: Vec::new(),
            recovery_tries: None,
            code: None,
            passcode_until: None,
        };
        Ok(match flow.next {
            Next::Questions { attempt, asked, recovery_tries } => Self {
                attempt: Some(attempt),
                questions: asked.into_iter().map(SecurityQuestion::from).collect(),
                recovery_tries,
                ..blank(UnlockNext::Questions)
            },
            Next::RecoveryPasscode { tries } => {
                Self { recovery_tries: Some(tries), ..blank(UnlockNext::RecoveryPasscode) }
            }
            Next::Code { ref sent } => {
                let (address, next_at) = (flow.address.clone(), flow.next_code_at);
                let code = AwaitedCode::of(sent.as_ref(), address, next_at, flow.undeliverable);
                Self { code: Some(code), ..blank(UnlockNext::Code) }
            }
            Next::Passcode { until } => {
                Self { passcode_until: Some(until), ..blank(UnlockNext::Passcode) }
            }
            Next::Done => blank(UnlockNext::Done),
            Next::Over(refusal) => return Err(refusal),
        })
    }
}

/// B-38: the unlock of a job, if this browser began it and its card has shown itself.
async fn flow(app: &App, jar: &CookieJar, job: Uuid) -> Result<UnlockFlow, Problem> {
    let not_there = || {
        Problem::of(StatusCode::NOT_FOUND)
            .because("There is no such unlock, its card has not shown itself yet, or another browser began it.")
            .but("Ask for the job, or start again.")
    };
    let browser = token(jar, BROWSER_COOKIE).ok_or_else(not_there)?;
    unlocks::flow(app, JobId(job), browser).await?.ok_or_else(not_there)
}

async fn now(app: &App, flow: &UnlockFlow) -> Result<Json<Unlock>, Problem> {
    let now = Unlock::of(flow.again(app).await?);
    now.map(Json).map_err(|refusal| Problem::of_refusal(&refusal))
}

/// What comes next, from the card's proof on. Only for the browser that started it.
#[utoipa::path(get, path = "/unlocks/{job}", operation_id = "show_unlock", tag = "unlock", params(("job" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 200, description = "What comes next.", body = Unlock),
    (status = 403, description = "It cannot go on: why, and what to do instead (B-40).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such unlock, its card has not shown itself yet, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<Unlock>, Problem> {
    let now = Unlock::of(flow(&app, &jar, job).await?);
    now.map(Json).map_err(|refusal| Problem::of_refusal(&refusal))
}

/// U-05: the answers of one attempt.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answers {
    /// B-32: which attempt they are for; those for another one are not judged.
    #[schema(maximum = 255)]
    attempt: u8,
    /// To every question that is asked.
    #[schema(min_items = 2, max_items = 4)]
    answers: Vec<GivenAnswer>,
}

/// U-05, B-31: all answers at once. Which one was wrong is not told.
#[utoipa::path(post, path = "/unlocks/{job}/answers", operation_id = "answer_questions", tag = "unlock", params(("job" = Uuid, Path)), security(("browser" = [])),
    request_body = Answers, responses(
    (status = 200, description = "They were right: what comes next.", body = Unlock),
    (status = 403, description = "At least one was wrong (B-31), they are for an attempt that was judged already (B-32), or the unlock is blocked (U-07) or over.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such unlock, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Not every question is answered. Nothing was judged.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn answer(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    sent: Sent<Answers>,
) -> Result<Json<Unlock>, Problem> {
    let before = flow(&app, &jar, job).await?;
    let Answers { attempt, answers } = &sent.value;
    let judged = unlocks::answer(&app, &before, *attempt, &given(answers)).await;
    judged.map_err(Problem::of_not_done)?;
    now(&app, &before).await
}

/// B-41: an account recovery passcode.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecoveryPasscode {
    /// As it was typed.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "wiped")]
    passcode: Zeroizing<String>,
}

/// P-09, B-41: the account recovery passcode in place of answers.
#[utoipa::path(post, path = "/unlocks/{job}/recovery-passcode", operation_id = "try_recovery_passcode", tag = "unlock", params(("job" = Uuid, Path)), security(("browser" = [])),
    request_body = RecoveryPasscode, responses(
    (status = 200, description = "It was right: what comes next.", body = Unlock),
    (status = 403, description = "It was wrong, which ends this unlock (start another one to try again), there is none, or it is blocked.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such unlock, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn try_recovery_passcode(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    sent: Sent<RecoveryPasscode>,
) -> Result<Json<Unlock>, Problem> {
    let before = flow(&app, &jar, job).await?;
    let judged = unlocks::try_recovery_passcode(&app, &before, &sent.value.passcode).await;
    judged.map_err(Problem::of_not_done)?;
    now(&app, &before).await
}

/// U-11: the unlock code.
#[utoipa::path(post, path = "/unlocks/{job}/code", operation_id = "enter_unlock_code", tag = "unlock", params(("job" = Uuid, Path)), security(("browser" = [])),
    request_body = MailedCode, responses(
    (status = 200, description = "It was right: what comes next.", body = Unlock),
    (status = 403, description = "The code is wrong, expired, void or not the newest.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such unlock, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn enter_code(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    sent: Sent<MailedCode>,
) -> Result<Json<Unlock>, Problem> {
    let before = flow(&app, &jar, job).await?;
    let done = unlocks::enter_code(&app, &before, &sent.value.code).await;
    done.map_err(Problem::of_not_done)?;
    now(&app, &before).await
}

/// B-36: another code, which takes the place of the one before.
#[utoipa::path(post, path = "/unlocks/{job}/codes", operation_id = "send_unlock_code", tag = "unlock", params(("job" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 200, description = "It is on its way.", body = Unlock),
    (status = 403, description = "It is too soon, or there were too many within an hour.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such unlock, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn send_code(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Json<Unlock>, Problem> {
    let before = flow(&app, &jar, job).await?;
    unlocks::send_code(&app, &before).await.map_err(Problem::of_not_done)?;
    now(&app, &before).await
}

/// U-12, B-39: starts the job by which the new passcode is typed at the passcode page.
#[utoipa::path(post, path = "/unlocks/{job}/passcode", operation_id = "choose_passcode", tag = "unlock", params(("job" = Uuid, Path)), security(("browser" = [])), responses(
    (status = 202, description = "It waits for the card.", body = Started,
        headers(("location" = String, description = "Where to ask how far it is."))),
    (status = 403, description = "It is not time for it, or its time is over.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such unlock, or it is another browser's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn choose_passcode(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, Problem> {
    let before = flow(&app, &jar, job).await?;
    let (browser, jar) = browser(jar, app.entropy());
    let visit = unlocks::begin_passcode(&app, &before, browser).await;
    let started = Started::now(&app, visit.map_err(Problem::of_not_done)?);
    let location = [(header::LOCATION, started.location())];
    Ok((StatusCode::ACCEPTED, jar, location, Json(started)).into_response())
}
