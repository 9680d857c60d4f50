//! The listener as a relying party meets it: lists and their numbers, caches, questions that are none.

use std::sync::{Arc, Mutex};

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use chrono::TimeDelta;
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::{Renewer, RevocationReason},
    holder::HolderEvent,
    ids::{CommandId, EventId, HolderId},
    testing::{day, instant},
};
use stores::{
    crl::PublishedCrl,
    event_store::{Expected, NewEvent, StreamName, canonical},
};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::{list, router, tick};
use crate::{
    app::App,
    clock::{AcceptedClock, Clock, Entropy, StandingClock, accepted::tests::Clocks},
    commands::serve,
    config::Config,
};

/// Bytes of an answer that a test looks at.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// An OCSP question about nobody's certificate, in base64.
const FOREIGN: &str =
    "MEIwQDA+MDwwOjAJBgUrDgMCGgUABBQBAQEBAQEBAQEBAQEBAQEBAQEBAQQUAgICAgICAgICAgICAgICAgICAgICAQM=";

/// The seconds since 1970 at which tests begin, which is the number of the first list.
const FIRST: u64 = 1_772_442_000;

/// Serial numbers of two certificates.
const SERIALS: [&str; 2] = ["4a01", "4a02"];

struct Server<C = StandingClock> {
    app: App,
    clock: Arc<C>,
    _folder: TempDir,
}

async fn server() -> Server {
    server_by(StandingClock::at(instant("2026-03-02T09:00:00Z"))).await
}

async fn server_by<C: Clock>(clock: C) -> Server<C> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(clock);
    let config = Config::for_testing(folder.path());
    let entropy = Entropy::Seeded(Mutex::new(0));
    let app = serve::open(config, clock.clone(), entropy).await.unwrap();
    let (following, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
    tokio::spawn(async move { following.follow(log, std::future::pending()).await });
    Server { app, clock, _folder: folder }
}

impl<C> Server<C> {
    async fn get(&self, path: &str) -> Response<Body> {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        router(self.app.clone()).oneshot(request).await.unwrap()
    }

    async fn number(&self) -> u64 {
        self.app.stores().crls.latest_number().await.unwrap().unwrap_or_default()
    }

    /// What the one holder of these tests has lived through.
    async fn happens(&self, command: u128, event: HolderEvent) {
        let encoded = event.encode();
        let event = NewEvent {
            id: EventId::derive(CommandId(Uuid::from_u128(command)), 0),
            kind: encoded.kind.to_owned(),
            schema: encoded.schema,
            data: canonical(&encoded.data).unwrap(),
            meta: br#"{"actor":{"by":"operator"}}"#.to_vec(),
        };
        let stream = StreamName::holder(HolderId(Uuid::from_u128(1)));
        let log = &self.app.stores().log;
        log.append(&stream, Expected::Any, vec![event], self.app.now()).await.unwrap();
    }

    async fn is_revoked(&self, serial: usize) {
        let revoked = HolderEvent::CertificatesRevoked {
            card: "0A01".parse().unwrap(),
            on: day("2026-03-01"),
            reason: RevocationReason::Damaged,
            serials: vec![SERIALS[serial].parse().unwrap()],
            by: Renewer::Holder,
        };
        self.happens(2 + serial as u128, revoked).await;
    }
}

async fn body(response: Response<Body>) -> Vec<u8> {
    to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap().to_vec()
}

fn says(response: &Response<Body>, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn card() -> HolderEvent {
    let key = || PublicKey::from_der(vec![0x30]);
    let certificates = SERIALS.map(|serial| IssuedCertificate {
        slot: Slot::Authentication,
        serial: serial.parse().unwrap(),
        not_before: instant("2026-01-01T12:00:00Z"),
        not_after: instant("2028-01-01T12:00:00Z"),
    });
    HolderEvent::CardIssued(IssuedCard {
        card: "0A01".parse().unwrap(),
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
        certificates: certificates.to_vec(),
    })
}

#[tokio::test]
async fn a_list_is_published_at_the_start_then_on_schedule_and_its_number_never_repeats() {
    let server = server().await;
    assert_eq!(server.get("/crl").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    tick(&server.app).await;
    assert_eq!(server.number().await, FIRST);
    tick(&server.app).await;
    server.clock.advance(list::EVERY - TimeDelta::seconds(1));
    tick(&server.app).await;
    assert_eq!(server.number().await, FIRST);
    server.clock.advance(TimeDelta::seconds(1));
    tick(&server.app).await;
    let second = server.number().await;
    assert_eq!(second, FIRST + list::EVERY.num_seconds().unsigned_abs());
    server.clock.advance(-TimeDelta::days(3));
    server.clock.advance(TimeDelta::seconds(2));
    tick(&server.app).await;
    assert_eq!(server.number().await, second + 1);
}

#[tokio::test]
async fn c15_two_revocations_are_published_while_the_clock_stands_still_because_it_was_set_back() {
    let (clocks, ours) = Clocks::start();
    let server: Server<AcceptedClock> = server_by(ours).await;
    server.happens(1, card()).await;
    tick(&server.app).await;
    let first = server.number().await;
    clocks.pass(TimeDelta::seconds(59));
    let now = server.app.now();
    clocks.turn_wall(-TimeDelta::seconds(50));
    clocks.pass(TimeDelta::seconds(1));
    server.is_revoked(0).await;
    tick(&server.app).await;
    let second = server.number().await;
    assert!(first < second);
    server.is_revoked(1).await;
    clocks.pass(TimeDelta::seconds(1));
    tick(&server.app).await;
    assert_eq!(server.number().await, second);
    clocks.pass(TimeDelta::seconds(1));
    assert_eq!(server.app.now(), now);
    tick(&server.app).await;
    assert_eq!(server.number().await, second + 1);
}

#[tokio::test]
async fn the_last_list_is_there_again_after_a_restart_while_it_may_be_believed() {
    let server = server().await;
    tick(&server.app).await;
    let forget = || *server.app.relying_parties().list.write().unwrap() = None;
    for (gone_by, status) in [
        (list::LIFE - TimeDelta::seconds(1), StatusCode::OK),
        (TimeDelta::seconds(1), StatusCode::SERVICE_UNAVAILABLE),
    ] {
        forget();
        server.clock.advance(gone_by);
        list::resume(&server.app).await.unwrap();
        assert_eq!(server.get("/crl").await.status(), status);
    }
}

#[tokio::test]
async fn nothing_is_signed_by_a_signer_who_is_not_valid_any_more_or_not_yet() {
    let server = server().await;
    let (later, foreign) = ([0x30, 3, 0x0A, 1, 3], [0x30, 3, 0x0A, 1, 6]);
    let asked = async || body(server.get(&format!("/ocsp/{FOREIGN}")).await).await;
    tick(&server.app).await;
    assert_eq!(asked().await, foreign);
    for moved in [TimeDelta::days(31), -TimeDelta::days(1)] {
        server.clock.advance(moved);
        assert_eq!(asked().await, later, "{moved}");
        assert!(server.app.relying_parties().is_late(server.app.now()));
        tick(&server.app).await;
        assert_eq!(asked().await, foreign, "{moved}");
    }
}

#[tokio::test]
async fn a_list_that_is_not_renewed_is_late_long_before_it_is_not_believed_any_more() {
    let server = server().await;
    let is_late = || server.app.relying_parties().is_late(server.app.now());
    assert!(is_late());
    tick(&server.app).await;
    assert!(!is_late());
    server.clock.advance(list::LATE - TimeDelta::seconds(1));
    assert!(!is_late());
    server.clock.advance(TimeDelta::seconds(1));
    assert!(is_late());
    tick(&server.app).await;
    assert!(!is_late());
}

#[tokio::test]
async fn a_cache_asks_whether_the_list_is_still_the_one_it_has() {
    let server = server().await;
    tick(&server.app).await;
    let list = server.get("/crl").await;
    assert_eq!(list.status(), StatusCode::OK);
    assert_eq!(says(&list, header::CONTENT_TYPE), "application/pkix-crl");
    assert_eq!(says(&list, header::CACHE_CONTROL), "no-cache");
    let tag = says(&list, header::ETAG).to_owned();
    let bytes = body(list).await;
    let published = server.app.stores().crls.latest().await.unwrap().unwrap();
    assert_eq!(bytes, published.der);
    let other = super::Published::of(PublishedCrl { der: vec![0], ..published });
    assert_ne!(tag, other.tag, "the same number, and another list");
    for (known, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"0\", W/{tag}"), StatusCode::NOT_MODIFIED),
        (other.tag, StatusCode::OK),
    ] {
        let request = Request::get("/crl").header(header::IF_NONE_MATCH, &known);
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), status, "{known}");
        assert_eq!(says(&answer, header::ETAG), tag);
    }
}

#[tokio::test]
async fn the_authorities_certificates_can_be_fetched() {
    let server = server().await;
    let chain = server.app.cards_authority().unwrap().chain();
    for (path, kind, bytes) in [
        ("/issuing.cer", "application/pkix-cert", chain[0].clone()),
        ("/root.cer", "application/pkix-cert", chain[1].clone()),
        (
            "/chain.p7c",
            "application/pkcs7-mime",
            server.app.cards_authority().unwrap().chain_p7c().unwrap(),
        ),
    ] {
        let answer = server.get(path).await;
        assert_eq!(says(&answer, header::CONTENT_TYPE), kind);
        assert_eq!(says(&answer, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(body(answer).await, bytes, "{path}");
    }
    for path in ["/", "/api/holders", "/livez", "/ocsp"] {
        let status = server.get(path).await.status();
        assert!(status.is_client_error(), "{path}: {status}");
    }
}

#[tokio::test]
async fn a_question_that_is_none_is_malformed_and_one_that_is_too_long_is_not_read() {
    let server = server().await;
    tick(&server.app).await;
    let malformed = [0x30, 3, 0x0A, 1, 1];
    let unauthorized = [0x30, 3, 0x0A, 1, 6];
    let post = async |content: Vec<u8>| {
        server.send(Request::post("/ocsp").body(Body::from(content)).unwrap()).await
    };
    let answer = post(b"hello".to_vec()).await;
    assert_eq!(says(&answer, header::CONTENT_TYPE), "application/ocsp-response");
    assert_eq!(says(&answer, header::CACHE_CONTROL), "no-store");
    assert_eq!(body(answer).await, malformed);
    assert_eq!(post(vec![0; 5000]).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    for (question, answer) in [
        ("AAAA".to_owned(), malformed),
        ("%00".to_owned(), malformed),
        ("A".repeat(6000), malformed),
        (FOREIGN.to_owned(), unauthorized),
        (FOREIGN.replace('=', ""), unauthorized),
        (FOREIGN.replace('+', "%2B").replace('=', "%3D"), unauthorized),
    ] {
        let answered = server.get(&format!("/ocsp/{question}")).await;
        assert_eq!(answered.status(), StatusCode::OK, "{question}");
        assert_eq!(body(answered).await, answer, "{question}");
    }
}

#[tokio::test]
async fn before_anybody_signs_a_question_has_to_come_back() {
    let server = server().await;
    let answer = server.get(&format!("/ocsp/{FOREIGN}")).await;
    assert_eq!(body(answer).await, [0x30, 3, 0x0A, 1, 3]);
}
