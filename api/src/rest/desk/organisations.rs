//! The tree of organisations (B-59).

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    ids::OrganisationCode,
    staff::{NAME_CHARACTERS_MAX, StaffAct},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::{
    extract::{Desk, Query, Sent},
    problem::Problem,
};
use crate::{
    app::App,
    execute::{Actor, Cause},
    organisations::AddError,
    staff::acts::{AddOrganisation, SeeOrganisations},
};

/// Organisations of one page.
const PAGE_MAX: usize = 200;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct After {
    /// `next` of the page before.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Z0-9]{1,12}$")]
    after: Option<OrganisationCode>,
}

/// A page of organisations.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Organisations {
    /// By code.
    organisations: Vec<Organisation>,
    /// `after` of the next page; none if this is the last.
    #[schema(required)]
    next: Option<String>,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
struct Organisation {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// The one above it; none for the root.
    #[schema(required)]
    parent: Option<String>,
}

/// B-59: the organisations there are.
#[utoipa::path(get, path = "/desk/organisations", operation_id = "list_organisations", tag = "desk", params(After), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = Organisations),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn list(
    State(app): State<App>,
    _desk: Desk<SeeOrganisations>,
    Query(After { after }): Query<After>,
) -> Result<Json<Organisations>, Problem> {
    let tree = app.organisations();
    let behind = |code: &OrganisationCode| after.as_ref().is_none_or(|after| after < code);
    let mut rest = tree.iter().filter(|(code, _)| behind(code)).peekable();
    let organisations: Vec<_> = rest
        .by_ref()
        .take(PAGE_MAX)
        .map(|(code, name)| Organisation {
            code: code.to_string(),
            name: name.to_owned(),
            parent: tree.parent(code).map(ToString::to_string),
        })
        .collect();
    let more = rest.peek().is_some();
    let next = organisations.last().filter(|_| more).map(|last| last.code.clone());
    Ok(Json(Organisations { organisations, next }))
}

/// An organisation that is to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct NewOrganisation {
    /// Its code.
    #[schema(value_type = String, pattern = "^[A-Z0-9]{1,12}$", examples("RXC"))]
    code: OrganisationCode,
    /// Its name.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// The one above it.
    #[schema(value_type = String, pattern = "^[A-Z0-9]{1,12}$", examples("X26"))]
    parent: OrganisationCode,
}

const _: () = assert!(NAME_CHARACTERS_MAX == 80);

/// B-59: one more organisation, below one of those of who asks. Adding the same again adds nothing.
#[utoipa::path(post, path = "/desk/organisations", operation_id = "add_organisation", tag = "desk", security(("session" = [])),
    request_body = NewOrganisation, responses(
    (status = 204, description = "It is there, now or before."),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59).",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn add(
    State(app): State<App>,
    Desk { member, .. }: Desk<AddOrganisation>,
    sent: Sent<NewOrganisation>,
) -> Result<StatusCode, Problem> {
    let NewOrganisation { code, name, parent } = sent.value;
    let may = member.may_in(&app, StaffAct::AddOrganisation, &parent);
    let warrant = may.map_err(|refusal| Problem::of_refusal(&refusal.into()))?;
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let actor = Actor::from(&warrant);
    match app.add_organisation(actor, cause, code, &name, Some(parent)).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(AddError::Refused(refusal)) => Err(Problem::of(StatusCode::FORBIDDEN)
            .by(refusal.rule())
            .because(format!("{refusal}."))
            .but(refusal.way_out())),
        Err(AddError::Failed(error)) => Err(error.into()),
    }
}
