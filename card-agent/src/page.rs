//! The passcode page: the only place where a smartcard passcode is typed, served on 127.0.0.1 and
//! nowhere else.
//!
//! A person comes by an ordinary link of the portal, with a job number, which is no secret. GET
//! shows what is to be agreed to and spends nothing; POST carries it out and sends the browser
//! back to the portal of this agent's own configuration. The passcode goes from the page to the
//! card, and nowhere else.

mod form;
mod guard;
mod job;
mod situation;
mod view;

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::header,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use tokio::net::TcpListener;

use crate::{channel::Channel, readers::Desk};
use situation::Situation;
use view::Look;

/// Largest body of a form, in bytes: four short fields.
const BODY_BYTES_MAX: usize = 4_096;

/// All that the page stands on. Cheap to clone.
#[derive(Clone)]
pub struct Page {
    desk: Desk,
    channel: Channel,
    look: Arc<Look>,
    port: u16,
}

impl Page {
    /// A page for the portal at `portal_origin`, served on `port`.
    ///
    /// # Errors
    /// If a template is broken, which a test finds first.
    pub fn new(
        desk: Desk,
        channel: Channel,
        portal_origin: &str,
        port: u16,
        demo: bool,
    ) -> anyhow::Result<Self> {
        let look = Arc::new(Look::new(portal_origin, demo)?);
        Ok(Self { desk, channel, look, port })
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        let routes = Router::new()
            .route("/", get(start))
            .route("/jobs/{id}", get(job::show).post(job::carry_out))
            .route("/jobs/{id}/cancel", post(job::cancel))
            .route("/assets/{name}", get(asset))
            .fallback(not_found)
            .method_not_allowed_fallback(not_found)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
        guard::around(routes, &self).with_state(self)
    }
}

/// Takes the page's port on the loopback interface.
///
/// # Errors
/// If somebody else has it: the portal's link leads to this port, so no other will do.
pub async fn bind(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| {
        format!(
            "the passcode page needs port {port} of 127.0.0.1, and another program has it: end that \
             program, or set page_port here and the agent page's port in the portal to another one"
        )
    })
}

/// Nobody has business here without a job.
async fn start(State(page): State<Page>) -> Redirect {
    Redirect::to(&page.look.portal())
}

async fn not_found(State(page): State<Page>) -> Response {
    page.look.situation(&Situation::NotFound, None)
}

async fn asset(State(page): State<Page>, Path(name): Path<String>) -> Response {
    match pages::asset(&name) {
        None => not_found(State(page)).await,
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, pages::ASSET_CACHE),
            ];
            (headers, asset.bytes).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
