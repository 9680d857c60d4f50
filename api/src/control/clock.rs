//! The operator's questions about the clock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
}

impl From<Standing> for Reply {
    fn from(Standing { now, wall, alarm }: Standing) -> Self {
        Self { now, wall, alarm }
    }
}

pub(super) async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    let standing = match question {
        Question::Status => acceptance::status(app)?,
        Question::Accept => acceptance::accept(app).await?,
    };
    Ok(standing.into())
}
