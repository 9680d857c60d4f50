//! The demonstration's clock: the real one and an offset, which only ever grows.
//!
//! The offset is an event of the stream `demo-clock`, so that a restart keeps it. All that people
//! and rules see goes by this clock. TLS between agent and server does not ([`Clock::real_now`]):
//! the library behind it reads the system's clock itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CommandId, EventId};
use futures::{TryStreamExt as _, future::BoxFuture};
use serde::{Deserialize, Serialize};
use stores::event_store::{
    EventStore, Expected, Filter, NewEvent, Position, Revision, StreamName, canonical,
};

use crate::clock::{AcceptedClock, Clock};

/// The stream of the offsets.
const STREAM: &str = "demo-clock";

/// How long before its first start the demonstration's life begins, in days: longer than it takes to
/// renew certificates twice.
const LIFE_DAYS: i64 = 1_440;

/// The clock was moved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMoved {
    /// What is added to the real time from now on; negative in the past.
    offset_seconds: i64,
}

impl ClockMoved {
    const KIND: &str = "ClockMoved";
}

/// When the demonstration's life begins, if it is started for the first time now.
#[must_use]
pub fn life_begins(real_now: DateTime<Utc>) -> DateTime<Utc> {
    real_now - TimeDelta::days(LIFE_DAYS)
}

/// The real clock and an offset.
pub struct VirtualClock {
    real: Arc<dyn Clock>,
    offset_seconds: AtomicI64,
    log: Arc<dyn EventStore>,
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        self.real.now() + TimeDelta::seconds(self.offset_seconds.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed()
    }

    fn rest(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.real.rest(time)
    }

    fn real_now(&self) -> DateTime<Utc> {
        self.real.real_now()
    }

    fn accepted(&self) -> Option<&AcceptedClock> {
        self.real.accepted()
    }
}

impl VirtualClock {
    /// With the offset that the log knows. In a log without holders the demonstration's life
    /// begins, if `has_past`; a log of holders and without an offset goes by the real clock.
    ///
    /// # Errors
    /// If the log cannot be read or written, or has something else in the clock's stream.
    pub async fn open(
        log: Arc<dyn EventStore>,
        real: Arc<dyn Clock>,
        has_past: bool,
        command: CommandId,
    ) -> anyhow::Result<Self> {
        let recorded = last_offset(log.as_ref()).await?;
        let offset_seconds = AtomicI64::new(recorded.unwrap_or_default());
        let clock = Self { real, offset_seconds, log };
        if recorded.is_none() && has_past && !has_holders(clock.log.as_ref()).await? {
            let begins = life_begins(clock.real.now());
            clock.record(begins, command).await?;
        }
        Ok(clock)
    }

    /// Moves it on, so that it shows `to` or a moment later; never back.
    ///
    /// # Errors
    /// If the log does not take it; then the clock stays where it is.
    pub async fn move_to(&self, to: DateTime<Utc>, command: CommandId) -> anyhow::Result<()> {
        if to <= self.now() {
            return Ok(());
        }
        self.record(to, command).await
    }

    async fn record(&self, to: DateTime<Utc>, command: CommandId) -> anyhow::Result<()> {
        let ahead = to - self.real.now();
        // Whole seconds, and not a moment too early.
        let offset_seconds = ahead.num_seconds() + i64::from(0 < ahead.subsec_nanos());
        let data = canonical(&ClockMoved { offset_seconds })?;
        let meta = serde_json::json!({
            "$correlationId": command,
            "$causationId": command,
            "actor": { "by": "operator" },
        });
        let event = NewEvent {
            id: EventId::derive(command, 0),
            kind: ClockMoved::KIND.to_owned(),
            schema: 1,
            data,
            meta: canonical(&meta)?,
        };
        self.log.append(&stream()?, Expected::Any, vec![event], to).await?;
        self.offset_seconds.store(offset_seconds, Ordering::SeqCst);
        Ok(())
    }
}

fn stream() -> anyhow::Result<StreamName> {
    Ok(STREAM.parse()?)
}

async fn last_offset(log: &dyn EventStore) -> anyhow::Result<Option<i64>> {
    let stream = stream()?;
    let mut events = log.read_stream(&stream, Revision(0));
    let mut last = None;
    while let Some(recorded) = events.try_next().await? {
        let moved: ClockMoved = serde_json::from_slice(&recorded.data)?;
        last = Some(moved.offset_seconds);
    }
    Ok(last)
}

async fn has_holders(log: &dyn EventStore) -> anyhow::Result<bool> {
    let holders = Filter::Categories(vec!["holder".to_owned()]);
    Ok(log.read_all(Position::START, holders).try_next().await?.is_some())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use domain::testing::instant;
    use stores::sqlite::Database;
    use uuid::Uuid;

    use super::*;
    use crate::{
        clock::{Entropy, StandingClock},
        commands::serve,
        config::Config,
    };

    fn command(number: u128) -> CommandId {
        CommandId(Uuid::from_u128(number))
    }

    struct Site {
        log: Arc<dyn EventStore>,
        real: Arc<StandingClock>,
    }

    impl Site {
        async fn new() -> Self {
            let log = Arc::new(Database::in_memory().await.unwrap().log());
            Self { log, real: Arc::new(StandingClock::at(instant("2026-11-22T12:00:00.5Z"))) }
        }

        async fn clock(&self, has_past: bool, number: u128) -> VirtualClock {
            let (log, real) = (self.log.clone(), self.real.clone());
            VirtualClock::open(log, real, has_past, command(number)).await.unwrap()
        }
    }

    #[test]
    fn a_moved_clock_is_written_as_its_golden_file_says_and_read_from_it() {
        let file = include_str!("golden/ClockMoved.1.json");
        let moved = ClockMoved { offset_seconds: -33_436_800 };
        assert_eq!(serde_json::to_string_pretty(&moved).unwrap() + "\n", file);
        assert_eq!(serde_json::from_str::<ClockMoved>(file).unwrap(), moved);
    }

    #[tokio::test]
    async fn a_restart_keeps_the_offset_and_the_time_that_has_passed() {
        let site = Site::new().await;
        let clock = site.clock(false, 1).await;
        assert_eq!(clock.now(), site.real.now());
        clock.move_to(instant("2027-03-01T09:00:00Z"), command(2)).await.unwrap();
        assert_eq!(clock.now(), instant("2027-03-01T09:00:00.5Z"));
        site.real.advance(TimeDelta::hours(1));
        let again = site.clock(false, 3).await;
        assert_eq!(again.now(), instant("2027-03-01T10:00:00.5Z"));
        assert_eq!(again.real_now(), site.real.now());
    }

    #[tokio::test]
    async fn b14_the_first_policy_of_a_demonstration_is_published_before_anybody_of_it_lives() {
        let folder = tempfile::tempdir().unwrap();
        let real = Arc::new(StandingClock::at(instant("2026-11-22T12:00:00Z")));
        let mut config = Config::for_testing(&folder.path().join("data"));
        config.demo.drawer = Some(folder.path().join("drawer"));
        let shown: Arc<StandingClock> = Arc::clone(&real);
        let parts = serve::parts(config, shown, Entropy::Seeded(Mutex::new(1))).await.unwrap();
        let published = stores::policy::history(parts.stores.log.as_ref()).await.unwrap();
        let at: Vec<_> = published.iter().map(|version| version.at).collect();
        assert_eq!(at, [life_begins(real.now())]);
        assert_eq!(parts.clock.now(), life_begins(real.now()));
    }

    #[tokio::test]
    async fn it_never_goes_back() {
        let site = Site::new().await;
        let clock = site.clock(false, 1).await;
        clock.move_to(instant("2026-11-22T11:00:00Z"), command(2)).await.unwrap();
        assert_eq!(clock.now(), site.real.now());
    }

    #[tokio::test]
    async fn a_new_demonstration_begins_more_than_a_passcodes_life_ago_and_once_only() {
        let site = Site::new().await;
        let clock = site.clock(true, 1).await;
        assert_eq!(clock.now(), life_begins(site.real.now()));
        clock.move_to(site.real.now(), command(2)).await.unwrap();
        assert_eq!(site.clock(true, 3).await.now(), site.real.now());
    }
}
