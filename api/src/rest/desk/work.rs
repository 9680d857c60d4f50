//! What waits for the registration authority, and who has let people unlock how often.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{
    extract::{Desk, Query},
    problem::Problem,
};
use super::not_listed;
use crate::{
    app::App,
    desk::work,
    staff::acts::{SeeUnlockCounts, SeeWorkList},
};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct After {
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of the work list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct WorkList {
    /// The oldest first.
    items: Vec<Work>,
    /// `after` of the next page; none if this is the last. A page may be short and not the last.
    #[schema(required)]
    next: Option<String>,
    /// Whom mails do not reach; on the first page only.
    unreached: Vec<Unreached>,
}

/// Somebody whom mails do not reach: they are not tried again by themselves.
#[derive(Debug, Serialize, ToSchema)]
struct Unreached {
    /// Who.
    holder: Uuid,
    /// The name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// How many mails.
    n: u32,
    /// Since when, the first of them.
    since: DateTime<Utc>,
}

/// Something that waits.
#[derive(Debug, Serialize, ToSchema)]
struct Work {
    /// Whom it is about.
    holder: Uuid,
    /// The name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// What.
    #[schema(examples("account_locked"))]
    kind: &'static str,
    /// The same in a sentence without full stop.
    words: &'static str,
    /// Since when.
    since: DateTime<Utc>,
    /// B-57: from when on it has taken too long; none if it may take its time.
    #[schema(required)]
    due_at: Option<DateTime<Utc>>,
}

/// What waits for the registration authority, the oldest first.
#[utoipa::path(get, path = "/desk/work", operation_id = "list_work", tag = "desk", params(After), security(("session" = [])), responses(
    (status = 200, description = "A page.", body = WorkList),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn list(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeWorkList>,
    Query(After { after }): Query<After>,
) -> Result<Json<WorkList>, Problem> {
    let is_first = after.is_none();
    let (lines, next) = work::list(&app, &member, after.as_deref()).await.map_err(not_listed)?;
    let items = lines.into_iter().map(|line| Work {
        holder: line.item.holder.0,
        name: line.name,
        kind: line.item.kind.label(),
        words: line.item.kind.words(),
        since: line.item.since,
        due_at: line.due_at,
    });
    let unreached = if is_first { work::unreached(&app, &member).await? } else { vec![] };
    let unreached = unreached.into_iter().map(|person| Unreached {
        holder: person.holder.0,
        name: person.name,
        n: person.n,
        since: person.since,
    });
    Ok(Json(WorkList { items: items.collect(), next, unreached: unreached.collect() }))
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct Day {
    /// The civil day; today if it is left out.
    on: Option<NaiveDate>,
}

/// Who has let people unlock.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct UnlockCounts {
    /// Most often first.
    staff: Vec<UnlockCount>,
}

/// How often a member of staff has let somebody unlock a card or an account.
#[derive(Debug, Serialize, ToSchema)]
struct UnlockCount {
    /// Who.
    holder: Uuid,
    /// The name; none if it was erased.
    #[schema(required)]
    name: Option<String>,
    /// How often.
    n: u32,
    /// True if that is more than policy says is usual.
    stands_out: bool,
}

/// Who has let people unlock how often on a day, of the organisations of who asks.
#[utoipa::path(get, path = "/desk/unlock-counts", operation_id = "count_unlocks", tag = "desk", params(Day), security(("session" = [])), responses(
    (status = 200, description = "Most often first.", body = UnlockCounts),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "B-58: no role of who asks allows it.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn unlock_counts(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeUnlockCounts>,
    Query(Day { on }): Query<Day>,
) -> Result<Json<UnlockCounts>, Problem> {
    let counts = work::unlock_counts(&app, &member, on).await?;
    let staff = counts.into_iter().map(|count| UnlockCount {
        holder: count.staff.0,
        name: count.name,
        n: count.n,
        stands_out: count.stands_out,
    });
    Ok(Json(UnlockCounts { staff: staff.collect() }))
}
