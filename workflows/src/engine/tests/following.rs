//! The tables are what the log makes of them: live, rebuilt, and after a new policy.

use domain::{
    expiry::Topic,
    holder::HolderCommand,
    ids::{CommandId, EventId},
    passcode::Kind,
    policy::{InForce, Policy},
};
use proptest::prelude::*;
use stores::event_store::{Expected, NewEvent, StreamName};

use super::{super::*, world::*};

/// What a holder, or time, may do next.
#[derive(Debug, Clone)]
enum Act {
    /// So many hours go by, with the engine ticking at their end or not.
    Hours(u16, bool),
    Set(u128, Kind),
    LogOn(u128),
    Later(u128),
}

const N_HOLDERS: u128 = 3;

fn any_act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![Just(Kind::Smartcard), Just(Kind::Verification)];
    prop_oneof![
        4 => (1_u16..36, any::<bool>()).prop_map(|(hours, tick)| Act::Hours(hours, tick)),
        2 => (200_u16..8400, any::<bool>()).prop_map(|(hours, tick)| Act::Hours(hours, tick)),
        1 => (0..N_HOLDERS, kind).prop_map(|(number, kind)| Act::Set(number, kind)),
        2 => (0..N_HOLDERS).prop_map(Act::LogOn),
        1 => (0..N_HOLDERS).prop_map(Act::Later),
    ]
}

/// Every row is what the function says of its holder, now.
async fn assert_rows_are_the_function(world: &World, engine: &Engine, now: DateTime<Utc>) {
    for (holder, row) in rows(engine).await {
        assert_eq!(row, world.wake_up(holder, now).await, "{holder} at {now}");
        assert!(row.is_none_or(|row| now < row.due_at));
    }
}

async fn live_through(acts: Vec<Act>) {
    let world = World::new().await;
    let engine = world.engine().await;
    let mut now = instant("2025-03-10T09:30:00Z");
    for number in 0..N_HOLDERS {
        world.register(number, now).await;
    }
    for act in acts {
        match act {
            Act::Hours(hours, tick) => {
                now += TimeDelta::hours(hours.into());
                if tick {
                    settle(&engine, now).await;
                    assert_rows_are_the_function(&world, &engine, now).await;
                }
            }
            Act::Set(number, kind) => world.set(holder(number), now, kind).await,
            Act::LogOn(number) => world.log_on(holder(number), now).await,
            Act::Later(number) => {
                let on = Context { now, policies: &world.policies }.today();
                let later = HolderCommand::DeclineAlert { topic: Topic::Passcodes, on };
                world.ask(holder(number), now, later).await;
            }
        }
    }
    engine.catch_up().await.unwrap();
    // A row is as of its holder's last event until it is due; then the tick looks again.
    settle(&engine, now).await;
    assert_rows_are_the_function(&world, &engine, now).await;
    let live = rows(&engine).await;
    engine.rebuild().await.unwrap();
    assert_eq!(settle(&engine, now).await.n_recorded, 0);
    assert_eq!(rows(&engine).await, live);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn b08_the_wake_ups_are_a_function_of_state_policy_and_time_for_every_holder_live_or_rebuilt(
        acts in prop::collection::vec(any_act(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live_through(acts));
    }
}

#[tokio::test]
async fn an_engine_that_is_opened_over_an_old_log_knows_what_one_that_followed_it_knows() {
    let world = World::new().await;
    let followed = world.engine().await;
    for number in 0..5 {
        world.register(number, instant("2025-03-10T09:30:00Z")).await;
        followed.catch_up().await.unwrap();
    }
    live_until(&followed, instant("2026-03-01T09:00:00Z")).await;
    let opened = world.engine().await;
    opened.catch_up().await.unwrap();
    assert_eq!(rows(&opened).await, rows(&followed).await);
    assert_eq!(opened.position().await.unwrap(), followed.position().await.unwrap());
}

#[tokio::test]
async fn a_file_that_is_opened_again_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflows.sqlite");
    let world = World::new().await;
    let engine = Engine::open(&path, world.parts()).await.unwrap();
    world.register(1, instant("2025-03-10T09:30:00Z")).await;
    engine.catch_up().await.unwrap();
    let before = rows(&engine).await;
    drop(engine);
    let again = Engine::open(&path, world.parts()).await.unwrap();
    assert_eq!(rows(&again).await, before);
    again.rebuild().await.unwrap();
    assert_eq!(rows(&again).await, before);
    let third = Engine::open(&path, world.parts()).await.unwrap();
    assert_eq!(rows(&third).await, before);
}

#[tokio::test]
async fn it_follows_the_log_until_it_is_told_to_stop() {
    let world = World::new().await;
    let engine = world.engine().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let following = tokio::spawn({
        let engine = engine.clone();
        async move {
            engine
                .follow(async {
                    let _ = stopped.await;
                })
                .await
        }
    });
    world.register(1, instant("2025-03-10T09:30:00Z")).await;
    let head = world.stores.log.head().await.unwrap();
    // It knows of a holder first, and then when to wake him.
    while engine.position().await.unwrap() < head || rows(&engine).await[0].1.is_none() {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    following.await.unwrap().unwrap();
    assert!(rows(&engine).await[0].1.is_some());
}

#[tokio::test]
async fn b14_a_new_policy_moves_every_wake_up_before_anybody_is_woken_again() {
    let mut world = World::new().await;
    let engine = world.engine().await;
    for number in 0..600 {
        world.register(number, instant("2026-01-10T09:30:00Z")).await;
    }
    engine.catch_up().await.unwrap();
    let old = rows(&engine).await;
    let policy = Policy { version: 2, passcode_days: 180, ..Policy::seed() };
    let from = "2026-05-01".parse().unwrap();
    let policies = world.policies.and(InForce::new(from, policy)).unwrap();
    world.policies = Arc::new(policies);
    engine.adopt(world.policies.clone());
    // Interrupted after the first batch, it goes on behind it.
    assert!(!engine.recompute_batch().await.unwrap());
    engine.recompute_all().await.unwrap();
    let new = rows(&engine).await;
    assert!(old.iter().zip(&new).all(|(old, new)| new.1.unwrap().due_at < old.1.unwrap().due_at));
    let at = instant("2026-01-10T09:30:00Z");
    assert_eq!(new[7].1, world.wake_up(new[7].0, at).await);
    // A tick sees to it by itself.
    let policy = Policy { version: 3, passcode_days: 90, ..Policy::seed() };
    let from = "2026-06-01".parse().unwrap();
    engine.adopt(Arc::new(world.policies.and(InForce::new(from, policy)).unwrap()));
    settle(&engine, at).await;
    assert!(engine.recompute_batch().await.unwrap());
}

#[tokio::test]
async fn one_holder_whose_stream_cannot_be_read_is_seen_and_stops_nobody() {
    let world = World::new().await;
    let engine = world.engine().await;
    let at = instant("2025-03-10T09:30:00Z");
    let (broken, well) = (world.register(1, at).await, world.register(2, at).await);
    let from_tomorrow = NewEvent {
        id: EventId::derive(CommandId(uuid::Uuid::from_u128(99)), 0),
        kind: "WrittenByALaterBuild".to_owned(),
        schema: 1,
        data: b"{}".to_vec(),
        meta: b"{}".to_vec(),
    };
    let stream = StreamName::holder(broken);
    world.stores.log.append(&stream, Expected::Any, vec![from_tomorrow], at).await.unwrap();
    let alert = instant("2026-02-24T08:00:00Z");
    let ticked = settle(&engine, alert).await;
    assert_eq!((ticked.n_recorded, ticked.n_failed), (1, 1));
    assert_eq!(world.history(well).await, ["AlertRaised"]);
    let failing = engine.failing(None, 10).await.unwrap();
    assert_eq!((failing.len(), failing[0].holder, failing[0].attempts), (1, broken, 1));
    assert_eq!(failing[0].again_at, Some(alert + TimeDelta::seconds(1)));
    let ticked = settle(&engine, alert + TimeDelta::seconds(1)).await;
    assert_eq!(ticked.n_failed, 1);
    let failing = engine.failing(None, 10).await.unwrap();
    assert_eq!(failing[0].again_at, Some(alert + TimeDelta::seconds(3)));
}
