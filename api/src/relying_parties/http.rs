//! The routes of the relying parties' listener.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use issuer::{CardsAuthority, QUESTION_BYTES_MAX, Question, Unanswered};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use super::{Published, standing};
use crate::app::App;

/// How long an OCSP answer may be believed. Revocations are in the next one at once; this is for
/// clocks that differ.
const ANSWER_LIFE: TimeDelta = TimeDelta::minutes(5);

/// For what has changed when it is asked for again: a cache has to ask whether it has.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// For answers that nobody may keep for others.
const KEEP_NOT: HeaderValue = HeaderValue::from_static("no-store");

/// For what stays the same for years.
const KEEP_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// When to come back while there is nothing yet, in seconds.
const COME_BACK: HeaderValue = HeaderValue::from_static("2");

/// Everything that relying parties may ask.
pub fn router(app: App) -> Router {
    let nosniff = HeaderValue::from_static("nosniff");
    Router::new()
        .route("/crl", get(crl))
        .route("/ocsp", axum::routing::post(asked_by_post))
        .route("/ocsp/{*question}", get(asked_by_get))
        .route("/issuing.cer", get(issuing))
        .route("/root.cer", get(root))
        .route("/chain.p7c", get(chain))
        .layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX))
        .layer(SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, nosniff))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

/// The revocation list (RFC 5280 §5), DER, as RFC 2585 §4.2 says.
async fn crl(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(list) = app.relying_parties().list() else { return not_yet() };
    let is_known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|known| known.to_str().ok())
        .flat_map(|known| known.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == list.tag);
    let said =
        [(header::ETAG, HeaderValue::from_str(&list.tag)), (header::CACHE_CONTROL, Ok(ASK_AGAIN))];
    let said = said.into_iter().filter_map(|(name, value)| Some((name, value.ok()?)));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        typed("application/pkix-crl", Bytes::from_owner(Der(list)))
    };
    response.headers_mut().extend(said);
    response
}

/// The bytes of a list that several readers share.
struct Der(Arc<Published>);

impl AsRef<[u8]> for Der {
    fn as_ref(&self) -> &[u8] {
        &self.0.crl.der
    }
}

/// RFC 6960 appendix A.1: the question is the body.
async fn asked_by_post(State(app): State<App>, question: Bytes) -> Response {
    answer(&app, &question).await
}

/// RFC 6960 appendix A.1: the question is the rest of the address, in base64.
async fn asked_by_get(State(app): State<App>, Path(question): Path<String>) -> Response {
    // Some leave the padding out, or a slash in.
    let question = question.trim_start_matches('/').trim_end_matches('=');
    let padding = "=".repeat(question.len().wrapping_neg() % 4);
    let decoded = if question.len() <= QUESTION_BYTES_MAX.div_ceil(3) * 4 {
        STANDARD.decode(format!("{question}{padding}")).unwrap_or_default()
    } else {
        vec![]
    };
    answer(&app, &decoded).await
}

async fn answer(app: &App, question: &[u8]) -> Response {
    let answer = match signed(app, question).await {
        Ok(answer) => answer,
        Err(unanswered) => unanswered.response().to_vec(),
    };
    let mut response = typed("application/ocsp-response", answer.into());
    response.headers_mut().insert(header::CACHE_CONTROL, KEEP_NOT);
    response
}

async fn signed(app: &App, question: &[u8]) -> Result<Vec<u8>, Unanswered> {
    let question = Question::read(question)?;
    let now = app.now();
    // The clock may have moved to where the signer's certificate is not valid; the next tick makes
    // another.
    let signer = app.relying_parties().signer().filter(|signer| signer.is_valid(now));
    let signer = signer.ok_or(Unanswered::TryLater)?;
    let serials = signer.responder.serials(&question)?;
    let found = standing::of(app, &serials).await.map_err(|error| {
        tracing::warn!(error = format!("{error:#}"), "an OCSP question has to wait");
        Unanswered::TryLater
    })?;
    let until = (now + ANSWER_LIFE).min(signer.responder.not_after());
    signer.responder.answer(&question, &found, now, until).map_err(|error| {
        tracing::error!(%error, "an OCSP answer could not be signed");
        Unanswered::InternalError
    })
}

async fn issuing(State(app): State<App>) -> Response {
    certificate(&app, 0)
}

async fn root(State(app): State<App>) -> Response {
    certificate(&app, 1)
}

/// Where certificates send those who look for their issuer's (`caIssuers`).
async fn chain(State(app): State<App>) -> Response {
    let chain = app.cards_authority().and_then(|authority| Ok(authority.chain_p7c()?));
    match chain {
        Ok(chain) => kept("application/pkcs7-mime", chain),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(error, "the authorities' certificates could not be put together");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The authority's own certificate, and those above it.
fn certificate(app: &App, place: usize) -> Response {
    let chain = app.cards_authority().map(CardsAuthority::chain).unwrap_or_default();
    match chain.into_iter().nth(place) {
        Some(der) => kept("application/pkix-cert", der),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn kept(kind: &'static str, der: Vec<u8>) -> Response {
    let mut response = typed(kind, der.into());
    response.headers_mut().insert(header::CACHE_CONTROL, KEEP_A_DAY);
    response
}

fn typed(kind: &'static str, bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}

fn not_yet() -> Response {
    let headers = [(header::RETRY_AFTER, COME_BACK), (header::CACHE_CONTROL, KEEP_NOT)];
    (StatusCode::SERVICE_UNAVAILABLE, headers).into_response()
}
