//! The whole log as lines, with the logon checks between them by time: one page of each at a time in
//! memory, however many there are.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use domain::policy::Policies;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use stores::{
    event_store::{EventStore, Filter, Position, Recorded, StoreError},
    log,
    logon::{Logon, Logons},
};
use uuid::Uuid;

use crate::export;

/// Events in memory at the same time.
const EVENTS_MAX: usize = 256;

/// Where an export is: what was written of events and of logon checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The last event.
    pub event: Position,
    /// Logon checks from this instant on.
    pub logon_at: DateTime<Utc>,
    /// The last one of that instant; `None` if none of it was written.
    pub logon: Option<Uuid>,
}

/// Where an export ends: what comes later is for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The last event.
    pub event: Position,
    /// Logon checks until this instant.
    pub logon_at: DateTime<Utc>,
}

/// An export on its way.
pub struct Export {
    log: Arc<dyn EventStore>,
    logons: Logons,
    policies: Policies,
    cursor: Cursor,
    end: End,
    /// Read and not written yet.
    events: VecDeque<Recorded>,
    /// The last event that was read.
    read: Position,
    checks: VecDeque<Logon>,
    checks_end: bool,
}

/// Where an export begins that leaves out the events up to this one, and the logon checks before it.
///
/// # Errors
/// If the log cannot be read.
pub async fn begin(log: &dyn EventStore, after: Position) -> Result<Cursor, StoreError> {
    let from = if after == Position::START { None } else { log::at(log, after).await? };
    let logon_at = from.map_or(DateTime::<Utc>::UNIX_EPOCH, |event| event.at);
    Ok(Cursor { event: after, logon_at, logon: None })
}

/// Where an export ends that is begun now.
///
/// # Errors
/// If the log cannot be read.
pub async fn end(log: &dyn EventStore, now: DateTime<Utc>) -> Result<End, StoreError> {
    Ok(End { event: log.head().await?, logon_at: now })
}

impl Export {
    /// From here to there.
    #[must_use]
    pub fn new(
        log: Arc<dyn EventStore>,
        logons: Logons,
        policies: Policies,
        cursor: Cursor,
        end: End,
    ) -> Self {
        Self {
            log,
            logons,
            policies,
            cursor,
            end,
            events: VecDeque::new(),
            read: cursor.event,
            checks: VecDeque::new(),
            checks_end: false,
        }
    }

    /// The next line, its end included; `None` at the end.
    ///
    /// # Errors
    /// If something cannot be read.
    pub async fn next(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        self.read_events().await?;
        self.read_checks().await?;
        let is_check = match (self.events.front(), self.checks.front()) {
            (Some(event), Some(check)) => check.at < event.at,
            (None, Some(_)) => true,
            (Some(_) | None, None) => false,
        };
        if is_check && let Some(check) = self.checks.pop_front() {
            (self.cursor.logon_at, self.cursor.logon) = (check.at, Some(check.logon_id));
            return Ok(Some(export::logon_line(&check)?));
        }
        let Some(event) = self.events.pop_front() else { return Ok(None) };
        self.cursor.event = event.position;
        Ok(Some(export::line(&event, &self.policies)?))
    }

    /// How far it is: where another export goes on.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The lines as a stream.
    pub fn lines(self) -> impl Stream<Item = anyhow::Result<Vec<u8>>> + Send {
        stream::try_unfold(self, async |mut export| {
            Ok(export.next().await?.map(|line| (line, export)))
        })
    }

    async fn read_events(&mut self) -> anyhow::Result<()> {
        if !self.events.is_empty() || self.end.event <= self.read {
            return Ok(());
        }
        let page = self.log.read_all(self.read, Filter::All).take(EVENTS_MAX);
        let page: Vec<Recorded> = page.try_collect().await?;
        self.read = page.last().map_or(self.end.event, |last| last.position);
        self.events.extend(page.into_iter().filter(|event| event.position <= self.end.event));
        Ok(())
    }

    async fn read_checks(&mut self) -> anyhow::Result<()> {
        if !self.checks.is_empty() || self.checks_end {
            return Ok(());
        }
        let page = self.logons.since(self.cursor.logon_at, self.cursor.logon).await?;
        self.checks.extend(page.into_iter().filter(|check| check.at < self.end.logon_at));
        self.checks_end = self.checks.is_empty();
        Ok(())
    }
}
