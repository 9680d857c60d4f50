//! How the service runs, for operators: the same as the portal's pages (B-58).

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stores::agent::AgentId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;
use workflows::{engine::Breaker, mail_delivery::StepId};

use super::{
    extract::{Desk, Query},
    problem::Problem,
};
use crate::{
    app::App,
    operation::{self, NotResumed},
    staff::{
        acts::{Operate, SeeOperation},
        list::StaffApi,
    },
};

/// The routes, added to others of staff's.
pub(super) fn routes(others: StaffApi) -> StaffApi {
    others
        .with(SeeOperation, routes!(overview))
        .with(SeeOperation, routes!(mails))
        .with(SeeOperation, routes!(agents))
        .with(SeeOperation, routes!(cards))
        .with(Operate, routes!(redrive))
        .with(Operate, routes!(resume))
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// How the service runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Operation {
    /// Position of the log's last event.
    head: u64,
    /// How far what is shown follows it.
    shown: u64,
    /// The workflow engine.
    engine: EngineStanding,
    /// True if the system's clock is kept out, and waits for the operator at the console.
    clock_alarm: bool,
    /// True if relying parties have no fresh revocation list, or nobody signs OCSP answers.
    list_late: bool,
    /// Card agents that are connected.
    n_agents: u64,
    /// Open sessions; 50000 stands for that many or more.
    n_sessions: u64,
}

/// How the workflow engine stands; in its counts, 10000 stands for that many or more.
#[derive(Debug, Serialize, ToSchema)]
struct EngineStanding {
    /// How far it follows the log.
    position: u64,
    /// Holders who are due.
    n_due: u64,
    /// Since when the oldest of them is.
    #[schema(required)]
    due_since: Option<DateTime<Utc>>,
    /// Holders who cannot be woken.
    n_failing: u64,
    /// Mails to be sent.
    n_mails: u64,
    /// Mails that were given up.
    n_dead: u64,
    /// What it was stopped for; none if it goes on.
    #[schema(required)]
    stopped: Option<Stopped>,
}

/// The engine is stopped: so many would be affected at once.
#[derive(Debug, Serialize, ToSchema)]
struct Stopped {
    /// Since when.
    since: DateTime<Utc>,
    /// Holders who would be forced to renew.
    n_forced: u64,
    /// Holders who would be locked.
    n_locked: u64,
    /// Of how many.
    n_holders: u64,
}

/// How the service runs.
#[utoipa::path(get, path = "/operation", operation_id = "see_operation", tag = "operation", security(("session" = [])), responses(
    (status = 200, description = "How everything stands.", body = Operation),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn overview(
    State(app): State<App>,
    _desk: Desk<SeeOperation>,
) -> Result<Json<Operation>, Problem> {
    let stands = operation::overview(&app).await?;
    let engine = &stands.engine;
    let stopped = match engine.breaker {
        Breaker::Stopped { since, effects } => Some(Stopped {
            since,
            n_forced: effects.n_forced,
            n_locked: effects.n_locked,
            n_holders: effects.n_holders,
        }),
        Breaker::Closed | Breaker::Accepted { .. } => None,
    };
    Ok(Json(Operation {
        head: stands.head.0,
        shown: stands.shown.0,
        engine: EngineStanding {
            position: engine.position.0,
            n_due: engine.n_due,
            due_since: engine.oldest_due_at,
            n_failing: engine.n_failing,
            n_mails: engine.n_mails,
            n_dead: engine.n_dead,
            stopped,
        },
        clock_alarm: stands.clock_alarm,
        list_late: stands.list_late,
        n_agents: stands.n_connected,
        n_sessions: stands.n_sessions,
    }))
}

/// A page of mails that were given up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GivenUp {
    /// In the order of their steps.
    mails: Vec<GivenUpMail>,
    /// `after` of the next page; none if this is the last.
    #[schema(required)]
    next: Option<Uuid>,
}

/// A mail that was given up: neither address nor content.
#[derive(Debug, Serialize, ToSchema)]
struct GivenUpMail {
    /// What it is tried again by.
    step: Uuid,
    /// Whom it is for.
    holder: Uuid,
    /// When what it tells of happened, or when it was last tried again.
    since: DateTime<Utc>,
    /// How often it was tried since then.
    attempts: u32,
    /// Why it was given up.
    why: String,
}

/// Mails that are not tried again by themselves.
#[utoipa::path(get, path = "/operation/mails", operation_id = "list_given_up_mails", tag = "operation", params(After), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = GivenUp),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn mails(
    State(app): State<App>,
    _desk: Desk<SeeOperation>,
    Query(After { after }): Query<After>,
) -> Result<Json<GivenUp>, Problem> {
    let (letters, next) = operation::dead_letters(&app, after.map(StepId)).await?;
    let mails = letters.into_iter().map(|letter| GivenUpMail {
        step: letter.step.0,
        holder: letter.holder.0,
        since: letter.since,
        attempts: letter.attempts,
        why: letter.hitch,
    });
    Ok(Json(GivenUp { mails: mails.collect(), next: next.map(|next| next.0) }))
}

/// A mail that was given up is tried again.
#[utoipa::path(post, path = "/operation/mails/{step}/redrive", operation_id = "redrive_mail", tag = "operation", security(("session" = [])),
    params(("step" = Uuid, Path, description = "Its step.")), responses(
    (status = 204, description = "It is tried again."),
    (status = 404, description = "No mail of this step lies given up.",
        body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn redrive(
    State(app): State<App>,
    Desk { warrant, .. }: Desk<Operate>,
    Path(step): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    if operation::redrive(&app, &warrant, StepId(step)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::of(StatusCode::NOT_FOUND))
    }
}

/// A page of workstations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Workstations {
    /// In the order of their ids.
    agents: Vec<EnrolledAgent>,
    /// `after` of the next page; none if this is the last.
    #[schema(required)]
    next: Option<Uuid>,
}

/// An enrolled workstation.
#[derive(Debug, Serialize, ToSchema)]
struct EnrolledAgent {
    /// The id of its agent.
    agent: Uuid,
    /// Its name, as it said.
    workstation: String,
    /// When it was enrolled.
    enrolled_at: DateTime<Utc>,
    /// When it was last heard.
    #[schema(required)]
    last_seen_at: Option<DateTime<Utc>>,
    /// True if it may not connect again.
    revoked: bool,
    /// True if it is connected now.
    connected: bool,
}

/// The enrolled workstations.
#[utoipa::path(get, path = "/operation/agents", operation_id = "list_agents", tag = "operation", params(After), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = Workstations),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn agents(
    State(app): State<App>,
    _desk: Desk<SeeOperation>,
    Query(After { after }): Query<After>,
) -> Result<Json<Workstations>, Problem> {
    let (lines, next) = operation::agents(&app, after.map(AgentId)).await?;
    let agents = lines.into_iter().map(|line| EnrolledAgent {
        agent: line.agent.agent_id.0,
        workstation: line.agent.workstation,
        enrolled_at: line.agent.enrolled_at,
        last_seen_at: line.agent.last_seen_at,
        revoked: line.agent.revoked_at.is_some(),
        connected: line.connected,
    });
    Ok(Json(Workstations { agents: agents.collect(), next: next.map(|next| next.0) }))
}

/// Cards that are stuck.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StuckCards {
    /// The oldest of each kind first; up to 50 of each.
    cards: Vec<StuckCard>,
}

/// A card that is stuck.
#[derive(Debug, Serialize, ToSchema)]
struct StuckCard {
    /// Whose.
    holder: Uuid,
    /// Since when.
    since: DateTime<Utc>,
    /// What is the matter.
    #[schema(examples("card_unfinished"))]
    kind: &'static str,
    /// The same in a sentence without full stop.
    words: &'static str,
}

/// Cards of which it is not known what is on them, or that nothing can unlock any more.
#[utoipa::path(get, path = "/operation/cards", operation_id = "list_stuck_cards", tag = "operation", security(("session" = [])), responses(
    (status = 200, description = "The cards.", body = StuckCards),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn cards(
    State(app): State<App>,
    _desk: Desk<SeeOperation>,
) -> Result<Json<StuckCards>, Problem> {
    let stuck = operation::stuck_cards(&app).await?.into_iter().map(|item| StuckCard {
        holder: item.holder.0,
        since: item.since,
        kind: item.kind.label(),
        words: item.kind.words(),
    });
    Ok(Json(StuckCards { cards: stuck.collect() }))
}

/// The workflow engine goes on with what it was stopped for.
#[utoipa::path(post, path = "/operation/engine/resume", operation_id = "resume_engine", tag = "operation", security(("session" = [])), responses(
    (status = 204, description = "It goes on."),
    (status = 409, description = "It is not stopped, the clock comes first, or there is more to do than was shown (B-09).",
        body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn resume(
    State(app): State<App>,
    Desk { warrant, .. }: Desk<Operate>,
) -> Result<StatusCode, Problem> {
    match operation::resume(&app, &warrant).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(NotResumed::Failed(error)) => Err(error.into()),
        Err(refused @ (NotResumed::NotStopped | NotResumed::ClockFirst | NotResumed::More(_))) => {
            Err(Problem::of(StatusCode::CONFLICT)
                .by(operation::RULE)
                .because(format!("{refused}."))
                .but(refused.way_out()))
        }
    }
}
