//! From when time goes on at a start, and what an operator does about a wall clock that was kept
//! out: looks, and accepts.

use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{CommandId, EventId};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stores::{
    event_store::{EventStore, Expected, NewEvent, Revision, StreamName, canonical},
    log,
};
use workflows::engine::AcceptError;

use super::{AcceptedClock, DIFFERENCE_SECS_MAX, STOPPED_MAX, Standing, stamp};
use crate::{app::App, config::Mode};

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

/// At the start: time goes on from the later of what was kept last ([`keep`]) and what the log has
/// reached. A wall that is behind that, or more than [`STOPPED_MAX`] ahead, is kept out. Where
/// nothing was kept yet, however far ahead it is says nothing: a first start believes the wall.
///
/// # Errors
/// If log or file cannot be read, or the file not be written.
pub async fn start(
    clock: &AcceptedClock,
    log: &dyn EventStore,
    data_dir: &Path,
) -> anyhow::Result<()> {
    let kept = stamp::read(data_dir)?;
    if let Some(last) = kept.max(reached(log).await?) {
        clock.start_from(last, kept.map(|_| STOPPED_MAX));
    }
    stamp::write(data_dir, clock).context("our time is not kept")
}

/// The instant up to which the log says that our time has come; `None` if it is empty. A holder's
/// own time never goes back (B-09), the server's may: what is recorded at an instant that an
/// operator's word has left behind says nothing.
async fn reached(log: &dyn EventStore) -> anyhow::Result<Option<DateTime<Utc>>> {
    let Some(last) = log::last(log).await? else { return Ok(None) };
    let stream = STREAM.parse::<StreamName>()?;
    let mut events = log.read_stream(&stream, Revision(0));
    let mut reached = last.at;
    let mut left = None;
    while let Some(event) = events.try_next().await? {
        let accepted: ClockAccepted = serde_json::from_slice(&event.data)?;
        left = left.max(Some(accepted.from));
        // While it was accepted, others may have recorded something at the time before.
        let still_left = left.map(|left| left + TimeDelta::seconds(DIFFERENCE_SECS_MAX));
        let is_left = accepted.to < last.at && Some(last.at) <= still_left;
        reached = if is_left { accepted.to } else { last.at.max(accepted.to) };
    }
    Ok(Some(reached))
}

/// Keeps our time in the data folder, for the next start: to be called every [`super::LOOK_EVERY`].
///
/// # Errors
/// If it cannot be written.
pub async fn keep(app: &App) -> anyhow::Result<()> {
    if app.config().mode == Mode::Production && app.clock().accepted().is_some() {
        let app = app.clone();
        let write = move || stamp::write(&app.config().data_dir, app.clock());
        tokio::task::spawn_blocking(write).await?.context("our time is not kept")?;
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

/// The operator's one word on time. If the wall was kept out, it is accepted: recorded first, then
/// taken over. If it was not, and the breaker has stopped the workflow engine, that goes on. Never
/// both at once: what the engine would do at the wall's time he has not been shown yet. How things
/// stood before.
///
/// # Errors
/// If this server's clock follows no wall, or the log fails: then nothing was accepted. Also if the
/// engine would do more by now than the operator was shown.
pub async fn accept(app: &App) -> anyhow::Result<Standing> {
    let guard = guard(app)?;
    let before = guard.standing();
    if before.alarm {
        let event = ClockAccepted { from: before.now, to: before.wall };
        record(app, &event).await.context("nothing was accepted")?;
        guard.accept(before.wall);
        tracing::warn!(from = %event.from, to = %event.to, "the operator accepted the clock");
        if let Err(error) = keep(app).await {
            tracing::warn!(error = format!("{error:#}"), "the accepted time is kept later");
        }
        return Ok(before);
    }
    match app.engine().accept(app.now()).await {
        Ok(effects) => tracing::warn!(?effects, "the operator lets the workflow engine go on"),
        Err(AcceptError::NotStopped) => {}
        Err(error @ AcceptError::More(_)) => return Err(error.into()),
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
mod tests;
