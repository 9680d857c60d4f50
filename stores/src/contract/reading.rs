//! What was written comes back: the same bytes, in order, from anywhere, by stream and by category.

use futures::future::join_all;

use super::{Case, Store, all, append, at, event, events, ids, stream, whole_log, whole_stream};
use crate::event_store::{
    APPEND_EVENTS_MAX, Expected, Filter, NewEvent, Position, Recorded, Revision, canonical,
};

/// More than any backend's page, and not a multiple of one.
const MANY_APPENDS: u32 = 21;

pub(super) const CASES: &[(&str, Case)] = &[
    ("an empty log reads as nothing", |store, _| Box::pin(empty(store))),
    ("the bytes come back as they were written", |store, _| Box::pin(bytes(store))),
    ("every field comes back", |store, _| Box::pin(fields(store))),
    ("a long stream is read whole and from any revision", |store, _| Box::pin(long_stream(store))),
    ("several streams are read as one after the other", |store, _| Box::pin(streams(store))),
    ("a long log is read whole and after any position", |store, _| Box::pin(long_log(store))),
    ("a reader gets the categories it asked for", |store, _| Box::pin(categories(store))),
    ("an event is contained once it is written", |store, _| Box::pin(contains(store))),
    ("an append can be read as soon as it is answered", |store, _| Box::pin(own_writes(store))),
];

async fn empty(store: Store) {
    assert_eq!(whole_log(&store).await, []);
    assert_eq!(whole_stream(&store, "holder-1").await, []);
    assert_eq!(store.head().await.expect("the head can be read"), Position::START);
}

async fn bytes(store: Store) {
    let value = serde_json::json!({
        "quotes": "\"\\/", "control": "\u{0}\u{1f}\u{7f}\r\n\t", "wide": "ß€😀\u{2028}",
        "numbers": [0, -1, 9_007_199_254_740_991_u64, 1.5, 1e-7, 1e21], "nothing": null,
    });
    let written = canonical(&value).expect("it is JSON");
    let meta = canonical(&serde_json::json!({ "$correlationId": "é" })).expect("it is JSON");
    let new = NewEvent { data: written.clone(), meta: meta.clone(), ..event(1, 0) };
    append(&store, "holder-1", Expected::NoStream, vec![new]).await;
    let read = whole_log(&store).await.remove(0);
    assert_eq!((read.data, read.meta), (written, meta));
}

async fn fields(store: Store) {
    let new = NewEvent { kind: "PasscodeSet".to_owned(), schema: 7, ..event(1, 0) };
    let appended = append(&store, "holder-1", Expected::NoStream, vec![new.clone()]).await;
    let read = whole_log(&store).await.remove(0);
    assert_eq!((read.id, read.stream, read.kind), (new.id, stream("holder-1"), new.kind));
    assert_eq!((read.revision, read.position), (appended.revision, appended.position));
    assert_eq!((read.schema, read.at), (7, at(0)));
}

/// Appends as many events as fit, often, so that no page holds them all.
async fn fill(store: &Store, name: &str) -> Vec<NewEvent> {
    let each = u32::try_from(APPEND_EVENTS_MAX).expect("a small number");
    let mut written = Vec::new();
    for command in 1..=MANY_APPENDS {
        let batch = events(command, each);
        written.extend(batch.clone());
        append(store, name, Expected::Any, batch).await;
    }
    written
}

async fn long_stream(store: Store) {
    append(&store, "holder-2", Expected::NoStream, events(1000, 1)).await;
    let written = fill(&store, "holder-1").await;
    let wanted: Vec<_> = written.iter().map(|event| event.id).collect();
    let read = whole_stream(&store, "holder-1").await;
    assert_eq!(ids(&read), wanted);
    assert!((0..).zip(&read).all(|(revision, event)| event.revision == Revision(revision)));
    let last = u64::try_from(wanted.len()).expect("a small number") - 1;
    for (from, n_left) in [(1, wanted.len() - 1), (last, 1), (last + 1, 0), (u64::MAX, 0)] {
        let rest = all(store.read_stream(&stream("holder-1"), Revision(from))).await;
        assert_eq!(ids(&rest), wanted[wanted.len() - n_left..]);
    }
}

async fn streams(store: Store) {
    // One that fills several pages, among more than any backend asks for at a time.
    fill(&store, "holder-long").await;
    let names: Vec<String> = (0..300).map(|number| format!("holder-{number}")).collect();
    let appends = (2000..).zip(&names).filter(|(command, _)| command % 7 != 0);
    let appends = appends.map(|(command, name)| {
        append(&store, name, Expected::NoStream, events(command, command % 7))
    });
    join_all(appends).await;
    let log = whole_log(&store).await;
    for from in [0, 3, 4, 1000, u64::MAX] {
        let wanted: Vec<_> =
            names.iter().map(String::as_str).chain(["holder-long", "holder-nobody"]).collect();
        let asked = wanted.iter().map(|name| (stream(name), Revision(from))).collect();
        let found = all(store.read_streams(asked)).await;
        let mut n_found = 0;
        for name in wanted.into_iter().map(stream) {
            let is_wanted = |event: &&Recorded| event.stream == name && from <= event.revision.0;
            let expected: Vec<_> = log.iter().filter(is_wanted).collect();
            let of_stream: Vec<_> = found.iter().filter(|event| event.stream == name).collect();
            assert_eq!(of_stream, expected, "{name} from {from}");
            n_found += expected.len();
        }
        assert_eq!(found.len(), n_found);
    }
    assert_eq!(all(store.read_streams(vec![])).await, []);
}

async fn long_log(store: Store) {
    let written = fill(&store, "holder-1").await;
    let log = whole_log(&store).await;
    assert_eq!(ids(&log), written.iter().map(|event| event.id).collect::<Vec<_>>());
    assert!(log.is_sorted_by(|one, next| one.position < next.position));
    for skipped in [1, log.len() / 2, log.len()] {
        let rest = all(store.read_all(log[skipped - 1].position, Filter::All)).await;
        assert_eq!(rest, log[skipped..]);
    }
}

async fn categories(store: Store) {
    // A rare event behind many of another category, and a name that only begins like the category.
    fill(&store, "holder-1").await;
    append(&store, "policy-1", Expected::NoStream, events(1001, 1)).await;
    append(&store, "policies-1", Expected::NoStream, events(1002, 1)).await;
    append(&store, "card-1", Expected::NoStream, events(1003, 1)).await;
    let of = |categories: &[&str]| {
        let categories = categories.iter().map(|&category| category.to_owned()).collect();
        all(store.read_all(Position::START, Filter::Categories(categories)))
    };
    assert_eq!(ids(&of(&["policy"]).await), [event(1001, 0).id]);
    assert_eq!(ids(&of(&["card", "policy"]).await), [event(1001, 0).id, event(1003, 0).id]);
    assert_eq!(ids(&of(&["nothing"]).await), []);
    assert_eq!(ids(&of(&[]).await), []);
}

async fn contains(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 2)).await;
    for (id, expected) in [(event(1, 0).id, true), (event(1, 1).id, true), (event(1, 2).id, false)]
    {
        assert_eq!(store.contains(id).await.expect("the log can be read"), expected);
    }
}

async fn own_writes(store: Store) {
    for command in 1..=50 {
        let appended = append(&store, "holder-1", Expected::Any, events(command, 1)).await;
        assert_eq!(store.head().await.expect("the head can be read"), appended.position);
        assert!(store.contains(event(command, 0).id).await.expect("the log can be read"));
        let read = all(store.read_stream(&stream("holder-1"), appended.revision)).await;
        assert_eq!(ids(&read), [event(command, 0).id]);
        assert_eq!(whole_log(&store).await.last().map(|last| last.id), Some(event(command, 0).id));
    }
}
