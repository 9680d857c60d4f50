//! What was written once can be read for ever: a file per event type and schema.

mod cards;
mod desk;
mod self_service;

use super::*;
use crate::{
    card::CardBound,
    expiry::{Item, Topic},
    ids::HolderId,
    logon::LogonRefusal,
    passcode::OptionalKind,
    samples::{card, secret, set},
    testing::day,
};

fn item() -> Item {
    Item {
        kind: Kind::Smartcard,
        set_on: day("2025-03-10"),
        expires_on: day("2026-03-10"),
        locks_on: Some(day("2026-03-31")),
        lapses_on: None,
    }
}

/// Each event with the file that holds its `data`, of schema 1.
fn golden() -> Vec<(HolderEvent, &'static str)> {
    let mut all = of_passcodes();
    all.extend(cards::golden());
    all.extend(self_service::golden());
    all.extend(desk::golden());
    all
}

fn of_passcodes() -> Vec<(HolderEvent, &'static str)> {
    vec![
        (HolderEvent::HolderRegistered {}, include_str!("golden/HolderRegistered.1.json")),
        (HolderEvent::CardIssued(card()), include_str!("golden/CardIssued.1.json")),
        (set(Kind::Smartcard, "2026-03-10", 1), include_str!("golden/PasscodeSet.1.json")),
        (
            HolderEvent::PasscodeBlanked {
                kind: OptionalKind::AccountRecovery,
                on: day("2026-03-10"),
            },
            include_str!("golden/PasscodeBlanked.1.json"),
        ),
        (
            HolderEvent::PasscodeChangedElsewhere { secret: secret(2) },
            include_str!("golden/PasscodeChangedElsewhere.1.json"),
        ),
        (
            HolderEvent::UsedBeforeRefused { kind: Kind::Verification },
            include_str!("golden/UsedBeforeRefused.1.json"),
        ),
        (
            HolderEvent::HistoryCyclingFlagged { kind: Kind::Smartcard, sets: 5 },
            include_str!("golden/HistoryCyclingFlagged.1.json"),
        ),
        (
            HolderEvent::LogonRefused {
                reason: LogonRefusal::WrongPasscode { tries_left: Some(2) },
            },
            include_str!("golden/LogonRefused.1.json"),
        ),
        (
            HolderEvent::AlertRaised {
                topic: Topic::Passcodes,
                on: day("2026-02-24"),
                items: vec![item()],
            },
            include_str!("golden/AlertRaised.1.json"),
        ),
        (
            HolderEvent::AlertDeclined { topic: Topic::Passcodes, on: day("2026-02-24") },
            include_str!("golden/AlertDeclined.1.json"),
        ),
        (
            HolderEvent::RenewalForced {
                effective_from: day("2026-03-10"),
                on: day("2026-03-10"),
                locks_on: Some(day("2026-03-31")),
                items: vec![item()],
            },
            include_str!("golden/RenewalForced.1.json"),
        ),
        (
            HolderEvent::LockAnnounced {
                on: day("2026-03-17"),
                locks_on: day("2026-03-31"),
                items: vec![item()],
            },
            include_str!("golden/LockAnnounced.1.json"),
        ),
        (
            HolderEvent::AccountLocked {
                effective_from: day("2026-03-31"),
                on: day("2026-04-03"),
                items: vec![item()],
            },
            include_str!("golden/AccountLocked.1.json"),
        ),
        (
            HolderEvent::RestrictedSessionOpened { on: day("2026-03-10") },
            include_str!("golden/RestrictedSessionOpened.1.json"),
        ),
    ]
}

#[test]
fn every_event_is_written_as_its_golden_file_says() {
    for (event, file) in golden() {
        let encoded = event.encode();
        assert_eq!(encoded.schema, 1);
        let written = serde_json::to_string_pretty(&encoded.data).unwrap() + "\n";
        assert_eq!(written, file, "{}", encoded.kind);
    }
}

#[test]
fn every_golden_file_is_read_as_its_event() {
    for (event, file) in golden() {
        assert_eq!(HolderEvent::decode(event.kind(), 1, file.as_bytes()).unwrap(), event);
    }
}

#[test]
fn b21_a_forced_change_that_locks_nothing_is_written_and_read_as_its_golden_file_says() {
    let (expired_on, lapses_on) = (day("2026-03-10"), Some(day("2026-03-31")));
    let lapsing = Item { kind: Kind::Verification, locks_on: None, lapses_on, ..item() };
    let event = HolderEvent::RenewalForced {
        effective_from: expired_on,
        on: expired_on,
        locks_on: None,
        items: vec![lapsing],
    };
    let file = include_str!("golden/RenewalForced.1.lapses.json");
    assert_eq!(serde_json::to_string_pretty(&event.encode().data).unwrap() + "\n", file);
    assert_eq!(HolderEvent::decode(event.kind(), 1, file.as_bytes()).unwrap(), event);
}

#[test]
fn every_event_type_has_a_golden_file() {
    let with_file: Vec<_> = golden().iter().map(|(event, _)| event.kind()).collect();
    let kinds: Vec<_> =
        HolderEvent::KINDS.into_iter().chain(crate::desk::DeskEvent::KINDS).collect();
    assert_eq!(with_file, kinds);
}

#[test]
fn what_this_build_cannot_read_is_an_error_and_not_skipped() {
    let of_another_stream = HolderEvent::decode("CardBound", 1, b"{}");
    assert!(matches!(of_another_stream, Err(UnknownEvent::Kind { .. })));
    let newer = HolderEvent::decode("HolderRegistered", SCHEMA_MAX + 1, b"{}");
    assert!(matches!(newer, Err(UnknownEvent::Schema { .. })));
    let unborn = HolderEvent::decode("HolderRegistered", 0, b"{}");
    assert!(matches!(unborn, Err(UnknownEvent::Schema { .. })));
    let smuggled =
        [r#"{},"more":1"#, r#"{},"type":"CardBound""#, r#"{},"data":{}"#, "{}}", "{} {}"];
    for data in ["", "[]", r#"{"more":1}"#].into_iter().chain(smuggled) {
        let torn = HolderEvent::decode("HolderRegistered", 1, data.as_bytes());
        assert!(matches!(torn, Err(UnknownEvent::Data { .. })), "{data}");
    }
}

#[test]
fn every_reason_of_a_refused_logon_can_be_read_again() {
    for reason in [
        LogonRefusal::WrongPasscode { tries_left: None },
        LogonRefusal::CardLocked,
        LogonRefusal::CardNotKnown,
        LogonRefusal::ProofNotValid,
        LogonRefusal::AccountLocked,
        LogonRefusal::CertificatesExpired,
        LogonRefusal::CertificatesRevoked,
        LogonRefusal::CertificatesSuspended,
        LogonRefusal::AccountClosed,
    ] {
        let event = HolderEvent::LogonRefused { reason };
        let data = serde_json::to_vec(&event.encode().data).unwrap();
        assert_eq!(HolderEvent::decode(event.kind(), 1, &data).unwrap(), event);
    }
}

#[test]
fn a_card_bound_to_its_holder_is_written_and_read_as_its_golden_file_says() {
    let bound =
        |management_key| CardBound { holder: HolderId(uuid::Uuid::from_u128(7)), management_key };
    let file = include_str!("golden/CardBound.1.master.json");
    assert_eq!(serde_json::to_string_pretty(&bound(2)).unwrap() + "\n", file);
    assert_eq!(serde_json::from_str::<CardBound>(file).unwrap(), bound(2));
    let earlier = include_str!("golden/CardBound.1.json");
    assert_eq!(serde_json::from_str::<CardBound>(earlier).unwrap(), bound(1));
}
