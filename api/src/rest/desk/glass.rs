//! B-59, B-63: breaking glass, which takes two operators.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use domain::ids::CommandId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{
        extract::{Desk, DeskFor, Sent},
        idempotency::IdempotencyKey,
        problem::Problem,
    },
    Asked,
    allow::{Agreement, Allowed, IdentityChecked, UnlockRequest},
};
use crate::{
    app::App,
    desk::glass::{self, LockedOut},
    execute::Cause,
    staff::acts::BreakGlass,
};

/// For whom glass may be broken.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Glass {
    /// At most 200.
    locked_out: Vec<LockedOutManager>,
}

/// A manager who is locked out, and whom nobody of the registration authority can let in.
#[derive(Debug, Serialize, ToSchema)]
struct LockedOutManager {
    /// Who.
    holder: Uuid,
    /// The organisation for which nobody can act.
    organisation: String,
    /// The operator who has asked, if one has.
    #[schema(required)]
    asked_by: Option<Uuid>,
    /// Until when another operator can agree.
    #[schema(required)]
    agree_until: Option<DateTime<Utc>>,
    /// Until when the manager may unlock his account.
    #[schema(required)]
    until: Option<DateTime<Utc>>,
}

impl From<LockedOut> for LockedOutManager {
    fn from(found: LockedOut) -> Self {
        Self {
            holder: found.holder.0,
            organisation: found.organisation.to_string(),
            asked_by: found.asked.map(|(by, _)| by.0),
            agree_until: found.asked.map(|(_, until)| until),
            until: found.let_until,
        }
    }
}

/// B-59: managers who are locked out, and whom nobody of the registration authority can let in.
#[utoipa::path(get, path = "/desk/glass", operation_id = "list_locked_out", tag = "desk", security(("session" = [])), responses(
    (status = 200, description = "Those there are.", body = Glass),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn list(
    State(app): State<App>,
    _desk: Desk<BreakGlass>,
) -> Result<Json<Glass>, Problem> {
    let found = glass::locked_out(&app).await?;
    Ok(Json(Glass { locked_out: found.into_iter().map(LockedOutManager::from).collect() }))
}

/// B-59, B-63: an operator has seen who the manager is, and asks that he may unlock his account, because
/// nobody of the registration authority can let him. Another operator has to agree.
#[utoipa::path(post, path = "/desk/holders/{holder}/glass-requests", operation_id = "ask_to_break_glass", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = IdentityChecked, responses(
    (status = 200, description = "What the other operator agrees to.", body = UnlockRequest),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn ask(
    State(app): State<App>,
    desk: DeskFor<BreakGlass>,
    key: IdempotencyKey,
    sent: Sent<IdentityChecked>,
) -> Result<Response, Problem> {
    let asked = Asked::of("glass-request", &desk.mandate, &sent.bytes);
    let work = async |command: CommandId| {
        let (cause, check) = (Cause::first(command), sent.value.into());
        let done = glass::ask(&app, &desk.mandate, cause, check).await;
        done.map_err(Problem::of_execute)?;
        Ok(UnlockRequest { request: command.0 })
    };
    asked.once(&app, key, work).await
}

/// B-59, B-63: another operator agrees, and the manager may unlock his account. Managers and auditors of
/// the organisation and above, and the operators, are told.
#[utoipa::path(post, path = "/desk/holders/{holder}/glass-requests/{request}/approval", operation_id = "break_glass", tag = "desk", params(("holder" = Uuid, Path), ("request" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Agreement, responses(
    (status = 200, description = "Until when the manager may.", body = Allowed),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn agree(
    State(app): State<App>,
    desk: DeskFor<BreakGlass>,
    Path((_, request)): Path<(Uuid, Uuid)>,
    key: IdempotencyKey,
    sent: Sent<Agreement>,
) -> Result<Response, Problem> {
    if let Some(problem) = sent.value.fault() {
        return Err(problem);
    }
    let asked = Asked::of("glass-approval", &desk.mandate, request.as_bytes());
    let work = async |command| {
        let (cause, request) = (Cause::first(command), CommandId(request));
        let done = glass::agree(&app, &desk.mandate, cause, request).await;
        Ok(Allowed::until(done.map_err(Problem::of_execute)?))
    };
    asked.once(&app, key, work).await
}
