//! Instants, ids and events for the tests of this crate.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CardSerial, CommandId, EventId, HolderId, SecretRef};
use uuid::Uuid;

use crate::{
    event_store::NewEvent,
    sqlite::{Database, Stores},
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
        code: Keys::new(1, [9; 32]).into(),
    }
}

pub(crate) async fn stores() -> Stores {
    Database::in_memory().await.unwrap().stores(keys())
}
