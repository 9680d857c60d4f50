//! The relying parties' port is open to everybody, so nobody may keep it busy: connections are counted,
//! and whoever says nothing, or takes for ever, is hung up on.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::router;
use crate::app::App;

/// Connections at the same time; whoever comes then waits for one to end.
const CONNECTIONS_MAX: usize = 512;

/// Questions that are answered at the same time.
const REQUESTS_AT_ONCE: usize = 64;

/// Bytes of a question's head that are kept: an OCSP question in an address, and as much again.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long a question's head may take to come, the first and every later one of a connection.
const HEAD_MAX: Duration = Duration::from_secs(10);

/// How long a question may take, its body and the wait for others included.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// How long a connection lasts: enough for the longest list over a slow line.
const CONNECTION_MAX: Duration = Duration::from_mins(10);

/// How long nobody is let in when the system has no connection to give.
const NO_MORE: Duration = Duration::from_secs(1);

/// Answers relying parties until `shutdown`, and then until those who are being answered are.
///
/// # Errors
/// None while the process runs.
pub async fn listen(
    app: App,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    serve(bounded(router(app), REQUEST_MAX), listener, shutdown, HEAD_MAX).await
}

/// Every question within its time, and not too many at once.
fn bounded(router: Router, request_max: Duration) -> Router {
    let bounds = (Arc::new(Semaphore::new(REQUESTS_AT_ONCE)), request_max);
    router.layer(middleware::from_fn_with_state(bounds, in_time))
}

async fn in_time(
    State((places, request_max)): State<(Arc<Semaphore>, Duration)>,
    request: Request,
    next: Next,
) -> Response {
    let answered = timeout(request_max, async {
        let _place = places.acquire().await.ok()?;
        Some(next.run(request).await)
    });
    match answered.await {
        Ok(Some(response)) => response,
        Ok(None) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: CancellationToken,
    head_max: Duration,
) -> anyhow::Result<()> {
    let (places, graceful) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), GracefulShutdown::new());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_max).max_buf_size(HEAD_BYTES_MAX);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.context("places")?;
            anyhow::Ok((place, accept(&listener).await))
        };
        let (place, stream) = tokio::select! {
            () = shutdown.cancelled() => break,
            taken = next => taken?,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            match timeout(CONNECTION_MAX, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a relying party was hung up on"),
                Err(_) => tracing::debug!("a relying party took too long"),
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

/// The next connection. A connection that is gone before it was taken is nobody's fault; that the
/// system has none to give passes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "a relying party could not be let in");
                sleep(NO_MORE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, routing::post};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        task::JoinHandle,
    };

    use super::*;

    /// What tests wait, in place of seconds.
    const SHORT: Duration = Duration::from_millis(50);

    struct Port {
        address: std::net::SocketAddr,
        shutdown: CancellationToken,
        serving: JoinHandle<anyhow::Result<()>>,
    }

    async fn port() -> Port {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let router = bounded(Router::new().route("/", post(async |body: Bytes| body)), SHORT);
        let serving = tokio::spawn(serve(router, listener, shutdown.clone(), SHORT));
        Port { address, shutdown, serving }
    }

    impl Port {
        /// All that is answered to these bytes, until the server hangs up.
        async fn says(&self, sent: &str) -> String {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let mut answer = vec![];
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        }
    }

    #[tokio::test]
    async fn whoever_says_nothing_half_a_head_or_half_a_body_is_hung_up_on() {
        let port = port().await;
        assert_eq!(port.says("").await, "");
        let half = port.says("POST / HTTP/1.1\r\nhost: x\r\n").await;
        assert!(!half.starts_with("HTTP/1.1 200"), "{half}");
        let slow = port.says("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nO").await;
        assert!(slow.starts_with("HTTP/1.1 503"), "{slow}");
        let whole = port.says("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nOK").await;
        assert!(whole.starts_with("HTTP/1.1 200") && whole.ends_with("OK"), "{whole}");
    }

    #[tokio::test]
    async fn a_server_that_is_told_to_stop_lets_nobody_in_and_ends() {
        let port = port().await;
        port.shutdown.cancel();
        port.serving.await.unwrap().unwrap();
        assert!(TcpStream::connect(port.address).await.is_err());
    }
}
