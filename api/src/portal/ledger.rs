//! What happened: a holder's own ledger, events and log-ins in one list.

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use stores::event_store::Revision;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        frame::Tab,
        ledger::{Ledger, LedgerEntry},
        paths,
    },
    visitor::LoggedIn,
};
use crate::{app::App, ledger};

/// Entries on a page.
const ENTRIES: u32 = 20;

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    before: Option<u64>,
}

/// One page of the ledger, newest first.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session }: LoggedIn,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let found = ledger::page(&app, session.holder, which.before.map(Revision), ENTRIES).await?;
    let zone = app.policy().zone;
    let entries = found
        .entries
        .iter()
        .map(|entry| LedgerEntry {
            title: entry.sentence.clone(),
            at: entry.at.to_rfc3339(),
            when: pages::date_and_time(entry.at, &zone),
            by: entry.actor.clone(),
            detail: None,
            rule: None,
        })
        .collect();
    let older = found.older.map(|before| format!("{}?before={}", paths::LEDGER, before.0));
    let newer = which.before.map(|_| paths::LEDGER.to_owned());
    let page = Ledger { entries, newer, older };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Ledger)).await?))
}
