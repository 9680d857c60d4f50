//! B-57: "this was not me", for a mail or for something in the holder's ledger.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use domain::refusal::RuleId;
use serde::Deserialize;
use stores::{event_store::Revision, session::Session};
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    extract::{Caller, Sent, wiped},
    problem::Problem,
};
use crate::{
    admission::SeeLedger,
    app::App,
    ledger::told,
    not_me::{self, Line, NotReported, Typed},
};

/// What stands at the end of a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    /// The reference: figures.
    #[schema(max_length = 64, examples("104523"))]
    reference: String,
    /// The code.
    #[schema(value_type = String, format = Password, max_length = 64)]
    #[serde(deserialize_with = "wiped")]
    code: Zeroizing<String>,
    /// Has to be true: the person was told what will happen.
    confirmed: bool,
}

/// A holder answers a mail of ours: what it tells of was not done by him. Needs no session. His
/// certificates are suspended if they still work, his sessions end, and the registration authority is told.
#[utoipa::path(post, path = "/not-me", operation_id = "answer_mail", tag = "not me", request_body = Answered, responses(
    (status = 204, description = "It is noted."),
    (status = 403, description = "The reference or the code is wrong, was used, or is too old; which of it is not told.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It was not confirmed, or the body cannot be understood.",
        body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many have tried.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn answer(
    State(app): State<App>,
    headers: HeaderMap,
    sent: Sent<Answered>,
) -> Result<StatusCode, Problem> {
    let Answered { reference, code, confirmed } = &sent.value;
    if !confirmed {
        return Err(unconfirmed());
    }
    let typed = Typed { reference, code };
    not_me::report(&app, &headers, typed).await.map_err(|error| not_reported(error, MAIL))?;
    Ok(StatusCode::NO_CONTENT)
}

/// That it is meant so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    /// Has to be true: the person was told what will happen.
    confirmed: bool,
}

/// The holder says of something that others have done that it was not he, nor for him. His certificates
/// are suspended if they still work, his sessions end, this one included, and the registration authority is
/// told.
#[utoipa::path(post, path = "/ledger/{revision}/not-me", operation_id = "disown_event", tag = "not me", params(("revision" = u64, Path)), security(("session" = [])),
    request_body = Confirmed, responses(
    (status = 204, description = "It is noted, and the session is over."),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It was said already.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such event, or the holder or the product itself has done it.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It was not confirmed, or the body cannot be understood.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn disown(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeLedger>,
    Path(revision): Path<u64>,
    sent: Sent<Confirmed>,
) -> Result<StatusCode, Problem> {
    let none = Problem::of(StatusCode::NOT_FOUND)
        .because("There is no such event, or nobody else has done it.")
        .but("Take a revision of the ledger that is not by you.");
    disowned(&app, &session, Line::Event(Revision(revision)), &sent.value, none).await
}

/// The holder says of a log-in at another workstation that it was not he. His certificates are suspended
/// if they still work, his sessions end, this one included, and the registration authority is told.
#[utoipa::path(post, path = "/ledger/log-ins/{log_in}/not-me", operation_id = "disown_log_in", tag = "not me", params(("log_in" = Uuid, Path)), security(("session" = [])),
    request_body = Confirmed, responses(
    (status = 204, description = "It is noted, and the session is over."),
    (status = 401, description = "Nobody is logged in.",
        body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "It was said already.",
        body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such log-in, or it was at the workstation of this session.",
        body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It was not confirmed, or the body cannot be understood.",
        body = Problem, content_type = "application/problem+json"),
    (status = "default", description = "A problem.",
        body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn disown_log_in(
    State(app): State<App>,
    Caller { session, .. }: Caller<SeeLedger>,
    Path(log_in): Path<Uuid>,
    sent: Sent<Confirmed>,
) -> Result<StatusCode, Problem> {
    let none = Problem::of(StatusCode::NOT_FOUND)
        .because("There is no such log-in of yours, or it was at this workstation.")
        .but("Take the id of a log-in that was elsewhere.");
    disowned(&app, &session, Line::LogIn(log_in), &sent.value, none).await
}

/// B-57: it is said of this line, if it is one of which it can be.
async fn disowned(
    app: &App,
    session: &Session,
    line: Line,
    said: &Confirmed,
    none: Problem,
) -> Result<StatusCode, Problem> {
    if !said.confirmed {
        return Err(unconfirmed());
    }
    if told::one(app, session, line).await?.is_none() {
        return Err(none);
    }
    let said = not_me::report_own(app, session, line).await;
    said.map_err(|error| not_reported(error, LINE))?;
    Ok(StatusCode::NO_CONTENT)
}

const MAIL: &str =
    "This reference and this code do not belong together, were used already, or are too old.";

const LINE: &str = "You have said this already.";

const RULE: RuleId = RuleId::new("B-57");

fn unconfirmed() -> Problem {
    Problem::of(StatusCode::UNPROCESSABLE_ENTITY)
        .by(RULE)
        .because("What will happen was not confirmed.")
        .but("Say that the certificates will be suspended, and send `confirmed` once it is agreed to.")
}

fn not_reported(error: NotReported, why: &'static str) -> Problem {
    match error {
        NotReported::NotTheOne => Problem::of(StatusCode::FORBIDDEN)
            .by(RULE)
            .because(why)
            .but("Tell the registration authority of your organisation at once."),
        NotReported::TooMany => Problem::of(StatusCode::TOO_MANY_REQUESTS),
        NotReported::Busy => Problem::of(StatusCode::CONFLICT),
        NotReported::Failed(error) => error.into(),
    }
}
