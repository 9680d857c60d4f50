//! Codes: to the right address, once, before everything else, and not after their time.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use domain::{
    card::{CardKeys, IssuedCard, PublicKey},
    expiry::Topic,
    holder::{HolderEvent, Origin},
    ids::{CardSerial, CommandId, HolderId, SecretRef},
    passcode::Kind,
    policy::{Policies, Policy},
    self_service::{Answer, CodePurpose, questions},
};
use futures::future::BoxFuture;
use stores::vault::{CodeBinding, Keep, NewPasscode, Person, SELF_SERVICE_EMAIL, SealEntropy};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{super::*, world::*};
use crate::mail::{Failure, InMemoryCourier, Mail};

const START: &str = "2026-03-10T09:30:00Z";

/// How long a code is good for, under the seed policy.
const LIFE: TimeDelta = TimeDelta::minutes(15);

/// A mail server that can be switched off.
struct Switched {
    courier: Arc<InMemoryCourier>,
    down: AtomicBool,
}

impl Courier for Switched {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        if self.down.load(Ordering::SeqCst) {
            return Box::pin(async { Err(not_now()) });
        }
        self.courier.deliver(mail)
    }
}

/// A mail server that never answers about the first mail.
struct FirstHangs {
    courier: Arc<InMemoryCourier>,
    n_asked: AtomicU32,
    hangs: Notify,
}

impl Courier for FirstHangs {
    fn deliver<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        if 0 < self.n_asked.fetch_add(1, Ordering::SeqCst) {
            return self.courier.deliver(mail);
        }
        self.hangs.notify_one();
        Box::pin(std::future::pending())
    }
}

fn not_now() -> Failure {
    Failure::Transient("421".to_owned())
}

fn card() -> CardSerial {
    "00A1B2C3".parse().unwrap()
}

fn secret(n: u128) -> SecretRef {
    SecretRef(Uuid::from_u128(n))
}

fn flow(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

/// Where the address of a holder's registration is, and the rows of its answers.
fn email_of(holder: HolderId, registration: u128) -> SecretRef {
    secret(holder.0.as_u128() * 1_000 + registration * 10)
}

impl World {
    async fn with_card(&self, number: u128, at: DateTime<Utc>) -> HolderId {
        let holder = holder(number);
        let person = Person {
            name: format!("Holder {number}"),
            email: format!("holder{number}@example.org"),
        };
        self.stores.vault.put_person(holder, &person, at).await.unwrap();
        let key = || PublicKey::from_der(vec![0x30]);
        let keys = CardKeys { authentication: key(), signature: key(), card_authentication: key() };
        let profile = "guide".to_owned();
        let issued = IssuedCard { card: card(), profile, keys, certificates: vec![] };
        let on = Context { now: at, policies: &self.policies }.today();
        let (kind, origin) = (Kind::Smartcard, Origin::Registration);
        let first = HolderEvent::PasscodeSet { kind, on, secret: secret(1), origin };
        let issued = HolderEvent::CardIssued(issued);
        self.record(holder, at, vec![HolderEvent::HolderRegistered {}, issued, first]).await;
        holder
    }

    /// A registration that waits for its code, with one answer and an address of its own.
    async fn begin(&self, holder: HolderId, registration: u128, at: DateTime<Utc>) {
        let email = email_of(holder, registration);
        let address = format!("private{}-{registration}@example.net", holder.0.as_u128());
        let entropy = SealEntropy::from([7; SealEntropy::BYTES]);
        let vault = &self.stores.vault;
        vault
            .seal(
                email,
                holder,
                SELF_SERVICE_EMAIL,
                "",
                address.as_bytes(),
                entropy,
                Keep::Always,
                at,
            )
            .await
            .unwrap();
        let answer = secret(email.0.as_u128() + 1);
        let event = domain::ids::EventId(Uuid::from_u128(registration));
        let row = NewPasscode { secret: answer, holder, kind: "answer", event };
        vault.put_tag(row, b"an answer", at).await.unwrap();
        let on = Context { now: at, policies: &self.policies }.today();
        let answers = vec![Answer { question: questions()[0].id, secret: answer }];
        let registration = flow(registration);
        let begun =
            HolderEvent::RegistrationBegun { registration, card: card(), on, answers, email };
        self.record(holder, at, vec![begun]).await;
    }

    /// A code of a registration.
    async fn send(&self, holder: HolderId, registration: u128, number: u8, at: DateTime<Utc>) {
        let sent = HolderEvent::CodeSent {
            purpose: CodePurpose::Registration,
            flow: flow(registration),
            code: code_id(holder, number),
            key: 1,
            number,
            card: card(),
            to: email_of(holder, registration),
            expires_at: at + LIFE,
        };
        self.record(holder, at, vec![sent]).await;
    }

    fn code(&self, holder: HolderId, registration: u128, number: u8) -> String {
        let binding = CodeBinding {
            code: code_id(holder, number),
            key: 1,
            purpose: CodePurpose::Registration.as_str(),
            holder,
            card: &card(),
            flow: flow(registration),
        };
        self.stores.vault.code(&binding).unwrap().grouped().to_string()
    }
}

fn code_id(holder: HolderId, number: u8) -> Uuid {
    Uuid::from_u128(holder.0.as_u128() << 8 | u128::from(number))
}

/// So many holders, each of whom waits for his code.
async fn waiting(number: u128) -> (World, Engine) {
    let world = World::new().await;
    let engine = world.engine().await;
    let at = instant(START);
    for number in 1..=number {
        let holder = world.with_card(number, at).await;
        world.begin(holder, 1, at).await;
        world.send(holder, 1, 1, at).await;
    }
    (world, engine)
}

/// The same, and the mail server is down.
async fn switched(number: u128) -> (World, Engine, Arc<Switched>) {
    let (world, _) = waiting(number).await;
    let courier = world.courier.clone();
    let switched = Arc::new(Switched { courier, down: AtomicBool::new(true) });
    let parts = world.parts_with(world.stores.log.clone(), switched.clone());
    (world, Engine::in_memory(parts).await.unwrap(), switched)
}

#[tokio::test]
async fn r07_r08_a_code_goes_once_to_the_address_that_is_being_registered_and_to_no_other() {
    let (world, engine) = waiting(1).await;
    assert_eq!(settle(&engine, instant(START)).await.n_delivered, 1);
    settle(&engine, instant(START) + TimeDelta::minutes(5)).await;
    let mails = world.courier.delivered();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to.email, "private1-1@example.net");
    assert!(mails[0].copies.is_empty());
    assert!(mails[0].text.contains(&world.code(holder(1), 1, 1)));
    for event in world.log().await {
        let data = String::from_utf8_lossy(&event.data).into_owned();
        assert!(!data.contains(&world.code(holder(1), 1, 1)) && !data.contains("example.net"));
    }
}

#[tokio::test]
async fn b36_only_the_newest_code_is_mailed() {
    let (world, engine) = waiting(1).await;
    let at = instant(START) + TimeDelta::minutes(2);
    world.send(holder(1), 1, 2, at).await;
    assert_eq!(settle(&engine, at).await.n_delivered, 1);
    let mails = world.courier.delivered();
    assert!(mails[0].text.contains(&world.code(holder(1), 1, 2)));
    assert!(mails[0].text.contains("This is code 2."));
    let n_withdrawn = world.log().await.iter().filter(|e| e.kind == "MailWithdrawn").count();
    assert_eq!(n_withdrawn, 1);
}

#[tokio::test]
async fn b11_a_code_is_mailed_until_just_before_it_is_over_and_not_from_then_on() {
    for (after, delivered) in [(LIFE - TimeDelta::milliseconds(1), 1), (LIFE, 0)] {
        let (world, engine) = waiting(1).await;
        let now = instant(START) + after;
        assert_eq!(settle(&engine, now).await.n_delivered, delivered);
        assert_eq!(world.courier.n_delivered(), u64::from(delivered));
        let fate = engine.code_mail(code_id(holder(1), 1)).await.unwrap();
        assert_eq!(fate, (delivered == 0).then_some(CodeMail::Dead));
        let dead = engine.dead_letters(None, 10).await.unwrap();
        assert!(dead.iter().all(|dead| dead.hitch == "the code that it brings is over"));
    }
}

#[tokio::test]
async fn b37_a_code_that_is_void_or_was_used_is_not_mailed_any_more() {
    let (purpose, flow) = (CodePurpose::Registration, flow(1));
    let code = code_id(holder(1), 1);
    let void = HolderEvent::CodeVoided { purpose, flow, code };
    let used = HolderEvent::RegistrationCompleted {
        registration: flow,
        on: "2026-03-10".parse().unwrap(),
        former: None,
    };
    let given_up = HolderEvent::RegistrationCancelled { registration: flow };
    for event in [void, used, given_up] {
        let (world, engine) = waiting(1).await;
        let at = instant(START) + TimeDelta::minutes(1);
        world.record(holder(1), at, vec![event]).await;
        settle(&engine, at).await;
        let codes = world.courier.delivered();
        assert!(codes.iter().all(|mail| !mail.subject.contains("code")));
        assert_eq!(engine.code_mail(code).await.unwrap(), None);
    }
}

/// Forty codes when it goes down, and a fresh one of ten of them in the last minute.
#[tokio::test]
async fn after_ten_minutes_without_mail_server_every_code_that_is_still_good_is_delivered_once() {
    let (world, engine, switched) = switched(40).await;
    let start = instant(START);
    let mut now = start;
    while now < start + TimeDelta::minutes(10) {
        settle(&engine, now).await;
        let tried = engine.code_mail(code_id(holder(1), 1)).await.unwrap();
        assert!(matches!(tried, Some(CodeMail::Waiting { attempts: 1.. })));
        now += TimeDelta::seconds(20);
    }
    for number in 1..=10 {
        world.send(holder(number), 1, 2, now - TimeDelta::seconds(30)).await;
    }
    assert_eq!(world.courier.n_delivered(), 0);
    switched.down.store(false, Ordering::SeqCst);
    // A pause is a minute and a fifth at the longest.
    settle(&engine, now + TimeDelta::seconds(72)).await;
    let mails = world.courier.delivered();
    assert_eq!(mails.len(), 40);
    for number in 1..=40 {
        let newest = if number <= 10 { 2 } else { 1 };
        let code = world.code(holder(number), 1, newest);
        assert_eq!(mails.iter().filter(|mail| mail.text.contains(&code)).count(), 1);
    }
    assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
}

#[tokio::test]
async fn b11_a_mail_server_that_comes_back_in_the_last_second_still_gets_the_code() {
    let (world, engine, switched) = switched(1).await;
    let (start, last) = (instant(START), instant(START) + LIFE - TimeDelta::seconds(1));
    let mut now = start;
    while let Some(next) = engine.next_due().await.unwrap().filter(|next| *next < last) {
        now = next;
        settle(&engine, now).await;
    }
    assert!(start + TimeDelta::minutes(13) < now);
    switched.down.store(false, Ordering::SeqCst);
    assert_eq!(settle(&engine, last).await.n_delivered, 1);
    assert!(world.courier.delivered()[0].text.contains(&world.code(holder(1), 1, 1)));
}

/// Somebody with a card, at an instant at which the breaker stops the engine.
async fn stopped() -> (World, Engine, HolderId, DateTime<Utc>) {
    let mut world = World::new().await;
    let policy = Policy { breaker_per_mille: 5, breaker_floor: 3, ..Policy::seed() };
    world.policies = Arc::new(Policies::only(policy));
    let engine = world.engine().await;
    for number in 10..14 {
        world.register(number, instant("2025-03-10T09:30:00Z")).await;
    }
    let at = instant("2026-03-10T08:00:00Z");
    let holder = world.with_card(1, at).await;
    (world, engine, holder, at)
}

#[tokio::test]
async fn codes_go_out_while_the_breaker_has_stopped_everything_else() {
    let (world, engine, holder, at) = stopped().await;
    world.begin(holder, 1, at).await;
    world.send(holder, 1, 1, at).await;
    let ticked = settle(&engine, at).await;
    assert!(ticked.stopped);
    assert_eq!(ticked.n_delivered, 1);
    assert_eq!(world.courier.delivered()[0].to.email, "private1-1@example.net");
}

#[tokio::test]
async fn what_was_done_with_a_card_is_told_while_the_breaker_has_stopped_everything_else() {
    let (world, engine, holder, at) = stopped().await;
    let (workstation, reader) = ("ward 3".to_owned(), "a reader".to_owned());
    let (unlock, on) = (flow(9), "2026-03-10".parse().unwrap());
    let all = vec![
        HolderEvent::UnlockStarted { unlock, card: card(), workstation, reader },
        HolderEvent::UnlockPaused { until: at + TimeDelta::days(1) },
        HolderEvent::SelfServiceBlocked { unlock, on },
        HolderEvent::UnlockCompleted { unlock, card: card(), on },
        HolderEvent::AlertRaised { topic: Topic::Passcodes, on, items: vec![] },
    ];
    world.record(holder, at, all).await;
    let ticked = settle(&engine, at).await;
    assert!(ticked.stopped);
    assert_eq!(ticked.n_delivered, 4);
    let mut told: Vec<_> = world.courier.delivered().into_iter().map(|mail| mail.subject).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "Self-service is blocked",
            "Somebody has started to unlock your smartcard",
            "Unlocking your smartcard is paused",
            "Your smartcard has a new passcode",
        ]
    );
}

#[tokio::test]
async fn a_code_that_hangs_does_not_hold_up_the_next_one() {
    let (world, _) = waiting(1).await;
    let courier = world.courier.clone();
    let hanging =
        Arc::new(FirstHangs { courier, n_asked: AtomicU32::new(0), hangs: Notify::new() });
    let parts = world.parts_with(world.stores.log.clone(), hanging.clone());
    let engine = Engine::in_memory(parts).await.unwrap();
    let at = instant(START);
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.send_codes(at).await }
    });
    hanging.hangs.notified().await;
    let next = world.with_card(2, at).await;
    world.begin(next, 1, at).await;
    world.send(next, 1, 1, at).await;
    assert_eq!(engine.send_codes(at).await.unwrap().n_delivered, 1);
    assert!(world.courier.delivered()[0].text.contains(&world.code(next, 1, 1)));
    first.abort();
}

#[tokio::test]
async fn b44_answers_and_address_of_a_registration_that_nobody_completed_are_erased_after_an_hour()
{
    let (world, engine) = waiting(1).await;
    let (start, vault) = (instant(START), world.stores.vault.clone());
    let completed = HolderEvent::RegistrationCompleted {
        registration: flow(1),
        on: "2026-03-10".parse().unwrap(),
        former: None,
    };
    world.record(holder(1), start, vec![completed]).await;
    world.begin(holder(1), 2, start).await;
    let is_there = async |registration: u128| {
        let email = email_of(holder(1), registration);
        let address = vault.open_sealed(email, SELF_SERVICE_EMAIL, "", start).await.unwrap();
        let answer = secret(email.0.as_u128() + 1);
        let matches = vault.matching_tag(&[answer], b"an answer").await.unwrap();
        assert_eq!(address.is_some(), matches.is_some());
        address.is_some()
    };
    settle(&engine, start + TimeDelta::minutes(60) - TimeDelta::milliseconds(1)).await;
    assert!(is_there(1).await && is_there(2).await);
    settle(&engine, start + TimeDelta::minutes(60)).await;
    assert_eq!(world.history(holder(1)).await.last().unwrap(), "RegistrationCancelled");
    assert!(is_there(1).await, "b43: the one in force stays");
    assert!(!is_there(2).await);
}

#[tokio::test]
async fn u06_b42_a_holder_is_told_at_the_address_on_record_and_at_the_registered_or_former_one() {
    let (world, engine) = waiting(1).await;
    let at = instant(START);
    let on = "2026-03-10".parse().unwrap();
    let former = |n| (n == 2).then(|| email_of(holder(1), 1));
    let completed =
        |n| HolderEvent::RegistrationCompleted { registration: flow(n), on, former: former(n) };
    world.record(holder(1), at, vec![completed(1)]).await;
    settle(&engine, at).await;
    world.begin(holder(1), 2, at).await;
    world.record(holder(1), at, vec![completed(2)]).await;
    settle(&engine, at).await;
    let unlock = flow(3);
    let workstation = "WARD-7".to_owned();
    let reader = "Reader".to_owned();
    let started = HolderEvent::UnlockStarted { unlock, card: card(), workstation, reader };
    world.record(holder(1), at, vec![started]).await;
    settle(&engine, at).await;
    let told: Vec<_> = world
        .courier
        .delivered()
        .into_iter()
        .map(|mail| (mail.subject, mail.to.email, mail.copies))
        .collect();
    let contact = || "holder1@example.org".to_owned();
    let registered = || "You are registered for self-service".to_owned();
    assert_eq!(
        told,
        [
            (registered(), contact(), vec![]),
            (registered(), contact(), vec!["private1-1@example.net".to_owned()]),
            (
                "Somebody has started to unlock your smartcard".to_owned(),
                contact(),
                vec!["private1-2@example.net".to_owned()]
            ),
        ]
    );
}
