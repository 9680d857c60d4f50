//! What an operator does about a clock that was kept out: looks, and accepts.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::ids::{CommandId, EventId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use stores::{
    event_store::{EventStore, Expected, NewEvent, StreamName, canonical},
    log,
};
use workflows::engine::AcceptError;

use super::{AcceptedClock, Standing};
use crate::app::App;

/// The stream of everything that operators have accepted.
const STREAM: &str = "clock-server";

/// The operator has accepted what the wall clock showed. Recorded at `from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockAccepted {
    /// Our time until then.
    pub from: DateTime<Utc>,
    /// The wall's, which is ours from then on.
    pub to: DateTime<Utc>,
}

impl ClockAccepted {
    /// The event's type.
    pub const KIND: &'static str = "ClockAccepted";
}

/// At the start: time does not begin before the log's last instant. Where that was the operator's
/// word, it begins there: a stream's own time never goes back (B-09), the server's may.
///
/// # Errors
/// If the log cannot be read.
pub async fn start(clock: &AcceptedClock, log: &dyn EventStore) -> anyhow::Result<()> {
    let Some(last) = log::last(log).await? else { return Ok(()) };
    if last.stream.as_str() == STREAM && last.kind == ClockAccepted::KIND {
        let accepted: ClockAccepted = serde_json::from_slice(&last.data)?;
        clock.start_at_or_after(accepted.to);
    } else {
        clock.start_at_or_after(last.at);
    }
    Ok(())
}

/// How our time and the wall's stand to each other.
///
/// # Errors
/// If this server's clock follows no wall.
pub fn status(app: &App) -> anyhow::Result<Standing> {
    Ok(guard(app)?.standing())
}

/// Accepts the wall's time if it was kept out: recorded first, then taken over. How things stood
/// before; `alarm` says whether there was anything to accept. The one place of `clock accept`:
/// whatever else waits for the operator's word on time (the workflows' breaker) is released here,
/// after the wall, and whether or not the wall was kept out.
///
/// # Errors
/// If this server's clock follows no wall, or the log fails: then nothing was accepted.
pub async fn accept(app: &App) -> anyhow::Result<Standing> {
    let guard = guard(app)?;
    let before = guard.standing();
    if before.alarm {
        let event = ClockAccepted { from: before.now, to: before.wall };
        record(app, &event).await.context("nothing was accepted")?;
        guard.accept(before.wall);
        tracing::warn!(from = %event.from, to = %event.to, "the operator accepted the clock");
    }
    match app.engine().accept(app.now()).await {
        Ok(effects) => tracing::warn!(?effects, "the operator lets the workflow engine go on"),
        Err(AcceptError::NotStopped) => {}
        Err(AcceptError::Failed(error)) => {
            return Err(error).context("the workflow engine does not go on");
        }
    }
    Ok(before)
}

async fn record(app: &App, event: &ClockAccepted) -> anyhow::Result<()> {
    let command = CommandId(app.entropy().uuid(event.to));
    let meta = json!({
        "$correlationId": command,
        "$causationId": command,
        "actor": { "by": "operator" },
        "policy": app.policy().version,
        "rules": ["B-09"],
    });
    let event = NewEvent {
        id: EventId::derive(command, 0),
        kind: ClockAccepted::KIND.to_owned(),
        schema: 1,
        data: canonical(event)?,
        meta: canonical(&meta)?,
    };
    let (stream, now) = (STREAM.parse::<StreamName>()?, app.now());
    app.stores().log.append(&stream, Expected::Any, vec![event], now).await?;
    Ok(())
}

fn guard(app: &App) -> anyhow::Result<&AcceptedClock> {
    app.clock().accepted().context("this server's clock follows no wall clock")
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use chrono::TimeDelta;
    use futures::TryStreamExt as _;
    use serde_json::Value;
    use stores::event_store::{Recorded, Revision};

    use super::*;
    use crate::{
        clock::{
            Entropy,
            accepted::tests::{Clocks, noon},
        },
        commands::serve,
        config::{Config, Mode},
    };

    /// A server at noon, whose wall is turned then.
    async fn server(folder: &Path, turn: TimeDelta) -> App {
        let (clocks, ours) = Clocks::start();
        clocks.turn_wall(turn);
        let config = Config { mode: Mode::Production, ..Config::for_testing(folder) };
        serve::open(config, Arc::new(ours), Entropy::Seeded(0.into())).await.unwrap()
    }

    async fn recorded(app: &App) -> Vec<Recorded> {
        let stream = STREAM.parse().unwrap();
        app.stores().log.read_stream(&stream, Revision(0)).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn what_the_operator_accepts_is_recorded_once_and_time_goes_on_from_there() {
        for turn in [TimeDelta::hours(1), -TimeDelta::days(31)] {
            let folder = tempfile::tempdir().unwrap();
            let app = server(folder.path(), turn).await;
            assert!(status(&app).unwrap().alarm && app.now() == noon());
            assert!(accept(&app).await.unwrap().alarm);
            assert_eq!(app.now(), noon() + turn);
            assert!(!accept(&app).await.unwrap().alarm);
            let [event] = recorded(&app).await.try_into().unwrap();
            let data: ClockAccepted = serde_json::from_slice(&event.data).unwrap();
            assert_eq!(data, ClockAccepted { from: noon(), to: noon() + turn });
            assert_eq!((event.kind.as_str(), event.at), (ClockAccepted::KIND, noon()));
            let meta: Value = serde_json::from_slice(&event.meta).unwrap();
            assert_eq!(meta["actor"], json!({"by": "operator"}));
        }
    }

    #[tokio::test]
    async fn where_nothing_was_kept_out_nothing_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let app = server(folder.path(), TimeDelta::seconds(60)).await;
        assert!(!accept(&app).await.unwrap().alarm);
        assert_eq!(recorded(&app).await, []);
    }

    #[tokio::test]
    async fn b09_a_restart_with_a_wall_an_hour_behind_the_log_goes_on_from_the_log_until_accepted()
    {
        let folder = tempfile::tempdir().unwrap();
        let app = server(folder.path(), TimeDelta::hours(1)).await;
        accept(&app).await.unwrap();
        drop(app);
        let app = server(folder.path(), TimeDelta::zero()).await;
        let standing = status(&app).unwrap();
        assert!(standing.alarm && standing.now == noon() + TimeDelta::hours(1));
        accept(&app).await.unwrap();
        assert_eq!(app.now(), noon());
        drop(app);
        let app = server(folder.path(), TimeDelta::zero()).await;
        assert!(!status(&app).unwrap().alarm && app.now() == noon());
    }
}
