//! P-14 to P-17: what a holder sees first after log-in when something is due, and *Later*.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::NaiveDate;
use domain::{
    certificate,
    expiry::{self, Topic},
    holder::HolderCommand,
};
use serde::Deserialize;
use stores::session::{Scope, Session};

use super::{
    certificates,
    errors::PageError,
    frame_for, html,
    view::{alert::Alert, frame::Tab, paths, renewal::Renewal},
    visitor::LoggedIn,
};
use crate::{
    admission::SeeHome,
    app::App,
    execute::{Actor, Cause, Loaded},
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
        None => certificates_alert(&app, &session, &loaded).await,
    }
}

/// C-05: the certificates' alert comes after that of the passcodes.
async fn certificates_alert(
    app: &App,
    session: &Session,
    loaded: &Loaded,
) -> Result<Response, PageError> {
    let alert = certificate::alert(&app.context(loaded), &loaded.holder);
    match alert.and_then(|_| certificates::due(app, loaded)) {
        Some(due) => {
            let frame = frame_for(app, session, Some(Tab::Home)).await?;
            html(due.render(app.pages(), &frame))
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
    let loaded = app.load(session.holder).await?;
    let more = certificate::alert(&app.context(&loaded), &loaded.holder).is_some();
    Ok(Redirect::to(if more { paths::ALERT } else { paths::HOME }).into_response())
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
    // B-18: passcodes first, then certificates; but B-55: no passcode is changed with a card that is
    // between old and new.
    if (required.passcodes().is_empty() || required.is_unfinished())
        && let Some(due) = certificates::due(&app, &loaded)
    {
        let frame = frame_for(&app, &session, Some(Tab::Home)).await?;
        return html(due.render(app.pages(), &frame));
    }
    let page = Renewal::new(&required, app.context(&loaded).today());
    let frame = frame_for(&app, &session, Some(Tab::Home)).await?;
    html(page.render(app.pages(), &frame))
}
