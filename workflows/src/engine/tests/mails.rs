//! Mails: each once, whatever the mail server does; dead letters can be seen and redriven.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use domain::passcode::Kind;
use futures::future::BoxFuture;

use super::{super::*, world::*};
use crate::{
    mail::{Failure, InMemoryCourier, Mail},
    mail_delivery::StepId,
};

const REGISTERED: &str = "2025-03-10T09:30:00Z";
const FIRST_ALERT: &str = "2026-02-24T08:00:00Z";

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

/// A mail server that says nothing until somebody's patience is at an end.
struct Hanging(Duration);

impl Courier for Hanging {
    fn deliver<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            tokio::time::pause();
            tokio::time::advance(self.0).await;
            tokio::time::resume();
            Err(not_now())
        })
    }
}

async fn holders(number: u128) -> (World, Engine) {
    let world = World::new().await;
    let engine = world.engine().await;
    for number in 0..number {
        world.register(number, instant(REGISTERED)).await;
    }
    (world, engine)
}

fn not_now() -> Failure {
    Failure::Transient("421".to_owned())
}

/// How often each mail was delivered.
fn delivered(world: &World) -> BTreeMap<String, u32> {
    let mut times = BTreeMap::new();
    for mail in world.courier.delivered() {
        *times.entry(mail.message_id.to_string()).or_default() += 1;
    }
    times
}

/// Ticks whenever something is due until `end`.
async fn tick_until(engine: &Engine, end: DateTime<Utc>) {
    while let Some(next) = engine.next_due().await.unwrap().filter(|next| *next <= end) {
        settle(engine, next).await;
    }
}

#[tokio::test]
async fn a_mail_server_that_is_down_for_ten_minutes_has_each_mail_once_when_it_is_back() {
    let (world, _) = holders(40).await;
    let courier = world.courier.clone();
    let switched = Arc::new(Switched { courier, down: AtomicBool::new(true) });
    let parts = world.parts_with(world.stores.log.clone(), switched.clone());
    let engine = Engine::in_memory(parts).await.unwrap();
    let start = instant(FIRST_ALERT);
    tick_until(&engine, start + TimeDelta::minutes(10)).await;
    assert_eq!(world.courier.n_delivered(), 0);
    assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 40, n_dead: 0 });
    switched.down.store(false, Ordering::SeqCst);
    tick_until(&engine, start + TimeDelta::minutes(12)).await;
    let delivered = delivered(&world);
    assert_eq!(delivered.len(), 40);
    assert!(delivered.values().all(|times| *times == 1));
    assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
}

/// A pause of a second after a minute of hanging would be over before it began.
#[tokio::test]
async fn a_mail_server_that_hung_has_its_rest_from_when_it_was_given_up() {
    let now = instant(FIRST_ALERT);
    for (hangs_for, earliest, latest) in [(0, 800, 1_200), (60, 60_800, 61_200)] {
        let (world, _) = holders(1).await;
        let hanging = Arc::new(Hanging(Duration::from_secs(hangs_for)));
        let parts = world.parts_with(world.stores.log.clone(), hanging);
        let engine = Engine::in_memory(parts).await.unwrap();
        assert_eq!(settle(&engine, now).await.n_postponed, 1);
        let rests_for = engine.next_due().await.unwrap().unwrap() - now;
        let within = TimeDelta::milliseconds(earliest)..=TimeDelta::milliseconds(latest);
        assert!(within.contains(&rests_for), "{rests_for}");
    }
}

/// Two passcodes are due, and some of them are changed while the mail server is down.
#[tokio::test]
async fn a_late_mail_is_withdrawn_if_all_that_it_is_about_was_changed_and_goes_out_if_not() {
    let (first, later) = (instant(FIRST_ALERT), instant(FIRST_ALERT) + TimeDelta::hours(3));
    let both = [Kind::Smartcard, Kind::Verification];
    for (changed, n_delivered) in [(&both[..], 0), (&both[..1], 1), (&[], 1)] {
        let (world, engine) = holders(1).await;
        world.set(holder(0), instant(REGISTERED), Kind::Verification).await;
        world.courier.fail_next([not_now()]);
        assert_eq!(settle(&engine, first).await.n_postponed, 1);
        for kind in changed {
            world.set(holder(0), later, *kind).await;
        }
        settle(&engine, later).await;
        assert_eq!(world.courier.n_delivered(), n_delivered, "{changed:?}");
        assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
        let settled = if n_delivered == 0 { "MailWithdrawn" } else { "MailDelivered" };
        assert_eq!(world.log().await.last().unwrap().kind, settled);
        engine.rebuild().await.unwrap();
        assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
    }
}

#[tokio::test]
async fn a_refused_mail_lies_dead_until_it_is_redriven_and_others_go_out() {
    let (world, engine) = holders(3).await;
    let now = instant(FIRST_ALERT);
    world.courier.fail_next([Failure::Permanent("550".to_owned())]);
    let ticked = settle(&engine, now).await;
    assert_eq!((ticked.n_delivered, ticked.n_dead), (2, 1));
    let dead = engine.dead_letters(None, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].hitch.as_str()), (1, "never: 550"));
    let step = dead[0].step;
    assert_eq!(engine.dead_letters(Some(step), 10).await.unwrap(), []);
    assert_eq!(settle(&engine, now + TimeDelta::hours(1)).await.n_delivered, 0);

    engine.rebuild().await.unwrap();
    assert_eq!(engine.dead_letters(None, 10).await.unwrap(), dead);

    let later = now + TimeDelta::hours(3);
    engine.redrive(step, later).await.unwrap();
    assert!(matches!(engine.redrive(step, later).await, Err(RedriveError::NotDead)));
    assert_eq!(settle(&engine, later).await.n_delivered, 1);
    assert_eq!(delivered(&world).len(), 3);
    let kinds: Vec<String> = world
        .log()
        .await
        .into_iter()
        .filter(|event| StepId::of_stream(&event.stream) == Some(step))
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["MailFailed", "MailRedriven", "MailDelivered"]);
}

#[tokio::test]
async fn a_dead_letter_that_fails_again_after_it_was_redriven_is_dead_again() {
    let (world, engine) = holders(1).await;
    let now = instant(FIRST_ALERT);
    let refused = || Failure::Permanent("550".to_owned());
    world.courier.fail_next([refused(), refused()]);
    settle(&engine, now).await;
    let dead = engine.dead_letters(None, 10).await.unwrap();
    engine.redrive(dead[0].step, now).await.unwrap();
    settle(&engine, now).await;
    assert_eq!(engine.dead_letters(None, 10).await.unwrap().len(), 1);
    engine.redrive(dead[0].step, now).await.unwrap();
    settle(&engine, now).await;
    assert_eq!(engine.outbox().await.unwrap(), Outbox { n_waiting: 0, n_dead: 0 });
    assert_eq!(world.courier.n_delivered(), 1);
}

#[tokio::test]
async fn a_mail_server_that_never_comes_back_leaves_a_dead_letter_after_48_hours() {
    let (world, engine) = holders(1).await;
    let now = instant("2026-03-10T08:00:00Z");
    world.courier.fail_next(std::iter::repeat_n(not_now(), 10_000));
    settle(&engine, now).await;
    let mut next = now;
    while engine.outbox().await.unwrap().n_waiting == 1 {
        next += TimeDelta::minutes(10);
        settle(&engine, next).await;
    }
    assert!(now + TimeDelta::hours(47) < next && next <= now + TimeDelta::hours(48));
    assert_eq!(engine.dead_letters(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_who_was_erased_gets_no_mail_and_the_operator_sees_why() {
    let (world, engine) = holders(1).await;
    world.stores.vault.erase(holder(0)).await.unwrap();
    settle(&engine, instant(FIRST_ALERT)).await;
    let dead = engine.dead_letters(None, 10).await.unwrap();
    assert_eq!(dead[0].hitch, "nobody is on record to send it to");
    assert_eq!(world.courier.n_delivered(), 0);
}

#[tokio::test]
async fn what_is_recorded_of_a_mail_belongs_to_the_story_of_its_event() {
    let (world, engine) = holders(1).await;
    settle(&engine, instant(FIRST_ALERT)).await;
    let log = world.log().await;
    let correlation = |kind: &str| {
        let event = log.iter().find(|event| event.kind == kind).unwrap();
        let meta: serde_json::Value = serde_json::from_slice(&event.meta).unwrap();
        meta["$correlationId"].clone()
    };
    assert_eq!(correlation("MailDelivered"), correlation("AlertRaised"));
}

#[tokio::test]
async fn neither_log_nor_tables_know_whom_a_mail_went_to() {
    let (world, engine) = holders(2).await;
    world.courier.fail_next([Failure::Permanent("550".to_owned())]);
    settle(&engine, instant(FIRST_ALERT)).await;
    for event in world.log().await {
        let text = String::from_utf8_lossy(&event.data).into_owned();
        assert!(!text.contains("example.org") && !text.contains("Holder 1"), "{text}");
    }
    assert!(!format!("{:?}", engine.dead_letters(None, 10).await).contains("example.org"));
}
