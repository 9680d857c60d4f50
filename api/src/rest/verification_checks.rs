//! P-11: a telephone service asks whether what a caller says is his verification passcode. It is told
//! match or no match, and nothing else: not whether there is such a person or such a passcode.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::{
    ids::{CardSerial, HolderId},
    refusal::RuleId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    extract::{Sent, TelephoneService, wiped},
    idempotency::{Answer, IdempotencyKey},
    problem::Problem,
};
use crate::{
    app::App,
    desk::check::{self, NotChecked, Whom},
    execute::Cause,
};

/// A caller, and what he says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerificationCheck {
    /// Who he is, by number; or
    holder: Option<Uuid>,
    /// by the serial number of his card.
    #[schema(max_length = 32)]
    card: Option<String>,
    /// His verification passcode, as he says.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "wiped")]
    passcode: Zeroizing<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerificationChecked {
    /// Match or no match.
    result: VerificationResult,
}

/// Match or no match.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VerificationResult {
    /// It is the one on record.
    Match,
    /// It is not, there is none, it is not compared any more, or there is no such person.
    NoMatch,
}

/// P-11: whether what a caller says is his verification passcode. After three wrong ones it is none until
/// a new one is set.
#[utoipa::path(post, path = "/verification-checks", operation_id = "check_verification_passcode", tag = "telephone", security(("machine" = [])),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description =
        "A UUID of version 7. The same request under the same key is carried out once and answered with the same bytes for 24 hours.")),
    request_body = VerificationCheck, responses(
    (status = 200, description = "Match or no match.", body = VerificationChecked),
    (status = 401, description = "No bearer token, or none that is good.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The bearer token is for something else.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "The body cannot be understood, or names not exactly one of holder and card.",
        body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "P-11: the service has asked too often in this hour of the clock; says from when on it may again.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn check(
    State(app): State<App>,
    TelephoneService(token): TelephoneService,
    key: IdempotencyKey,
    sent: Sent<VerificationCheck>,
) -> Result<Response, Problem> {
    let (asked, service) = (app.clock().elapsed(), token.api_token_id.0);
    let act = b"POST /api/verification-checks\0".as_slice();
    let request = Zeroizing::new([act, service.as_bytes().as_slice(), &sent.bytes].concat());
    let VerificationCheck { holder, card, passcode } = sent.value;
    let whom = match (holder, card) {
        (Some(holder), None) => Whom::Holder(HolderId(holder)),
        (None, Some(card)) => card.parse::<CardSerial>().map_or(Whom::Nobody, Whom::Card),
        (_, _) => {
            return Err(Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
                .because("Either `holder` or `card` is needed."));
        }
    };
    let work = async |command| {
        let cause = Cause::first(command);
        let whom = (&whom, asked);
        let checked = check::verification_passcode(&app, service, whom, cause, &passcode).await;
        let result = match checked {
            Ok(true) => VerificationResult::Match,
            Ok(false) => VerificationResult::NoMatch,
            Err(NotChecked::Refused(error)) => return Err(Problem::of_execute(error)),
            Err(error @ NotChecked::TooMany { .. }) => {
                let problem = Problem::of(StatusCode::TOO_MANY_REQUESTS);
                return Err(problem.because(format!("{error}.")).but("Ask again tomorrow."));
            }
            Err(error @ NotChecked::TooManyThisHour { .. }) => {
                let problem =
                    Problem::of(StatusCode::TOO_MANY_REQUESTS).by(const { RuleId::new("P-11") });
                return Err(problem
                    .because(format!("{error}."))
                    .but("Ask again then, in the next hour of the clock."));
            }
            Err(NotChecked::Busy) => return Err(Problem::of(StatusCode::SERVICE_UNAVAILABLE)),
        };
        Ok(Answer::done(&VerificationChecked { result })?)
    };
    Ok(key.once(&app, &request, work).await?.into_response())
}
