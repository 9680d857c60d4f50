//! The listener as a relying party meets it: lists and their numbers, caches, questions that are none.

use std::sync::{Arc, Mutex};

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use chrono::TimeDelta;
use domain::testing::instant;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{list, router, tick};
use crate::{
    app::App,
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
};

/// Bytes of an answer that a test looks at.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// An OCSP question about nobody's certificate, in base64.
const FOREIGN: &str =
    "MEIwQDA+MDwwOjAJBgUrDgMCGgUABBQBAQEBAQEBAQEBAQEBAQEBAQEBAQQUAgICAgICAgICAgICAgICAgICAgICAQM=";

struct Server {
    app: App,
    clock: Arc<StandingClock>,
    _folder: TempDir,
}

async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StandingClock::at(instant("2026-03-02T09:00:00Z")));
    let config = Config::for_testing(folder.path());
    let entropy = Entropy::Seeded(Mutex::new(0));
    let app = serve::open(config, clock.clone(), entropy).await.unwrap();
    let (following, log) = (app.projections().clone(), Arc::clone(&app.stores().log));
    tokio::spawn(async move { following.follow(log, std::future::pending()).await });
    Server { app, clock, _folder: folder }
}

impl Server {
    async fn get(&self, path: &str) -> Response<Body> {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        router(self.app.clone()).oneshot(request).await.unwrap()
    }

    async fn number(&self) -> u64 {
        self.app.stores().crls.latest().await.unwrap().map_or(0, |list| list.number)
    }
}

async fn body(response: Response<Body>) -> Vec<u8> {
    to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap().to_vec()
}

fn says(response: &Response<Body>, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_list_is_published_at_the_start_then_on_schedule_and_its_number_never_repeats() {
    let server = server().await;
    assert_eq!(server.get("/crl").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    tick(&server.app).await;
    assert_eq!(server.number().await, 1);
    tick(&server.app).await;
    server.clock.advance(list::EVERY - TimeDelta::seconds(1));
    tick(&server.app).await;
    assert_eq!(server.number().await, 1);
    server.clock.advance(TimeDelta::seconds(1));
    tick(&server.app).await;
    assert_eq!(server.number().await, 2);
    server.clock.advance(-TimeDelta::days(3));
    tick(&server.app).await;
    assert_eq!(server.number().await, 3);
}

#[tokio::test]
async fn a_cache_asks_whether_the_list_is_still_the_one_it_has() {
    let server = server().await;
    tick(&server.app).await;
    let list = server.get("/crl").await;
    assert_eq!(list.status(), StatusCode::OK);
    assert_eq!(says(&list, header::CONTENT_TYPE), "application/pkix-crl");
    assert_eq!(says(&list, header::CACHE_CONTROL), "no-cache");
    assert_eq!(says(&list, header::ETAG), "\"1\"");
    let bytes = body(list).await;
    assert_eq!(Some(bytes), server.app.stores().crls.latest().await.unwrap().map(|l| l.der));
    for (known, status) in [
        ("\"1\"", StatusCode::NOT_MODIFIED),
        ("\"0\", W/\"1\"", StatusCode::NOT_MODIFIED),
        ("\"2\"", StatusCode::OK),
    ] {
        let request = Request::get("/crl").header(header::IF_NONE_MATCH, known);
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), status, "{known}");
        assert_eq!(says(&answer, header::ETAG), "\"1\"");
    }
}

#[tokio::test]
async fn the_authorities_certificates_can_be_fetched() {
    let server = server().await;
    let chain = server.app.cards_authority().chain();
    for (path, kind, bytes) in [
        ("/issuing.cer", "application/pkix-cert", chain[0].clone()),
        ("/root.cer", "application/pkix-cert", chain[1].clone()),
        ("/chain.p7c", "application/pkcs7-mime", server.app.cards_authority().chain_p7c().unwrap()),
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
