//! The commonest fault of event logs in SQL databases: a position that is taken before, and seen
//! after, a later one, so that whoever remembers the last one he saw skips it for ever.
//!
//! Twenty writers in two processes' place, whose transactions stall at random right before they
//! commit; one follower that polls, one that is notified. The same judge, over a log with a
//! sequence as many write it, must find events skipped.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::{StreamExt as _, TryStreamExt as _, future::join_all};

use super::*;
use crate::event_store::{Filter, NewEvent};

const WRITERS: u128 = 20;

/// Appends of each writer; `soak` asks for more.
const ROUNDS: &str = "LATCHKEY_LOG_STRESS_ROUNDS";
const ROUNDS_DEFAULT: u128 = 25;

/// Positions that a polling follower asks for at once.
const POLLED_MAX: i64 = 50;

/// Runs at the very end of a transaction, for each of its rows: every fifth holds the commit up.
const STALL: &str = "
    create function stall() returns trigger language plpgsql as $$
    begin
        if random() < 0.2 then
            perform pg_sleep(random() * 0.01);
        end if;
        return null;
    end
    $$
";

fn rounds() -> u128 {
    std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS_DEFAULT)
}

/// Has the commits of a table's transactions stall.
async fn stall(address: &str, table: &str) {
    let mut operator = aside(address).await;
    execute(&mut operator, STALL).await.unwrap();
    let trigger = format!(
        "create constraint trigger stall after insert on {table} deferrable initially deferred \
         for each row execute function stall()"
    );
    execute(&mut operator, &trigger).await.unwrap();
}

/// What is wrong with what a follower saw.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    n_skipped: usize,
    n_doubled: usize,
    is_increasing: bool,
}

const FLAWLESS: Verdict = Verdict { n_skipped: 0, n_doubled: 0, is_increasing: true };

/// Compares with all that was committed in the end.
fn judge(seen: &[i64], committed: &[i64]) -> Verdict {
    let once: HashSet<_> = seen.iter().collect();
    Verdict {
        n_skipped: committed.iter().filter(|position| !once.contains(position)).count(),
        n_doubled: seen.len() - once.len(),
        is_increasing: seen.is_sorted_by(|one, next| one < next),
    }
}

/// Polls what lies after the last position it saw, until all is written and there is nothing more.
async fn poll(address: &str, table: &str, is_written: &AtomicBool) -> Vec<i64> {
    let mut connection = aside(address).await;
    let page =
        format!("select position from {table} where $1 < position order by position limit $2");
    let mut seen: Vec<i64> = Vec::new();
    loop {
        let is_last = is_written.load(Ordering::SeqCst);
        let new: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(page.clone()))
            .bind(seen.last().copied().unwrap_or_default())
            .bind(POLLED_MAX)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        if is_last && new.is_empty() {
            return seen;
        }
        seen.extend(new);
    }
}

async fn committed(address: &str, table: &str) -> Vec<i64> {
    let all = format!("select position from {table} order by position");
    sqlx::query_scalar(AssertSqlSafe(all)).fetch_all(&mut aside(address).await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_twenty_writers_that_stall_before_they_commit_no_follower_skips_or_doubles() {
    let address = database().await;
    let stores = [open(&address).await.unwrap(), open(&address).await.unwrap()];
    stall(&address, "event").await;
    let is_written = AtomicBool::new(false);
    let n_events: u128 = (0..WRITERS * rounds()).map(|command| 1 + command % 3).sum();

    let writing = join_all((0..WRITERS).map(|writer| {
        let log = stores[usize::from(writer % 2 == 0)].clone();
        async move {
            for round in 0..rounds() {
                let command = writer * rounds() + round;
                let events: Vec<NewEvent> = (0..)
                    .map(|index| event(command, index))
                    .take((1 + command % 3) as usize)
                    .collect();
                let name = stream(&format!("holder-{writer}"));
                log.append(&name, Expected::Any, events, at(0)).await.unwrap();
            }
        }
    }));
    let written = async {
        writing.await;
        is_written.store(true, Ordering::SeqCst);
    };
    let notified = stores[0]
        .subscribe(Position::START, Filter::All)
        .take(n_events as usize)
        .map_ok(|event| event.position.0.cast_signed())
        .try_collect::<Vec<_>>();
    let (polled, notified, ()) =
        tokio::join!(poll(&address, "event", &is_written), notified, written);

    let committed = committed(&address, "event").await;
    assert!((1..).zip(&committed).all(|(expected, position)| expected == *position), "no gap");
    assert_eq!(committed.len() as u128, n_events);
    assert_eq!(judge(&polled, &committed), FLAWLESS);
    assert_eq!(judge(&notified.unwrap(), &committed), FLAWLESS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_a_sequence_is_seen_to_skip_by_the_same_judge() {
    let address = database().await;
    let mut owner = aside(&address).await;
    execute(&mut owner, "create table naive (position bigserial primary key)").await.unwrap();
    stall(&address, "naive").await;
    let is_written = AtomicBool::new(false);
    let written = async {
        join_all((0..WRITERS).map(|_| async {
            let mut connection = aside(&address).await;
            for _ in 0..ROUNDS_DEFAULT {
                execute(&mut connection, "insert into naive default values").await.unwrap();
            }
        }))
        .await;
        is_written.store(true, Ordering::SeqCst);
    };
    let (polled, ()) = tokio::join!(poll(&address, "naive", &is_written), written);
    let verdict = judge(&polled, &committed(&address, "naive").await);
    assert!(0 < verdict.n_skipped, "{verdict:?}");
}

#[test]
fn the_judge_counts_what_is_skipped_doubled_and_out_of_order() {
    let verdict = |seen: &[i64]| judge(seen, &[1, 2, 3]);
    assert_eq!(verdict(&[1, 2, 3]), FLAWLESS);
    assert_eq!(verdict(&[1, 3]), Verdict { n_skipped: 1, ..FLAWLESS });
    assert_eq!(verdict(&[1, 2, 2, 3]), Verdict { n_doubled: 1, is_increasing: false, ..FLAWLESS });
    assert_eq!(verdict(&[1, 3, 2]), Verdict { is_increasing: false, ..FLAWLESS });
}
