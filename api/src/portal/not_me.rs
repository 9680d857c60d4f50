//! The public page on which a mail is answered with "this was not me" (B-57). It needs no session, and
//! gives none.

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        not_me::{self, NotMeConfirm, NotMeFault, NotMeForm},
        problem::ProblemKind,
    },
};
use crate::{
    app::App,
    not_me::{NotReported, Typed, check, report},
};

/// What was entered. No `Debug`: there is a code in it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    reference: String,
    code: String,
}

impl Sent {
    fn typed(&self) -> Typed<'_> {
        Typed { reference: &self.reference, code: &self.code }
    }

    /// The fields that are empty, if any is.
    fn missing(&self) -> Option<NotMeFault> {
        let (reference, code) = (self.reference.trim().is_empty(), self.code.trim().is_empty());
        (reference || code).then_some(NotMeFault::Missing { reference, code })
    }
}

/// The form.
pub(super) async fn page(State(app): State<App>) -> Result<Response, PageError> {
    show(&app, &Sent::default(), None)
}

/// What will happen, if everything fits.
pub(super) async fn enter(
    State(app): State<App>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    if let Some(fault) = sent.missing() {
        return show(&app, &sent, Some(fault));
    }
    match check(&app, &headers, sent.typed()).await {
        Ok(()) => {
            let Sent { reference, code } = sent;
            let page = NotMeConfirm::Mail { reference, code };
            html(page.render(app.pages(), &public_frame(&app)))
        }
        Err(error) => not_reported(&app, &sent, error),
    }
}

/// It happens.
pub(super) async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    match report(&app, &headers, sent.typed()).await {
        Ok(()) => html(not_me::render_done(app.pages(), &public_frame(&app))),
        Err(error) => not_reported(&app, &sent, error),
    }
}

fn not_reported(app: &App, sent: &Sent, error: NotReported) -> Result<Response, PageError> {
    match error {
        NotReported::NotTheOne => show(app, sent, Some(NotMeFault::NotTheOne)),
        NotReported::TooMany => Err(PageError::Problem(ProblemKind::TooManyRequests)),
        NotReported::Busy => Err(PageError::Problem(ProblemKind::Conflict)),
        NotReported::Failed(error) => Err(PageError::Failed(error)),
    }
}

fn show(app: &App, sent: &Sent, fault: Option<NotMeFault>) -> Result<Response, PageError> {
    let (hours, reference) = (app.policy().not_me_hours, sent.reference.clone());
    let page = NotMeForm { hours, reference, fault };
    let page = html(page.render(app.pages(), &public_frame(app)))?;
    Ok(match fault {
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
        None => page,
    })
}
