//! Starts of an unlock without proof that the card is there (U-06): they are nobody's events, because
//! nobody knows whose card it was; they are counted for each agent and minute, and once the minute is
//! over the count is an event of the stream `attempt-<day>`.
//!
//! A start is counted when an agent claims it, and taken back when its card has signed. Who takes
//! longer than that until the minute is written down is among the unproven, and has his own event
//! beside it.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use domain::ids::{CommandId, EventId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stores::{
    agent::AgentId,
    event_store::{AppendError, Expected},
    limit::Tally,
};
use uuid::Uuid;

use crate::{app::App, execute::Cause};

/// The event's type.
pub const KIND: &str = "UnprovenStarts";

/// What is counted, before the agent's id.
const SUBJECT: &str = "unproven-start ";

/// How long after its beginning a minute is written down, in minutes: its starts are proved by then,
/// or will not be.
const WRITTEN_AFTER_MINUTES: i64 = 2;

/// Counts that one round of housekeeping writes down.
const TALLIES_MAX: u32 = 1_000;

/// So many starts of one agent and minute were not proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnprovenStarts {
    /// The agent, as its client certificate says.
    pub agent: Uuid,
    /// Its workstation, as it says; empty if it is gone.
    pub workstation: String,
    /// The minute's first instant.
    pub minute: DateTime<Utc>,
    /// How many.
    pub count: u32,
}

/// An agent has begun an unlock; nothing is known of the card.
pub(crate) async fn started(app: &App, agent: AgentId) -> anyhow::Result<()> {
    app.stores().limits.take(&subject(agent), minute(app.now())?, u32::MAX).await?;
    Ok(())
}

/// The card of one of the agent's starts has shown that it is there.
pub(crate) async fn proved(app: &App, agent: AgentId) -> anyhow::Result<()> {
    let since = minute(app.now())? - TimeDelta::minutes(WRITTEN_AFTER_MINUTES - 1);
    app.stores().limits.give_back(&subject(agent), since).await?;
    Ok(())
}

/// Writes down the minutes that are over. Idempotent: the event's id follows from agent and minute.
///
/// # Errors
/// If the store fails; the next round starts over.
pub async fn record(app: &App) -> anyhow::Result<u64> {
    let before = minute(app.now())? - TimeDelta::minutes(WRITTEN_AFTER_MINUTES - 1);
    let limits = &app.stores().limits;
    let tallies = limits.tallies(SUBJECT, before, TALLIES_MAX).await?;
    for tally in &tallies {
        note(app, tally).await?;
        limits.forget(tally).await?;
    }
    Ok(u64::try_from(tallies.len())?)
}

async fn note(app: &App, tally: &Tally) -> anyhow::Result<()> {
    let Some(agent) = tally.subject.strip_prefix(SUBJECT).and_then(|id| id.parse().ok()) else {
        return Ok(());
    };
    if tally.n_taken == 0 {
        return Ok(());
    }
    let known = app.agents().agent(AgentId(agent)).await?;
    let counted = UnprovenStarts {
        agent,
        workstation: known.map_or_else(String::new, |seen| seen.workstation),
        minute: tally.window_start,
        count: tally.n_taken,
    };
    let command = command(&counted);
    if app.stores().log.contains(EventId::derive(command, 0)).await? {
        return Ok(());
    }
    let stream = format!("attempt-{}", counted.minute.format("%Y%m%d")).parse()?;
    match app.note(&stream, Expected::Any, Cause::first(command), KIND, &counted).await {
        Ok(_) | Err(AppendError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Follows from agent and minute.
fn command(counted: &UnprovenStarts) -> CommandId {
    let digest = Sha256::new()
        .chain_update(SUBJECT)
        .chain_update(counted.agent.as_bytes())
        .chain_update(counted.minute.timestamp().to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    CommandId(Uuid::new_v8(bytes))
}

fn subject(agent: AgentId) -> String {
    format!("{SUBJECT}{}", agent.0)
}

fn minute(at: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
    Ok(at.duration_trunc(TimeDelta::minutes(1))?)
}
