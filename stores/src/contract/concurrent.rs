//! Many writers at once: one order, no gap, nobody in another's way.

use std::{collections::HashMap, pin::Pin};

use futures::future::join_all;

use super::{
    Case, Positions, Store, WRITERS, append, events, stream, try_append, whole_log, whole_stream,
};
use crate::event_store::{AppendError, Appended, Expected, Revision, StreamName};

/// Appends of each writer.
const EACH: u32 = 25;

pub(super) const CASES: &[(&str, Case)] = &[
    ("positions under concurrent writers are one order without gaps", one_order),
    ("writers of different streams never conflict", |store, _| Box::pin(independent(store))),
    ("of many who expect the same revision one wins", |store, _| Box::pin(one_winner(store))),
    ("a conflict fails alone", |store, _| Box::pin(fails_alone(store))),
];

/// Writers as tasks of their own, each with `EACH` appends of one to three events to one stream.
async fn write_all(store: &Store) -> Vec<(StreamName, Appended, u32)> {
    let writers = (0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for round in 0..EACH {
                let command = 1 + writer * EACH + round;
                let (name, n_events) = (format!("holder-{writer}"), 1 + command % 3);
                let new = events(command, n_events);
                let appended = append(&store, &name, Expected::Any, new).await;
                answers.push((stream(&name), appended, n_events));
            }
            answers
        })
    });
    join_all(writers).await.into_iter().flat_map(|done| done.expect("no writer fails")).collect()
}

fn one_order(store: Store, positions: Positions) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let answers = write_all(&store).await;
        let log = whole_log(&store).await;
        assert!(log.is_sorted_by(|one, next| one.position < next.position));
        if positions == Positions::Gapless {
            assert!((1..).zip(&log).all(|(position, event)| event.position.0 == position));
        }
        let mut next_revisions: HashMap<&StreamName, u64> = HashMap::new();
        for event in &log {
            let next = next_revisions.entry(&event.stream).or_default();
            assert_eq!(event.revision, Revision(*next));
            *next += 1;
        }
        let places: HashMap<_, usize> =
            log.iter().enumerate().map(|(index, event)| (event.position, index)).collect();
        for (name, appended, n_events) in answers {
            let last = places[&appended.position];
            let first = last + 1 - usize::try_from(n_events).expect("a small number");
            assert_eq!(log[last].revision, appended.revision);
            assert!(log[first..=last].iter().all(|event| event.stream == name));
        }
    })
}

async fn independent(store: Store) {
    let writers = (0..64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let name = format!("holder-{writer}");
            let mut expected = Expected::NoStream;
            for round in 0..EACH {
                let new = events(1 + writer * EACH + round, 1);
                expected = Expected::At(append(&store, &name, expected, new).await.revision);
            }
        })
    });
    for done in join_all(writers).await {
        done.expect("no writer meets a conflict");
    }
}

async fn one_winner(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 1)).await;
    for round in 0..10 {
        let expected = Expected::At(Revision(u64::from(round)));
        let tries = (0..WRITERS).map(|writer| {
            try_append(&store, "holder-1", expected, events(100 * (round + 1) + writer, 1))
        });
        let answers = join_all(tries).await;
        let n_won = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(n_won, 1);
        let current = Some(Revision(u64::from(round) + 1));
        for lost in answers.into_iter().filter_map(Result::err) {
            let AppendError::Conflict { current: told } = lost else { panic!("{lost:?}") };
            assert_eq!(told, current);
        }
    }
    assert_eq!(whole_stream(&store, "holder-1").await.len(), 11);
}

async fn fails_alone(store: Store) {
    append(&store, "holder-0", Expected::NoStream, events(1, 1)).await;
    let tries = (0..WRITERS).map(|writer| {
        let (store, name) = (&store, format!("holder-{}", writer % 10));
        async move { try_append(store, &name, Expected::NoStream, events(10 + writer, 2)).await }
    });
    let n_made = join_all(tries).await.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(n_made, 9, "holder-0 was there, and of two writers of each other stream one wins");
    assert_eq!(whole_log(&store).await.len(), 1 + 9 * 2);
}
