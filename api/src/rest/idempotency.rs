//! `Idempotency-Key`: the same request under the same key is carried out once, and answered with
//! the same bytes for 24 hours.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::ids::CommandId;
use serde::{Deserialize, Serialize};
use stores::{session::Session, token::TokenHash};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::problem::{self, Problem};
use crate::{
    app::App,
    once::{self, Bound, NotBound},
};

/// Name of the header.
const HEADER: &str = "idempotency-key";

/// The key, if the caller gave one.
pub(super) struct IdempotencyKey(pub(super) Option<CommandId>);

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
        let ours = Bound::now(app);
        let Some(key) = self.0 else { return work(ours.command).await };
        let bound = once::first(app, key, request, ours).await.map_err(unbound)?;
        let command = bound.command;
        if let Some(answer) = once::kept(app, command, request).await.map_err(unbound)? {
            return Ok(answer);
        }
        if bound.is_over(app) {
            return Err(Problem::over());
        }
        let answer = work(command).await?;
        once::first(app, command, request, answer).await.map_err(unbound)
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

fn unbound(why: NotBound) -> Problem {
    match why {
        NotBound::OtherRequest => Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .because("This Idempotency-Key was used for another request.")
            .but("Make a new key for a new request, and send a repeat exactly as the first time."),
        NotBound::Failed(error) => error.into(),
    }
}
