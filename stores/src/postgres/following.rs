//! Hears of what other processes commit.
//!
//! A commit is told by `NOTIFY`, with the position of its last event. The position is only a hint:
//! anybody who may connect can say any, so the table is asked where the log really ends. Should a
//! word be lost, with the connection or the database, the table is asked every second anyhow.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::pages::head_of;
use crate::event_store::Position;

/// What `append_batch` notifies.
const CHANNEL: &str = "latchkey_log";

/// How late at most a commit is heard of, as long as the database answers.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Moves the head until it is ended with its store.
pub(super) async fn run(pool: PgPool, head: watch::Sender<Position>) {
    let mut ticks = tokio::time::interval(POLL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut listener = None;
    loop {
        let told = tokio::select! {
            told = heard(&mut listener) => told,
            _ = ticks.tick() => {
                if listener.is_none() {
                    listener = listen(&pool).await;
                }
                None
            }
        };
        // Our own commits have moved the head already.
        if told.is_some_and(|told| told <= *head.borrow()) {
            continue;
        }
        match head_of(&pool).await {
            Ok(last) => advance(&head, last),
            Err(error) => tracing::warn!(%error, "the end of the log cannot be read; trying again"),
        }
    }
}

/// Moves the head forward, never back, and wakes those who wait only if it moves.
pub(super) fn advance(head: &watch::Sender<Position>, last: Position) {
    head.send_if_modified(|head| {
        let is_newer = *head < last;
        *head = last.max(*head);
        is_newer
    });
}

/// A connection that listens; `None` if there is none to be had now.
async fn listen(pool: &PgPool) -> Option<PgListener> {
    let listening = async {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        // It is made again here, by the next tick, and not where nothing else could go on.
        listener.eager_reconnect(false);
        Ok::<_, sqlx::Error>(listener)
    };
    listening
        .await
        .inspect_err(|error| tracing::warn!(%error, "nobody tells of commits; asking every second"))
        .ok()
}

/// Waits for a commit and gives the highest position that has been told; `None` when the connection
/// is lost, for ever while there is none.
async fn heard(listener: &mut Option<PgListener>) -> Option<Position> {
    let Some(listening) = listener else { return std::future::pending().await };
    let Ok(Some(first)) = listening.try_recv().await else {
        *listener = None;
        return None;
    };
    let mut told = first.payload().parse().ok();
    while let Some(next) = listening.next_buffered() {
        told = told.max(next.payload().parse().ok());
    }
    told.map(Position)
}
