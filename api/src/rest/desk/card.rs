//! A card that is lost, suspended, cancelled, or whose certificates are revoked.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    certificate::RevocationReason,
    desk::{CancelReason, Loss, SuspensionReason},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::{
        extract::{DeskFor, Sent},
        idempotency::IdempotencyKey,
        problem::Problem,
    },
    Asked, Done,
};
use crate::{
    app::App,
    desk::card,
    execute::Cause,
    staff::acts::{CancelCard, Reinstate, ReportLost, Revoke, Suspend},
};

/// B-57: why certificates are suspended.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest) enum WhySuspended {
    /// The card cannot be found and may turn up again.
    Mislaid,
    /// Somebody else may have used it.
    Suspected,
    /// The holder does not work for a while.
    Away,
}

impl From<WhySuspended> for SuspensionReason {
    fn from(why: WhySuspended) -> Self {
        match why {
            WhySuspended::Mislaid => Self::Mislaid,
            WhySuspended::Suspected => Self::Suspected,
            WhySuspended::Away => Self::Away,
        }
    }
}

/// That certificates are suspended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Suspension {
    /// Why.
    reason: WhySuspended,
}

/// That it is meant so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Reinstatement {
    /// The word REINSTATE.
    #[schema(examples("REINSTATE"))]
    confirm: String,
}

/// A card that is gone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct LostCard {
    /// Lost or stolen.
    #[schema(value_type = LossShown)]
    loss: Loss,
    /// Since when, as the holder says.
    lost_at: DateTime<Utc>,
}

/// Lost or stolen.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the description's words for the domain's loss")]
enum LossShown {
    /// Nobody knows where it is.
    Lost,
    /// Somebody has taken it.
    Stolen,
}

/// B-61: why a card is taken out of use.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest) enum WhyCancelled {
    /// It does not work any more.
    Damaged,
    /// Somebody else may have used it or know its passcode.
    Compromised,
    /// It is not needed any more.
    NoLongerNeeded,
    /// Nobody knows where it is.
    Lost,
    /// Somebody has taken it.
    Stolen,
}

impl From<WhyCancelled> for CancelReason {
    fn from(why: WhyCancelled) -> Self {
        match why {
            WhyCancelled::Damaged => Self::Damaged,
            WhyCancelled::Compromised => Self::Compromised,
            WhyCancelled::NoLongerNeeded => Self::NoLongerNeeded,
            WhyCancelled::Lost => Self::Lost,
            WhyCancelled::Stolen => Self::Stolen,
        }
    }
}

/// That a card is out of use.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Cancellation {
    /// Why.
    reason: WhyCancelled,
}

/// That certificates are revoked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct RevocationAtDesk {
    /// Why.
    #[schema(value_type = RevocationShown)]
    reason: RevocationReason,
    /// The word REVOKE.
    #[schema(examples("REVOKE"))]
    confirm: String,
}

/// C-15: why certificates are revoked.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the description's words for the domain's reason")]
enum RevocationShown {
    /// The card is lost or stolen: somebody else may have it.
    LostOrStolen,
    /// The card is damaged.
    Damaged,
    /// The holder does not need it any more.
    NoLongerNeeded,
    /// Somebody else may know the passcode, or have used the card.
    Compromised,
}

/// B-57: the certificates are good for nothing until the suspension is ended.
#[utoipa::path(post, path = "/desk/holders/{holder}/suspensions", operation_id = "suspend", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Suspension, responses(
    (status = 200, description = "They are suspended, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn suspend(
    State(app): State<App>,
    desk: DeskFor<Suspend>,
    key: IdempotencyKey,
    sent: Sent<Suspension>,
) -> Result<Response, Problem> {
    let asked = Asked::of("suspend", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, reason) = (Cause::first(command), sent.value.reason.into());
        let done = card::suspend(&app, &desk.mandate, cause, reason).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// B-57: the certificates are good again.
#[utoipa::path(post, path = "/desk/holders/{holder}/reinstatements", operation_id = "reinstate", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Reinstatement, responses(
    (status = 200, description = "They are good.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn reinstate(
    State(app): State<App>,
    desk: DeskFor<Reinstate>,
    key: IdempotencyKey,
    sent: Sent<Reinstatement>,
) -> Result<Response, Problem> {
    if sent.value.confirm != "REINSTATE" {
        return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
            .because("It was not confirmed.")
            .but("Send the word REINSTATE in `confirm`."));
    }
    let asked = Asked::of("reinstate", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let done = card::reinstate(&app, &desk.mandate, Cause::first(command)).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// B-57: the card is lost or stolen: its certificates are revoked and it is out of use, at once.
#[utoipa::path(post, path = "/desk/holders/{holder}/losses", operation_id = "report_lost", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = LostCard, responses(
    (status = 200, description = "It is out of use.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn report_lost(
    State(app): State<App>,
    desk: DeskFor<ReportLost>,
    key: IdempotencyKey,
    sent: Sent<LostCard>,
) -> Result<Response, Problem> {
    let asked = Asked::of("report-lost", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let LostCard { loss, lost_at } = sent.value;
        let cause = Cause::first(command);
        let done = card::report_lost(&app, &desk.mandate, cause, loss, lost_at).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// B-61: the card is out of use, for ever.
#[utoipa::path(post, path = "/desk/holders/{holder}/cancellations", operation_id = "cancel_card", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Cancellation, responses(
    (status = 200, description = "It is out of use.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn cancel(
    State(app): State<App>,
    desk: DeskFor<CancelCard>,
    key: IdempotencyKey,
    sent: Sent<Cancellation>,
) -> Result<Response, Problem> {
    let asked = Asked::of("cancel", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, reason) = (Cause::first(command), sent.value.reason.into());
        let done = card::cancel(&app, &desk.mandate, cause, reason).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// C-15, B-57: the certificates are revoked for a holder who has no card at hand, for ever.
#[utoipa::path(post, path = "/desk/holders/{holder}/revocations", operation_id = "revoke_for_holder", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = RevocationAtDesk, responses(
    (status = 200, description = "They are revoked, now or before.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn revoke(
    State(app): State<App>,
    desk: DeskFor<Revoke>,
    key: IdempotencyKey,
    sent: Sent<RevocationAtDesk>,
) -> Result<Response, Problem> {
    if sent.value.confirm != "REVOKE" {
        return Err(Problem::not_confirmed());
    }
    let asked = Asked::of("revoke", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, reason) = (Cause::first(command), sent.value.reason);
        let done = card::revoke(&app, &desk.mandate, cause, reason).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}
