//! Starts with right and wrong walls, and what the operator makes of them.

use std::sync::Arc;

use domain::{
    expiry,
    ids::HolderId,
    logon::{self, Authenticated, Verdict},
};
use serde_json::Value;
use stores::event_store::Recorded;
use workflows::engine::{Breaker, Effects};

use super::*;
use crate::{
    clock::{
        Entropy,
        accepted::tests::{Clocks, noon},
    },
    commands::serve,
    config::Config,
    execute::Cause,
    log_in,
    rest::tests::{HOLDER, register},
};

/// A server at noon, whose wall is turned then.
async fn server(folder: &Path, turn: TimeDelta) -> App {
    let (clocks, ours) = Clocks::start();
    clocks.turn_wall(turn);
    open(folder, ours).await
}

/// A server that is started when the wall shows this.
async fn started_at(folder: &Path, wall: DateTime<Utc>) -> App {
    open(folder, Clocks::start_at(wall).1).await
}

async fn open(folder: &Path, clock: AcceptedClock) -> App {
    let config = Config { mode: Mode::Production, ..Config::for_testing(folder) };
    serve::open(config, Arc::new(clock), Entropy::Seeded(0.into())).await.unwrap()
}

/// Something happens to a holder, at our time or at his own if that is ahead.
async fn happens(app: &App, number: u128) {
    let stream = StreamName::holder(HolderId(uuid::Uuid::from_u128(1)));
    let id = EventId::derive(CommandId(uuid::Uuid::from_u128(number)), 0);
    let (data, meta) = (b"{}".to_vec(), b"{}".to_vec());
    let event = NewEvent { id, kind: "Thing".to_owned(), schema: 1, data, meta };
    app.stores().log.append(&stream, Expected::Any, vec![event], app.now()).await.unwrap();
}

async fn recorded(app: &App) -> Vec<Recorded> {
    let stream = STREAM.parse().unwrap();
    app.stores().log.read_stream(&stream, Revision(0)).try_collect().await.unwrap()
}

#[tokio::test]
async fn what_the_operator_accepts_is_recorded_once_and_time_goes_on_from_there() {
    for turn in [TimeDelta::hours(1), -TimeDelta::days(31)] {
        let folder = tempfile::tempdir().unwrap();
        let app = server(folder.path(), turn).await;
        assert!(status(&app).unwrap().alarm && app.now() == noon());
        assert!(accept(&app).await.unwrap().alarm);
        assert_eq!(app.now(), noon() + turn);
        assert!(!accept(&app).await.unwrap().alarm);
        let [event] = recorded(&app).await.try_into().unwrap();
        let data: ClockAccepted = serde_json::from_slice(&event.data).unwrap();
        assert_eq!(data, ClockAccepted { from: noon(), to: noon() + turn });
        assert_eq!((event.kind.as_str(), event.at), (ClockAccepted::KIND, noon()));
        let meta: Value = serde_json::from_slice(&event.meta).unwrap();
        assert_eq!(meta["actor"], json!({"by": "operator"}));
    }
}

#[tokio::test]
async fn where_nothing_was_kept_out_nothing_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let app = server(folder.path(), TimeDelta::seconds(60)).await;
    assert!(!accept(&app).await.unwrap().alarm);
    assert_eq!(recorded(&app).await, []);
}

#[tokio::test]
async fn b09_a_restart_with_a_wall_an_hour_behind_the_log_goes_on_from_the_log_until_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let app = server(folder.path(), TimeDelta::hours(1)).await;
    accept(&app).await.unwrap();
    drop(app);
    let app = server(folder.path(), TimeDelta::zero()).await;
    let standing = status(&app).unwrap();
    assert!(standing.alarm && standing.now == noon() + TimeDelta::hours(1));
    accept(&app).await.unwrap();
    assert_eq!(app.now(), noon());
    drop(app);
    let app = server(folder.path(), TimeDelta::zero()).await;
    assert!(!status(&app).unwrap().alarm && app.now() == noon());
}

#[tokio::test]
async fn b09_a_wall_23_hours_ahead_at_a_start_is_believed_and_one_25_hours_ahead_is_not() {
    for (hours, alarm) in [(23, false), (25, true)] {
        let folder = tempfile::tempdir().unwrap();
        drop(started_at(folder.path(), noon()).await);
        let wall = noon() + TimeDelta::hours(hours);
        let app = started_at(folder.path(), wall).await;
        let standing = status(&app).unwrap();
        assert_eq!((standing.alarm, standing.now), (alarm, if alarm { noon() } else { wall }));
        drop(app);
        // The next start does not believe it either, until the operator does.
        let app = started_at(folder.path(), wall).await;
        assert_eq!(status(&app).unwrap().alarm, alarm);
        accept(&app).await.unwrap();
        drop(app);
        let app = started_at(folder.path(), wall).await;
        assert!(!status(&app).unwrap().alarm && app.now() == wall);
    }
}

#[tokio::test]
async fn b08_nobody_is_locked_by_a_log_in_after_a_start_with_a_wall_40_days_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let (clocks, ours) = Clocks::start();
    let app = open(folder.path(), ours).await;
    register(&app).await;
    clocks.pass(TimeDelta::days(350));
    keep(&app).await.unwrap();
    let day = app.now();
    drop(app);
    let app = started_at(folder.path(), day + TimeDelta::days(40)).await;
    let head = app.stores().log.head().await.unwrap();
    let cause = Cause::first(app.entropy().command_id(app.now()));
    log_in::record_expiry_at_logon(&app, HOLDER, cause).await.unwrap();
    let loaded = app.load(HOLDER).await.unwrap();
    let card = loaded.holder.card().unwrap().card.clone();
    let proof = Authenticated::by_card(&app.context(&loaded), &loaded.holder, &card).unwrap();
    let check = logon::check(&app.context(&loaded), &loaded.holder, &proof);
    assert_eq!(check.verdict, Verdict::Full);
    assert_eq!(expiry::alert(&app.context(&loaded), &loaded.holder), None);
    assert_eq!(app.stores().log.head().await.unwrap(), head);
    // What it would have been.
    accept(&app).await.unwrap();
    let check = logon::check(&app.context(&loaded), &loaded.holder, &proof);
    assert_eq!(check.verdict, Verdict::Locked);
}

#[tokio::test]
async fn b09_a_clock_that_was_put_right_stays_so_though_a_holders_own_time_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let month = TimeDelta::days(30);
    let app = started_at(folder.path(), noon() + month).await;
    happens(&app, 1).await;
    drop(app);
    let app = started_at(folder.path(), noon()).await;
    assert!(accept(&app).await.unwrap().alarm);
    assert_eq!(app.now(), noon());
    happens(&app, 2).await;
    let last = log::last(app.stores().log.as_ref()).await.unwrap().unwrap();
    assert_eq!(last.at, noon() + month);
    drop(app);
    // Also where the file was lost.
    for _ in 0..2 {
        let app = started_at(folder.path(), noon()).await;
        assert!(!status(&app).unwrap().alarm && app.now() == noon());
        drop(app);
        std::fs::remove_file(folder.path().join("clock")).unwrap();
    }
    // When that time has come, it is ours.
    let app = started_at(folder.path(), noon() + month).await;
    happens(&app, 3).await;
    assert!(!status(&app).unwrap().alarm);
}

#[tokio::test]
async fn our_time_is_kept_for_its_owner_only_and_a_file_that_says_nothing_is_no_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let app = started_at(folder.path(), noon()).await;
    keep(&app).await.unwrap();
    let file = folder.path().join("clock");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "2026-03-01T12:00:00.000000Z\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&file, "noon").unwrap();
    let (log, (_, clock)) = (app.stores().log.as_ref(), Clocks::start());
    let refused = start(&clock, log, folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("not an instant"), "{refused}");
}

#[tokio::test]
async fn one_yes_accepts_the_wall_and_a_second_one_what_the_breaker_has_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let app = server(folder.path(), TimeDelta::hours(1)).await;
    let effects = Effects { n_forced: 30, n_locked: 0, n_holders: 100 };
    let (data, meta) = (canonical(&effects).unwrap(), b"{}".to_vec());
    let id = EventId::derive(app.entropy().command_id(noon()), 0);
    let stopped = NewEvent { id, kind: "BreakerStopped".to_owned(), schema: 1, data, meta };
    let stream = "breaker-2026-03-01".parse().unwrap();
    app.stores().log.append(&stream, Expected::Any, vec![stopped], noon()).await.unwrap();
    app.engine().catch_up().await.unwrap();
    assert!(accept(&app).await.unwrap().alarm);
    let breaker = app.engine().breaker().await.unwrap();
    assert_eq!(breaker, Breaker::Stopped { since: noon(), effects });
    assert!(!accept(&app).await.unwrap().alarm);
    let breaker = app.engine().breaker().await.unwrap();
    assert!(matches!(breaker, Breaker::Accepted { .. }));
}
