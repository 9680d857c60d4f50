//! The database is stopped as by a power cut, and killed, under writers: whatever was acknowledged is
//! there, once, where the answer said; and everybody goes on by himself.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, future::join_all};
use tokio::sync::mpsc;

use super::*;
use crate::{
    event_store::{Appended, Filter, Recorded, Revision},
    truth::Stores,
};

/// How often the database goes away; `soak` asks for more.
const RESTARTS: &str = "LATCHKEY_LOG_RESTARTS";
const RESTARTS_DEFAULT: u32 = 2;

const WRITERS: u128 = 8;

/// Acknowledged appends between two restarts.
const ACKS_BETWEEN: usize = 60;

/// More than any writer comes to.
const ROUNDS_MAX: u128 = 1_000_000;

/// How often an append is repeated. Each try waits for the database.
const TRIES_MAX: u32 = 10;

/// An append that was acknowledged.
struct Ack {
    writer: u128,
    command: u128,
    appended: Appended,
}

fn restarts() -> u32 {
    std::env::var(RESTARTS).ok().and_then(|number| number.parse().ok()).unwrap_or(RESTARTS_DEFAULT)
}

/// The same append until it is answered: what *unavailable* asks its callers to do.
async fn insist(
    log: &PostgresEventStore,
    writer: u128,
    command: u128,
    expected: Expected,
) -> Appended {
    let name = stream(&format!("holder-{writer}"));
    for _ in 0..TRIES_MAX {
        let events = vec![event(command, 0), event(command, 1)];
        match log.append(&name, expected, events, at(0)).await {
            Ok(appended) => return appended,
            Err(AppendError::Unavailable(_)) => {}
            Err(error @ (AppendError::Conflict { .. } | AppendError::Invalid(_))) => {
                panic!("nobody else writes there: {error:?}")
            }
        }
    }
    panic!("the database did not come back")
}

async fn write(
    log: PostgresEventStore,
    writer: u128,
    acks: mpsc::UnboundedSender<Ack>,
    is_over: &AtomicBool,
) {
    let mut expected = Expected::NoStream;
    for round in 0..ROUNDS_MAX {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let command = writer * ROUNDS_MAX + round;
        let appended = insist(&log, writer, command, expected).await;
        expected = Expected::At(appended.revision);
        acks.send(Ack { writer, command, appended }).unwrap();
    }
}

/// Takes from a limit until it is over. How often it was told that it had, and how often it was told
/// nothing.
async fn take(stores: &Stores, is_over: &AtomicBool) -> (u32, u32) {
    let (mut n_told, mut n_untold) = (0, 0);
    while !is_over.load(Ordering::SeqCst) {
        match stores.limits.take("a", at(0), u32::MAX).await {
            Ok(is_taken) => n_told += u32::from(is_taken),
            Err(_) => n_untold += 1,
        }
    }
    (n_told, n_untold)
}

/// Follows until it has seen so much; subscribes again, after the last it saw, when it is cut off.
async fn follow(log: &PostgresEventStore, n_events: impl Future<Output = usize>) -> Vec<Recorded> {
    let mut seen: Vec<Recorded> = Vec::new();
    let mut n_events = std::pin::pin!(n_events);
    let mut wanted = None;
    while wanted.is_none_or(|wanted| seen.len() < wanted) {
        let after = seen.last().map_or(Position::START, |last| last.position);
        let mut live = log.subscribe(after, Filter::All);
        while wanted.is_none_or(|wanted| seen.len() < wanted) {
            tokio::select! {
                all = &mut n_events, if wanted.is_none() => wanted = Some(all),
                next = live.next() => match next {
                    Some(Ok(event)) => seen.push(event),
                    Some(Err(_)) | None => break,
                },
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_and_killed_under_writers_the_database_keeps_what_was_acknowledged() {
    let cluster = Cluster::start().unwrap();
    let address = cluster.over_tls(&cluster.database().await.unwrap()).unwrap();
    let stores = [open(&address).await.unwrap(), open(&address).await.unwrap()];
    let tables = Database::open(&Options::parse(&address).unwrap()).await.unwrap().stores(keys());
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let is_over = AtomicBool::new(false);
    let (all, n_all) = tokio::sync::oneshot::channel();

    let writing = join_all((0..WRITERS).map(|writer| {
        write(stores[usize::from(writer % 2 == 0)].clone(), writer, sender.clone(), &is_over)
    }));
    drop(sender);
    let restarting = async {
        let mut acks = Vec::new();
        for restart in 0..=restarts() {
            for _ in 0..ACKS_BETWEEN {
                acks.push(receiver.recv().await.unwrap());
            }
            if restart < restarts() {
                tokio::task::block_in_place(|| {
                    if restart % 2 == 0 { cluster.stop() } else { cluster.kill() }.unwrap();
                    cluster.start_again().unwrap();
                });
            }
        }
        is_over.store(true, Ordering::SeqCst);
        while let Some(ack) = receiver.recv().await {
            acks.push(ack);
        }
        all.send(2 * acks.len()).unwrap();
        acks
    };
    let following = follow(&stores[0], async { n_all.await.unwrap() });
    let taking = take(&tables, &is_over);
    let (acks, seen, _, (n_told, n_untold)) = tokio::join!(restarting, following, writing, taking);

    let n_taken = tables.limits.taken("a", at(0)).await.unwrap();
    assert!((n_told..=n_told + n_untold).contains(&n_taken), "{n_told} {n_taken} {n_untold}");
    assert!(0 < n_untold && 0 < n_told, "it was there before, away, and there again");

    let log: Vec<Recorded> =
        stores[1].read_all(Position::START, Filter::All).try_collect().await.unwrap();
    assert!((1..).zip(&log).all(|(position, event)| event.position == Position(position)));
    assert_eq!(seen, log, "the follower saw each event once, in order");
    assert_eq!(log.len(), 2 * acks.len(), "each append once");
    for Ack { writer, command, appended } in acks {
        let last = &log[usize::try_from(appended.position.0).unwrap() - 1];
        assert_eq!(last.stream, stream(&format!("holder-{writer}")));
        assert_eq!((last.id, last.revision), (event(command, 1).id, appended.revision));
        let round = u64::try_from(command % ROUNDS_MAX).unwrap();
        assert_eq!(appended.revision, Revision(2 * round + 1));
    }
}
