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
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{AgentSeen, answers, enrolment};
use crate::app::App;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// Silence after which an agent is taken for lost.
const SILENCE_MAX: Duration = Duration::from_secs(3 * HEARTBEAT_SECS);

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
pub(super) async fn run(
    app: App,
    mut socket: Socket,
    certificate: Option<Vec<u8>>,
    peer: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let Some(certificate) = certificate else {
        return enrol_only(&app, &mut socket).await;
    };
    let fingerprint: [u8; 32] = Sha256::digest(&certificate).into();
    let known = app.stores().agents.by_certificate(fingerprint).await?;
    let Some(agent) = known.filter(|agent| agent.revoked_at.is_none()) else {
        bye(&mut socket, Farewell::Revoked).await?;
        bail!("the certificate is revoked or not of an enrolled agent");
    };
    let workstation = hello(&mut socket).await?;
    tracing::info!(agent = %agent.agent_id.0, %peer, "an agent is connected");
    app.stores().agents.seen(agent.agent_id, app.now()).await?;
    let line = shutdown.child_token();
    let (workstation_now, readers) = (workstation.clone(), Vec::new());
    let seen = AgentSeen { workstation: workstation_now, readers, heard_at: app.now() };
    app.agents().connect(agent.agent_id, seen, line.clone());
    let ended = converse(&app, &mut socket, agent.agent_id, &workstation, &line).await;
    if let Some(seen) = app.agents().forget(agent.agent_id, &line) {
        app.agent_left(agent.agent_id, seen);
    }
    ended
}

/// The first frame must be a Hello of our version.
async fn hello(socket: &mut Socket) -> anyhow::Result<String> {
    match next(socket).await?.context("closed before Hello")? {
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
async fn enrol_only(app: &App, socket: &mut Socket) -> anyhow::Result<()> {
    hello(socket).await?;
    let Some(FromAgent::Ask { number, request }) = next(socket).await? else {
        bail!("an agent without a certificate may only ask to be enrolled");
    };
    let Request::Enrol { code, csr, workstation } = request else {
        bail!("an agent without a certificate may only ask to be enrolled");
    };
    let answer = enrolment::enrol(app, &code, &csr.0, &clip(&workstation)).await;
    send(socket, &FromServer::Answer { number, answer }).await?;
    bye(socket, Farewell::Closing).await
}

async fn converse(
    app: &App,
    socket: &mut Socket,
    agent: AgentId,
    workstation: &str,
    line: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let frame = tokio::select! {
            () = line.cancelled() => {
                return bye(socket, Farewell::Closing).await;
            }
            frame = next(socket) => frame?,
        };
        match frame {
            None => return Ok(()),
            Some(FromAgent::Hello { .. }) => bail!("a second Hello"),
            Some(FromAgent::Readers { readers }) => note_readers(app, agent, workstation, readers),
            Some(FromAgent::Ask { number, request }) => {
                let answer = answers::answer(app, agent, request).await;
                send(socket, &FromServer::Answer { number, answer }).await?;
            }
        }
    }
}

fn note_readers(app: &App, agent: AgentId, workstation: &str, mut readers: Vec<ReaderSeen>) {
    readers.truncate(READERS_MAX);
    let seen = AgentSeen { workstation: workstation.to_owned(), readers, heard_at: app.now() };
    let before = app.agents().note(agent, seen.clone());
    app.readers_changed(agent, before.as_ref(), &seen);
}

async fn next(socket: &mut Socket) -> anyhow::Result<Option<FromAgent>> {
    loop {
        let Some(message) = timeout(SILENCE_MAX, socket.next()).await.context("silent")? else {
            return Ok(None);
        };
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
}

async fn send(socket: &mut Socket, frame: &FromServer) -> anyhow::Result<()> {
    let text = serde_json::to_string(frame)?;
    Ok(socket.send(Message::text(text)).await?)
}

async fn bye(socket: &mut Socket, why: Farewell) -> anyhow::Result<()> {
    send(socket, &FromServer::Bye { why }).await
}

/// For answers that refuse without a rule of the guides.
pub(super) fn refused(message: &str) -> Answer {
    Answer::Refused { rule: String::new(), message: message.to_owned(), again: false }
}

fn clip(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect()
}
