//! A port that is open to everybody: nobody may keep it busy. Connections are counted, and whoever says
//! nothing, or takes for ever, is hung up on.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Bytes of a request's head that are kept: an OCSP question in an address, and as much again.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long TLS may take to begin.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long nobody is let in when the system has no connection to give.
const NO_MORE: Duration = Duration::from_secs(1);

/// Where the caller's address stands for those who ask for it ([`crate::app::App::address`]).
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What whoever comes has to keep to.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at the same time; whoever comes then waits for one to end.
    pub connections: usize,
    /// How long a request's head may take to come, the first and every later one of a connection.
    pub head: Duration,
    /// How long a connection lasts.
    pub connection: Duration,
}

/// Whose address a request is said to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Whoever the request itself says.
    AsSent,
    /// The other end of the connection, whatever the request says.
    OfConnection,
}

/// Answers until `shutdown`, and then until those who are being answered are; by HTTPS if there is an
/// acceptor.
///
/// # Errors
/// None while the process runs.
pub async fn serve(
    router: Router,
    (listener, acceptor): (TcpListener, Option<TlsAcceptor>),
    bounds: &Bounds,
    caller: Caller,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.context("places")?;
            anyhow::Ok((place, accept(&listener).await))
        };
        let (place, (stream, peer)) = tokio::select! {
            () = shutdown.cancelled() => break,
            taken = next => taken?,
        };
        let forwarded = match caller {
            Caller::AsSent => None,
            Caller::OfConnection => HeaderValue::try_from(peer.ip().to_string()).ok(),
        };
        let answering = Answering {
            router: router.clone(),
            forwarded,
            bounds: *bounds,
            watcher: graceful.watcher(),
        };
        let (acceptor, shutdown) = (acceptor.clone(), shutdown.clone());
        tokio::spawn(async move {
            let _place = place;
            match acceptor {
                None => answering.answer(stream).await,
                Some(acceptor) => answering.answer_by_tls(stream, &acceptor, shutdown).await,
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

/// The next connection. A connection that is gone before it was taken is nobody's fault; that the
/// system has none to give passes.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "nobody could be let in");
                sleep(NO_MORE).await;
            }
        }
    }
}

/// What one connection needs.
struct Answering {
    router: Router,
    forwarded: Option<HeaderValue>,
    bounds: Bounds,
    watcher: Watcher,
}

impl Answering {
    async fn answer_by_tls(
        self,
        stream: TcpStream,
        acceptor: &TlsAcceptor,
        shutdown: CancellationToken,
    ) {
        // Small records of a handshake must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone at once");
            return;
        }
        let begun = tokio::select! {
            () = shutdown.cancelled() => return,
            begun = timeout(HANDSHAKE_MAX, acceptor.accept(stream)) => begun,
        };
        match begun {
            Ok(Ok(stream)) => self.answer(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "somebody does not speak TLS with us"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    }

    async fn answer(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self { router, forwarded, bounds, watcher } = self;
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            if let Some(address) = &forwarded {
                request.headers_mut().insert(FORWARDED, address.clone());
            }
            router.call(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(bounds.head).max_buf_size(HEAD_BYTES_MAX);
        let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
        match timeout(bounds.connection, connection).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "somebody was hung up on"),
            Err(_) => tracing::debug!("a connection took too long"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::HeaderMap, routing::get};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// What somebody at the other end of a connection is said to be, who says himself that he is another.
    async fn said_to_be(caller: Caller) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let echo = async |headers: HeaderMap| {
            let said = headers.get_all(FORWARDED).iter().map(|value| value.to_str().unwrap());
            said.collect::<Vec<_>>().join(" and ")
        };
        let router = Router::new().route("/", get(echo));
        let (bounds, stop) = (bounds(1), CancellationToken::new());
        let _stop = stop.clone().drop_guard();
        tokio::spawn(async move { serve(router, (listener, None), &bounds, caller, stop).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let lie = "x-forwarded-for: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2\r\n";
        let question = format!("GET / HTTP/1.1\r\nhost: x\r\n{lie}connection: close\r\n\r\n");
        stream.write_all(question.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.rsplit("\r\n").next().unwrap().to_owned()
    }

    fn bounds(connections: usize) -> Bounds {
        let minute = Duration::from_mins(1);
        Bounds { connections, head: minute, connection: minute }
    }

    #[tokio::test]
    async fn u04_where_no_proxy_is_in_front_nobody_says_for_himself_whose_places_he_takes() {
        assert_eq!(said_to_be(Caller::OfConnection).await, "127.0.0.1");
        assert_eq!(said_to_be(Caller::AsSent).await, "192.0.2.1 and 192.0.2.2");
    }
}
