//! The line to the server: dialled from here, kept up, one answer to each question.
//!
//! The agent dials out by WebSocket over TLS with its own certificate; nothing on the network can
//! reach it. When the line breaks, every question that is under way is lost with it (a question is
//! never sent twice, nor on another line than its own), and the line is dialled again after a
//! pause that grows to a bound.

mod backoff;
mod connection;
pub mod tls;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use protocol::{Answer, FRAME_BYTES_MAX, Farewell, ReaderSeen, Request};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config, tungstenite::protocol::WebSocketConfig,
};
use tokio_util::sync::CancellationToken;

pub use crate::config::ServerAddress;
use crate::{
    entropy::Random,
    operations::{Server, ServerGone},
};
use backoff::Backoff;
use connection::Ended;

/// How long name, TCP, TLS and WebSocket may take together.
const DIAL_MAX: Duration = Duration::from_secs(10);

/// How long an answer may take. The server's slowest, a certificate, takes well under a second.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A line that held for so long was a good one: the next pause is a short one again.
const LASTED_MIN: Duration = Duration::from_secs(30);

/// Questions that wait to be sent.
const QUESTIONS_MAX: usize = 8;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// A question and where its answer goes.
struct Question {
    request: Request,
    answer: oneshot::Sender<Answer>,
}

/// How the line is.
#[derive(Debug, Clone)]
enum Line {
    /// There is none, and why.
    Down(Trouble),
    /// It takes questions.
    Up(mpsc::Sender<Question>),
}

/// Why there is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The server is not there, or not yet.
    Unreachable,
    /// The server does not know this agent any more.
    Revoked,
    /// Server and agent speak different versions.
    OtherVersion,
}

/// The line, for those who ask. Cheap to clone.
#[derive(Clone)]
pub struct Channel {
    line: watch::Receiver<Line>,
}

/// Who speaks.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// Name of the workstation.
    pub workstation: String,
}

impl Channel {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`ServerGone`] if there is no line, it breaks, or the answer takes too long.
    pub async fn ask(&self, request: Request) -> Result<Answer, ServerGone> {
        let questions = match &*self.line.borrow() {
            Line::Up(questions) => questions.clone(),
            Line::Down(_) => return Err(ServerGone),
        };
        let (answer, answered) = oneshot::channel();
        let exchange = async {
            questions.send(Question { request, answer }).await.map_err(|_| ServerGone)?;
            answered.await.map_err(|_| ServerGone)
        };
        timeout(ANSWER_MAX, exchange).await.map_err(|_| ServerGone)?
    }

    /// Why there is no line; `None` if there is one.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match &*self.line.borrow() {
            Line::Up(_) => None,
            Line::Down(trouble) => Some(*trouble),
        }
    }

    /// The same line for code that may block, which is what works a card.
    #[must_use]
    pub fn blocking(&self, runtime: tokio::runtime::Handle) -> BlockingChannel {
        BlockingChannel { channel: self.clone(), runtime }
    }
}

/// A [`Channel`] for code outside of the runtime's own threads.
pub struct BlockingChannel {
    channel: Channel,
    runtime: tokio::runtime::Handle,
}

impl Server for BlockingChannel {
    fn ask(&mut self, request: Request) -> Result<Answer, ServerGone> {
        self.runtime.block_on(self.channel.ask(request))
    }
}

/// The side that keeps the line up.
pub struct Dialler {
    server: ServerAddress,
    tls: Arc<ClientConfig>,
    introduction: Introduction,
    readers: watch::Receiver<Vec<ReaderSeen>>,
    line: watch::Sender<Line>,
}

impl Dialler {
    /// A line that is not up yet.
    #[must_use]
    pub fn new(
        server: ServerAddress,
        tls: ClientConfig,
        introduction: Introduction,
        readers: watch::Receiver<Vec<ReaderSeen>>,
    ) -> (Self, Channel) {
        let (line, watched) = watch::channel(Line::Down(Trouble::Unreachable));
        let dialler = Self { server, tls: Arc::new(tls), introduction, readers, line };
        (dialler, Channel { line: watched })
    }

    /// Keeps the line up until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken, mut random: impl Random) {
        let mut backoff = Backoff::default();
        while !shutdown.is_cancelled() {
            let dialled = tokio::select! {
                () = shutdown.cancelled() => break,
                dialled = dial(&self.server, Arc::clone(&self.tls)) => dialled,
            };
            let trouble = match dialled {
                Ok(socket) => {
                    let connected_at = Instant::now();
                    let trouble = self.converse(socket, &shutdown).await;
                    if LASTED_MIN <= connected_at.elapsed() {
                        backoff = Backoff::default();
                    }
                    trouble
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the server cannot be reached");
                    connection::trouble_of(&error)
                }
            };
            self.line.send_replace(Line::Down(trouble));
            let pause = backoff.next_pause(&mut random);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn converse(&mut self, socket: Socket, shutdown: &CancellationToken) -> Trouble {
        let ended = connection::converse(
            socket,
            &self.introduction,
            &mut self.readers,
            &self.line,
            shutdown,
        )
        .await;
        match ended {
            Ok(Ended::Bye(Farewell::Revoked)) => Trouble::Revoked,
            Ok(Ended::Bye(Farewell::OtherVersion)) => Trouble::OtherVersion,
            Ok(Ended::Bye(Farewell::Closing | Farewell::ProtocolError) | Ended::Shutdown) => {
                Trouble::Unreachable
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the line to the server broke");
                connection::trouble_of(&error)
            }
        }
    }
}

/// Dials, asks one question and hangs up: what an agent without a certificate may do.
///
/// # Errors
/// If the server cannot be reached or does not answer.
pub async fn ask_once(
    server: &ServerAddress,
    tls: ClientConfig,
    workstation: &str,
    request: Request,
) -> anyhow::Result<Answer> {
    let introduction = Introduction { workstation: workstation.to_owned() };
    let socket = dial(server, Arc::new(tls)).await?;
    timeout(ANSWER_MAX, connection::ask_once(socket, &introduction, request))
        .await
        .context("the server did not answer")?
}

async fn dial(server: &ServerAddress, tls: Arc<ClientConfig>) -> anyhow::Result<Socket> {
    timeout(DIAL_MAX, async {
        let stream = TcpStream::connect(server.as_str()).await.context("no connection")?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(protocol::SERVER_NAME)?;
        let stream = TlsConnector::from(tls).connect(name, stream).await.context("no TLS")?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let (socket, _) =
            client_async_with_config(ServerAddress::url(), stream, Some(limits)).await?;
        anyhow::Ok(socket)
    })
    .await
    .context("dialling took too long")?
}

#[cfg(test)]
impl Channel {
    /// A line to a server that stands in.
    pub(crate) fn to_stand_in(mut server: impl Server + Send + 'static) -> Self {
        let (ask, mut questions) = mpsc::channel::<Question>(QUESTIONS_MAX);
        tokio::spawn(async move {
            while let Some(question) = questions.recv().await {
                if let Ok(answer) = server.ask(question.request) {
                    question.answer.send(answer).ok();
                }
            }
        });
        Self { line: watch::channel(Line::Up(ask)).1 }
    }

    /// No line.
    pub(crate) fn in_trouble(trouble: Trouble) -> Self {
        Self { line: watch::channel(Line::Down(trouble)).1 }
    }
}

#[cfg(test)]
mod tests;
