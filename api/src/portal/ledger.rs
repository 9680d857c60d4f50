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
use crate::app::App;

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
    app.catch_up().await?;
    let before = which.before.map(Revision);
    let found = app.projections().ledger(session.holder, before, ENTRIES + 1).await?;
    let zone = app.policy().zone;
    // One more than a page holds was asked for: it says whether there is an older page.
    let shown = found.len().min(ENTRIES as usize);
    let entries = found[..shown]
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
    let older = (shown < found.len())
        .then(|| found.get(shown.saturating_sub(1)))
        .flatten()
        .map(|last| format!("{}?before={}", paths::LEDGER, last.revision.0));
    let newer = which.before.map(|_| paths::LEDGER.to_owned());
    let page = Ledger { entries, newer, older };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Ledger)).await?))
}
