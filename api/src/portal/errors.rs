//! Pages for what could not be done. Causes are logged here, once; the page says no more than the
//! person needs.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use pages::Link;

use super::{
    public_frame,
    view::{
        paths,
        problem::{Problem, ProblemKind},
        refusal::RefusalView,
    },
};
use crate::{app::App, execute::ExecuteError, not_ready};

/// Why a handler shows another page than the one asked for. It becomes a page in [`dress`].
#[derive(Debug)]
pub enum PageError {
    /// One of the pages for what cannot be done.
    Problem(ProblemKind),
    /// A rule says no.
    Refused(Box<RefusalView>),
    /// B-58, B-59, B-63: a rule says no to a member of staff, or to somebody who is none.
    Forbidden(Box<RefusalView>),
    /// A rule says no, and this is where one goes on.
    RefusedFor(Box<RefusalView>, Link),
    /// B-17: in this session a change comes first.
    RenewalRequired(Box<RefusalView>),
    /// We failed.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl PageError {
    /// A command that was not carried out.
    #[must_use]
    pub fn of(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => Self::Refused(Box::new(RefusalView::from(&refusal))),
            ExecuteError::Conflict => Self::Problem(ProblemKind::Conflict),
            ExecuteError::Failed(error) => Self::Failed(error),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::Problem(kind) => Problem::new(kind),
            Self::Refused(refusal) => {
                Problem::new(ProblemKind::Unprocessable).with_refusal(*refusal)
            }
            Self::Forbidden(refusal) => Problem::new(ProblemKind::Forbidden).with_refusal(*refusal),
            Self::RefusedFor(refusal, next) => {
                Problem::new(ProblemKind::Unprocessable).with_refusal(*refusal).with_next(next)
            }
            Self::RenewalRequired(refusal) => Problem::new(ProblemKind::Forbidden)
                .with_refusal(*refusal)
                .with_next(Link::new(paths::RENEWAL, "See what you have to change")),
            Self::Failed(error) if not_ready::is(&error) => {
                tracing::warn!(error = format!("{error:#}"), "a page was not ready to be shown");
                Problem::new(ProblemKind::Unavailable)
            }
            Self::Failed(error) => {
                tracing::error!(error = format!("{error:#}"), "a page could not be shown");
                Problem::new(ProblemKind::Internal)
            }
        };
        let mut response = status(problem.kind).into_response();
        response.extensions_mut().insert(std::sync::Arc::new(problem));
        response
    }
}

/// Gives every refusal a page, whoever made it: a handler, an extractor, a layer.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let page_of_its_own = response.headers().contains_key(header::CONTENT_TYPE)
        && response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !(status.is_client_error() || status.is_server_error()) || page_of_its_own {
        return response;
    }
    let problem = response.extensions().get::<std::sync::Arc<Problem>>().cloned();
    let problem =
        problem.unwrap_or_else(|| Problem::new(ProblemKind::of_status(status.as_u16())).into());
    match problem.render(app.pages(), &public_frame(&app)) {
        Ok(html) if status == StatusCode::SERVICE_UNAVAILABLE => {
            let retry = [(header::RETRY_AFTER, not_ready::RETRY_AFTER_SECS)];
            (status, retry, Html(html)).into_response()
        }
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "an error page could not be rendered");
            response
        }
    }
}

/// No such page.
pub async fn not_found() -> PageError {
    PageError::Problem(ProblemKind::NotFound)
}

/// The page exists, for another method.
pub async fn method_not_allowed() -> PageError {
    PageError::Problem(ProblemKind::MethodNotAllowed)
}

fn status(kind: ProblemKind) -> StatusCode {
    StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
