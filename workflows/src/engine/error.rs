//! What can go wrong in the engine as a whole; what goes wrong for one holder or one mail is kept
//! in its row and tried again.

use stores::{
    database::MadeError,
    event_store::{AppendError, NotAStreamName, StoreError},
};

/// Why the engine was not opened, did not follow, or did not tick.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Its own database failed.
    #[error("the workflow engine's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Its database was not opened, or a rebuilt one did not take its place.
    #[error("the workflow engine's database cannot be used: {0}")]
    Made(#[from] MadeError),
    /// The log failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The versions of the policy in the log cannot be read.
    #[error(transparent)]
    Policy(#[from] stores::policy::PolicyError),
    /// The log did not take a record of the engine's own.
    #[error("the log did not take a record: {0}")]
    Append(#[from] AppendError),
    /// A name of a stream of the engine's own is none.
    #[error(transparent)]
    Name(#[from] NotAStreamName),
    /// Another process works by a version of the policy that this one has not read yet.
    #[error("another process works by a newer version of the policy")]
    OldPolicy,
    /// What is in a row cannot be: the file can be deleted and rebuilt.
    #[error("the workflow engine's database holds what it cannot hold: {0}")]
    Broken(&'static str),
}

impl EngineError {
    /// True if trying again may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Database(_) | Self::Store(_) | Self::Append(_) | Self::OldPolicy => true,
            Self::Made(_) | Self::Name(_) | Self::Policy(_) | Self::Broken(_) => false,
        }
    }
}
