//! What happened: a holder's own ledger, events and log-ins in one list.

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        frame::Tab,
        ledger::{Ledger, LedgerEntry},
        paths,
        problem::ProblemKind,
    },
    visitor::LoggedIn,
};
use crate::{
    admission::SeeLedger,
    app::App,
    ledger::told::{self, Place},
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
    let found = told::page(&app, session.holder, place, ENTRIES).await?;
    let zone = app.policy().zone;
    let entries = found
        .lines
        .into_iter()
        .map(|line| LedgerEntry {
            title: line.sentence,
            at: line.at.to_rfc3339(),
            when: pages::date_and_time(line.at, &zone),
            by: line.by,
            detail: None,
            rule: None,
        })
        .collect();
    let older = found.older.map(|place| format!("{}?before={place}", paths::LEDGER));
    let newer = which.before.map(|_| paths::LEDGER.to_owned());
    let page = Ledger { entries, newer, older };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Ledger)).await?))
}
