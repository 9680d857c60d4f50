//! The line against a server that stands in: in memory for what is said, over loopback TCP for who
//! is spoken to.

use std::sync::Arc;

use futures::{SinkExt as _, StreamExt as _};
use p256::{SecretKey, pkcs8::EncodePrivateKey as _};
use protocol::{FromAgent, FromServer, HEARTBEAT_SECS, JobId, PROTOCOL_VERSION};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tokio::{io::DuplexStream, net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::{Message, protocol::Role};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::*;
use crate::{
    enrolment::{Enrolment, Invitation, enrol},
    stand_ins::{Counting, authority::Authority},
};

const LOOK: Request = Request::Look { job: JobId(Uuid::nil()) };

fn introduction() -> Introduction {
    Introduction { workstation: "Ward 7".to_owned() }
}

/// The server's end of a connection in memory, and what the agent makes of it.
struct Connected {
    server: WebSocketStream<DuplexStream>,
    channel: Channel,
    readers: watch::Sender<Vec<ReaderSeen>>,
    agent: JoinHandle<anyhow::Result<Ended>>,
}

async fn connect() -> Connected {
    let (near, far) = tokio::io::duplex(FRAME_BYTES_MAX);
    let server = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    let (readers, mut reported) = watch::channel(Vec::new());
    let (line, watched) = watch::channel(Line::Down(Trouble::Unreachable));
    let agent = tokio::spawn(async move {
        let socket = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
        let shutdown = CancellationToken::new();
        connection::converse(socket, &introduction(), &mut reported, &line, &shutdown).await
    });
    Connected { server, channel: Channel { line: watched }, readers, agent }
}

impl Connected {
    /// The next frame from the agent; pings are passed over.
    async fn hear(&mut self) -> FromAgent {
        loop {
            let message = self.server.next().await.unwrap().unwrap();
            if let Message::Text(text) = &message {
                return serde_json::from_str(text).unwrap();
            }
            assert!(message.is_ping(), "{message:?}");
        }
    }

    async fn say(&mut self, frame: &FromServer) {
        let text = serde_json::to_string(frame).unwrap();
        self.server.send(Message::text(text)).await.unwrap();
    }

    /// Hello and the first report of the readers.
    async fn greet(&mut self) {
        assert!(matches!(
            self.hear().await,
            FromAgent::Hello { protocol: PROTOCOL_VERSION, workstation, .. } if workstation == "Ward 7"
        ));
        assert_eq!(self.hear().await, FromAgent::Readers { readers: Vec::new() });
    }
}

#[tokio::test]
async fn hello_comes_first_then_the_readers_then_each_change_of_them() {
    let mut connected = connect().await;
    connected.greet().await;
    let reader = ReaderSeen { model: "R".to_owned(), approved: true, card: None };
    connected.readers.send_replace(vec![reader.clone()]);
    assert_eq!(connected.hear().await, FromAgent::Readers { readers: vec![reader] });
}

#[tokio::test]
async fn questions_are_numbered_and_answers_find_their_question_in_any_order() {
    let mut connected = connect().await;
    connected.greet().await;
    let (one, two) = (connected.channel.clone(), connected.channel.clone());
    let first = tokio::spawn(async move { one.ask(LOOK).await });
    assert_eq!(connected.hear().await, FromAgent::Ask { number: 1, request: LOOK });
    let second = tokio::spawn(async move { two.ask(LOOK).await });
    assert_eq!(connected.hear().await, FromAgent::Ask { number: 2, request: LOOK });
    connected.say(&FromServer::Answer { number: 2, answer: Answer::Write }).await;
    connected.say(&FromServer::Answer { number: 1, answer: Answer::Noted }).await;
    assert_eq!(first.await.unwrap(), Ok(Answer::Noted));
    assert_eq!(second.await.unwrap(), Ok(Answer::Write));
}

#[tokio::test]
async fn a_line_that_breaks_takes_its_questions_with_it() {
    let mut connected = connect().await;
    connected.greet().await;
    let channel = connected.channel.clone();
    let asked = tokio::spawn(async move { channel.ask(LOOK).await });
    connected.hear().await;
    drop(connected.server);
    assert!(connected.agent.await.unwrap().is_err());
    assert_eq!(asked.await.unwrap(), Err(ServerGone));
}

#[tokio::test]
async fn without_a_line_a_question_is_refused_at_once() {
    let (_line, watched) = watch::channel(Line::Down(Trouble::Revoked));
    let channel = Channel { line: watched };
    assert_eq!(channel.ask(LOOK).await, Err(ServerGone));
    assert_eq!(channel.trouble(), Some(Trouble::Revoked));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_not_waited_for_without_end() {
    let mut connected = connect().await;
    connected.greet().await;
    let channel = connected.channel.clone();
    let asked = tokio::spawn(async move { channel.ask(LOOK).await });
    assert!(matches!(connected.hear().await, FromAgent::Ask { .. }));
    assert_eq!(asked.await.unwrap(), Err(ServerGone));
}

#[tokio::test(start_paused = true)]
async fn an_agent_with_nothing_to_say_shows_at_every_heartbeat_that_it_is_there() {
    let mut connected = connect().await;
    connected.greet().await;
    let start = tokio::time::Instant::now();
    connected.hear().await;
    assert_eq!(start.elapsed().as_secs(), HEARTBEAT_SECS);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_for_three_heartbeats_is_taken_for_lost() {
    let (near, _far) = tokio::io::duplex(FRAME_BYTES_MAX);
    let (_readers, mut reported) = watch::channel(Vec::new());
    let (line, _watched) = watch::channel(Line::Down(Trouble::Unreachable));
    let socket = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    let start = tokio::time::Instant::now();
    let shutdown = CancellationToken::new();
    let ended =
        connection::converse(socket, &introduction(), &mut reported, &line, &shutdown).await;
    assert!(ended.is_err());
    assert_eq!(start.elapsed().as_secs(), 3 * HEARTBEAT_SECS);
}

#[tokio::test]
async fn the_servers_goodbye_says_why() {
    for why in [Farewell::Closing, Farewell::Revoked, Farewell::OtherVersion] {
        let mut connected = connect().await;
        connected.greet().await;
        connected.say(&FromServer::Bye { why }).await;
        assert_eq!(connected.agent.await.unwrap().unwrap(), Ended::Bye(why));
    }
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection_and_is_not_repeated_in_the_error() {
    let mut connected = connect().await;
    connected.greet().await;
    connected.server.send(Message::text("{\"secret\": \"c0ffee\"}")).await.unwrap();
    let error = format!("{:#}", connected.agent.await.unwrap().unwrap_err());
    assert!(!error.contains("secret") && !error.contains("c0ffee"), "{error}");
}

/// A server on loopback that trades any code for a certificate, or answers one question.
async fn serve(
    authority: &'static Authority,
    host: &str,
    chain_has_authority: bool,
) -> ServerAddress {
    let key = SecretKey::from_slice(&[0x21; 32]).unwrap();
    let spki = p256::pkcs8::EncodePublicKey::to_public_key_der(&key.public_key()).unwrap();
    let mut chain = vec![authority.issue(spki.as_bytes(), "server", Some(host))];
    if chain_has_authority {
        chain.push(authority.certificate());
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.certificate())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .unwrap();
    let key = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().unwrap().as_bytes().to_vec());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            chain.into_iter().map(CertificateDer::from).collect(),
            PrivateKeyDer::Pkcs8(key),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        let known = stream.get_ref().1.peer_certificates().is_some();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            if let FromAgent::Ask { number, request } = serde_json::from_str(&text).unwrap() {
                let answer = if let Request::Enrol { csr, .. } = request {
                    enrolled(authority, &csr.0)
                } else if known {
                    Answer::Noted
                } else {
                    Answer::Write
                };
                let frame = FromServer::Answer { number, answer };
                let text = serde_json::to_string(&frame).unwrap();
                socket.send(Message::text(text)).await.unwrap();
            }
        }
    });
    address.to_string().parse().unwrap()
}

fn enrolled(authority: &Authority, csr: &[u8]) -> Answer {
    use der::{Decode as _, Encode as _};
    let csr = x509_cert::request::CertReq::from_der(csr).unwrap();
    let certificate = authority.issue(&csr.info.public_key.to_der().unwrap(), "agent", None);
    Answer::Enrolled(protocol::Enrolled {
        certificate: protocol::Bytes(certificate),
        authority: protocol::Bytes(authority.certificate()),
    })
}

fn authority() -> &'static Authority {
    Box::leak(Box::new(Authority::new("Agents", 1)))
}

async fn enrol_at(server: ServerAddress, fingerprint: [u8; 32]) -> anyhow::Result<Enrolment> {
    let invitation = Invitation {
        server,
        authority: fingerprint,
        code: protocol::Secret(vec![1, 2, 3]),
        workstation: "Ward 7".to_owned(),
    };
    enrol(invitation, &mut Counting(0)).await
}

#[tokio::test]
async fn an_agent_is_enrolled_and_then_known_by_its_certificate() {
    let authority = authority();
    let fingerprint = tls::fingerprint(&authority.certificate());
    let server = serve(authority, "latchkey", true).await;
    let enrolment = enrol_at(server, fingerprint).await.unwrap();
    let server = serve(authority, "latchkey", true).await;
    let tls = tls::enrolled(&enrolment).unwrap();
    assert_eq!(ask_once(&server, tls, "Ward 7", LOOK).await.unwrap(), Answer::Noted);
}

#[tokio::test]
async fn a_server_with_another_authority_another_name_or_no_authority_is_not_enrolled_with() {
    let authority = authority();
    let right = tls::fingerprint(&authority.certificate());
    for (host, has_authority, fingerprint) in
        [("latchkey", true, [0; 32]), ("elsewhere", true, right), ("latchkey", false, right)]
    {
        let server = serve(authority, host, has_authority).await;
        assert!(enrol_at(server, fingerprint).await.is_err(), "{host} {has_authority}");
    }
}

#[tokio::test]
async fn an_enrolled_agent_speaks_with_no_server_but_that_of_its_authority() {
    let ours = authority();
    let server = serve(ours, "latchkey", true).await;
    let fingerprint = tls::fingerprint(&ours.certificate());
    let enrolment = enrol_at(server, fingerprint).await.unwrap();
    let theirs = Box::leak(Box::new(Authority::new("Agents", 2)));
    let server = serve(theirs, "latchkey", true).await;
    let tls = tls::enrolled(&enrolment).unwrap();
    assert!(ask_once(&server, tls, "Ward 7", LOOK).await.is_err());
}

#[test]
fn a_key_that_is_not_the_certificates_is_found_out_before_anything_is_dialled() {
    let authority = authority();
    let key = SecretKey::from_slice(&[5; 32]).unwrap();
    let other = SecretKey::from_slice(&[6; 32]).unwrap();
    let spki = p256::pkcs8::EncodePublicKey::to_public_key_der(&other.public_key()).unwrap();
    let enrolment = Enrolment {
        key: Zeroizing::new(key.to_pkcs8_der().unwrap().as_bytes().to_vec()),
        certificate: authority.issue(spki.as_bytes(), "agent", None),
        authority: authority.certificate(),
    };
    assert!(tls::enrolled(&enrolment).is_err());
}
