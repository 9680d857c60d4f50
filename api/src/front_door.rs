//! The portal's door: HTTPS by the server itself, with the certificate that the configuration names and
//! that may be renewed while the server runs; or plain HTTP, on loopback and to a proxy.

mod certificate;
mod renewal;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    extract::Request,
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use rustls::ServerConfig;
use tokio::{net::TcpListener, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use certificate::{Certificate, Unusable};
pub use renewal::Renewal;

use crate::{
    app::App,
    connections::{self, Bounds, Caller},
    http,
};

/// The one protocol spoken above TLS.
const HTTP_1_1: &[u8] = b"http/1.1";

/// Who may hold a connection of the portal, and for how long. A page that is looked at holds one for its
/// live progress, and makes another after an hour.
const BOUNDS: Bounds = Bounds {
    connections: 4_096,
    head: Duration::from_secs(30),
    connection: Duration::from_hours(1),
};

/// How long a request may take until its answer begins, its body included.
const REQUEST_MAX: Duration = Duration::from_mins(1);

/// What the portal's callers come through.
pub enum FrontDoor {
    /// HTTP, to this machine or a proxy.
    Plain,
    /// HTTPS, to everybody.
    Https {
        /// The certificate.
        renewal: Arc<Renewal>,
        /// TLS with it.
        acceptor: TlsAcceptor,
    },
}

impl FrontDoor {
    /// The door that the configuration wants; certificate and key are read.
    ///
    /// # Errors
    /// If they do not make a TLS server, or not that of the portal's origin.
    pub fn open(app: &App) -> anyhow::Result<Self> {
        let portal = &app.config().portal;
        let Some(settings) = &portal.https else { return Ok(Self::Plain) };
        let renewal = Renewal::begin(settings, portal.https_name());
        let renewal = Arc::new(renewal.context("portal.tls_certificate")?);
        let acceptor = TlsAcceptor::from(Arc::new(tls(Arc::clone(&renewal))?));
        Ok(Self::Https { renewal, acceptor })
    }

    /// Answers browsers and API callers until `shutdown`, and then until those who are being answered are;
    /// takes a renewed certificate over meanwhile.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        self,
        app: App,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        let router = http::router(app.clone());
        let Self::Https { renewal, acceptor } = self else {
            let serving = axum::serve(listener, router);
            return Ok(serving.with_graceful_shutdown(shutdown.cancelled_owned()).await?);
        };
        let router = router.layer(middleware::from_fn(in_time));
        // Behind a proxy the callers are those whom the proxy names.
        let caller =
            if app.config().portal.behind_proxy { Caller::AsSent } else { Caller::OfConnection };
        let (door, until) = ((listener, Some(acceptor)), shutdown.clone());
        let serving = connections::serve(router, door, &BOUNDS, caller, until);
        let (served, ()) = tokio::join!(serving, renewal.follow(&app, shutdown));
        served
    }
}

async fn in_time(request: Request, next: Next) -> Response {
    match timeout(REQUEST_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// TLS 1.2 and 1.3 with whatever certificate there is now.
fn tls(renewal: Arc<Renewal>) -> anyhow::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(renewal);
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests;
