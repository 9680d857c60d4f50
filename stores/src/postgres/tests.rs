//! PostgreSQL under the contract of the log, and what only this backend promises.

mod following;
mod refusing;
mod restart;
mod stress;

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::*;
use crate::{
    cluster::Cluster,
    contract::{self, Positions},
    event_store::{AppendError, EventStore, Expected, Position, StreamName},
    testing::{at, event, keys},
};

async fn open(address: &str) -> Result<PostgresEventStore, OpenError> {
    PostgresEventStore::open(&Options::parse(address)?).await
}

async fn database() -> String {
    Cluster::shared().database().await.unwrap()
}

/// A connection beside the store's own: the operator's, or somebody's who should not be there.
async fn aside(address: &str) -> PgConnection {
    address.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}

async fn execute(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(sql.to_owned())).await.map(|_| ())
}

fn stream(name: &str) -> StreamName {
    name.parse().unwrap()
}

/// Appends the only event of a command.
async fn append(
    log: &PostgresEventStore,
    name: &str,
    command: u128,
) -> Result<Position, AppendError> {
    let events = vec![event(command, 0)];
    Ok(log.append(&stream(name), Expected::Any, events, at(0)).await?.position)
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract() {
    contract::check_all(Positions::Gapless, async || {
        Arc::new(open(&database().await).await.unwrap()) as Arc<dyn EventStore>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_start_at_once_on_an_empty_database_and_share_one_log() {
    let address = database().await;
    let opened = futures::future::join_all((0..8).map(|_| open(&address))).await;
    let stores: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    let appends = stores.iter().zip(1..).map(|(store, command)| append(store, "holder-1", command));
    let mut positions: Vec<_> =
        futures::future::join_all(appends).await.into_iter().map(Result::unwrap).collect();
    positions.sort();
    assert_eq!(positions, (1..=8).map(Position).collect::<Vec<_>>());
    for store in stores {
        assert_eq!(store.head().await.unwrap(), Position(8));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_both_good_and_bad_appends_fails_only_the_bad_ones() {
    let log = open(&database().await).await.unwrap();
    append(&log, "holder-1", 1).await.unwrap();
    let odd = |kind: &str| {
        let mut odd = event(2, 0);
        odd.kind = kind.to_owned();
        vec![odd]
    };
    let (name, other) = (stream("holder-1"), stream("holder-2"));
    let (conflict, nul, repeated, good) = tokio::join!(
        log.append(&name, Expected::NoStream, vec![event(3, 0)], at(0)),
        log.append(&name, Expected::Any, odd("Te\0sted"), at(0)),
        log.append(&other, Expected::Any, vec![event(1, 0)], at(0)),
        log.append(&other, Expected::NoStream, vec![event(4, 0)], at(0)),
    );
    assert!(matches!(conflict, Err(AppendError::Conflict { .. })), "{conflict:?}");
    assert!(matches!(nul, Err(AppendError::Invalid(_))), "{nul:?}");
    assert!(matches!(repeated, Err(AppendError::Invalid(_))), "{repeated:?}");
    assert_eq!(good.unwrap().position, Position(2));
}
