//! What a log is for: the first event of every log says `demo` or `production`, and the other mode
//! refuses it.

use chrono::{DateTime, Utc};
use domain::ids::{CommandId, EventId};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};

use crate::event_store::{
    AppendError, EventStore, Expected, Filter, NewEvent, Position, Recorded, StoreError,
    StreamName, canonical,
};

/// The stream of the marker.
const STREAM: &str = "log-latchkey";

/// Type of the marker.
const OPENED: &str = "LogOpened";

/// What a log, and the process that opens it, is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Demo holders, virtual cards, time machine.
    Demo,
    /// People.
    Production,
}

/// As in the log: `demo`, `production`.
impl std::fmt::Display for Mode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Demo => "demo",
            Self::Production => "production",
        })
    }
}

/// Why a log is not for this process.
#[derive(Debug, thiserror::Error)]
pub enum OpenLogError {
    /// A demonstration never touches people's history, nor the other way round.
    #[error("this log was started for {log}; a {asked} process does not open it")]
    OtherMode {
        /// What the log says.
        log: Mode,
        /// What the process wants.
        asked: Mode,
    },
    /// It begins with another event.
    #[error("the first event of this log does not say what the log is for")]
    Unmarked,
    /// It cannot be read or written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize)]
struct Opened {
    mode: Mode,
}

/// Opens a log for one mode: writes the marker into an empty log, compares it otherwise. To be
/// called before anything else is appended. `command` is used if the log is empty.
pub async fn open_as(
    store: &dyn EventStore,
    mode: Mode,
    command: CommandId,
    now: DateTime<Utc>,
) -> Result<(), OpenLogError> {
    if let Some(first) = first(store).await? {
        return compare(&first, mode);
    }
    let marker = NewEvent {
        id: EventId::derive(command, 0),
        kind: OPENED.to_owned(),
        schema: 1,
        data: canonical(&Opened { mode })?,
        meta: canonical(&serde_json::json!({ "$correlationId": command }))?,
    };
    let stream: StreamName = STREAM.parse().map_err(|_| OpenLogError::Unmarked)?;
    match store.append(&stream, Expected::NoStream, vec![marker], now).await {
        // Also after a conflict: another process was first, and what it wrote counts.
        Ok(_) | Err(AppendError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let first = first(store).await?.ok_or(OpenLogError::Unmarked)?;
    compare(&first, mode)
}

/// The last event of a log; `None` if it is empty.
///
/// # Errors
/// If the log cannot be read.
pub async fn last(store: &dyn EventStore) -> Result<Option<Recorded>, StoreError> {
    at(store, store.head().await?).await
}

/// The event at this position, or the next one if there is none; `None` if it is beyond the last.
///
/// # Errors
/// If the log cannot be read.
pub async fn at(
    store: &dyn EventStore,
    position: Position,
) -> Result<Option<Recorded>, StoreError> {
    let before = Position(position.0.saturating_sub(1));
    store.read_all(before, Filter::All).next().await.transpose()
}

async fn first(store: &dyn EventStore) -> Result<Option<Recorded>, StoreError> {
    store.read_all(Position::START, Filter::All).next().await.transpose()
}

fn compare(first: &Recorded, asked: Mode) -> Result<(), OpenLogError> {
    if first.stream.as_str() != STREAM || first.kind != OPENED {
        return Err(OpenLogError::Unmarked);
    }
    let opened: Opened = serde_json::from_slice(&first.data).map_err(|_| OpenLogError::Unmarked)?;
    if opened.mode == asked {
        Ok(())
    } else {
        Err(OpenLogError::OtherMode { log: opened.mode, asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sqlite::Database,
        testing::{at, command, event},
    };

    #[tokio::test]
    async fn a_log_started_for_the_demo_opens_for_the_demo_and_not_for_production() {
        let log = Database::in_memory().await.unwrap().log();
        open_as(&log, Mode::Demo, command(1), at(0)).await.unwrap();
        open_as(&log, Mode::Demo, command(2), at(1)).await.unwrap();
        let refused = open_as(&log, Mode::Production, command(3), at(2)).await;
        assert!(matches!(
            refused,
            Err(OpenLogError::OtherMode { log: Mode::Demo, asked: Mode::Production })
        ));
        assert_eq!(log.head().await.unwrap(), Position(1));
        let first = first(&log).await.unwrap().unwrap();
        assert_eq!(first.data, br#"{"mode":"demo"}"#);
    }

    #[tokio::test]
    async fn the_last_event_of_a_log_is_the_one_that_was_appended_last() {
        let log = Database::in_memory().await.unwrap().log();
        assert_eq!(last(&log).await.unwrap(), None);
        let stream = "holder-1".parse().unwrap();
        for number in 1..=3 {
            let now = at(i64::try_from(number).unwrap());
            log.append(&stream, Expected::Any, vec![event(number, 0)], now).await.unwrap();
            assert_eq!(last(&log).await.unwrap().unwrap().at, now);
        }
    }

    #[tokio::test]
    async fn a_log_that_begins_with_something_else_opens_for_nobody() {
        let log = Database::in_memory().await.unwrap().log();
        let stream = "holder-1".parse().unwrap();
        log.append(&stream, Expected::NoStream, vec![event(1, 0)], at(0)).await.unwrap();
        let refused = open_as(&log, Mode::Demo, command(2), at(1)).await;
        assert!(matches!(refused, Err(OpenLogError::Unmarked)));
    }
}
