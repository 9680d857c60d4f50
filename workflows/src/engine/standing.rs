//! How the engine stands, for whoever watches over it: numbers, and nobody's name.

use chrono::{DateTime, Utc};
use stores::{database::Query, event_store::Position};

use super::{
    Breaker, Engine, EngineError, checkpoint,
    database::{instant, micros},
};

/// Each number is counted up to this: whoever has more to do than that need not know how much more.
pub const COUNTED_MAX: u32 = 10_000;

/// The engine at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How far the tables have followed the log.
    pub position: Position,
    /// Wake-ups that are due, those that are being worked on included; [`COUNTED_MAX`] at the most.
    pub n_due: u64,
    /// Since when the oldest of them is due.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// Holders who cannot be woken, and are tried again; [`COUNTED_MAX`] at the most.
    pub n_failing: u64,
    /// Mails that are to be sent; [`COUNTED_MAX`] at the most.
    pub n_mails: u64,
    /// When the oldest of them can be tried, or could have been.
    pub oldest_mail_at: Option<DateTime<Utc>>,
    /// Dead letters; [`COUNTED_MAX`] at the most.
    pub n_dead: u64,
    /// Whether the engine acts.
    pub breaker: Breaker,
}

#[derive(sqlx::FromRow)]
struct Row {
    n_due: i64,
    oldest_due: Option<i64>,
    n_failing: i64,
    n_mails: i64,
    oldest_mail: Option<i64>,
    n_dead: i64,
}

impl Engine {
    /// How it stands at `now`. Reads a bounded number of rows, by indexes.
    pub async fn standing(&self, now: DateTime<Utc>) -> Result<Standing, EngineError> {
        let breaker = self.breaker().await?;
        let live = self.0.live.read().await;
        let position = checkpoint::read(&*live).await?.position;
        let row: Row = Query::new(
            "
            select (select count(*) from (select 1 from wake_up where due_at <= $1 limit $2) as due) as n_due,
                   (select min(due_at) from wake_up where due_at <= $1) as oldest_due,
                   (select count(*) from (select 1 from wake_up where hitch is not null limit $2) as failing)
                       as n_failing,
                   (select count(*) from (select 1 from outbox where look_at is not null limit $2) as mails)
                       as n_mails,
                   (select min(look_at) from outbox where look_at is not null) as oldest_mail,
                   (select count(*) from (select 1 from outbox where state = 'dead' limit $2) as dead)
                       as n_dead
            ",
        )
        .bind(micros(now))
        .bind(i64::from(COUNTED_MAX))
        .fetch_one(&*live)
        .await?;
        Ok(Standing {
            position,
            n_due: row.n_due.cast_unsigned(),
            oldest_due_at: row.oldest_due.map(instant).transpose()?,
            n_failing: row.n_failing.cast_unsigned(),
            n_mails: row.n_mails.cast_unsigned(),
            oldest_mail_at: row.oldest_mail.map(instant).transpose()?,
            n_dead: row.n_dead.cast_unsigned(),
            breaker,
        })
    }
}
