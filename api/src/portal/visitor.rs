//! Who is at the other end of a page: a holder who is logged in, or nobody in particular.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::{IntoResponse as _, Redirect, Response},
};
use stores::session::Session;

use super::errors::PageError;
use crate::{app::App, cookies};

/// A session, and the holder whose it is. As an argument of a handler: nobody gets in without.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session.
    pub session: Session,
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match cookies::session(app, &parts.headers).await {
            Ok(Some(session)) => Ok(Self { session }),
            Ok(None) => Err(Redirect::to("/logged-out").into_response()),
            Err(error) => Err(PageError::from(error).into_response()),
        }
    }
}

impl OptionalFromRequestParts<App> for LoggedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Response> {
        let session = cookies::session(app, &parts.headers).await;
        session
            .map(|session| session.map(|session| Self { session }))
            .map_err(|error| PageError::from(error).into_response())
    }
}
