//! Many processes over the same tables in PostgreSQL: what one would do is done once.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future;

use super::{
    super::*,
    world::{World, instant, live_until, rows, settle},
};

const REGISTERED: &str = "2025-03-10T12:00:00Z";

/// Later than everybody's lock.
const END: &str = "2026-05-15T12:00:00Z";

async fn hospital(n_holders: u128) -> World {
    let world = World::new().await;
    for number in 0..n_holders {
        // On days and at hours of their own, so that ticks differ.
        let hours = i64::try_from(number).unwrap() * 7;
        world.register(number, instant(REGISTERED) + TimeDelta::hours(hours)).await;
    }
    world
}

/// What was recorded of everybody, in the order of time and name.
async fn recorded(world: &World) -> Vec<(DateTime<Utc>, String, String)> {
    let log = world.log().await.into_iter();
    let mut all: Vec<_> =
        log.map(|event| (event.at, event.stream.as_str().to_owned(), event.kind)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn lives_are_the_same_on_postgresql_and_on_sqlite_until_the_lock() {
    let (one, other) = (hospital(6).await, hospital(6).await);
    let on_sqlite = one.engine().await;
    let [on_postgres] = other.engines_on_postgres().await;
    live_until(&on_sqlite, instant(END)).await;
    live_until(&on_postgres, instant(END)).await;
    let lives = recorded(&one).await;
    assert!(lives.iter().any(|(_, _, kind)| kind == "AccountLocked"), "nobody was locked");
    assert_eq!(recorded(&other).await, lives);
    assert_eq!(rows(&on_postgres).await, rows(&on_sqlite).await);
    assert_eq!(one.courier.n_delivered(), other.courier.n_delivered());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_that_tick_at_once_wake_and_mail_everybody_once() {
    let world = hospital(120).await;
    let engines: [Engine; 3] = world.engines_on_postgres().await;
    let now = instant(REGISTERED) + TimeDelta::days(355);
    let ticks = engines.each_ref().map(|engine| settle(engine, now));
    let ticked = future::join_all(ticks).await;
    let sum = |of: fn(&Ticked) -> u32| ticked.iter().map(of).sum::<u32>();
    let raised = world.log().await.into_iter().filter(|event| event.kind == "AlertRaised").count();
    assert!(0 < raised);
    assert_eq!(sum(|ticked| ticked.n_delivered), u32::try_from(raised).unwrap());
    assert_eq!(world.courier.n_delivered(), u64::try_from(raised).unwrap());
    assert_eq!(sum(|ticked| ticked.n_recorded), u32::try_from(raised).unwrap());
    let of_one = rows(&engines[0]).await;
    assert_eq!(of_one.len(), 120);
    let fresh = world.engine().await;
    fresh.catch_up().await.unwrap();
    assert_eq!(of_one, rows(&fresh).await);
}

#[tokio::test]
async fn who_has_taken_a_row_before_a_rebuild_completes_nothing_after_it() {
    let world = hospital(1).await;
    let [one, other] = world.engines_on_postgres().await;
    one.catch_up().await.unwrap();
    let due = one.next_due().await.unwrap().unwrap();
    let taken = {
        let live = other.0.live.read().await;
        wake_ups::take_due(&*live, due, due + LEASE, 10).await.unwrap()[0]
    };
    let before = rows(&one).await;
    one.rebuild().await.unwrap();
    assert_eq!(rows(&other).await, before);
    let live = other.0.live.read().await;
    assert!(!wake_ups::sleep(&*live, taken, None).await.unwrap());
    drop(live);
    // It is due in the new tables, and whoever was there before does it.
    assert_eq!(settle(&other, due).await.n_recorded, 1);
}
