//! The breaker: stops before the first effect, remembers, and goes on when the operator says so.

use domain::policy::{Policies, Policy};

use super::{
    super::{breaker::Verdict, *},
    world::*,
};

const REGISTERED: &str = "2025-03-10T09:30:00Z";
const FORCED: &str = "2026-03-10T08:00:00Z";

/// So many holders, of whom so many are forced to change at [`FORCED`]; the others are new.
async fn hospital(per_mille: u16, floor: u32, n_due: u128, n_holders: u128) -> (World, Engine) {
    let mut world = World::new().await;
    let policy = Policy { breaker_per_mille: per_mille, breaker_floor: floor, ..Policy::seed() };
    world.policies = Arc::new(Policies::only(policy));
    let engine = world.engine().await;
    for number in 0..n_holders {
        let at = if number < n_due { instant(REGISTERED) } else { instant("2026-03-01T09:00:00Z") };
        world.register(number, at).await;
    }
    engine.catch_up().await.unwrap();
    (world, engine)
}

async fn count(world: &World, kind: &str) -> usize {
    world.log().await.into_iter().filter(|event| event.kind == kind).count()
}

#[tokio::test]
async fn exactly_the_share_of_all_holders_may_be_forced_at_once_and_one_more_may_not() {
    // A tenth of 30 are 3.
    let (world, engine) = hospital(100, 1, 3, 30).await;
    assert!(!settle(&engine, instant(FORCED)).await.stopped);
    assert_eq!(count(&world, "RenewalForced").await, 3);
    let (world, engine) = hospital(100, 1, 4, 30).await;
    assert!(settle(&engine, instant(FORCED)).await.stopped);
    assert_eq!(count(&world, "RenewalForced").await, 0);
}

#[tokio::test]
async fn as_many_as_the_floor_may_be_forced_however_few_holders_there_are_and_one_more_may_not() {
    let (world, engine) = hospital(5, 3, 3, 10).await;
    assert!(!settle(&engine, instant(FORCED)).await.stopped);
    assert_eq!(count(&world, "RenewalForced").await, 3);
    let (world, engine) = hospital(5, 3, 4, 10).await;
    assert!(settle(&engine, instant(FORCED)).await.stopped);
    assert_eq!(count(&world, "RenewalForced").await, 0);
}

#[tokio::test]
async fn alerts_are_never_too_many() {
    let (world, engine) = hospital(5, 0, 10, 10).await;
    assert!(!settle(&engine, instant("2026-03-09T08:00:00Z")).await.stopped);
    assert_eq!(count(&world, "AlertRaised").await, 10);
}

#[tokio::test]
async fn a_clock_that_is_a_month_wrong_locks_nobody_and_sends_nothing() {
    let (world, engine) = hospital(5, 25, 100, 100).await;
    live_until(&engine, instant("2026-02-24T12:00:00Z")).await;
    let before = world.log().await.len();
    let wrong = instant("2026-04-10T12:00:00Z");
    for _ in 0..3 {
        assert!(settle(&engine, wrong).await.stopped);
    }
    assert_eq!(count(&world, "AccountLocked").await, 0);
    // That it stopped is recorded, once.
    assert_eq!(world.log().await.len(), before + 1);
    assert_eq!(count(&world, "BreakerStopped").await, 1);
    let effects = Effects { n_forced: 0, n_locked: 100, n_holders: 100 };
    assert_eq!(engine.breaker().await.unwrap(), Breaker::Stopped { since: wrong, effects });
}

#[tokio::test]
async fn it_stays_stopped_over_a_restart_and_a_rebuild_until_the_operator_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflows.sqlite");
    let (world, _) = hospital(5, 3, 10, 10).await;
    let engine = Engine::open(&path, world.parts()).await.unwrap();
    let now = instant(FORCED);
    assert!(settle(&engine, now).await.stopped);
    drop(engine);
    let engine = Engine::open(&path, world.parts()).await.unwrap();
    assert!(settle(&engine, now).await.stopped);
    engine.rebuild().await.unwrap();
    assert!(settle(&engine, now).await.stopped);
    assert_eq!(count(&world, "RenewalForced").await, 0);

    let effects = engine.accept(now + TimeDelta::hours(1)).await.unwrap();
    assert_eq!(effects, Effects { n_forced: 10, n_locked: 0, n_holders: 10 });
    assert!(!settle(&engine, now + TimeDelta::hours(1)).await.stopped);
    assert_eq!(count(&world, "RenewalForced").await, 10);
    assert_eq!(world.courier.n_delivered(), 10);
    assert_eq!(count(&world, "BreakerAccepted").await, 1);
    let again = engine.accept(now + TimeDelta::hours(2)).await;
    assert!(matches!(again, Err(AcceptError::NotStopped)));
}

#[tokio::test]
async fn an_operator_accepts_what_he_was_shown_and_is_shown_what_has_become_more() {
    let (world, engine) = hospital(5, 3, 10, 10).await;
    assert!(settle(&engine, instant(FORCED)).await.stopped);
    let locks = instant("2026-03-30T23:00:00Z");
    let effects = Effects { n_forced: 0, n_locked: 10, n_holders: 10 };
    // As many, but locked.
    let refused = engine.accept(locks).await.unwrap_err();
    assert!(matches!(refused, AcceptError::More(more) if more == effects));
    assert!(refused.to_string().contains("0 of 10 holders"), "{refused}");
    assert_eq!(engine.breaker().await.unwrap(), Breaker::Stopped { since: locks, effects });
    assert!(settle(&engine, locks).await.stopped);
    assert_eq!(
        (count(&world, "AccountLocked").await, count(&world, "BreakerAccepted").await),
        (0, 0)
    );
    assert_eq!(engine.accept(locks).await.unwrap(), effects);
    assert!(!settle(&engine, locks).await.stopped);
    assert_eq!(count(&world, "AccountLocked").await, 10);
}

#[tokio::test]
async fn what_was_accepted_once_is_not_accepted_for_the_next_time() {
    let (world, engine) = hospital(5, 3, 10, 10).await;
    let now = instant(FORCED);
    settle(&engine, now).await;
    engine.accept(now).await.unwrap();
    settle(&engine, now).await;
    settle(&engine, now + TimeDelta::minutes(1)).await;
    assert_eq!(engine.breaker().await.unwrap(), Breaker::Closed);
    let locks = instant("2026-03-30T23:00:00Z");
    assert!(settle(&engine, locks).await.stopped);
    assert_eq!(count(&world, "AccountLocked").await, 0);
    assert_eq!(count(&world, "BreakerStopped").await, 2);
}

#[tokio::test]
async fn an_operators_word_does_not_hold_for_more_than_he_was_shown_or_longer_than_a_day() {
    let policies = Policies::seed();
    let effects = |n_locked| Effects { n_forced: 0, n_locked, n_holders: 1000 };
    let since = instant(FORCED);
    let accepted = Breaker::Accepted { since, effects: effects(100) };
    let judge =
        |now, n_locked| accepted.judge(&Context { now, policies: &policies }, effects(n_locked));
    assert_eq!(judge(since, 100), Verdict::Act);
    assert_eq!(judge(since, 101), Verdict::Stop);
    assert_eq!(judge(since + ACCEPTED_FOR - TimeDelta::seconds(1), 100), Verdict::Act);
    assert_eq!(judge(since + ACCEPTED_FOR, 100), Verdict::Stop);
    assert_eq!(judge(since, 25), Verdict::ActAndClose);
}
