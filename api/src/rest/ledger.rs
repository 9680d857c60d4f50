//! What happened: a holder's own ledger, page by page.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use projections::Entry;
use serde::{Deserialize, Serialize};
use stores::event_store::Revision;
use utoipa::{IntoParams, ToSchema};

use super::{
    extract::{Caller, Place, Query, limit, out_of_range},
    problem::Problem,
};
use crate::{admission::SeeLedger, app::App, ledger};

/// Entries on a page, unless asked for otherwise.
const ENTRIES: u32 = 20;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Entries before this revision: `next_before` of the page before.
    #[param(value_type = Option<u64>, nullable = false, maximum = 9_007_199_254_740_991_u64)]
    before: Option<Place>,
    /// How many; 20 if it is left out.
    #[param(minimum = 1, maximum = 99)]
    limit: Option<u32>,
}

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerPage {
    /// Newest first.
    entries: Vec<LedgerEntry>,
    /// `before` of the next page; none if this is the last.
    #[schema(required)]
    next_before: Option<u64>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerEntry {
    /// Its place in what happened to this holder, from 0.
    revision: u64,
    /// When, by the server's clock.
    at: DateTime<Utc>,
    /// The type of the event.
    #[schema(examples("PasscodeSet"))]
    event: String,
    /// What happened, in a sentence without full stop.
    sentence: String,
    /// Who did it.
    #[schema(examples("holder", "system"))]
    by: String,
}

impl From<Entry> for LedgerEntry {
    fn from(entry: Entry) -> Self {
        Self {
            revision: entry.revision.0,
            at: entry.at,
            event: entry.kind,
            sentence: entry.sentence,
            by: entry.actor,
        }
    }
}

/// What happened, newest first.
#[utoipa::path(get, path = "/ledger", operation_id = "list_ledger", tag = "ledger", params(Which), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = LedgerPage),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeLedger>,
    Query(which): Query<Which>,
) -> Result<Json<LedgerPage>, Problem> {
    let max = ledger::ENTRIES_MAX;
    let limit = limit(which.limit, ENTRIES, max).ok_or_else(|| out_of_range(max))?;
    let page =
        ledger::page(&app, session.holder, which.before.map(|before| Revision(before.0)), limit)
            .await?;
    Ok(Json(LedgerPage {
        entries: page.entries.into_iter().map(LedgerEntry::from).collect(),
        next_before: page.older.map(|before| before.0),
    }))
}
