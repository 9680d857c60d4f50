//! The door itself, over loopback: who holds a place, and for how long.

use std::sync::Mutex;

use rustls::{ClientConfig, pki_types::ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::{
    clock::{Clock as _, Entropy, StandingClock, WallClock},
    commands::serve,
    config::Config,
};

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// A connection without a certificate.
async fn knock(app: &App, address: SocketAddr) -> anyhow::Result<Socket> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(app.agents_authority().unwrap().certificate_der().to_vec()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(protocol::SERVER_NAME)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let url = format!("wss://{}{}", protocol::SERVER_NAME, protocol::CHANNEL_PATH);
    Ok(client_async(url, stream).await?.0)
}

async fn is_served(socket: &mut Socket) -> bool {
    use futures::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    socket.send(Message::Ping(Vec::new().into())).await.is_ok()
        && matches!(socket.next().await, Some(Ok(Message::Pong(_))))
}

#[tokio::test]
async fn strangers_have_a_few_places_and_get_another_when_one_of_them_leaves() {
    let folder = tempfile::tempdir().unwrap();
    // TLS reads the machine's clock, and certificates have to be valid by it.
    let clock = Arc::new(StandingClock::at(WallClock.now()));
    let entropy = Entropy::Seeded(Mutex::new(0));
    let app = serve::open(Config::for_testing(folder.path()), clock, entropy).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(listen(app.clone(), listener, stop));
    let mut strangers = Vec::new();
    for _ in 0..ENROLMENTS_AT_ONCE {
        let mut socket = knock(&app, address).await.unwrap();
        assert!(is_served(&mut socket).await);
        strangers.push(socket);
    }
    let mut one_more = knock(&app, address).await.unwrap();
    assert!(!is_served(&mut one_more).await);

    drop(strangers.pop());
    let again = async {
        loop {
            // Its place is free a moment after it has left.
            if is_served(&mut knock(&app, address).await.unwrap()).await {
                break;
            }
        }
    };
    timeout(HANDSHAKE_MAX, again).await.unwrap();
}
