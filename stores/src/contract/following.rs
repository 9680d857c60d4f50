//! A subscriber sees every event once, in order: those before it came, then each new one.

use futures::{FutureExt as _, StreamExt as _, future::join_all};

use super::{Case, Store, WRITERS, append, event, events, ids, next, whole_log};
use crate::event_store::{Expected, Filter, Position, Recorded};

/// Appends of each writer while others follow.
const EACH: u32 = 50;

pub(super) const CASES: &[(&str, Case)] = &[
    ("a subscriber catches up, waits, and is woken", |store, _| Box::pin(catches_up(store))),
    ("a subscriber goes on after the position it gives", |store, _| Box::pin(resumes(store))),
    ("a subscriber gets the categories it asked for", |store, _| Box::pin(categories(store))),
    ("subscribers under concurrent writers see each event once", |store, _| {
        Box::pin(under_load(store))
    }),
    ("a subscriber that sleeps through many appends misses none", |store, _| {
        Box::pin(sleeper(store))
    }),
];

async fn catches_up(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 3)).await;
    let mut live = store.subscribe(Position::START, Filter::All);
    assert_eq!(ids(&next(&mut live, 3).await), ids(&whole_log(&store).await));
    for command in 2..20 {
        assert!(live.next().now_or_never().is_none(), "nothing is new");
        let (_, seen) = tokio::join!(
            append(&store, "holder-1", Expected::Any, events(command, 1)),
            next(&mut live, 1)
        );
        assert_eq!(ids(&seen), [event(command, 0).id]);
    }
}

async fn resumes(store: Store) {
    append(&store, "holder-1", Expected::NoStream, events(1, 5)).await;
    let log = whole_log(&store).await;
    let mut live = store.subscribe(log[2].position, Filter::All);
    append(&store, "holder-1", Expected::Any, events(2, 1)).await;
    assert_eq!(ids(&next(&mut live, 3).await), [log[3].id, log[4].id, event(2, 0).id]);
}

async fn categories(store: Store) {
    let filter = Filter::Categories(vec!["policy".to_owned()]);
    let mut live = store.subscribe(Position::START, filter);
    append(&store, "holder-1", Expected::NoStream, events(1, 3)).await;
    append(&store, "policy-1", Expected::NoStream, events(2, 1)).await;
    assert_eq!(ids(&next(&mut live, 1).await), [event(2, 0).id]);
    append(&store, "holder-1", Expected::Any, events(3, 3)).await;
    assert!(live.next().now_or_never().is_none(), "nothing for this reader is new");
    append(&store, "policy-1", Expected::Any, events(4, 1)).await;
    assert_eq!(ids(&next(&mut live, 1).await), [event(4, 0).id]);
}

async fn under_load(store: Store) {
    let n_events = usize::try_from(WRITERS * EACH).expect("a small number");
    let follow = |after| {
        let mut live = store.subscribe(after, Filter::All);
        tokio::spawn(async move { next(&mut live, n_events).await })
    };
    let early = [follow(Position::START), follow(Position::START)];
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..EACH {
                    let new = events(1 + writer * EACH + round, 1);
                    append(&store, &format!("holder-{writer}"), Expected::Any, new).await;
                }
            })
        })
        .collect();
    // This one comes in the middle of the writing, wherever that is.
    let middle = follow(Position::START);
    for done in join_all(writers).await {
        done.expect("no writer fails");
    }
    let late = follow(Position::START);
    let log = whole_log(&store).await;
    for follower in early.into_iter().chain([middle, late]) {
        let seen: Vec<Recorded> = follower.await.expect("no follower fails");
        assert_eq!(seen, log);
    }
}

async fn sleeper(store: Store) {
    let mut live = store.subscribe(Position::START, Filter::All);
    assert!(live.next().now_or_never().is_none(), "there is nothing yet");
    for command in 1..=40 {
        append(&store, "holder-1", Expected::Any, events(command, 25)).await;
    }
    assert_eq!(next(&mut live, 1000).await, whole_log(&store).await);
}
