//! One connection over a pipe: what an agent may do before and after Hello, and what it may not.

use std::sync::{Arc, Mutex};

use domain::testing::instant;
use tokio::{
    io::{DuplexStream, duplex},
    task::JoinHandle,
};
use tokio_tungstenite::tungstenite::protocol::Role;
use uuid::Uuid;

use super::*;
use crate::{
    agents::Standing,
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
};

type Pipe = WebSocketStream<DuplexStream>;

/// Bytes that either side may write before the other reads.
const PIPE_BYTES: usize = 1024;

const CERTIFICATE: &[u8] = b"certificate";
const AGENT: AgentId = AgentId(Uuid::from_u128(1));

async fn pipe() -> (Pipe, Pipe) {
    let (server, agent) = duplex(PIPE_BYTES);
    (
        WebSocketStream::from_raw_socket(server, Role::Server, None).await,
        WebSocketStream::from_raw_socket(agent, Role::Client, None).await,
    )
}

/// A server that knows one agent, whose connection is up and has not said Hello.
struct Line {
    app: App,
    agent: Pipe,
    served: JoinHandle<anyhow::Result<()>>,
    shutdown: CancellationToken,
    _folder: tempfile::TempDir,
}

async fn line() -> Line {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StandingClock::at(instant("2026-03-02T09:00:00Z")));
    let entropy = Entropy::Seeded(Mutex::new(0));
    let app = serve::open(Config::for_testing(folder.path()), clock, entropy).await.unwrap();
    let fingerprint = Sha256::digest(CERTIFICATE).into();
    app.stores().agents.enrol(AGENT, "ward 3", fingerprint, app.now()).await.unwrap();
    let (server, agent) = pipe().await;
    let (peer, shutdown) = (SocketAddr::from(([127, 0, 0, 1], 1)), CancellationToken::new());
    let run = run(app.clone(), server, Some(CERTIFICATE.to_vec()), peer, shutdown.clone());
    Line { app, agent, served: tokio::spawn(run), shutdown, _folder: folder }
}

impl Line {
    async fn says(&mut self, frame: &FromAgent) {
        let text = serde_json::to_string(frame).unwrap();
        self.agent.send(Message::text(text)).await.unwrap();
    }

    /// Pings, and waits for the answer: whatever came before has been read.
    async fn pings(&mut self) {
        self.agent.send(Message::Ping(Vec::new().into())).await.unwrap();
        let answer = self.agent.next().await.unwrap().unwrap();
        assert!(matches!(answer, Message::Pong(_)), "{answer:?}");
    }

    async fn hears(&mut self) -> FromServer {
        let message = self.agent.next().await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Says Hello and is connected.
    async fn connects(&mut self) {
        self.says(&greeting()).await;
        self.is_connected(true).await;
    }

    /// Waits until the agent is connected, or is no more.
    async fn is_connected(&self, wanted: bool) {
        let mut changes = self.app.agents().changes();
        while self.app.agents().any_connected().await.unwrap() != wanted {
            changes.changed().await.unwrap();
        }
    }

    async fn standing(&self) -> Option<Standing> {
        self.app.agents().standing([AGENT]).await.unwrap().remove(&AGENT)
    }
}

fn greeting() -> FromAgent {
    FromAgent::Hello {
        protocol: PROTOCOL_VERSION,
        version: "0".to_owned(),
        workstation: "ward 3".to_owned(),
    }
}

#[tokio::test]
async fn an_agent_that_is_revoked_before_it_says_hello_is_sent_away() {
    let mut line = line().await;
    line.pings().await;
    assert!(line.app.stores().agents.revoke(AGENT, line.app.now()).await.unwrap());
    line.app.agents().hang_up(AGENT).await.unwrap();
    line.says(&greeting()).await;
    assert!(matches!(line.hears().await, FromServer::Bye { why: Farewell::Revoked }));
    assert!((&mut line.served).await.unwrap().is_err());
    line.is_connected(false).await;
}

#[tokio::test]
async fn an_agent_is_there_from_its_hello_until_its_line_ends() {
    let mut line = line().await;
    line.pings().await;
    assert_eq!(line.standing().await, None);
    line.connects().await;
    line.shutdown.cancel();
    assert!(matches!(line.hears().await, FromServer::Bye { why: Farewell::Closing }));
    (&mut line.served).await.unwrap().unwrap();
    line.is_connected(false).await;
    assert_eq!(line.standing().await, Some(Standing::Missed));
}

#[tokio::test]
async fn a_connection_that_is_torn_down_in_the_middle_leaves_no_ghost() {
    let mut line = line().await;
    line.connects().await;
    line.served.abort();
    assert!((&mut line.served).await.is_err());
    line.is_connected(false).await;
}

#[tokio::test(start_paused = true)]
async fn pings_do_not_make_the_time_for_hello_longer() {
    let (mut server, mut agent) = pipe().await;
    let started = tokio::time::Instant::now();
    let pinging = async {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        loop {
            every.tick().await;
            agent.send(Message::Ping(Vec::new().into())).await.unwrap();
            agent.next().await.unwrap().unwrap();
        }
    };
    let error = tokio::select! {
        () = pinging => unreachable!("it pings for ever"),
        said = hello(&mut server) => said.unwrap_err(),
    };
    assert_eq!(error.to_string(), "silent");
    assert_eq!(started.elapsed().as_secs(), HELLO_MAX.as_secs());
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_stops_reading_is_given_up_after_ten_seconds() {
    let (mut server, _agent) = pipe().await;
    let started = tokio::time::Instant::now();
    let long = Answer::Refused { rule: String::new(), message: "x".repeat(4096), again: false };
    let error = send(&mut server, &FromServer::Answer { number: 1, answer: long }).await;
    assert_eq!(error.unwrap_err().to_string(), "the agent reads nothing");
    assert_eq!(started.elapsed().as_secs(), SEND_MAX.as_secs());
}
