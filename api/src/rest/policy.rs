//! The policy (B-14): its versions, what the coming days bring, what other numbers would, and the next
//! version. For the policy owner; auditors and operators look at it.

mod forecast;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::policy::{Policy, REASON_CHARACTERS_MAX};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    extract::{Desk, Query, Sent},
    idempotency::{Answer, IdempotencyKey},
    problem::Problem,
};
use crate::{
    app::App,
    execute::{Actor, Cause},
    policies::{
        Next,
        history::{self, Author, Standing, Version},
        numbers,
    },
    staff::{
        acts::{PublishPolicy, SeePolicy, SimulatePolicy},
        list::StaffApi,
    },
};

/// The most characters of what is said about numbers that are none.
const WHY_CHARACTERS_MAX: usize = 200;

/// The routes, added to others of staff's.
pub(super) fn routes(others: StaffApi) -> StaffApi {
    others
        .with(SeePolicy, routes!(list))
        .with(PublishPolicy, routes!(publish))
        .with(SeePolicy, routes!(show))
        .with(SeePolicy, routes!(forecast::show))
        .with(SeePolicy, routes!(forecast::table))
        .with(SimulatePolicy, routes!(forecast::simulate))
}

/// A page of versions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyVersions {
    /// Newest first.
    versions: Vec<PolicyVersion>,
    /// `before` of the next page; none if this is the last.
    #[schema(required)]
    older: Option<u32>,
}

/// A version, as it was published.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyVersion {
    /// Its number, from 1.
    version: u32,
    /// The name of its profile.
    #[schema(examples("seed"))]
    name: String,
    /// Whether it counts today.
    standing: VersionStanding,
    /// Its first day; the first version holds since always.
    #[schema(required)]
    from: Option<NaiveDate>,
    /// When it was published.
    published_at: DateTime<Utc>,
    /// By whom.
    by: PublishedBy,
    /// Why, where that was asked.
    #[schema(required)]
    reason: Option<String>,
}

/// Whether a version counts.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VersionStanding {
    /// From a later day on.
    ToCome,
    /// Today.
    InForce,
    /// Another has taken its place.
    Past,
}

impl From<Standing> for VersionStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::ToCome => Self::ToCome,
            Standing::InForce => Self::InForce,
            Standing::Past => Self::Past,
        }
    }
}

/// Who published a version: a member of staff, or, where there is none, whoever runs the service.
#[derive(Debug, Default, Serialize, ToSchema)]
struct PublishedBy {
    /// Who.
    #[schema(required)]
    staff: Option<Uuid>,
    /// By which role.
    #[schema(required, examples("policy-owner"))]
    role: Option<&'static str>,
    /// Where he has it.
    #[schema(required)]
    organisation: Option<String>,
}

impl From<&Author> for PublishedBy {
    fn from(author: &Author) -> Self {
        match author {
            Author::Operator => Self::default(),
            Author::Staff { holder, role, organisation } => Self {
                staff: Some(holder.0),
                role: Some(role.label()),
                organisation: Some(organisation.to_string()),
            },
        }
    }
}

impl From<&Version> for PolicyVersion {
    fn from(version: &Version) -> Self {
        Self {
            version: version.policy.version,
            name: version.policy.name.clone(),
            standing: version.standing.into(),
            from: version.from,
            published_at: version.at,
            by: PublishedBy::from(&version.author),
            reason: version.reason.clone(),
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Before {
    /// `older` of the page before.
    #[param(value_type = Option<u64>, nullable = false, maximum = 4_294_967_295_u64)]
    before: Option<u32>,
}

/// B-14: the versions of the policy there are.
#[utoipa::path(get, path = "/policy/versions", operation_id = "list_policy_versions", tag = "policy", params(Before), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = PolicyVersions),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): State<App>,
    _desk: Desk<SeePolicy>,
    Query(Before { before }): Query<Before>,
) -> Result<Json<PolicyVersions>, Problem> {
    let all = app.policy_versions().await?;
    let (shown, older) = history::page(&all, before);
    Ok(Json(PolicyVersions { versions: shown.iter().map(PolicyVersion::from).collect(), older }))
}

/// A version with its numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeVersion {
    /// How it was published.
    #[serde(flatten)]
    version: PolicyVersion,
    /// What it changed of the one before.
    changes: Vec<NumberChanged>,
    /// All its numbers, by name.
    #[schema(value_type = Object)]
    numbers: Value,
}

/// A number that is another.
#[derive(Debug, Serialize, ToSchema)]
struct NumberChanged {
    /// Its name, with a full stop between the parts.
    #[schema(examples("passcode_days"))]
    name: &'static str,
    /// The rule that it is a number of.
    #[schema(examples("P-13"))]
    rule: &'static str,
    /// What it was, in words.
    before: String,
    /// What it is, in words.
    after: String,
}

fn changes(before: &Policy, after: &Policy) -> anyhow::Result<Vec<NumberChanged>> {
    let changed = numbers::changes(before, after)?.into_iter();
    let changed = changed.map(|change| NumberChanged {
        name: change.number.name,
        rule: change.number.rule.as_str(),
        before: change.before,
        after: change.after,
    });
    Ok(changed.collect())
}

/// B-14: one version with all its numbers.
#[utoipa::path(get, path = "/policy/versions/{version}", operation_id = "show_policy_version", tag = "policy",
    params(("version" = u32, Path, description = "Its number.")), security(("session" = [])), responses(
    (status = 200, description = "The version.", body = WholeVersion),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such version.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn show(
    State(app): State<App>,
    _desk: Desk<SeePolicy>,
    Path(number): Path<String>,
) -> Result<Json<WholeVersion>, Problem> {
    let (all, number) = (app.policy_versions().await?, number.parse::<u32>().ok());
    let found = all.iter().find(|version| Some(version.policy.version) == number);
    let version = found.ok_or_else(|| {
        Problem::of(StatusCode::NOT_FOUND)
            .because("There is no such version of the policy.")
            .but("Look at GET /api/policy/versions for those there are.")
    })?;
    Ok(Json(WholeVersion {
        version: PolicyVersion::from(version),
        changes: match &version.before {
            Some(before) => changes(before, &version.policy)?,
            None => vec![],
        },
        numbers: serde_json::to_value(&version.policy)?,
    }))
}

/// The next version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    /// The version that its author has read, which has to be the latest.
    after: u32,
    /// Its first day: tomorrow at the earliest.
    from: NaiveDate,
    /// The numbers that are others than in the latest version, by name; the rest stays.
    #[schema(value_type = Object, examples(json!({ "passcode_days": 180 })))]
    numbers: Map<String, Value>,
    /// Why, in a sentence. It is recorded: nobody is to be named.
    #[schema(min_length = 1, max_length = 400)]
    reason: String,
}

const _: () = assert!(REASON_CHARACTERS_MAX == 400);

/// The latest version with these numbers in place of its own.
fn with(app: &App, numbers: Map<String, Value>) -> Result<Policy, String> {
    let changed = stores::policy::over(app.policies().latest(), Value::Object(numbers));
    changed.map_err(|error| {
        let why = error.to_string();
        let why = why.split(", expected one of").next().unwrap_or_default();
        why.chars().take(WHY_CHARACTERS_MAX).collect()
    })
}

/// A version that is published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublishedVersion {
    /// Its number.
    version: u32,
}

/// B-14: publishes the next version, in the name of who asks.
#[utoipa::path(post, path = "/policy/versions", operation_id = "publish_policy_version", tag = "policy",
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "A UUID of version 7. The same request under the same key is carried out once.")),
    security(("session" = [])), request_body = NewVersion, responses(
    (status = 200, description = "It is published.", body = PublishedVersion),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "B-14: somebody else has published another one, or none can be published now.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "B-14: it cannot follow the versions there are.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn publish(
    State(app): State<App>,
    Desk { member, warrant, .. }: Desk<PublishPolicy>,
    key: IdempotencyKey,
    sent: Sent<NewVersion>,
) -> Result<Response, Problem> {
    let NewVersion { after, from, numbers, reason } = sent.value;
    let act = b"POST /api/policy/versions\0".as_slice();
    let request = [act, member.holder().0.as_bytes(), &sent.bytes].concat();
    let (app, actor) = (&app, Actor::from(&warrant));
    let work = async |command| {
        let policy = with(app, numbers).map_err(|why| Problem::of_numbers(&why))?;
        let next = Next { from, policy, after: Some(after) };
        let published = app.publish_policy(actor, Cause::first(command), next, &reason).await;
        let version = published.map_err(Problem::of_publish)?;
        Ok(Answer::done(&PublishedVersion { version })?)
    };
    Ok(key.once(app, &request, work).await?.into_response())
}
