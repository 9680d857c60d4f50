//! Codes on their way: through whatever goes wrong with a mail server, each still-valid one arrives,
//! and always the same.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    card::{CardKeys, IssuedCard, PublicKey},
    holder::HolderEvent,
    ids::{CardSerial, CommandId, EventId, HolderId, SecretRef},
    policy::Policies,
    self_service::CodePurpose,
};
use futures::future::BoxFuture;
use stores::{
    event_store::{Expected, NewEvent, StreamName, canonical},
    sqlite::Database,
    truth::Stores,
    vault::{CodeBinding, Keep, Keys, Person, SELF_SERVICE_EMAIL, SealEntropy, VaultKeys},
};
use tests::smtp::{
    MailServer,
    scripted::{Fault, Protection, Scripted, Stage},
};
use uuid::Uuid;
use workflows::{
    engine::{CodeMail, Engine, Parts},
    mail::{Composer, Courier, Failure, Limits, Mail, SmtpCourier},
};

use super::{SHORT, courier};

const HOLDER: HolderId = HolderId(Uuid::from_u128(1));
const FLOW: CommandId = CommandId(Uuid::from_u128(2));
const CODE: Uuid = Uuid::from_u128(3);
const EMAIL: SecretRef = SecretRef(Uuid::from_u128(4));

/// Leads to one mail server, and later perhaps to another one.
struct Line(Mutex<Arc<SmtpCourier>>);

impl Line {
    fn to(server: SocketAddr) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Arc::new(courier(server, SHORT)))))
    }

    fn turn_to(&self, server: SocketAddr) {
        let turned = Arc::new(courier(server, SHORT));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = turned;
    }
}

impl Courier for Line {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        let courier = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { courier.deliver(mail).await })
    }
}

fn card() -> CardSerial {
    "00A1B2C3".parse().unwrap()
}

fn start() -> DateTime<Utc> {
    "2026-03-10T09:30:00Z".parse().unwrap()
}

/// Somebody who waits for the code of a registration.
async fn stores() -> Stores {
    let key = |n| Keys::new(1, [n; 32]);
    let keys = VaultKeys { pepper: key(1), seal: key(2), puk: None, code: key(3).into() };
    let stores = Database::in_memory().await.unwrap().stores(keys);
    let person =
        Person { name: "Zoë O'Kafor".to_owned(), email: "zoe.okafor@example.org".to_owned() };
    stores.vault.put_person(HOLDER, &person, start()).await.unwrap();
    let entropy = SealEntropy::from([7; SealEntropy::BYTES]);
    let address = b"zoe.private@example.org";
    stores
        .vault
        .seal(EMAIL, HOLDER, SELF_SERVICE_EMAIL, "", address, entropy, Keep::Always, start())
        .await
        .unwrap();
    let key = || PublicKey::from_der(vec![0x30]);
    let issued = IssuedCard {
        card: card(),
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
        certificates: vec![],
    };
    let on = start().date_naive();
    let begun = HolderEvent::RegistrationBegun {
        registration: FLOW,
        card: card(),
        on,
        answers: vec![],
        email: EMAIL,
    };
    let sent = HolderEvent::CodeSent {
        purpose: CodePurpose::Registration,
        flow: FLOW,
        code: CODE,
        key: 1,
        number: 1,
        card: card(),
        to: EMAIL,
        expires_at: start() + TimeDelta::minutes(15),
    };
    let first = [HolderEvent::HolderRegistered {}, HolderEvent::CardIssued(issued), begun, sent];
    append(&stores, 1, &first).await;
    stores
}

async fn append(stores: &Stores, command: u128, events: &[HolderEvent]) {
    let command = CommandId(Uuid::from_u128(command));
    let new = (0..).zip(events).map(|(index, event)| {
        let encoded = event.encode();
        NewEvent {
            id: EventId::derive(command, index),
            kind: encoded.kind.to_owned(),
            schema: encoded.schema,
            data: canonical(&encoded.data).unwrap(),
            meta: canonical(&serde_json::json!({ "$correlationId": command })).unwrap(),
        }
    });
    let stream = StreamName::holder(HOLDER);
    stores.log.append(&stream, Expected::Any, new.collect(), start()).await.unwrap();
}

async fn engine(stores: &Stores, courier: Arc<dyn Courier>) -> Engine {
    let parts = Parts {
        log: stores.log.clone(),
        vault: stores.vault.clone(),
        policies: Arc::new(Policies::seed()),
        composer: Composer::new("https://portal.example.org").unwrap(),
        courier,
    };
    Engine::in_memory(parts).await.unwrap()
}

fn code(stores: &Stores) -> String {
    let binding = CodeBinding {
        code: CODE,
        key: 1,
        purpose: CodePurpose::Registration.as_str(),
        holder: HOLDER,
        card: &card(),
        flow: FLOW,
    };
    stores.vault.code(&binding).unwrap().grouped().to_string()
}

#[tokio::test]
async fn r08_whatever_a_mail_server_does_for_ten_minutes_the_code_arrives_when_it_is_well_again() {
    for fault in [
        (Stage::Greeting, Fault::Cut),
        (Stage::Greeting, Fault::Answer("554 5.3.2 closed")),
        (Stage::Sender, Fault::Answer("550 5.7.1 not from you")),
        (Stage::Recipient, Fault::Answer("451 4.3.0 not now")),
        (Stage::Data, Fault::Hang),
        (Stage::Dot, Fault::Answer("452 4.3.1 full")),
        (Stage::Dot, Fault::Cut),
    ] {
        let stores = stores().await;
        let (code, ill) = (code(&stores), Scripted::start(&[fault], Protection::None).await);
        let ill = ill.unwrap();
        let line = Line::to(ill.address());
        let engine = engine(&stores, line.clone()).await;
        // At once, a little later, and at the end of ten minutes: what lies between is alike.
        for after in [0, 5, 600] {
            engine.tick(start() + TimeDelta::seconds(after)).await.unwrap();
        }
        let tried = engine.code_mail(CODE).await.unwrap();
        assert_eq!(tried, Some(CodeMail::Waiting { attempts: 3 }), "{fault:?}");
        let well = Scripted::start(&[], Protection::None).await.unwrap();
        line.turn_to(well.address());
        for after in [672, 673] {
            engine.tick(start() + TimeDelta::seconds(after)).await.unwrap();
        }
        assert_eq!(engine.code_mail(CODE).await.unwrap(), None, "{fault:?}");
        let arrived = well.heard().mails;
        assert_eq!(arrived.len(), 1, "{fault:?}");
        assert!(arrived[0].contains(&code), "{fault:?}");
        // One that was cut off had the mail already: a repeat, of the same bytes.
        let before = ill.heard().mails;
        let had_it = fault.0 == Stage::Dot;
        assert_eq!(before.len(), if had_it { 3 } else { 0 }, "{fault:?}");
        assert!(before.iter().all(|mail| *mail == arrived[0]), "{fault:?}");
    }
}

#[tokio::test]
async fn r08_an_address_that_is_refused_is_no_use_and_the_page_can_say_so_at_once() {
    let stores = stores().await;
    let refuses = [(Stage::Recipient, Fault::Answer("550 5.1.1 no such mailbox"))];
    let server = Scripted::start(&refuses, Protection::None).await.unwrap();
    let engine = engine(&stores, Line::to(server.address())).await;
    engine.tick(start()).await.unwrap();
    assert_eq!(engine.code_mail(CODE).await.unwrap(), Some(CodeMail::Dead));
    let dead = engine.dead_letters(None, 10).await.unwrap();
    assert_eq!(dead[0].hitch, "never: the mail server answered 550 5.1.1 to RCPT");
}

#[tokio::test]
async fn r08_b42_u06_a_real_mail_server_has_the_code_once_and_a_notice_at_both_addresses() {
    let mut server = MailServer::start().unwrap();
    let stores = stores().await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let engine = engine(&stores, Arc::new(courier(address, Limits::default()))).await;
    engine.tick(start()).await.unwrap();
    let arrived = server.arrived(1).unwrap();
    let code = code(&stores);
    assert_eq!(arrived.iter().filter(|mail| mail.contains(&code)).count(), 1);
    let to = "To: =?utf-8?b?Wm/DqyBPJ0thZm9y?= <zoe.private@example.org>";
    assert!(arrived[0].lines().any(|line| line == to), "{}", arrived[0]);
    let subject = arrived[0].lines().find(|line| line.starts_with("Subject:"));
    assert_eq!(subject, Some("Subject: Your registration code"));

    let on = start().date_naive();
    let completed = HolderEvent::RegistrationCompleted { registration: FLOW, on, former: None };
    let (workstation, reader) = ("WARD-7".to_owned(), "Reader".to_owned());
    let unlock = CommandId(Uuid::from_u128(5));
    let started = HolderEvent::UnlockStarted { unlock, card: card(), workstation, reader };
    append(&stores, 6, &[completed, started]).await;
    engine.tick(start()).await.unwrap();
    // To one address that somebody is registered; to both that an unlock was started.
    let arrived = server.arrived(4).unwrap();
    let n_of = |subject: &str| {
        arrived.iter().filter(|mail| mail.lines().any(|line| line == subject)).count()
    };
    assert_eq!(n_of("Subject: You are registered for self-service"), 1);
    assert_eq!(n_of("Subject: Somebody has started to unlock your smartcard"), 2);
    assert_eq!(arrived.len(), 4);
}
