//! What keeps other websites away from a page on loopback.
//!
//! Any page of the internet can send a browser here. So the Host has to be ours (a name that was
//! made to point here is not), a form has to come from our own page, nothing of ours is framed,
//! and nothing is kept in a cache.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::{Page, situation::Situation};

/// Puts all guards around the routes.
pub(super) fn around(routes: Router<Page>, page: &Page) -> Router<Page> {
    let look = std::sync::Arc::clone(&page.look);
    let refuse = move |_: ProtectionError| look.situation(&Situation::FromElsewhere, None);
    routes
        .layer(CsrfLayer::new().with_rejection_response(refuse))
        .layer(middleware::from_fn_with_state(page.clone(), check_host))
        .layer(middleware::from_fn_with_state(page.clone(), add_headers))
}

/// The Host is this page's own address, and not a name that leads to it.
async fn check_host(State(page): State<Page>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let expected = format!("127.0.0.1:{}", page.port);
    if host.is_some_and(|host| host.as_bytes() == expected.as_bytes()) {
        next.run(request).await
    } else {
        page.look.situation(&Situation::OtherHost, None)
    }
}

async fn add_headers(State(page): State<Page>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for &(name, value) in pages::security_headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let policy = pages::content_security_policy(&[page.look.origin()]);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(pages::PAGE_CACHE));
    response
}
