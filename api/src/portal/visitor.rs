//! Who is at the other end of a page: a holder who is logged in, or nobody in particular.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use stores::session::Session;

use domain::staff::Warrant;

use super::{
    errors::PageError,
    view::{problem::ProblemKind, refusal::RefusalView},
};
use crate::{
    admission::{Admission, Names, admit},
    app::App,
    staff::{self, Entry, Listed, Mandate, Member, NamesAct, Record},
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

/// A member of staff who may do `A`, about nobody in particular. As an argument of a handler: nobody
/// gets in without.
#[derive(Debug, Clone)]
pub struct Desk<A> {
    /// Who he is.
    pub member: Member,
    /// That he may.
    pub warrant: Warrant,
    act: PhantomData<A>,
}

impl<A: NamesAct> FromRequestParts<App> for Desk<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        Listed::<A>::check(parts).map_err(failed)?;
        let entry = staff::admit_member(app, &parts.headers, A::ACT).await.map_err(failed)?;
        let (member, warrant) = entered(entry).map_err(IntoResponse::into_response)?;
        Ok(Self { member, warrant, act: PhantomData })
    }
}

/// A member of staff who may do `A` to the person whose number is in the address.
#[derive(Debug, Clone)]
pub struct DeskFor<A> {
    /// Who he is.
    pub member: Member,
    /// That he may.
    pub mandate: Mandate,
    /// The person.
    pub record: Record,
    act: PhantomData<A>,
}

impl<A: NamesAct> FromRequestParts<App> for DeskFor<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        Listed::<A>::check(parts).map_err(failed)?;
        let holder = staff::holder_in(parts, app).await.map_err(failed)?;
        let entry = staff::admit_to(app, &parts.headers, A::ACT, holder).await.map_err(failed)?;
        let (member, mandate, record) = entered(entry).map_err(IntoResponse::into_response)?;
        Ok(Self { member, mandate, record, act: PhantomData })
    }
}

fn failed(error: anyhow::Error) -> Response {
    PageError::from(error).into_response()
}

/// Why somebody is not let in.
enum NotEntered {
    /// Nobody is logged in.
    Nobody,
    /// There is a page for it.
    Because(PageError),
}

impl IntoResponse for NotEntered {
    fn into_response(self) -> Response {
        match self {
            Self::Nobody => Redirect::to("/logged-out").into_response(),
            Self::Because(error) => error.into_response(),
        }
    }
}

fn entered<T>(entry: Entry<T>) -> Result<T, NotEntered> {
    Err(NotEntered::Because(match entry {
        Entry::Open(entered) => return Ok(entered),
        Entry::Nobody => return Err(NotEntered::Nobody),
        Entry::Restricted(refusal, required) => {
            let view = RefusalView::of_restricted(&refusal.into(), &required);
            PageError::RenewalRequired(Box::new(view))
        }
        Entry::Refused(refusal) => PageError::Forbidden(Box::new(RefusalView::from(&refusal))),
        Entry::NoSuchPerson => PageError::Problem(ProblemKind::NotFound),
    }))
}
