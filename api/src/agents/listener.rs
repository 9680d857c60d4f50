//! Accepts agents' connections: TLS 1.3 with client certificates of the agents' authority.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::connection;
use crate::app::App;

/// Connections at the same time; the next one waits in the system's backlog.
const CONNECTIONS_MAX: usize = 4_096;

/// Connections without a certificate at the same time, of those; one more is closed at once. An
/// enrolment takes a moment, and whoever has no certificate may be anybody.
const ENROLMENTS_AT_ONCE: usize = 32;

/// How long TLS and WebSocket handshakes may take together, so that silence cannot hold a place.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Listens for agents until `shutdown`; then says goodbye to each and leaves.
///
/// # Errors
/// If the address cannot be bound or the keys do not make a TLS server.
pub async fn listen(
    app: App,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let door = Door {
        acceptor: TlsAcceptor::from(Arc::new(tls(&app)?)),
        enrolments: Arc::new(Semaphore::new(ENROLMENTS_AT_ONCE)),
        app,
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = TaskTracker::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await?;
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "an agent's connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let (door, shutdown) = (door.clone(), shutdown.clone());
        connections.spawn(async move {
            let _place = place;
            if let Err(error) = serve(door, stream, peer, shutdown).await {
                tracing::debug!(%error, "an agent's connection ended");
            }
        });
    }
    connections.close();
    connections.wait().await;
    Ok(())
}

/// What every connection needs.
#[derive(Clone)]
struct Door {
    app: App,
    acceptor: TlsAcceptor,
    enrolments: Arc<Semaphore>,
}

async fn serve(
    door: Door,
    stream: TcpStream,
    peer: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (socket, certificate) = timeout(HANDSHAKE_MAX, async {
        let stream = door.acceptor.accept(stream).await?;
        let certificate = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(|certificate| certificate.as_ref().to_vec());
        let socket =
            tokio_tungstenite::accept_async_with_config(stream, Some(connection::limits())).await?;
        anyhow::Ok((socket, certificate))
    })
    .await
    .context("the handshake took too long")??;
    let _enrolment = match certificate {
        Some(_) => None,
        None => Some(
            door.enrolments
                .try_acquire_owned()
                .context("there are too many connections without a certificate")?,
        ),
    };
    connection::run(door.app, socket, certificate, peer, shutdown).await
}

/// TLS for the channel: our certificate is made afresh at each start, by the authority whose
/// fingerprint an agent pins when it is enrolled.
fn tls(app: &App) -> anyhow::Result<ServerConfig> {
    let authority = CertificateDer::from(app.agents_authority()?.certificate_der().to_vec());
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let (certificate, key) = app.channel_certificate()?;
    let chain = vec![CertificateDer::from(certificate), authority];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    Ok(ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?)
}

#[cfg(test)]
mod tests;
