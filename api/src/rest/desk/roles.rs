//! Who works where, and who may do what.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use chrono::NaiveDate;
use domain::{
    ids::OrganisationCode,
    staff::{Grant, Role},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{
        extract::{Desk, DeskFor, Query, Sent},
        idempotency::IdempotencyKey,
        problem::Problem,
    },
    Asked, Done,
};
use crate::{
    app::App,
    desk::roles,
    execute::Cause,
    staff::acts::{Assign, EndAssignment, GrantRole, SeeStaff, WithdrawRole},
};

/// An organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Assignment {
    /// Its code.
    #[schema(value_type = String, pattern = "^[A-Z0-9]{1,12}$", examples("RXA"))]
    organisation: OrganisationCode,
}

/// A role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct RoleWanted {
    /// Which.
    role: RoleName,
    /// In which organisation, and below.
    #[schema(value_type = String, pattern = "^[A-Z0-9]{1,12}$", examples("RXA"))]
    organisation: OrganisationCode,
}

/// What somebody may be besides a holder.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum RoleName {
    /// Leads a registration authority.
    RaManager,
    /// Works at the desk of one.
    RaAgent,
    /// Helps with locked smartcards.
    Sponsor,
    /// Looks at everything, and changes nothing.
    Auditor,
    /// Keeps the service running.
    Operator,
    /// Decides about the numbers of the rules.
    PolicyOwner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::RaManager => Self::RaManager,
            RoleName::RaAgent => Self::RaAgent,
            RoleName::Sponsor => Self::Sponsor,
            RoleName::Auditor => Self::Auditor,
            RoleName::Operator => Self::Operator,
            RoleName::PolicyOwner => Self::PolicyOwner,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::RaManager => Self::RaManager,
            Role::RaAgent => Self::RaAgent,
            Role::Sponsor => Self::Sponsor,
            Role::Auditor => Self::Auditor,
            Role::Operator => Self::Operator,
            Role::PolicyOwner => Self::PolicyOwner,
        }
    }
}

/// B-59: the person works for this organisation.
#[utoipa::path(post, path = "/desk/holders/{holder}/assignments", operation_id = "assign", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Assignment, responses(
    (status = 200, description = "Done, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn assign(
    State(app): State<App>,
    desk: DeskFor<Assign>,
    key: IdempotencyKey,
    sent: Sent<Assignment>,
) -> Result<Response, Problem> {
    let (member, record) = (&desk.member, &desk.record);
    let asked = Asked::of("assign", &desk.mandate, &sent.bytes);
    let organisation = sent.value.organisation;
    let work = async |command| {
        let done = roles::assign(&app, member, record, organisation, Cause::first(command)).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// B-59: not any more.
#[utoipa::path(delete, path = "/desk/holders/{holder}/assignments/{organisation}", operation_id = "end_assignment", tag = "desk",
    params(("holder" = Uuid, Path), ("organisation" = String, Path)),
    security(("session" = [])), responses(
    (status = 200, description = "Done, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn end_assignment(
    State(app): State<App>,
    desk: DeskFor<EndAssignment>,
    Path((_, organisation)): Path<(Uuid, String)>,
) -> Result<Json<Done>, Problem> {
    let organisation = organisation.parse().map_err(|_| no_such("organisation"))?;
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let done = roles::end_assignment(&app, &desk.member, &desk.record, organisation, cause).await;
    done.map_err(Problem::of_execute)?;
    Ok(Json(Done::about(&desk.mandate)))
}

/// B-58: the person has this role.
#[utoipa::path(post, path = "/desk/holders/{holder}/roles", operation_id = "grant_role", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = RoleWanted, responses(
    (status = 200, description = "Done, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn grant(
    State(app): State<App>,
    desk: DeskFor<GrantRole>,
    key: IdempotencyKey,
    sent: Sent<RoleWanted>,
) -> Result<Response, Problem> {
    let (member, record) = (&desk.member, &desk.record);
    let asked = Asked::of("grant-role", &desk.mandate, &sent.bytes);
    let RoleWanted { role, organisation } = sent.value;
    let grant = Grant { role: role.into(), organisation };
    let work = async |command| {
        let done = roles::grant(&app, member, record, grant, Cause::first(command)).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// B-58: not any more. The last manager who can look after an organisation stays.
#[utoipa::path(delete, path = "/desk/holders/{holder}/roles/{role}/{organisation}", operation_id = "withdraw_role", tag = "desk",
    params(("holder" = Uuid, Path), ("role" = String, Path), ("organisation" = String, Path)),
    security(("session" = [])), responses(
    (status = 200, description = "Done, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63).",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn withdraw(
    State(app): State<App>,
    desk: DeskFor<WithdrawRole>,
    Path((_, role, organisation)): Path<(Uuid, String, String)>,
) -> Result<Json<Done>, Problem> {
    let role = Role::labelled(&role).ok_or_else(|| no_such("role"))?;
    let organisation = organisation.parse().map_err(|_| no_such("organisation"))?;
    let grant = Grant { role, organisation };
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let done = roles::withdraw(&app, &desk.member, &desk.record, grant, cause).await;
    done.map_err(Problem::of_execute)?;
    Ok(Json(Done::about(&desk.mandate)))
}

fn no_such(what: &str) -> Problem {
    Problem::of(axum::http::StatusCode::NOT_FOUND).because(format!("There is no such {what}."))
}

/// Which page of staff.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct After {
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of staff.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct StaffList {
    /// By person.
    staff: Vec<StaffMember>,
    /// `after` of the next page; none if this is the last.
    #[schema(required)]
    next: Option<String>,
}

/// A role of a member of staff.
#[derive(Debug, Serialize, ToSchema)]
struct StaffMember {
    /// Who.
    holder: Uuid,
    /// The name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// Which role.
    role: RoleName,
    /// In which organisation, and below.
    organisation: String,
    /// Since when.
    granted_on: NaiveDate,
}

/// B-58: who has which role, in the organisations of who asks.
#[utoipa::path(get, path = "/desk/staff", operation_id = "list_staff", tag = "desk", params(After), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = StaffList),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn staff(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeStaff>,
    Query(After { after }): Query<After>,
) -> Result<Json<StaffList>, Problem> {
    let listed = roles::staff(&app, &member, None, after.as_deref()).await;
    let (lines, next) = listed.map_err(super::not_listed)?;
    let staff = lines.into_iter().map(|line| StaffMember {
        holder: line.grant.holder.0,
        name: line.name,
        role: line.grant.grant.role.into(),
        organisation: line.grant.grant.organisation.to_string(),
        granted_on: line.grant.granted_on,
    });
    Ok(Json(StaffList { staff: staff.collect(), next }))
}
