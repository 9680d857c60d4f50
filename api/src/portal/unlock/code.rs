//! U-08 to U-11, S-06: *Smartcard Unlock Code*.

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use uuid::Uuid;

use super::{Came, after, needed, show, to};
use crate::{
    app::App,
    codes::NotDone,
    portal::{
        codes,
        errors::PageError,
        registration::code::Typed,
        view::{code::CodeFault, paths},
    },
    unlocks,
};

/// U-11: *Next*.
pub(in crate::portal) async fn enter(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Form(Typed { code }): Form<Typed>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    if code.trim().is_empty() {
        return show(&app, &flow, Some(CodeFault::Missing), &Came::default());
    }
    match unlocks::enter_code(&app, &flow, &code).await {
        Ok(()) => Ok(to(&paths::unlock(&job.to_string()))),
        Err(NotDone::Refused(refusal)) => after(&app, &flow, &refusal).await,
        Err(error) => Err(codes::not_done(&app, error)),
    }
}

/// B-36: *Send a new code*.
pub(in crate::portal) async fn send(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    match unlocks::send_code(&app, &flow).await {
        Ok(()) => Ok(to(&format!("{}?sent=again", paths::unlock(&job.to_string())))),
        Err(NotDone::Refused(refusal)) => after(&app, &flow, &refusal).await,
        Err(error) => Err(codes::not_done(&app, error)),
    }
}
