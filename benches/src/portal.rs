//! The product's front door on a port of this machine, and a caller: HTTP over loopback, both in
//! this process.

use std::net::SocketAddr;

use anyhow::Context as _;
use api::{app::App, http};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// A door that is open as long as this is held.
pub(crate) struct Portal {
    address: SocketAddr,
    client: Client,
    answering: JoinHandle<()>,
}

impl Portal {
    /// Opens it.
    pub(crate) async fn open(app: &App) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let router = http::router(app.clone());
        let answering = tokio::spawn(async move {
            // Without an end of its own: it is ended with the value.
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { address, client: Client::new(), answering })
    }

    /// A request with a body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address)).json(body)
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

/// Sends a request that has to succeed; its answer.
pub(crate) async fn sent(request: RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let (status, body) = (answer.status(), answer.text().await?);
    anyhow::ensure!(status.is_success(), "{status}: {body}");
    serde_json::from_str(&body).context(body)
}
