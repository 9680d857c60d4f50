//! The operator's questions about the clock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use workflows::engine::{Breaker, Effects};

use crate::{
    app::App,
    clock::{Standing, acceptance},
};

/// What an operator asks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How does our time stand to the wall's?
    Status,
    /// The wall's is right.
    Accept,
}

/// What he is answered: how things stood when he asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Reply {
    /// Our time.
    pub now: DateTime<Utc>,
    /// The wall's.
    pub wall: DateTime<Utc>,
    /// True if the wall's was kept out.
    pub alarm: bool,
    /// What the workflow engine would have done at once, and has not: it waits for the operator.
    pub stopped: Option<Effects>,
}

pub(super) async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    let stopped = match app.engine().breaker().await? {
        Breaker::Stopped { effects, .. } => Some(effects),
        Breaker::Closed | Breaker::Accepted { .. } => None,
    };
    let Standing { now, wall, alarm } = match question {
        Question::Status => acceptance::status(app)?,
        Question::Accept => acceptance::accept(app).await?,
    };
    Ok(Reply { now, wall, alarm, stopped })
}
