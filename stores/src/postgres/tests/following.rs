//! What one process commits, the others hear of.

use futures::{Stream, StreamExt as _};

use super::*;
use crate::event_store::{Filter, Recorded, StoreError};

async fn next(live: &mut (impl Stream<Item = Result<Recorded, StoreError>> + Unpin)) -> Position {
    live.next().await.unwrap().unwrap().position
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_appends_another_reads_at_once_and_its_subscribers_hear_of() {
    let address = database().await;
    let (one, other) = (open(&address).await.unwrap(), open(&address).await.unwrap());
    let mut live = other.subscribe(Position::START, Filter::All);
    for command in 1..=20 {
        let position = append(&one, "holder-1", command).await.unwrap();
        assert_eq!(other.head().await.unwrap(), position);
        let log: Vec<_> = other.read_all(Position::START, Filter::All).collect().await;
        assert_eq!(log.last().unwrap().as_ref().unwrap().position, position);
        assert_eq!(next(&mut live).await, position);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_told_of_is_found_by_asking() {
    let address = database().await;
    let (one, other) = (open(&address).await.unwrap(), open(&address).await.unwrap());
    let mut operator = aside(&address).await;
    for sql in [
        "create schema silent",
        "create function silent.pg_notify(text, text) returns void language sql as 'select'",
        "alter function append_batch set search_path = silent, pg_catalog, public",
    ] {
        execute(&mut operator, sql).await.unwrap();
    }
    let mut live = other.subscribe(Position::START, Filter::All);
    for command in 1..=2 {
        let position = append(&one, "holder-1", command).await.unwrap();
        assert_eq!(next(&mut live).await, position);
    }
}

/// Ends the connections that listen; true if there were any.
async fn end_listeners(operator: &mut PgConnection) -> bool {
    let ended: Option<bool> = sqlx::query_scalar(
        "
        select bool_and(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'
        ",
    )
    .fetch_one(operator)
    .await
    .unwrap();
    ended.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_was_cut_off_listens_again() {
    let address = database().await;
    let (one, other) = (open(&address).await.unwrap(), open(&address).await.unwrap());
    let mut operator = aside(&address).await;
    let mut live = other.subscribe(Position::START, Filter::All);
    let mut n_cut = 0;
    for command in 1..=3 {
        let position = append(&one, "holder-1", command).await.unwrap();
        assert_eq!(next(&mut live).await, position);
        n_cut += u32::from(end_listeners(&mut operator).await);
    }
    assert!(0 < n_cut, "no connection listened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_somebody_made_up_makes_nobody_skip() {
    let address = database().await;
    let (one, other) = (open(&address).await.unwrap(), open(&address).await.unwrap());
    let mut operator = aside(&address).await;
    let mut live = other.subscribe(Position::START, Filter::All);
    for command in 1..=3 {
        for payload in ["9000000000000000000", "-1", "", "event"] {
            let sql = format!("select pg_notify('latchkey_log', '{payload}')");
            execute(&mut operator, &sql).await.unwrap();
        }
        let position = append(&one, "holder-1", command).await.unwrap();
        assert_eq!(next(&mut live).await, position);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_ends_with_the_last_handle_of_its_store() {
    let log = open(&database().await).await.unwrap();
    let mut live = log.subscribe(Position::START, Filter::All);
    drop(log);
    assert!(live.next().await.is_none());
}
