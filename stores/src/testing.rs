//! Instants, ids and events for the tests of this crate.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CardSerial, CommandId, EventId, HolderId, SecretRef};
use uuid::Uuid;

use crate::{
    cluster::Cluster,
    event_store::NewEvent,
    postgres,
    sqlite::Database,
    truth::Stores,
    vault::{Keys, VaultKeys},
};

/// Milliseconds after a fixed instant.
pub(crate) fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::milliseconds(millis)
}

/// Seconds after the same instant.
pub(crate) fn at_secs(secs: i64) -> DateTime<Utc> {
    at(secs * 1000)
}

pub(crate) fn command(number: u128) -> CommandId {
    CommandId(Uuid::from_u128(number))
}

pub(crate) fn holder(number: u128) -> HolderId {
    HolderId(Uuid::from_u128(number))
}

pub(crate) fn secret(number: u128) -> SecretRef {
    SecretRef::derive(command(number), 0)
}

pub(crate) fn card(number: u32) -> CardSerial {
    format!("{number:08X}").parse().unwrap()
}

pub(crate) fn event(command_number: u128, index: u32) -> NewEvent {
    NewEvent {
        id: EventId::derive(command(command_number), index),
        kind: "Tested".to_owned(),
        schema: 1,
        data: format!(r#"{{"command":{command_number},"index":{index}}}"#).into_bytes(),
        meta: b"{}".to_vec(),
    }
}

/// Keys of the tests; no other program uses them.
pub(crate) fn keys() -> VaultKeys {
    VaultKeys {
        pepper: Keys::new(1, [7; 32]),
        seal: Keys::new(1, [8; 32]),
        puk: Some(Keys::new(1, [6; 32])),
        code: Keys::new(1, [9; 32]).into(),
    }
}

/// What the tables beside the log promise, they promise on both databases: an empty one of each.
pub(crate) async fn on_both(check: impl AsyncFn(Stores)) {
    check(stores().await).await;
    let address = Cluster::shared().database().await.unwrap();
    check(postgres_stores(&address).await).await;
}

/// The same for what several do at one moment: two processes on one server, or two handles of one
/// file, which no other process can open.
pub(crate) async fn on_both_twice(check: impl AsyncFn(Stores, Stores)) {
    let one = stores().await;
    check(one.clone(), one).await;
    let address = Cluster::shared().database().await.unwrap();
    check(postgres_stores(&address).await, postgres_stores(&address).await).await;
}

pub(crate) async fn postgres_stores(address: &str) -> Stores {
    let options = postgres::Options::parse(address).unwrap();
    postgres::Database::open(&options).await.unwrap().stores(keys())
}

pub(crate) async fn stores() -> Stores {
    Database::in_memory().await.unwrap().stores(keys())
}
