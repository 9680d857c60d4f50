//! Who is at the other end of a page: a holder who is logged in, or nobody in particular.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::{IntoResponse as _, Redirect, Response},
};
use stores::session::Session;

use super::{errors::PageError, view::refusal::RefusalView};
use crate::{
    admission::{Admission, Names, admit},
    app::App,
};

/// A session that may do `A`, and the holder whose it is. As an argument of a handler: nobody gets
/// in without.
#[derive(Debug, Clone)]
pub struct LoggedIn<A> {
    /// The session.
    pub session: Session,
    act: PhantomData<A>,
}

impl<A: Names> LoggedIn<A> {
    async fn from(parts: &Parts, app: &App) -> Result<Option<Self>, Response> {
        match admit(app, &parts.headers, A::ACT).await {
            Ok(Admission::Open(session)) => Ok(Some(Self { session, act: PhantomData })),
            Ok(Admission::Nobody) => Ok(None),
            Ok(Admission::Refused(refusal, required)) => {
                let view = RefusalView::of_restricted(&refusal.into(), &required);
                Err(PageError::RenewalRequired(Box::new(view)).into_response())
            }
            Err(error) => Err(PageError::from(error).into_response()),
        }
    }
}

impl<A: Names> FromRequestParts<App> for LoggedIn<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let logged_in = Self::from(parts, app).await?;
        logged_in.ok_or_else(|| Redirect::to("/logged-out").into_response())
    }
}

impl<A: Names> OptionalFromRequestParts<App> for LoggedIn<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Response> {
        Self::from(parts, app).await
    }
}
