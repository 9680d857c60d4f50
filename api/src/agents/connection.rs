//! One agent's connection, from Hello to goodbye.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use futures::{SinkExt as _, StreamExt as _};
use protocol::{
    Answer, FRAME_BYTES_MAX, Farewell, FromAgent, FromServer, HEARTBEAT_SECS, PROTOCOL_VERSION,
    ReaderSeen, Request,
};
use sha2::{Digest as _, Sha256};
use stores::agent::AgentId;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{AgentSeen, Asker, LineId, answers, enrolment};
use crate::app::App;

/// Silence after which an agent is taken for lost. Pings are silence: a heartbeat says what is in
/// the readers.
const SILENCE_MAX: Duration = Duration::from_secs(3 * HEARTBEAT_SECS);

/// How long an agent may take to say Hello.
const HELLO_MAX: Duration = Duration::from_secs(10);

/// How long a connection without a certificate may last, all in all.
const ENROLMENT_MAX: Duration = Duration::from_secs(30);

/// How long an agent may take to read a frame of ours.
const SEND_MAX: Duration = Duration::from_secs(10);

/// Readers an agent may report; a workstation has one or two.
const READERS_MAX: usize = 16;

/// Longest name we keep of what an agent says about itself, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Frame limits of the channel.
pub(super) fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX))
}

/// Serves one connection until it ends.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    app: App,
    mut socket: WebSocketStream<S>,
    certificate: Option<Vec<u8>>,
    peer: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Some(certificate) = certificate else {
        return timeout(ENROLMENT_MAX, enrol_only(&app, &mut socket))
            .await
            .context("the enrolment took too long")?;
    };
    let fingerprint: [u8; 32] = Sha256::digest(&certificate).into();
    let agent = enrolled(&app, &mut socket, fingerprint).await?;
    let workstation = hello(&mut socket).await?;
    let line = shutdown.child_token();
    let mut place = Place::take(app, agent, workstation, line.clone()).await?;
    // Whoever was revoked before he had his place could not be hung up on.
    enrolled(&place.app, &mut socket, fingerprint).await?;
    tracing::info!(agent = %agent.0, %peer, "an agent is connected");
    place.app.stores().agents.seen(agent, place.app.now()).await?;
    converse(&mut place, &mut socket, &line).await
}

/// Whose certificate this is; everybody else is sent away.
async fn enrolled<S: AsyncRead + AsyncWrite + Unpin>(
    app: &App,
    socket: &mut WebSocketStream<S>,
    fingerprint: [u8; 32],
) -> anyhow::Result<AgentId> {
    let known = app.stores().agents.by_certificate(fingerprint).await?;
    let Some(agent) = known.filter(|agent| agent.revoked_at.is_none()) else {
        bye(socket, Farewell::Revoked).await?;
        bail!("the certificate is revoked or not of an enrolled agent");
    };
    Ok(agent.agent_id)
}

/// A place among the connected agents. It is given up however the connection ends, by a panic too.
struct Place {
    app: App,
    asker: Asker,
    /// What it says; in the beginning, what it said over the connection before this one.
    seen: AgentSeen,
    /// What it has said over this connection is on record.
    noted: bool,
}

impl Place {
    async fn take(
        app: App,
        agent: AgentId,
        workstation: String,
        line: CancellationToken,
    ) -> anyhow::Result<Self> {
        let asker = Asker { agent, line: LineId(app.entropy().uuid(app.now())) };
        let seen = app.agents().connect(asker, &workstation, line).await?;
        Ok(Self { app, asker, seen, noted: false })
    }

    /// Most of what an agent says is what it said before: then nothing is written.
    async fn note(&mut self, mut readers: Vec<ReaderSeen>) -> anyhow::Result<()> {
        readers.truncate(READERS_MAX);
        if self.noted && readers == self.seen.readers {
            return Ok(());
        }
        let seen = AgentSeen { workstation: self.seen.workstation.clone(), readers };
        if !self.app.agents().note(self.asker, &seen).await? {
            bail!("this agent is connected elsewhere, or was revoked");
        }
        self.noted = true;
        let before = std::mem::replace(&mut self.seen, seen);
        self.app.readers_changed(self.asker.agent, &before, &self.seen);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let nothing = AgentSeen { workstation: String::new(), readers: Vec::new() };
        self.app.agent_left(self.asker, std::mem::replace(&mut self.seen, nothing));
    }
}

/// The first frame must be a Hello of our version.
async fn hello<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
) -> anyhow::Result<String> {
    match next(socket, HELLO_MAX).await?.context("closed before Hello")? {
        FromAgent::Hello { protocol: PROTOCOL_VERSION, workstation, .. } => Ok(clip(&workstation)),
        FromAgent::Hello { protocol, .. } => {
            bye(socket, Farewell::OtherVersion).await?;
            bail!(
                "the agent speaks version {protocol} of the protocol, we speak {PROTOCOL_VERSION}"
            )
        }
        FromAgent::Readers { .. } | FromAgent::Ask { .. } => bail!("the first frame is not Hello"),
    }
}

/// A connection without a certificate: one Hello, one Enrol, goodbye.
async fn enrol_only<S: AsyncRead + AsyncWrite + Unpin>(
    app: &App,
    socket: &mut WebSocketStream<S>,
) -> anyhow::Result<()> {
    hello(socket).await?;
    let Some(FromAgent::Ask { number, request }) = next(socket, ENROLMENT_MAX).await? else {
        bail!("an agent without a certificate may only ask to be enrolled");
    };
    let Request::Enrol { code, csr, workstation } = request else {
        bail!("an agent without a certificate may only ask to be enrolled");
    };
    let answer = enrolment::enrol(app, &code, &csr.0, &clip(&workstation)).await;
    send(socket, &FromServer::Answer { number, answer }).await?;
    bye(socket, Farewell::Closing).await
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    place: &mut Place,
    socket: &mut WebSocketStream<S>,
    line: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let frame = tokio::select! {
            // Whoever is hung up on is not listened to first.
            biased;
            () = line.cancelled() => {
                return bye(socket, Farewell::Closing).await;
            }
            frame = next(socket, SILENCE_MAX) => frame?,
        };
        match frame {
            None => return Ok(()),
            Some(FromAgent::Hello { .. }) => bail!("a second Hello"),
            Some(FromAgent::Readers { readers }) => place.note(readers).await?,
            Some(FromAgent::Ask { number, request }) => {
                // Another process may have taken its place, or let it be revoked.
                if !place.app.agents().is_connected(place.asker).await? {
                    return bye(socket, Farewell::Closing).await;
                }
                place.app.keep_fresh().await?;
                let answer = answers::answer(&place.app, place.asker, request).await;
                send(socket, &FromServer::Answer { number, answer }).await?;
            }
        }
    }
}

/// The next frame; `None` if the agent closed the connection. Pings do not make the time longer.
async fn next<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    within: Duration,
) -> anyhow::Result<Option<FromAgent>> {
    timeout(within, next_frame(socket)).await.context("silent")?
}

async fn next_frame<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
) -> anyhow::Result<Option<FromAgent>> {
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => {
                // The frame may carry a tag: its text must not end up in the error.
                return serde_json::from_str(&text)
                    .map(Some)
                    .map_err(|error| anyhow::anyhow!("not a frame (line {})", error.line()));
            }
            Message::Close(_) => return Ok(None),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Frame(_) => bail!("not a text frame"),
        }
    }
    Ok(None)
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    frame: &FromServer,
) -> anyhow::Result<()> {
    let text = serde_json::to_string(frame)?;
    timeout(SEND_MAX, socket.send(Message::text(text)))
        .await
        .context("the agent reads nothing")??;
    Ok(())
}

async fn bye<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    why: Farewell,
) -> anyhow::Result<()> {
    send(socket, &FromServer::Bye { why }).await
}

/// For answers that refuse without a rule of the guides.
pub(super) fn refused(message: &str) -> Answer {
    Answer::Refused { rule: String::new(), message: message.to_owned(), again: false }
}

fn clip(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
