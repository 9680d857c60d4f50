//! What the desk allows and the holder finishes, in a session or at a card page of his own.

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use domain::{
    certificate::{IdentityEvidence, Visit},
    desk,
    ids::CommandId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
    desk::allow,
    execute::Cause,
    staff::acts::{
        ApproveAccountUnlock, AssistCardUnlock, AuthoriseAccountUnlock, AuthoriseRenewal,
        ReleaseBlock,
    },
};

/// How the one who asks has seen who somebody is. Never the number of a document.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct IdentityChecked {
    /// By what.
    #[schema(value_type = Evidence)]
    evidence: IdentityEvidence,
    /// Where: name or code of the office.
    #[schema(min_length = 1, max_length = 80)]
    place: String,
}

impl From<IdentityChecked> for desk::IdentityCheck {
    fn from(checked: IdentityChecked) -> Self {
        Self::by(checked.evidence, checked.place)
    }
}

/// By what somebody is known.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the description's words for the domain's evidence")]
enum Evidence {
    /// A passport.
    Passport,
    /// A driving licence with a photograph.
    DrivingLicence,
    /// A national identity card.
    NationalIdentityCard,
    /// The photograph that the registration authority has on record.
    PhotographOnRecord,
    /// Nothing: who asks vouches for the person. Enough for a request for an account's unlock alone.
    Vouched,
}

/// What is allowed now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Allowed {
    /// Until this instant.
    #[schema(required)]
    until: Option<DateTime<Utc>>,
}

impl Allowed {
    /// Until then, exclusive.
    pub(super) fn until(until: Option<DateTime<Utc>>) -> Self {
        Self { until }
    }
}

/// What was asked for, for a second person to agree to.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest) struct UnlockRequest {
    /// Its number.
    pub(super) request: Uuid,
}

/// Help with a card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Assistance {
    /// How the registration authority has seen who the holder is; not asked of a sponsor.
    check: Option<IdentityChecked>,
}

/// P-19, B-30: the holder has shown who he is. Within half an hour he may log in with this card, and
/// unlocks his account by giving new values to all that is overdue.
#[utoipa::path(post, path = "/desk/holders/{holder}/account-unlock-authorisations", operation_id = "authorise_account_unlock", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = IdentityChecked, responses(
    (status = 200, description = "Until when the holder may.", body = Allowed),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn account_unlock(
    State(app): State<App>,
    desk: DeskFor<AuthoriseAccountUnlock>,
    key: IdempotencyKey,
    sent: Sent<IdentityChecked>,
) -> Result<Response, Problem> {
    let asked = Asked::of("account-unlock", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, check) = (Cause::first(command), sent.value.into());
        let done = allow::account_unlock(&app, &desk.mandate, cause, check).await;
        Ok(Allowed { until: done.map_err(Problem::of_execute)? })
    };
    asked.once(&app, key, work).await
}

/// B-30, B-63: the holder has nothing to show, and who asks vouches for him. Somebody else has to agree.
#[utoipa::path(post, path = "/desk/holders/{holder}/account-unlock-requests", operation_id = "request_account_unlock", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = IdentityChecked, responses(
    (status = 200, description = "What the second person agrees to.", body = UnlockRequest),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn request_account_unlock(
    State(app): State<App>,
    desk: DeskFor<AuthoriseAccountUnlock>,
    key: IdempotencyKey,
    sent: Sent<IdentityChecked>,
) -> Result<Response, Problem> {
    let asked = Asked::of("account-unlock-request", &desk.mandate, &sent.bytes);
    let work = async |command: CommandId| {
        let (cause, check) = (Cause::first(command), sent.value.into());
        let done = allow::request_account_unlock(&app, &desk.mandate, cause, check).await;
        done.map_err(Problem::of_execute)?;
        Ok(UnlockRequest { request: command.0 })
    };
    asked.once(&app, key, work).await
}

/// That somebody agrees.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rest) struct Agreement {
    /// The word AGREE.
    #[schema(examples("AGREE"))]
    confirm: String,
}

impl Agreement {
    /// Why it is none.
    pub(super) fn fault(&self) -> Option<Problem> {
        (self.confirm != "AGREE").then(|| {
            Problem::of(axum::http::StatusCode::UNPROCESSABLE_ENTITY)
                .because("It was not confirmed.")
                .but("Send the word AGREE in `confirm`.")
        })
    }
}

/// B-30, B-63: a second person agrees. The one who vouches cannot.
#[utoipa::path(post, path = "/desk/holders/{holder}/account-unlock-requests/{request}/approval", operation_id = "approve_account_unlock", tag = "desk", params(("holder" = Uuid, Path), ("request" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Agreement, responses(
    (status = 200, description = "Until when the holder may.", body = Allowed),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn approve_account_unlock(
    State(app): State<App>,
    desk: DeskFor<ApproveAccountUnlock>,
    Path((_, request)): Path<(Uuid, Uuid)>,
    key: IdempotencyKey,
    sent: Sent<Agreement>,
) -> Result<Response, Problem> {
    if let Some(problem) = sent.value.fault() {
        return Err(problem);
    }
    let asked = Asked::of("account-unlock-approval", &desk.mandate, request.as_bytes());
    let work = async |command| {
        let (cause, request) = (Cause::first(command), CommandId(request));
        let done = allow::approve_account_unlock(&app, &desk.mandate, cause, request).await;
        Ok(Allowed { until: done.map_err(Problem::of_execute)? })
    };
    asked.once(&app, key, work).await
}

/// C-04, B-49: the holder has shown who he is. Within half an hour he may renew his certificates with
/// this card, whatever was counted.
#[utoipa::path(post, path = "/desk/holders/{holder}/renewal-authorisations", operation_id = "authorise_renewal_at_desk", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = IdentityChecked, responses(
    (status = 200, description = "Until when the holder may.", body = Allowed),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn renewal(
    State(app): State<App>,
    desk: DeskFor<AuthoriseRenewal>,
    key: IdempotencyKey,
    sent: Sent<IdentityChecked>,
) -> Result<Response, Problem> {
    let asked = Asked::of("renewal", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let IdentityChecked { evidence, place } = sent.value;
        let (cause, visit) = (Cause::first(command), Visit { evidence, place });
        let done = allow::renewal(&app, &desk.mandate, cause, visit).await;
        Ok(Allowed { until: done.map_err(Problem::of_execute)? })
    };
    asked.once(&app, key, work).await
}

/// P-11, B-34, B-41: what wrong answers or wrong passcodes have blocked is open again. Where it was
/// answers, the holder registers anew; a passcode is compared again, and the holder is asked for a new
/// one.
#[utoipa::path(post, path = "/desk/holders/{holder}/self-service-releases", operation_id = "release_self_service", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = IdentityChecked, responses(
    (status = 200, description = "It is open.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn release(
    State(app): State<App>,
    desk: DeskFor<ReleaseBlock>,
    key: IdempotencyKey,
    sent: Sent<IdentityChecked>,
) -> Result<Response, Problem> {
    let asked = Asked::of("release", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, check) = (Cause::first(command), sent.value.into());
        let done = allow::release(&app, &desk.mandate, cause, check).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}

/// B-58: within half an hour the holder may choose a new passcode for this card: at once, with the
/// registration authority's help; with a sponsor's, after a mailed code or his account recovery passcode.
#[utoipa::path(post, path = "/desk/holders/{holder}/card-unlock-authorisations", operation_id = "assist_card_unlock", tag = "desk", params(("holder" = Uuid, Path),
        ("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    security(("session" = [])), request_body = Assistance, responses(
    (status = 200, description = "The holder starts an unlock now.", body = Done),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "A rule says no (B-58, B-59, B-63), or there is nothing to do.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such person.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::rest) async fn card_unlock(
    State(app): State<App>,
    desk: DeskFor<AssistCardUnlock>,
    key: IdempotencyKey,
    sent: Sent<Assistance>,
) -> Result<Response, Problem> {
    let asked = Asked::of("card-unlock", &desk.mandate, &sent.bytes);
    let work = async |command| {
        let (cause, check) = (Cause::first(command), sent.value.check.map(Into::into));
        let done = allow::card_unlock(&app, &desk.mandate, cause, check).await;
        done.map_err(Problem::of_execute)?;
        Ok(Done::about(&desk.mandate))
    };
    asked.once(&app, key, work).await
}
