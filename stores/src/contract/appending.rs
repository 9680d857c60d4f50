//! What an append expects, what it may hold, and that it is made whole or not at all.

use std::pin::Pin;

use super::{
    Case, Positions, Store, append, at, event, events, stream, try_append, whole_log, whole_stream,
};
use crate::event_store::{
    APPEND_EVENTS_MAX, AppendError, EVENT_BYTES_MAX, Expected, KIND_BYTES_MAX, NUMBER_MAX,
    NewEvent, Revision,
};

pub(super) const CASES: &[(&str, Case)] = &[
    ("no stream is expected where none is", |store, _| Box::pin(no_stream(store))),
    ("the last revision is expected", |store, _| Box::pin(at_revision(store))),
    ("anything is expected", |store, _| Box::pin(anything(store))),
    ("an append is made whole or not at all", |store, _| Box::pin(whole_or_not(store))),
    ("limits are given to the last byte and not one more", |store, _| Box::pin(limits(store))),
    ("only canonical JSON is taken", |store, _| Box::pin(canonical_only(store))),
    ("b09: time never goes back in a stream", |store, _| Box::pin(b09_time(store))),
    ("the answer is where the last event is", answer_is_the_last_event),
];

#[track_caller]
fn assert_conflict(
    result: &Result<crate::event_store::Appended, AppendError>,
    expected_current: Option<u64>,
) {
    let Err(AppendError::Conflict { current }) = result else {
        panic!("{result:?} is no conflict");
    };
    assert_eq!(*current, expected_current.map(Revision));
}

async fn no_stream(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 2)).await;
    assert_conflict(
        &try_append(&store, "holder-1", Expected::NoStream, events(2, 1)).await,
        Some(1),
    );
    append(&store, "holder-2", Expected::NoStream, events(3, 1)).await;
}

async fn at_revision(store: Store) {
    let at_revision = |revision| Expected::At(Revision(revision));
    assert_conflict(&try_append(&store, "holder-1", at_revision(0), events(1, 1)).await, None);
    append(&store, "holder-1", Expected::NoStream, events(2, 2)).await;
    for wrong in [0, 2] {
        let refused = try_append(&store, "holder-1", at_revision(wrong), events(3, 1)).await;
        assert_conflict(&refused, Some(1));
    }
    append(&store, "holder-1", at_revision(1), events(3, 1)).await;
    assert_eq!(whole_stream(&store, "holder-1").await.len(), 3);
}

async fn anything(store: Store) {
    let first = append(&store, "attempt-1", Expected::Any, events(1, 1)).await;
    let second = append(&store, "attempt-1", Expected::Any, events(2, 1)).await;
    assert_eq!((first.revision, second.revision), (Revision(0), Revision(1)));
}

async fn whole_or_not(store: Store) {
    let mut bad = events(1, 3);
    bad[2].data = vec![b'1'; EVENT_BYTES_MAX + 1];
    assert_invalid(&store, bad).await;
    append(&store, "holder-1", Expected::NoStream, events(2, 1)).await;
    assert_conflict(
        &try_append(&store, "holder-1", Expected::NoStream, events(3, 3)).await,
        Some(0),
    );
    assert_eq!(whole_log(&store).await.len(), 1);
}

async fn assert_invalid(store: &Store, events: Vec<NewEvent>) {
    let refused = try_append(store, "holder-1", Expected::Any, events).await;
    assert!(matches!(refused, Err(AppendError::Invalid(_))), "{refused:?} is not invalid");
}

/// An event of which `data` and `meta` together are exactly so large.
fn of_bytes(command: u32, bytes: usize) -> NewEvent {
    let text = "x".repeat(bytes - r#"{}"""#.len());
    NewEvent { data: format!(r#""{text}""#).into_bytes(), ..event(command, 0) }
}

async fn limits(store: Store) {
    append(&store, "holder-1", Expected::Any, vec![of_bytes(1, EVENT_BYTES_MAX)]).await;
    assert_invalid(&store, vec![of_bytes(2, EVENT_BYTES_MAX + 1)]).await;

    let most = u32::try_from(APPEND_EVENTS_MAX).expect("a small number");
    append(&store, "holder-1", Expected::Any, events(3, most)).await;
    assert_invalid(&store, events(4, most + 1)).await;
    append(&store, "holder-1", Expected::Any, events(5, 1)).await;
    assert_invalid(&store, Vec::new()).await;

    let of_kind = |command, kind: String| vec![NewEvent { kind, ..event(command, 0) }];
    append(&store, "holder-1", Expected::Any, of_kind(6, "k".repeat(KIND_BYTES_MAX))).await;
    assert_invalid(&store, of_kind(7, "k".repeat(KIND_BYTES_MAX + 1))).await;
    assert_invalid(&store, of_kind(8, String::new())).await;
    append(&store, "holder-1", Expected::Any, of_kind(12, "Te!~sted".to_owned())).await;
    for odd in ["Te\0sted", "Te sted", "Tested\u{7f}", "Testé"] {
        assert_invalid(&store, of_kind(8, odd.to_owned())).await;
    }

    let of_schema = |command, schema| vec![NewEvent { schema, ..event(command, 0) }];
    append(&store, "holder-1", Expected::Any, of_schema(9, u16::MAX)).await;
    assert_invalid(&store, of_schema(10, 0)).await;

    assert_invalid(&store, vec![event(11, 0), event(11, 0)]).await;
}

async fn canonical_only(store: Store) {
    let of = |command, data: &[u8]| vec![NewEvent { data: data.to_vec(), ..event(command, 0) }];
    let largest = format!(r#"{{"n":{NUMBER_MAX}}}"#);
    let too_large = format!(r#"{{"n":{}}}"#, NUMBER_MAX + 1);
    append(&store, "holder-1", Expected::Any, of(1, br#"{"a":1,"b":2}"#)).await;
    append(&store, "holder-1", Expected::Any, of(2, largest.as_bytes())).await;
    let refused: [&[u8]; 8] = [
        b"",
        b"{",
        b"\xff",
        br#"{"b":2,"a":1}"#,
        br#"{"a": 1}"#,
        br#"{"a":1,"a":1}"#,
        br#"{"a":1.0}"#,
        too_large.as_bytes(),
    ];
    for data in refused {
        assert_invalid(&store, of(3, data)).await;
    }
}

async fn b09_time(store: Store) {
    let name = stream("holder-1");
    let appends = [(0, 0), (500, 500), (200, 500), (501, 501)];
    for (command, (now, _)) in (1..).zip(appends) {
        let appended = store.append(&name, Expected::Any, vec![event(command, 0)], at(now)).await;
        assert!(appended.is_ok());
    }
    // Another stream's clock is its own.
    let other = store.append(&stream("holder-2"), Expected::Any, vec![event(9, 0)], at(100)).await;
    assert!(other.is_ok());
    let recorded: Vec<_> =
        whole_stream(&store, "holder-1").await.iter().map(|event| event.at).collect();
    assert_eq!(recorded, appends.map(|(_, expected)| at(expected)));
    assert_eq!(whole_stream(&store, "holder-2").await[0].at, at(100));
}

fn answer_is_the_last_event(
    store: Store,
    positions: Positions,
) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        append(&store, "holder-1", Expected::NoStream, events(1, 3)).await;
        let appended = append(&store, "holder-2", Expected::NoStream, events(2, 4)).await;
        let log = whole_log(&store).await;
        let last = log.last().expect("there are events");
        assert_eq!((last.revision, last.position), (appended.revision, appended.position));
        if positions == Positions::Gapless {
            assert_eq!(last.position.0, 7);
        }
    })
}
