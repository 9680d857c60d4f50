//! What can go wrong between the log and the page.

use stores::{
    database::MadeError,
    event_store::{Position, StoreError, StreamName},
};

/// Why the projections were not opened, followed, rebuilt or read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// This build cannot read an event. Nothing after it was applied; a build that can read it
    /// goes on from there.
    #[error("the projections stop before {position:?}, {kind} of {stream}: {source}")]
    Unreadable {
        /// Where.
        position: Position,
        /// In which stream.
        stream: StreamName,
        /// The event's type.
        kind: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Their own database failed.
    #[error("the projections' database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Their database was not opened, or a rebuilt one did not take its place.
    #[error("the projections' database cannot be used: {0}")]
    Made(#[from] MadeError),
    /// The log failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProjectionError {
    /// True if trying again may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Database(_) | Self::Store(_) => true,
            Self::Unreadable { .. } | Self::Made(_) => false,
        }
    }
}

/// The projections did not get far enough in the time given. What they show is true, but older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is shown is older than {wanted:?}: it is of {reached:?}")]
pub struct Behind {
    /// The position asked for.
    pub wanted: Position,
    /// The position they are at.
    pub reached: Position,
}
