//! What happened: a holder's own ledger, page by page, and his log-ins, which are rows of their own.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use projections::Entry;
use serde::{Deserialize, Serialize};
use stores::{event_store::Revision, logon::Logon};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Caller, Place, Query, limit, out_of_range},
    problem::Problem,
};
use crate::{
    admission::SeeLedger,
    app::App,
    ledger::{self, told},
};

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

/// Which page of log-ins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichLogIns {
    /// Log-ins before this one: `next_before` of the page before.
    #[param(nullable = false)]
    before: Option<Uuid>,
    /// How many; 20 if it is left out.
    #[param(minimum = 1, maximum = 99)]
    limit: Option<u32>,
}

/// A page of log-ins.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogInPage {
    /// Newest first.
    log_ins: Vec<LogIn>,
    /// `before` of the next page; none if this is the last.
    #[schema(required)]
    next_before: Option<Uuid>,
}

/// A log-in.
#[derive(Debug, Serialize, ToSchema)]
struct LogIn {
    /// Its number.
    id: Uuid,
    /// When, by the server's clock.
    at: DateTime<Utc>,
    /// With which card: its serial number.
    card: String,
    /// Where.
    #[schema(examples("ward 3"))]
    workstation: String,
    /// What it opened.
    #[schema(examples("full", "restricted", "locked"))]
    verdict: String,
    /// B-57: true if the holder can say of it that this was not he: it was not at the workstation of this
    /// session.
    elsewhere: bool,
}

impl LogIn {
    fn seen_from(log_in: Logon, here: Option<&str>) -> Self {
        Self {
            id: log_in.logon_id,
            at: log_in.at,
            card: log_in.card.to_string(),
            elsewhere: here != Some(log_in.workstation.as_str()),
            workstation: log_in.workstation,
            verdict: log_in.verdict,
        }
    }
}

/// The holder's log-ins, newest first.
#[utoipa::path(get, path = "/ledger/log-ins", operation_id = "list_log_ins", tag = "ledger", params(WhichLogIns), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = LogInPage),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`before` is no log-in of the holder's.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn log_ins(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeLedger>,
    Query(which): Query<WhichLogIns>,
) -> Result<Json<LogInPage>, Problem> {
    let max = ledger::ENTRIES_MAX;
    let limit = limit(which.limit, ENTRIES, max).ok_or_else(|| out_of_range(max))?;
    let logons = &app.stores().logons;
    let before = match which.before {
        None => None,
        Some(id) => Some(logons.find(session.holder, id).await?.ok_or_else(no_log_in)?),
    };
    let place = before.map(|log_in| (log_in.at, log_in.logon_id));
    // One more than the page holds, so that it is known whether anything is left.
    let mut found = logons.of_holder(session.holder, place, limit + 1).await?;
    let more = (limit as usize) < found.len();
    found.truncate(limit as usize);
    let next_before = found.last().filter(|_| more).map(|last| last.logon_id);
    let here = told::workstation(&app, &session).await?;
    let seen = found.into_iter().map(|log_in| LogIn::seen_from(log_in, here.as_deref()));
    Ok(Json(LogInPage { log_ins: seen.collect(), next_before }))
}

fn no_log_in() -> Problem {
    Problem::of(StatusCode::NOT_FOUND)
        .because("There is no such log-in of yours.")
        .but("Take `next_before` of the page before.")
}
