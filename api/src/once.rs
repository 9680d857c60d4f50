//! The same request is carried out once: a key that came with it is first bound to the whole of it and to
//! a command of our own, and only then the work begins. Two requests at the same moment, or one whose
//! answer was lost in a crash, so work under the same command and meet each other's rows, whose ids are
//! derived from it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::CommandId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stores::answer::Found;
use workflows::card_job::JOB_MINUTES;

use crate::app::App;

/// What a key stands for: kept under it before anything is done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Bound {
    /// What the work is done under.
    pub(crate) command: CommandId,
    /// When the first request came.
    at: DateTime<Utc>,
}

impl Bound {
    /// A command that is done for the first time.
    pub(crate) fn now(app: &App) -> Self {
        Self { command: app.entropy().command_id(app.now()), at: app.now() }
    }

    /// True if the ten minutes of a job that the first request may have started are over.
    pub(crate) fn is_over(&self, app: &App) -> bool {
        self.at + TimeDelta::minutes(JOB_MINUTES) <= app.now()
    }
}

/// Why something is not bound.
#[derive(Debug)]
pub(crate) enum NotBound {
    /// The key came with another request before.
    OtherRequest,
    /// We failed.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for NotBound {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Keeps something under an id, if nothing is yet. What is kept there: of two at the same moment both get
/// that of the first.
pub(crate) async fn first<T: Serialize + DeserializeOwned>(
    app: &App,
    id: CommandId,
    request: &[u8],
    ours: T,
) -> Result<T, NotBound> {
    if let Some(there) = kept(app, id, request).await? {
        return Ok(there);
    }
    app.stores().answers.keep(id, request, &serde_json::to_vec(&ours)?, app.now()).await?;
    Ok(kept(app, id, request).await?.unwrap_or(ours))
}

/// What is kept under an id for this very request.
pub(crate) async fn kept<T: DeserializeOwned>(
    app: &App,
    id: CommandId,
    request: &[u8],
) -> Result<Option<T>, NotBound> {
    match app.stores().answers.find(id, request, app.now()).await? {
        Found::Nothing => Ok(None),
        Found::Answer(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Found::OtherRequest => Err(NotBound::OtherRequest),
    }
}
