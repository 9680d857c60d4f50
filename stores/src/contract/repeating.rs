//! A caller that got no answer sends the same append again, and nothing happens twice.

use futures::{FutureExt as _, future::join_all};

use super::{Case, Store, append, at, event, events, ids, stream, try_append, whole_log};
use crate::event_store::{AppendError, Expected, Revision};

pub(super) const CASES: &[(&str, Case)] = &[
    ("commit, drop the answer, repeat: one event, the same answer", |store, _| {
        Box::pin(dropped_answer(store))
    }),
    ("a caller that leaves before the answer repeats: one event", |store, _| {
        Box::pin(dropped_caller(store))
    }),
    ("a repeat is answered as the first time after others have written", |store, _| {
        Box::pin(late_repeat(store))
    }),
    ("a repeat with other events is refused", |store, _| Box::pin(other_events(store))),
    ("a repeat to another stream is refused", |store, _| Box::pin(other_stream(store))),
    ("the same append by many at once is made once", |store, _| Box::pin(all_at_once(store))),
];

async fn dropped_answer(store: Store) {
    let first = append(&store, "holder-1", Expected::NoStream, events(1, 2)).await;
    let before = whole_log(&store).await;
    let repeated = append(&store, "holder-1", Expected::NoStream, events(1, 2)).await;
    assert_eq!(format!("{first:?}"), format!("{repeated:?}"));
    assert_eq!(whole_log(&store).await, before);
}

async fn dropped_caller(store: Store) {
    let name = stream("holder-1");
    // Polled once, then dropped: it may or may not be written, which is what a lost answer means.
    let lost = store.append(&name, Expected::NoStream, events(1, 1), at(0)).now_or_never();
    assert!(lost.is_none_or(|answer| answer.is_ok()));
    append(&store, "holder-1", Expected::NoStream, events(1, 1)).await;
    assert_eq!(whole_log(&store).await.len(), 1);
}

async fn late_repeat(store: Store) {
    let first = append(&store, "holder-1", Expected::NoStream, events(1, 2)).await;
    append(&store, "holder-1", Expected::At(Revision(1)), events(2, 1)).await;
    append(&store, "holder-2", Expected::NoStream, events(3, 1)).await;
    for expected in [Expected::NoStream, Expected::Any, Expected::At(Revision(2))] {
        assert_eq!(append(&store, "holder-1", expected, events(1, 2)).await, first);
    }
    assert_eq!(whole_log(&store).await.len(), 4);
}

async fn other_events(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 2)).await;
    append(&store, "holder-1", Expected::Any, events(2, 1)).await;
    let fewer = events(1, 1);
    let more = events(1, 3);
    let mixed = vec![event(1, 0), event(2, 0)];
    let reversed = vec![event(1, 1), event(1, 0)];
    let late = vec![event(9, 0), event(1, 1)];
    for repeat in [fewer, more, mixed, reversed, late] {
        let refused = try_append(&store, "holder-1", Expected::Any, repeat).await;
        assert!(matches!(refused, Err(AppendError::Invalid(_))), "{refused:?}");
    }
    assert_eq!(whole_log(&store).await.len(), 3);
}

async fn other_stream(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 1)).await;
    let refused = try_append(&store, "holder-2", Expected::NoStream, events(1, 1)).await;
    assert!(matches!(refused, Err(AppendError::Invalid(_))), "{refused:?}");
}

async fn all_at_once(store: Store) {
    let appends = (0..16).map(|_| append(&store, "holder-1", Expected::NoStream, events(1, 3)));
    let answers = join_all(appends).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let log = whole_log(&store).await;
    assert_eq!(ids(&log), events(1, 3).iter().map(|event| event.id).collect::<Vec<_>>());
}
