//! What happened: a holder's own ledger, events and log-ins in one list.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use stores::session::Session;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        frame::Tab,
        ledger::{Ledger, LedgerEntry},
        not_me::NotMeConfirm,
        paths,
        problem::ProblemKind,
        refusal::{RefusalView, rule_link},
    },
    visitor::LoggedIn,
};
use crate::{
    admission::SeeLedger,
    app::App,
    ledger::told::{self, Place},
    not_me::{self, NotReported},
};

/// Entries on a page.
const ENTRIES: u32 = 20;

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    before: Option<String>,
}

/// One page of the ledger, newest first.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeLedger>,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let place = match which.before.as_deref() {
        Some(text) => text.parse().map_err(|_| PageError::Problem(ProblemKind::BadRequest))?,
        None => Place::default(),
    };
    let found = told::page(&app, &session, place, ENTRIES).await?;
    let zone = app.policy().zone;
    let entries = found
        .lines
        .into_iter()
        .map(|line| LedgerEntry {
            title: line.sentence,
            at: line.at.to_rfc3339(),
            when: pages::date_and_time(line.at, &zone),
            by: line.by,
            not_me: line.not_me.map(|line| paths::ledger_not_me(&line.to_string())),
            detail: None,
            rule: None,
        })
        .collect();
    let older = found.older.map(|place| format!("{}?before={place}", paths::LEDGER));
    let newer = which.before.map(|_| paths::LEDGER.to_owned());
    let page = Ledger { entries, newer, older };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Ledger)).await?))
}

/// B-57: what will happen if the holder says of a line that it was not he.
pub(super) async fn not_me_page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeLedger>,
    Path(line): Path<String>,
) -> Result<Response, PageError> {
    let (line, found) = reported(&app, &session, &line).await?;
    if !not_me::is_open(&app, &session, line).await? {
        return Err(said_already());
    }
    let page = NotMeConfirm::Line {
        action: paths::ledger_not_me(&line.to_string()),
        sentence: found.sentence,
        when: pages::date_and_time(found.at, &app.policy().zone),
    };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Ledger)).await?))
}

/// B-57: it happens, and the session is over.
pub(super) async fn not_me(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeLedger>,
    Path(line): Path<String>,
) -> Result<Response, PageError> {
    let (line, _) = reported(&app, &session, &line).await?;
    match not_me::report_own(&app, &session, line).await {
        Ok(()) => Ok(Redirect::to(paths::LOGGED_OUT).into_response()),
        Err(NotReported::NotTheOne) => Err(said_already()),
        Err(NotReported::TooMany) => Err(PageError::Problem(ProblemKind::TooManyRequests)),
        Err(NotReported::Busy) => Err(PageError::Problem(ProblemKind::Conflict)),
        Err(NotReported::Failed(error)) => Err(PageError::Failed(error)),
    }
}

/// The line that the address names, if it is one of which this can be said.
async fn reported(
    app: &App,
    session: &Session,
    line: &str,
) -> Result<(not_me::Line, told::Line), PageError> {
    let not_found = || PageError::Problem(ProblemKind::NotFound);
    let line: not_me::Line = line.parse().map_err(|_| not_found())?;
    let found = told::one(app, session, line).await?;
    Ok((line, found.ok_or_else(not_found)?))
}

fn said_already() -> PageError {
    PageError::Refused(Box::new(RefusalView {
        rule: Some(rule_link("B-57")),
        why: "You have said already that this was not you".to_owned(),
        facts: Vec::new(),
        changes_on: None,
        way_out: "Ask the registration authority of your organisation how far they are.".to_owned(),
    }))
}
