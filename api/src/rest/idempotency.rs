//! `Idempotency-Key`: the same request under the same key is carried out once, and answered with
//! the same bytes for 24 hours.
//!
//! The key is first bound to the request and to a command of our own; only then the work begins.
//! Two requests at the same moment, or one whose answer was lost in a crash, so work under the same
//! command and meet each other's rows, whose ids are derived from it.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, Utc};
use domain::ids::CommandId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stores::{answer::Found, session::Session, token::TokenHash};
use uuid::Uuid;
use workflows::card_job::JOB_MINUTES;
use zeroize::Zeroizing;

use super::problem::{self, Problem};
use crate::app::App;

/// Name of the header.
const HEADER: &str = "idempotency-key";

/// The key, if the caller gave one.
pub(super) struct IdempotencyKey(pub(super) Option<CommandId>);

/// What a key stands for: kept under it before anything is done.
#[derive(Serialize, Deserialize)]
struct Bound {
    /// What the work is done under; its answer is kept under it.
    command: CommandId,
    /// When the first request came.
    at: DateTime<Utc>,
}

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let key = value.to_str().ok().and_then(|text| Uuid::try_parse(text).ok());
        match key.filter(|key| key.get_version_num() == 7) {
            Some(key) => Ok(Self(Some(CommandId(key)))),
            None => Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
                .because("The header Idempotency-Key is not a UUID of version 7.")),
        }
    }
}

/// An answer as it is kept and sent.
#[derive(Serialize, Deserialize)]
pub(super) struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Answer {
    /// Accepted: what was started, and where to look for it.
    pub(super) fn accepted<T: Serialize>(location: String, body: &T) -> anyhow::Result<Self> {
        let status = StatusCode::ACCEPTED.as_u16();
        Ok(Self { status, location: Some(location), body: serde_json::to_string(body)? })
    }

    /// Done: how things stand now.
    pub(super) fn done<T: Serialize>(body: &T) -> anyhow::Result<Self> {
        let status = StatusCode::OK.as_u16();
        Ok(Self { status, location: None, body: serde_json::to_string(body)? })
    }

    /// Refused for good: the same request would be refused again.
    pub(super) fn refused(problem: &Problem) -> anyhow::Result<Self> {
        let body = serde_json::to_string(problem)?;
        Ok(Self { status: problem.status().as_u16(), location: None, body })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if status.is_success() { "application/json" } else { problem::MEDIA_TYPE };
        let mut response = (status, [(header::CONTENT_TYPE, kind)], self.body).into_response();
        if let Some(location) = self.location.and_then(|at| HeaderValue::try_from(at).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl IdempotencyKey {
    /// The answer to `request`, which is the whole of it and who sent it: the kept one, or that of
    /// `work`, which is then kept. What failed on our side is not kept, and `work` is done again
    /// under the same command; but not once the ten minutes of a job that it may have started are
    /// over.
    pub(super) async fn once<W>(
        self,
        app: &App,
        request: &[u8],
        work: impl FnOnce(CommandId) -> W,
    ) -> Result<Answer, Problem>
    where
        W: Future<Output = Result<Answer, Problem>>,
    {
        let ours = Bound { command: app.entropy().command_id(app.now()), at: app.now() };
        let Some(key) = self.0 else { return work(ours.command).await };
        // Of two at the same moment the first is kept: both get that one.
        let Bound { command, at } = first(app, key, request, ours).await?;
        if let Some(answer) = kept(app, command, request).await? {
            return Ok(answer);
        }
        if at + Duration::minutes(JOB_MINUTES) <= app.now() {
            return Err(Problem::over());
        }
        let answer = work(command).await?;
        first(app, command, request, answer).await
    }
}

/// What makes two requests of a browser the same: the act (`POST /api/passcodes`), the holder, the
/// browser, the body.
pub(super) fn whole_request(
    act: &str,
    session: &Session,
    browser: TokenHash,
    body: &[u8],
) -> Zeroizing<Vec<u8>> {
    let holder = session.holder.0.as_bytes().as_slice();
    Zeroizing::new([act.as_bytes(), b"\0", holder, browser.0.as_slice(), body].concat())
}

/// Keeps something under an id, if nothing is yet. What is kept there.
async fn first<T: Serialize + DeserializeOwned>(
    app: &App,
    id: CommandId,
    request: &[u8],
    ours: T,
) -> Result<T, Problem> {
    if let Some(there) = kept(app, id, request).await? {
        return Ok(there);
    }
    app.stores().answers.keep(id, request, &serde_json::to_vec(&ours)?, app.now()).await?;
    Ok(kept(app, id, request).await?.unwrap_or(ours))
}

async fn kept<T: DeserializeOwned>(
    app: &App,
    id: CommandId,
    request: &[u8],
) -> Result<Option<T>, Problem> {
    match app.stores().answers.find(id, request, app.now()).await? {
        Found::Nothing => Ok(None),
        Found::Answer(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Found::OtherRequest => Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .because("This Idempotency-Key was used for another request.")
            .but("Make a new key for a new request, and send a repeat exactly as the first time.")),
    }
}
