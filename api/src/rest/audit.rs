//! For auditors: the history of the whole log, all of it as lines, and how a holder stood at any
//! instant and why.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{ids::HolderId, refusal::RuleId};
use futures::TryStreamExt as _;
use projections::{HistoryEvent, HistoryPage};
use serde::{Deserialize, Serialize};
use stores::event_store::Position;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    extract::{Caller, Desk, DeskFor, Place, Query},
    problem::Problem,
};
use crate::{
    admission::SeePasscodes,
    app::App,
    audit::{
        csv,
        explain::Explained,
        looking::{self, LookError},
        question::{Fault, Question, Understood, cursor_text},
        state::AsOf,
        story::Story,
    },
    staff::{
        Member,
        acts::{ExportLog, SeeHistory},
        list::StaffApi,
    },
};

/// Events on a page, unless asked for otherwise.
const EVENTS: u32 = 20;

/// The routes, added to others of staff's.
pub(super) fn routes(others: StaffApi) -> StaffApi {
    others
        .with(SeeHistory, routes!(history))
        .with(SeeHistory, routes!(history_csv))
        .with(SeeHistory, routes!(as_of))
        .with(SeeHistory, routes!(explain))
        .with(ExportLog, routes!(export))
}

/// A page of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct History {
    /// Newest first. A page may be short, or empty, and not the last.
    events: Vec<HistoryLine>,
    /// `before` of the next page; none if this is the last.
    #[schema(required)]
    older: Option<String>,
}

/// An event of the log.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryLine {
    /// Its place in the log.
    position: u64,
    /// When it was recorded.
    at: DateTime<Utc>,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(examples("PasscodeSet"))]
    kind: String,
    /// Its stream.
    stream: String,
    /// Its place there, from 0.
    revision: u64,
    /// Whom it is about.
    #[schema(required)]
    holder: Option<Uuid>,
    /// Which card it names.
    #[schema(required)]
    card: Option<String>,
    /// Who did it.
    #[schema(examples("holder", "staff", "system", "operator"))]
    by: String,
    /// Which member of staff did it.
    #[schema(required)]
    staff: Option<Uuid>,
    /// Of which workflow run: the command that began it all.
    #[schema(required)]
    run: Option<Uuid>,
    /// The version of the policy that it was decided by.
    #[schema(required)]
    policy_version: Option<u32>,
    /// The rules it answers to, the most telling one first.
    rules: Vec<String>,
}

impl From<HistoryEvent> for HistoryLine {
    fn from(event: HistoryEvent) -> Self {
        Self {
            position: event.position.0,
            at: event.at,
            kind: event.kind,
            stream: event.stream,
            revision: event.revision.0,
            holder: event.holder.map(|holder| holder.0),
            card: event.card,
            by: event.actor,
            staff: event.staff.map(|staff| staff.0),
            run: event.run.map(|run| run.0),
            policy_version: event.policy,
            rules: event.rules,
        }
    }
}

/// What happened, found by holder, card, member of staff, rule or workflow run.
#[utoipa::path(get, path = "/audit/history", operation_id = "list_history", tag = "audit", params(Question), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = History),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59, B-63: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn history(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeHistory>,
    Query(question): Query<Question>,
) -> Result<Json<History>, Problem> {
    let HistoryPage { events, older } = page(&app, &member, &question).await?;
    let events = events.into_iter().map(HistoryLine::from).collect();
    Ok(Json(History { events, older: older.map(cursor_text) }))
}

/// The same page as a table (RFC 4180), no cell of which a spreadsheet takes for a formula.
#[utoipa::path(get, path = "/audit/history.csv", operation_id = "list_history_csv", tag = "audit", params(Question), security(("session" = [])), responses(
    (status = 200, description = "A page. The header Link names the next one (RFC 8288), if there is one.",
        body = String, content_type = "text/csv"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59, B-63: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn history_csv(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeHistory>,
    Query(question): Query<Question>,
) -> Result<Response, Problem> {
    let HistoryPage { events, older } = page(&app, &member, &question).await?;
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"history.csv\"")];
    let link = older.map(|older| {
        let next = Question { before: Some(cursor_text(older)), ..question };
        [(header::LINK, format!("</api/audit/history.csv?{}>; rel=\"next\"", next.query()))]
    });
    let table = table(events);
    Ok(match link {
        Some(link) => (kind, name, link, table).into_response(),
        None => (kind, name, table).into_response(),
    })
}

/// The names of the columns.
const COLUMNS: [&str; 12] = [
    "position",
    "at",
    "type",
    "stream",
    "revision",
    "holder",
    "card",
    "by",
    "staff",
    "run",
    "policy_version",
    "rules",
];

fn table(events: Vec<HistoryEvent>) -> String {
    let mut table = csv::line(COLUMNS);
    for event in events {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let line = HistoryLine::from(event);
        let cells = [
            line.position.to_string(),
            crate::audit::state::text(line.at),
            line.kind,
            line.stream,
            line.revision.to_string(),
            id(line.holder),
            line.card.unwrap_or_default(),
            line.by,
            id(line.staff),
            id(line.run),
            line.policy_version.map(|version| version.to_string()).unwrap_or_default(),
            line.rules.join(" "),
        ];
        table.push_str(&csv::line(cells.iter().map(String::as_str)));
    }
    table
}

async fn page(app: &App, member: &Member, question: &Question) -> Result<HistoryPage, Problem> {
    let Understood { filter, before, limit } =
        question.understand(app.policies()).map_err(|faults| not_understood(&faults))?;
    let limit = limit.unwrap_or(EVENTS);
    looking::history(app, member, filter, before, limit).await.map_err(not_seen)
}

fn not_understood(faults: &[Fault]) -> Problem {
    let all: Vec<_> =
        faults.iter().map(|fault| format!("{}: {}.", fault.field, fault.message)).collect();
    Problem::of(StatusCode::UNPROCESSABLE_ENTITY).because(all.join(" "))
}

fn not_seen(error: LookError) -> Problem {
    match error {
        LookError::Refused(refusal) => Problem::of_refusal(&refusal),
        LookError::NoSuchPerson => {
            Problem::of(StatusCode::NOT_FOUND).because("There is no such person.")
        }
        LookError::NotAll => Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .by(const { RuleId::new("B-59") })
            .because("The whole log is for auditors of the root organisation.")
            .but("Ask for the history of the people of your organisation."),
        LookError::NotYet => Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .because("This instant has not come yet.")
            .but("Ask for an instant that has come."),
        LookError::Failed(error) => error.into(),
    }
}

/// Where an export begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Begin {
    /// It leaves out the events up to this position, the last one of an earlier export.
    #[param(value_type = Option<u64>, nullable = false, maximum = 9_007_199_254_740_991_u64)]
    after: Option<Place>,
}

/// The whole log, with the logon checks between the events: CloudEvents 1.0, one a line.
#[utoipa::path(get, path = "/audit/export", operation_id = "export_log", tag = "audit", params(Begin), security(("session" = [])), responses(
    (status = 200, description = "Lines, as they are read. Without an end of line the last one is torn.",
        body = String, content_type = "application/x-ndjson"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn export(
    State(app): State<App>,
    Desk { member, .. }: Desk<ExportLog>,
    Query(begin): Query<Begin>,
) -> Result<Response, Problem> {
    let after = Position(begin.after.unwrap_or_default().0);
    let export = looking::all(&app, &member, after).await.map_err(not_seen)?;
    let lines = export.lines().inspect_err(|error| {
        tracing::error!(error = format!("{error:#}"), "an export was broken off");
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"log.jsonl\"")];
    let body = Body::from_stream(lines.map_err(std::io::Error::other));
    Ok((kind, name, body).into_response())
}

/// As of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct When {
    /// The instant; now if it is left out.
    at: Option<DateTime<Utc>>,
}

/// How a holder stood at an instant, under the policy in force then, and what it rests on: canonical
/// JSON, the same bytes as `latchkey audit as-of` makes of an export.
#[utoipa::path(get, path = "/audit/holders/{holder}/as-of", operation_id = "show_as_of", tag = "audit",
    params(("holder" = Uuid, Path, description = "Who."), When), security(("session" = [])), responses(
    (status = 200, description = "The state.", body = Object, content_type = "application/json"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59, B-63: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn as_of(
    State(app): State<App>,
    DeskFor { mandate, .. }: DeskFor<SeeHistory>,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    let story = looking::story(&app, &mandate, when.at).await.map_err(not_seen)?;
    if story.context().is_err() {
        return Err(before_the_log());
    }
    Ok(json(AsOf::of(&story)?.bytes()?))
}

fn before_the_log() -> Problem {
    Problem::of(StatusCode::UNPROCESSABLE_ENTITY).because("The log begins later than this instant.")
}

fn json(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

/// What would be refused to a holder at an instant: by which rule, from which facts, when that
/// changes, and the way out.
#[utoipa::path(get, path = "/audit/holders/{holder}/explain", operation_id = "explain_holder", tag = "audit",
    params(("holder" = Uuid, Path, description = "Who."), When), security(("session" = [])), responses(
    (status = 200, description = "Each act.", body = Object, content_type = "application/json"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58, B-59, B-63: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn explain(
    State(app): State<App>,
    DeskFor { mandate, .. }: DeskFor<SeeHistory>,
    Query(when): Query<When>,
) -> Result<Response, Problem> {
    let story = looking::story(&app, &mandate, when.at).await.map_err(not_seen)?;
    if story.context().is_err() {
        return Err(before_the_log());
    }
    Ok(json(Explained::of(&story)?.bytes()?))
}

/// What would be refused to the holder who asks, now: by which rule, from which facts, when that
/// changes, and the way out.
#[utoipa::path(get, path = "/holders/me/explain", operation_id = "explain_me", tag = "session", security(("session" = [])), responses(
    (status = 200, description = "Each act.", body = Object, content_type = "application/json"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn explain_me(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeePasscodes>,
) -> Result<Response, Problem> {
    Ok(json(explained(&app, session.holder).await?))
}

async fn explained(app: &App, holder: HolderId) -> anyhow::Result<Vec<u8>> {
    let story = Story::from_log(app.stores().log.as_ref(), holder, app.now()).await?;
    Explained::of(&story)?.bytes()
}
