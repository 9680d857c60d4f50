//! Waking on time, late, twice at once, and after somebody else.

use domain::ids::HolderId;

use stores::database::Query;

use super::{super::*, world::*};

const REGISTERED: &str = "2025-03-10T09:30:00Z";

const FIRST_ALERT: &str = "2026-02-24T08:00:00Z";

async fn one_holder() -> (World, Engine, HolderId) {
    let world = World::new().await;
    let engine = world.engine().await;
    let holder = world.register(1, instant(REGISTERED)).await;
    (world, engine, holder)
}

#[tokio::test]
async fn p14_p17_p18_a_year_of_neglect_is_14_alerts_one_forced_change_3_announcements_and_a_lock() {
    let (world, engine, holder) = one_holder().await;
    live_until(&engine, instant("2027-01-01T00:00:00Z")).await;
    let mut expected = vec!["AlertRaised"; 14];
    expected.extend(["RenewalForced", "LockAnnounced", "LockAnnounced", "LockAnnounced"]);
    expected.push("AccountLocked");
    assert_eq!(world.history(holder).await, expected);
    assert_eq!(world.courier.n_delivered(), 19);
    assert_eq!(engine.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn p14_nothing_is_recorded_a_second_before_the_alert_hour_and_the_alert_at_it() {
    let (world, engine, holder) = one_holder().await;
    let due = instant(FIRST_ALERT);
    assert_eq!(settle(&engine, due - TimeDelta::seconds(1)).await.n_woken, 0);
    assert_eq!(engine.next_due().await.unwrap(), Some(due));
    assert_eq!(settle(&engine, due).await.n_recorded, 1);
    assert_eq!(world.history(holder).await, ["AlertRaised"]);
}

#[tokio::test]
async fn b15_an_alert_that_a_logon_has_raised_is_not_raised_again_at_the_alert_hour() {
    let (world, engine, holder) = one_holder().await;
    engine.catch_up().await.unwrap();
    world.log_on(holder, instant("2026-02-24T07:30:00Z")).await;
    settle(&engine, instant(FIRST_ALERT)).await;
    assert_eq!(world.history(holder).await, ["AlertRaised"]);
    assert_eq!(world.courier.n_delivered(), 1);
    assert_eq!(engine.next_due().await.unwrap(), Some(instant("2026-02-25T08:00:00Z")));
}

#[tokio::test]
async fn b15_after_1_3_and_30_days_off_exactly_what_holds_today_is_recorded_once() {
    // The engine last ran on the eve of each boundary; these are what it finds.
    let boundaries = ["2026-02-23", "2026-03-09", "2026-03-30"];
    let found = [
        [vec!["AlertRaised"], vec!["AlertRaised"], vec!["RenewalForced"]],
        [vec!["RenewalForced"], vec!["RenewalForced"], vec!["AccountLocked"]],
        [vec!["AccountLocked"], vec!["AccountLocked"], vec!["AccountLocked"]],
    ];
    for (boundary, found) in boundaries.into_iter().zip(found) {
        for (days, expected) in [1, 3, 30].into_iter().zip(found) {
            let (world, engine, holder) = one_holder().await;
            let eve = instant(&format!("{boundary}T12:00:00Z"));
            live_until(&engine, eve).await;
            let before = world.history(holder).await.len();
            let mails = world.courier.n_delivered();
            settle(&engine, eve + TimeDelta::days(days)).await;
            let history = world.history(holder).await;
            assert_eq!(history[before..], expected, "{boundary}, {days} days off");
            assert_eq!(world.courier.n_delivered() - mails, 1);
            settle(&engine, eve + TimeDelta::days(days)).await;
            assert_eq!(world.history(holder).await, history);
        }
    }
}

#[tokio::test]
async fn b09_a_clock_that_goes_back_repeats_nothing() {
    let (world, engine, holder) = one_holder().await;
    live_until(&engine, instant("2026-02-26T12:00:00Z")).await;
    let history = world.history(holder).await;
    assert_eq!(history.len(), 3);
    for earlier in ["2026-02-26T11:00:00Z", "2026-02-24T08:00:00Z", "2026-01-26T12:00:00Z"] {
        settle(&engine, instant(earlier)).await;
    }
    assert_eq!(world.history(holder).await, history);
    live_until(&engine, instant("2026-02-27T12:00:00Z")).await;
    assert_eq!(world.history(holder).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_at_the_same_time_share_no_holder_and_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflows.sqlite");
    let world = World::new().await;
    for number in 0..300 {
        world.register(number, instant(REGISTERED)).await;
    }
    let one = Engine::open(&path, world.parts()).await.unwrap();
    one.catch_up().await.unwrap();
    let two = Engine::open(&path, world.parts()).await.unwrap();
    let now = instant(FIRST_ALERT);
    let ticks = [&one, &two, &one, &two].map(|engine| settle(engine, now));
    let ticked = futures::future::join_all(ticks).await;
    assert_eq!(ticked.iter().map(|ticked| ticked.n_woken).sum::<u32>(), 300);
    assert_eq!(ticked.iter().map(|ticked| ticked.n_delivered).sum::<u32>(), 300);
    assert_eq!(world.courier.n_delivered(), 300);
    let raised = world.log().await.into_iter().filter(|event| event.kind == "AlertRaised").count();
    assert_eq!(raised, 300);
}

#[tokio::test]
async fn a_worker_whose_lease_was_taken_over_completes_nothing() {
    let (world, engine, _) = one_holder().await;
    let [on_postgres] = world.engines_on_postgres().await;
    for engine in [engine, on_postgres] {
        engine.catch_up().await.unwrap();
        let now = instant(FIRST_ALERT);
        let live = engine.0.live.read().await;
        let later = now + LEASE;
        let mine = wake_ups::take_due(&*live, now, later, 10).await.unwrap()[0];
        let early = later - TimeDelta::microseconds(1);
        assert!(wake_ups::take_due(&*live, early, later, 10).await.unwrap().is_empty());
        let theirs = wake_ups::take_due(&*live, later, later + LEASE, 10).await.unwrap()[0];
        assert!(!wake_ups::sleep(&*live, mine, None).await.unwrap());
        assert!(!wake_ups::postpone(&*live, mine, later, "late").await.unwrap());
        assert!(wake_ups::sleep(&*live, theirs, None).await.unwrap());
    }
}

#[tokio::test]
async fn a_mail_whose_lease_was_taken_over_is_completed_by_the_other_only() {
    let (world, engine, _) = one_holder().await;
    let [on_postgres] = world.engines_on_postgres().await;
    let now = instant(FIRST_ALERT);
    // Raises the alert and stops before its mail.
    engine.catch_up().await.unwrap();
    let policies = engine.policies();
    let ctx = Context { now, policies: &policies };
    assert!(engine.wake(&ctx, &mut Ticked::default()).await.unwrap());
    for engine in [engine, on_postgres] {
        engine.catch_up().await.unwrap();
        let live = engine.0.live.read().await;
        let later = now + MAIL_LEASE;
        let take = |now| outbox::take_due(&*live, outbox::Lane::Others, now, now + MAIL_LEASE, 10);
        let mine = take(now).await.unwrap()[0];
        let theirs = take(later).await.unwrap()[0];
        assert!(outbox::hold(&*live, &[&mine], later + LEASE).await.unwrap().is_empty());
        assert!(!outbox::postpone(&*live, &mine, 1, later, "late").await.unwrap());
        let held = outbox::hold(&*live, &[&mine, &theirs], later + LEASE).await.unwrap();
        assert_eq!(held, [theirs.step].into());
    }
}

#[tokio::test]
async fn a_tick_costs_what_is_due_and_not_what_exists() {
    let (_, engine, _) = one_holder().await;
    let live = engine.0.live.read().await;
    let due = "where look_at <= 1 order by look_at, holder_id limit 5";
    for (statement, index) in [
        (format!("select holder_id from wake_up {due}"), "wake_up_to_look_at"),
        (
            format!(
                "update wake_up set fence = 1 where (workflow, holder_id) in (
                     select workflow, holder_id from wake_up {due}
                 ) and look_at <= 1"
            ),
            "wake_up_to_look_at",
        ),
        ("select count(*) from wake_up where due_at <= 1".to_owned(), "wake_up_due"),
        (
            "select min(look_at) from wake_up where look_at is not null".to_owned(),
            "wake_up_to_look_at",
        ),
        ("select step_id from outbox where look_at <= 1".to_owned(), "outbox_to_look_at"),
        (
            "select min(look_at) from outbox where look_at is not null".to_owned(),
            "outbox_to_look_at",
        ),
        ("select step_id from outbox where state = 'dead' limit 5".to_owned(), "outbox_dead"),
    ] {
        let explain = sqlx::AssertSqlSafe(format!("explain query plan {statement}"));
        let plan: Vec<(i64, i64, i64, String)> =
            Query::asserted(explain).fetch_all(&*live).await.unwrap();
        let plan: Vec<String> = plan.into_iter().map(|(_, _, _, line)| line).collect();
        assert!(plan.iter().any(|line| line.contains(index)), "{statement}: {plan:?}");
        let scans = |line: &String| line.starts_with("SCAN") && !line.contains("INDEX");
        assert!(!plan.iter().any(scans), "{statement}: {plan:?}");
    }
}

#[tokio::test]
async fn a_wake_up_is_counted_as_due_from_its_instant_on_and_says_how_late_it_is() {
    let (_world, engine, _holder) = one_holder().await;
    let due = instant(FIRST_ALERT);
    settle(&engine, due - TimeDelta::seconds(1)).await;
    let before = engine.standing(due - TimeDelta::microseconds(1)).await.unwrap();
    assert_eq!((before.n_due, before.oldest_due_at), (0, None));
    let at = engine.standing(due + TimeDelta::hours(1)).await.unwrap();
    assert_eq!((at.n_due, at.oldest_due_at), (1, Some(due)));
    assert_eq!((at.n_failing, at.n_mails, at.n_dead), (0, 0, 0));
    assert_eq!(at.position, engine.position().await.unwrap());
    settle(&engine, due).await;
    assert_eq!(engine.standing(due).await.unwrap().n_due, 0);
}
