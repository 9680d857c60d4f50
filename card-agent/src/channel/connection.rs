//! One connection, from Hello to goodbye.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail};
use futures::{SinkExt as _, StreamExt as _};
use protocol::{
    Answer, Farewell, FromAgent, FromServer, HEARTBEAT_SECS, PROTOCOL_VERSION, ReaderSeen, Request,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
use tokio_util::sync::CancellationToken;

use super::{Introduction, Line, QUESTIONS_MAX, Question, Trouble};

/// How often we show that we are there.
const HEARTBEAT: Duration = Duration::from_secs(HEARTBEAT_SECS);

/// Silence after which the server is taken for lost; it answers a ping at every heartbeat.
const SILENCE_MAX: Duration = Duration::from_secs(3 * HEARTBEAT_SECS);

/// How long a frame may take to be handed to the network.
const SEND_MAX: Duration = Duration::from_secs(10);

/// Questions under way at the same time.
const PENDING_MAX: usize = 16;

/// Why a connection ended in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The server said goodbye.
    Bye(Farewell),
    /// We are shutting down.
    Shutdown,
}

/// Speaks with the server until one side ends it. Questions that have no answer by then are
/// dropped, and whoever waits for them learns it at once.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    introduction: &Introduction,
    readers: &mut watch::Receiver<Vec<ReaderSeen>>,
    line: &watch::Sender<Line>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Ended> {
    send(&mut socket, &hello(introduction)).await?;
    let (ask, mut questions) = mpsc::channel(QUESTIONS_MAX);
    let mut talk = Talk { socket, pending: BTreeMap::new(), number: 0, heard_at: Instant::now() };
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ask = Some(ask);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => {
                talk.socket.close(None).await.ok();
                return Ok(Ended::Shutdown);
            }
            Some(question) = questions.recv(), if talk.pending.len() < PENDING_MAX => {
                talk.put(question).await?;
            }
            changed = readers.changed() => {
                changed.context("nobody watches the readers any more")?;
                talk.report(readers).await?;
            }
            // The first tick comes at once: what is in the readers follows Hello.
            _ = heartbeat.tick() => talk.beat(readers).await?,
            message = talk.socket.next() => match talk.hear(message)? {
                None => {}
                Some(farewell) => return Ok(Ended::Bye(farewell)),
            },
        }
        // Questions are taken only once the server has been told who asks.
        if let Some(ask) = ask.take() {
            tracing::info!("connected to the server");
            line.send_replace(Line::Up(ask));
        }
    }
}

/// Asks one question.
pub(super) async fn ask_once<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    introduction: &Introduction,
    request: Request,
) -> anyhow::Result<Answer> {
    send(&mut socket, &hello(introduction)).await?;
    let (answer, mut answered) = oneshot::channel();
    let mut talk = Talk { socket, pending: BTreeMap::new(), number: 0, heard_at: Instant::now() };
    talk.put(Question { request, answer }).await?;
    loop {
        let message = talk.socket.next().await;
        if let Some(farewell) = talk.hear(message)? {
            bail!("the server hung up: {farewell:?}");
        }
        if let Ok(answer) = answered.try_recv() {
            talk.socket.close(None).await.ok();
            return Ok(answer);
        }
    }
}

fn hello(introduction: &Introduction) -> FromAgent {
    FromAgent::Hello {
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workstation: introduction.workstation.clone(),
    }
}

/// A connection and what is open on it.
struct Talk<S> {
    socket: WebSocketStream<S>,
    pending: BTreeMap<u64, oneshot::Sender<Answer>>,
    number: u64,
    heard_at: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn put(&mut self, question: Question) -> anyhow::Result<()> {
        self.number += 1;
        self.pending.insert(self.number, question.answer);
        send(&mut self.socket, &FromAgent::Ask { number: self.number, request: question.request })
            .await
    }

    async fn report(
        &mut self,
        readers: &mut watch::Receiver<Vec<ReaderSeen>>,
    ) -> anyhow::Result<()> {
        let readers = readers.borrow_and_update().clone();
        send(&mut self.socket, &FromAgent::Readers { readers }).await
    }

    async fn beat(&mut self, readers: &mut watch::Receiver<Vec<ReaderSeen>>) -> anyhow::Result<()> {
        if SILENCE_MAX <= self.heard_at.elapsed() {
            bail!("the server is silent");
        }
        // Whoever asked may have stopped waiting.
        self.pending.retain(|_, answer| !answer.is_closed());
        self.report(readers).await?;
        timeout(SEND_MAX, self.socket.send(Message::Ping(Vec::new().into())))
            .await
            .context("the server takes nothing")??;
        Ok(())
    }

    /// Takes in one message; gives back the server's goodbye, if it is one.
    fn hear(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> anyhow::Result<Option<Farewell>> {
        let message = message.context("the server closed the connection")??;
        self.heard_at = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(None),
            Message::Close(_) => bail!("the server closed the connection"),
            Message::Binary(_) | Message::Frame(_) => bail!("the server sent no text"),
        };
        // The frame may carry a secret: its text must not end up in the error.
        let frame: FromServer = serde_json::from_str(&text)
            .map_err(|error| anyhow::anyhow!("not a frame (column {})", error.column()))?;
        match frame {
            FromServer::Bye { why } => Ok(Some(why)),
            FromServer::Answer { number, answer } => {
                if self.number < number {
                    bail!("the server answered a question that was not asked");
                }
                let asked = self.pending.remove(&number);
                if asked.is_none_or(|asked| asked.send(answer).is_err()) {
                    tracing::debug!(number, "nobody waits for this answer any more");
                }
                Ok(None)
            }
        }
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    frame: &FromAgent,
) -> anyhow::Result<()> {
    let text = serde_json::to_string(frame)?;
    timeout(SEND_MAX, socket.send(Message::text(text)))
        .await
        .context("the server takes nothing")??;
    Ok(())
}

/// What a failed connection means for the person at the workstation. A server that knows no such
/// certificate may say so in the language of TLS.
pub(super) fn trouble_of(error: &anyhow::Error) -> Trouble {
    use rustls::AlertDescription as Alert;
    let refused = error.chain().any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        let tls = cause.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        matches!(
            tls,
            Some(rustls::Error::AlertReceived(
                Alert::CertificateRevoked
                    | Alert::CertificateExpired
                    | Alert::CertificateUnknown
                    | Alert::BadCertificate
                    | Alert::UnknownCA
                    | Alert::AccessDenied
            ))
        )
    });
    if refused { Trouble::Revoked } else { Trouble::Unreachable }
}
