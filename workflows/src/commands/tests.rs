//! Loading: what was read before, and what was added since, is as good as reading all of it again.

use domain::{holder::Origin, ids::SecretRef, passcode::Kind, policy::Policies};
use stores::{
    sqlite::Database,
    truth::Stores,
    vault::{Keys, VaultKeys},
};
use uuid::Uuid;

use super::*;

async fn stores() -> Stores {
    let keys = VaultKeys {
        pepper: Keys::new(1, [7; 32]),
        seal: Keys::new(1, [8; 32]),
        puk: None,
        code: Keys::new(1, [9; 32]).into(),
    };
    Database::in_memory().await.unwrap().stores(keys)
}

fn holder(number: u128) -> HolderId {
    HolderId(Uuid::from_u128(number))
}

/// Appends an event of which nobody is asked; by another program than the one that loads.
async fn add(log: &Arc<dyn EventStore>, id: HolderId, kind: &str, data: &[u8]) {
    let command = CommandId(Uuid::from_u128(u128::from(log.head().await.unwrap().0)));
    let event = NewEvent {
        id: EventId::derive(command, 0),
        kind: kind.to_owned(),
        schema: 1,
        data: data.to_vec(),
        meta: b"{}".to_vec(),
    };
    let now = "2026-01-01T09:00:00Z".parse().unwrap();
    log.append(&StreamName::holder(id), Expected::Any, vec![event], now).await.unwrap();
}

async fn set_passcode(log: &Arc<dyn EventStore>, id: HolderId, day: &str) {
    let event = HolderEvent::PasscodeSet {
        kind: Kind::Smartcard,
        on: day.parse().unwrap(),
        secret: SecretRef(Uuid::from_u128(1)),
        origin: Origin::Change,
    };
    let encoded = event.encode();
    add(log, id, encoded.kind, &canonical(&encoded.data).unwrap()).await;
}

#[tokio::test]
async fn whoever_was_read_before_is_loaded_with_what_others_have_added_since() {
    let log = stores().await.log;
    let commands = Commands::new(log.clone());
    for number in 0..5 {
        set_passcode(&log, holder(number), "2025-12-01").await;
    }
    let ids: Vec<_> = (0..6).map(holder).collect();
    for round in 0..3 {
        let together = commands.load_all(&ids).await.unwrap();
        assert_eq!(together.len(), ids.len());
        for id in &ids {
            // Another instance has read nothing before.
            let afresh = Commands::new(log.clone()).load(*id).await.unwrap();
            let again = commands.load(*id).await.unwrap();
            let with_others = together[id].as_ref().unwrap();
            for loaded in [&again, with_others.as_ref()] {
                assert_eq!(loaded.revision, afresh.revision);
                assert_eq!(loaded.last_at, afresh.last_at);
                assert_eq!(format!("{:?}", loaded.holder), format!("{:?}", afresh.holder));
            }
        }
        assert_eq!(together[&holder(5)].as_ref().unwrap().revision, None);
        for number in [0, 3] {
            set_passcode(&log, holder(number), &format!("2025-12-1{round}")).await;
        }
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_fails_its_holder_each_time_and_nobody_else() {
    let log = stores().await.log;
    let commands = Commands::new(log.clone());
    let ids = [holder(1), holder(2)];
    for id in ids {
        set_passcode(&log, id, "2025-12-01").await;
    }
    assert!(commands.load_all(&ids).await.unwrap().values().all(Result::is_ok));
    add(&log, holder(1), "FromTheFuture", b"{}").await;
    set_passcode(&log, holder(1), "2025-12-02").await;
    for _ in 0..2 {
        let loaded = commands.load_all(&ids).await.unwrap();
        assert!(loaded[&holder(1)].is_err());
        assert!(loaded[&holder(2)].is_ok());
        assert!(commands.load(holder(1)).await.is_err());
    }
}

#[tokio::test]
async fn a_command_that_was_decided_by_an_older_state_is_decided_again() {
    let log = stores().await.log;
    let commands = Commands::new(log.clone());
    set_passcode(&log, holder(1), "2025-12-01").await;
    let older = commands.load(holder(1)).await.unwrap();
    set_passcode(&log, holder(1), "2025-12-02").await;
    let policies = Policies::seed();
    let ctx = Context { now: "2026-12-01T09:00:00Z".parse().unwrap(), policies: &policies };
    let cause = Cause::first(CommandId(Uuid::from_u128(99)));
    let woken = crate::passcode_expiry::woken();
    let attempted = commands.attempt(&ctx, holder(1), &older, cause, &Actor::System, &woken).await;
    assert!(matches!(attempted, Err(ExecuteError::Conflict)));
    let done = commands.execute(&ctx, holder(1), cause, Actor::System, &woken).await.unwrap();
    assert!(!done.events.is_empty());
}
