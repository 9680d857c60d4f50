//! The page on which the first registration authority manager enters the code of `latchkey init`.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use stores::session::Session;

use super::{
    errors::PageError,
    frame_for, html,
    view::{first_manager::FirstManagerPage, paths},
    visitor::LoggedIn,
};
use crate::{
    admission::ActAsStaff,
    app::App,
    first_manager::{self, NotMade},
};

/// The form.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<ActAsStaff>,
) -> Result<Response, PageError> {
    show(&app, &session, None).await
}

/// What was entered. No `Debug`: there is a code in it, which is of no use once it was entered.
#[derive(Deserialize)]
pub(super) struct Typed {
    code: String,
}

/// The code is entered.
pub(super) async fn enter(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<ActAsStaff>,
    Form(Typed { code }): Form<Typed>,
) -> Result<Response, PageError> {
    match first_manager::redeem(&app, &session, &code).await {
        Ok(()) => Ok(Redirect::to(paths::HOME).into_response()),
        Err(NotMade::Refused(error)) => Err(PageError::of(error)),
        Err(refusal @ (NotMade::ThereIsOne | NotMade::NoRoot | NotMade::NotTheCode)) => {
            let page = show(&app, &session, Some(refusal.to_string())).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn show(app: &App, session: &Session, fault: Option<String>) -> Result<Response, PageError> {
    let frame = frame_for(app, session, None).await?;
    html(FirstManagerPage { fault }.render(app.pages(), &frame))
}
