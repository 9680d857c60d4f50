//! What everybody writes: the life of a holder who is registered and then changes his smartcard
//! passcode, again and again; with the `meta` that our product records beside each event. Some 400
//! bytes an event.

use chrono::NaiveDate;
use domain::{
    holder::{HolderEvent, Origin},
    ids::{CommandId, HolderId, SecretRef},
    passcode::Kind,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// An event as its author has it, before any store has made bytes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whom it is about.
    pub holder: HolderId,
    /// The command that led to it; unique.
    pub command: CommandId,
    /// What happened, as the rules see it.
    pub fact: HolderEvent,
    /// Its type.
    pub kind: &'static str,
    /// Version of the shape of `data`.
    pub schema: u16,
    /// What happened, as it is recorded.
    pub data: Value,
    /// By whom, why, and by which rules.
    pub meta: Value,
}

/// A holder's id.
#[must_use]
pub fn holder(number: u32) -> HolderId {
    HolderId(Uuid::from_u64_pair(7, number.into()))
}

/// The command that a holder's `number`-th event, from 0, comes from.
#[must_use]
pub fn command(holder: u32, number: u64) -> CommandId {
    CommandId(Uuid::from_u64_pair(u64::from(holder) + 1, number + 1))
}

/// The `number`-th event, from 0, of a holder.
#[must_use]
pub fn event(holder: u32, number: u64) -> Event {
    let command = command(holder, number);
    let fact = match number {
        0 => HolderEvent::HolderRegistered {},
        _ => HolderEvent::PasscodeSet {
            kind: Kind::Smartcard,
            on: NaiveDate::from_yo_opt(2026, 61).unwrap_or_default(),
            secret: SecretRef::derive(command, 0),
            origin: Origin::Change,
        },
    };
    let encoded = fact.encode();
    let meta = json!({
        "$causationId": command, "$correlationId": command, "actor": { "by": "holder" },
        "policy": 1, "rules": fact.rules(), "tzdb": "2026a",
    });
    Event {
        holder: self::holder(holder),
        command,
        kind: encoded.kind,
        schema: encoded.schema,
        data: encoded.data,
        meta,
        fact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_holders_and_numbers_all_differ_and_are_as_long_as_each_other() {
        let texts = |event: &Event| (event.data.to_string(), event.meta.to_string());
        let first = event(0, 1);
        let bytes = |event: &Event| texts(event).0.len() + texts(event).1.len();
        for other in [event(0, 2), event(1, 1), event(19_999, 1_000_000)] {
            assert_ne!(first.command, other.command);
            assert_ne!(texts(&first), texts(&other));
            assert_eq!(bytes(&first), bytes(&other));
        }
    }
}
