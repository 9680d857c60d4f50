//! The API as a program meets it: whole requests in, whole answers out, over a real database in a
//! temporary folder.

mod acts;
mod bodies;
mod description;
mod doors;
mod expiry;
mod idempotency;
mod logon_checks;
mod problems;
mod self_service;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    card::{CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::IdentityEvidence,
    desk::IdentityCheck,
    holder::{HolderCommand, Registration},
    ids::{CardSerial, CommandId, EventId, HolderId, SecretRef},
    passcode::Kind,
    testing::instant,
};
use protocol::{Answer as AgentAnswer, CardSeen, JobId, ReaderSeen, Secret};
use serde_json::Value;
use stores::{
    agent::AgentId,
    session::{NewSession, Scope},
    token::TokenHash,
    vault::{NewPasscode, Person},
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;
use workflows::card_job::{Claim, Input};

use crate::{
    agents::{AgentSeen, Asker, LineId},
    app::App,
    clock::{Entropy, StandingClock},
    commands::serve,
    config::Config,
    cookies::{BROWSER_COOKIE, SESSION_COOKIE},
    execute::{Actor, Cause},
    http, jobs,
};

/// The holder of these tests, registered on 2025-03-10 with a smartcard passcode only.
pub(crate) const HOLDER: HolderId = HolderId(Uuid::from_u128(1));

/// What the smartcard passcode's tag is, as if an agent had worked it out.
const TAG: [u8; 32] = [9; 32];

/// Bytes of an answer that a test looks at.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A server with one holder.
struct Site {
    app: App,
    clock: Arc<StandingClock>,
    _folder: TempDir,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// That it is a problem of this status, and which.
    #[track_caller]
    fn problem(&self, status: StatusCode) -> Value {
        assert_eq!(
            (self.status, self.header(header::CONTENT_TYPE)),
            (status, "application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["status"], status.as_u16());
        problem
    }
}

/// A request, before it is sent.
struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn ask(method: Method, path: &str) -> Ask {
    Ask { method, path: path.to_owned(), headers: vec![], body: vec![] }
}

fn get(path: &str) -> Ask {
    ask(Method::GET, path)
}

fn post(path: &str, body: &str) -> Ask {
    ask(Method::POST, path).with("content-type", "application/json").saying(body.as_bytes())
}

impl Ask {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn saying(self, body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..self }
    }

    /// With the cookies of the session that [`Site::log_in`] opens.
    fn logged_in(self) -> Self {
        self.with_cookies(&[(BROWSER_COOKIE, [8; 32]), (SESSION_COOKIE, [7; 32])])
    }

    /// With the browser's cookie only.
    fn in_browser(self) -> Self {
        self.with_cookies(&[(BROWSER_COOKIE, [8; 32])])
    }

    fn with_cookies(self, cookies: &[(&str, [u8; 32])]) -> Self {
        let cookies = cookies.iter().map(|(name, token)| format!("{name}={}", hex::encode(token)));
        self.with("cookie", &cookies.collect::<Vec<_>>().join("; "))
    }
}

impl Site {
    /// On 2026-03-01 at nine, a year all but nine days after the registration.
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StandingClock::at(instant("2025-03-10T09:00:00Z")));
        let entropy = Entropy::Seeded(Mutex::new(0));
        let config = Config::for_testing(folder.path());
        let app = serve::open(config, clock.clone(), entropy).await.unwrap();
        register(&app).await;
        let (projections, log) = (app.projections().clone(), app.stores().log.clone());
        // Ends with the test's runtime.
        tokio::spawn(async move { projections.follow(log, std::future::pending()).await });
        let site = Self { app, clock, _folder: folder };
        site.travel_to(instant("2026-03-01T09:00:00Z"));
        site
    }

    /// The same, and the holder is logged in.
    async fn logged_in() -> Self {
        let site = Self::open().await;
        site.log_in().await;
        site
    }

    async fn log_in(&self) {
        self.log_in_with(Scope::Full).await;
    }

    async fn log_in_with(&self, scope: Scope) {
        let session = NewSession {
            token: TokenHash::of(&[7; 32]),
            holder: HOLDER,
            card: card(),
            agent: AgentId(Uuid::from_u128(2)),
            scope,
            endings: 0,
        };
        self.app.stores().sessions.open(&session, self.app.now()).await.unwrap();
    }

    fn travel_to(&self, then: DateTime<Utc>) {
        self.clock.advance(then - self.app.now());
    }

    fn wait(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn call(&self, ask: Ask) -> Answer {
        call(http::router(self.app.clone()), ask).await
    }

    /// The agent is connected and sees this in its reader.
    async fn agent_sees(&self, card: Option<CardSeen>) {
        let (agents, workstation) = (self.app.agents(), "ward 3".to_owned());
        let asker = Asker { agent: AgentId(claim().agent), line: LineId(claim().line) };
        agents.connect(asker, &workstation, CancellationToken::new()).await.unwrap();
        let readers = vec![ReaderSeen { model: claim().reader, approved: true, card }];
        assert!(agents.note(asker, &AgentSeen { workstation, readers }).await.unwrap());
    }

    /// What the agent and the card do for a job: everything, with the right passcode. The code
    /// that leads back.
    async fn card_does_its_part(&self, job: &str) -> String {
        let (serial, profile) = (card().to_string(), claim().profile);
        self.agent_sees(Some(CardSeen { serial, profile, tries_left: None })).await;
        let id = JobId(job.parse().unwrap());
        let mut open = self.app.job(id).await.unwrap().unwrap();
        let steps = [Input::Claimed(claim()), Input::Present, Input::Agreed, Input::Evaluation];
        for input in steps {
            open = self.app.step_job(&open, input).await.unwrap();
        }
        let answer = jobs::passcode::current(&self.app, &open, &Secret(TAG.to_vec())).await;
        let AgentAnswer::Done { code } = answer.unwrap() else { panic!("the card has done it") };
        hex::encode(&code.0)
    }
}

async fn call(router: Router, ask: Ask) -> Answer {
    let mut request = Request::builder().method(ask.method).uri(ask.path);
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let response = router.oneshot(request.body(Body::from(ask.body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

fn card() -> CardSerial {
    "00A1".parse().unwrap()
}

fn claim() -> Claim {
    Claim {
        agent: Uuid::from_u128(2),
        card: card(),
        holder: Some(HOLDER),
        reader: "Reader".to_owned(),
        profile: "guide".to_owned(),
        nonce: "00".repeat(32),
        line: Uuid::from_u128(3),
    }
}

pub(crate) async fn register(app: &App) {
    let person = Person { name: "Sam Okafor".to_owned(), email: "sam@example.org".to_owned() };
    app.stores().vault.put_person(HOLDER, &person, app.now()).await.unwrap();
    let command = app.entropy().command_id(app.now());
    let smartcard = first_tag(app, command).await;
    let key = || PublicKey::from_der(vec![0x30]);
    let card = IssuedCard {
        card: card(),
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
        certificates: vec![
            certificate(Slot::Authentication, "0a01"),
            certificate(Slot::Signature, "0a02"),
        ],
    };
    let registration = Registration {
        card,
        smartcard,
        puk: SecretRef::derive(command, 7),
        account_recovery: None,
        verification: None,
        check: IdentityCheck::by(IdentityEvidence::Passport, "RA desk"),
    };
    let register = HolderCommand::Register { registration, organisation: None };
    app.execute(HOLDER, Cause::first(command), Actor::System, &register).await.unwrap();
}

fn certificate(slot: Slot, serial: &str) -> IssuedCertificate {
    IssuedCertificate {
        slot,
        serial: serial.parse().unwrap(),
        not_before: instant("2025-03-10T09:00:00Z"),
        not_after: instant("2028-03-10T09:00:00Z"),
    }
}

async fn first_tag(app: &App, command: CommandId) -> SecretRef {
    let secret = SecretRef::derive(command, 0);
    let kind = Kind::Smartcard.as_str();
    let row = NewPasscode { secret, holder: HOLDER, kind, event: EventId::derive(command, 0) };
    app.stores().vault.put_tag(row, &TAG, app.now()).await.unwrap();
    secret
}
