//! P-14 to P-17: what a holder sees first after log-in when something is due, and *Later*.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::NaiveDate;
use domain::{
    expiry::{self, Topic},
    holder::HolderCommand,
};
use serde::Deserialize;
use stores::session::Scope;

use super::{
    errors::PageError,
    frame_for, html,
    view::{alert::Alert, frame::Tab, paths, renewal::Renewal},
    visitor::LoggedIn,
};
use crate::{
    admission::SeeHome,
    app::App,
    execute::{Actor, Cause},
    required::Required,
};

/// The alert of the day; Home if there is none, or it was put off.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeHome>,
) -> Result<Response, PageError> {
    let loaded = app.load(session.holder).await?;
    match expiry::alert(&app.context(&loaded), &loaded.holder) {
        Some(alert) => {
            let frame = frame_for(&app, &session, Some(Tab::Home)).await?;
            html(Alert::from(&alert).render(app.pages(), &frame))
        }
        None => Ok(Redirect::to(paths::HOME).into_response()),
    }
}

/// The alert that is put off.
#[derive(Deserialize)]
pub(super) struct PutOff {
    on: NaiveDate,
}

/// P-15, B-16: *Later*. Sent again, it changes nothing; Home says that it was put off.
pub(super) async fn later(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeHome>,
    Form(PutOff { on }): Form<PutOff>,
) -> Result<Response, PageError> {
    let decline = HolderCommand::DeclineAlert { topic: Topic::Passcodes, on };
    let cause = Cause::first(app.entropy().command_id(app.now()));
    app.execute(session.holder, cause, Actor::Holder, &decline).await.map_err(PageError::of)?;
    Ok(Redirect::to(paths::HOME).into_response())
}

/// P-17: what has to be changed before anything else; Home if nothing has.
pub(super) async fn renewal(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeHome>,
) -> Result<Response, PageError> {
    if session.scope == Scope::Full {
        return Ok(Redirect::to(paths::HOME).into_response());
    }
    let loaded = app.load(session.holder).await?;
    let required = Required::of(&app, &session, &loaded);
    let page = Renewal::new(&required, app.context(&loaded).today());
    let frame = frame_for(&app, &session, Some(Tab::Home)).await?;
    html(page.render(app.pages(), &frame))
}
