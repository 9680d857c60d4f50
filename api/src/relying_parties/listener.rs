//! The relying parties' port is open to everybody, so nobody may keep it busy: as connections are counted
//! ([`connections`]), so are questions.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;

use super::router;
use crate::{
    app::App,
    connections::{self, Bounds, Caller},
};

/// Who may hold a connection, and for how long: enough for the longest list over a slow line.
const BOUNDS: Bounds =
    Bounds { connections: 512, head: Duration::from_secs(10), connection: Duration::from_mins(10) };

/// Questions that are answered at the same time.
const REQUESTS_AT_ONCE: usize = 64;

/// How long a question may take, its body and the wait for others included.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// Answers relying parties until `shutdown`, and then until those who are being answered are.
///
/// # Errors
/// None while the process runs.
pub async fn listen(
    app: App,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let router = bounded(router(app), REQUEST_MAX);
    connections::serve(router, (listener, None), &BOUNDS, Caller::AsSent, shutdown).await
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

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, routing::post};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
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
        let bounds = Bounds { head: SHORT, ..BOUNDS };
        let stop = shutdown.clone();
        let serving = tokio::spawn(async move {
            connections::serve(router, (listener, None), &bounds, Caller::AsSent, stop).await
        });
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
