//! The front door of portal and API: routes, and what every answer has in common.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use tower_http::{catch_panic::CatchPanicLayer, csrf::CsrfLayer};

use crate::{app::App, news, portal, rest};

/// Largest form or body we read, in bytes.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// For how long a browser that was here by HTTPS comes by HTTPS alone (RFC 6797).
const STRICT_TRANSPORT: &str = "max-age=31536000";

/// Everything this process answers to browsers and API callers.
pub fn router(app: App) -> Router {
    let pages = portal::routes(&app)
        .layer(CsrfLayer::new())
        // Outside of everything that refuses, so that every refusal is a page.
        .layer(middleware::from_fn_with_state(app.clone(), portal::errors::dress));
    Router::new()
        .merge(pages)
        .nest(rest::PREFIX, rest::routes())
        // The one address below the prefix that is not nested.
        .route(&format!("{}/", rest::PREFIX), any(rest::nothing_here))
        .route("/assets/{name}", get(asset))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), news::first))
        .layer(middleware::from_fn_with_state(app.clone(), headers))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

/// Style sheets, scripts, icons: named by their content, so they may be kept for ever.
async fn asset(Path(name): Path<String>) -> Response {
    match pages::asset(&name) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, pages::ASSET_CACHE),
            ],
            asset.bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The security headers, and no caching of anything that is about a person.
async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in pages::security_headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&pages::content_security_policy(&[])) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if app.config().portal.https.is_some() {
        let strict = HeaderValue::from_static(STRICT_TRANSPORT);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, strict);
    }
    let no_store = HeaderValue::from_static(pages::PAGE_CACHE);
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}
