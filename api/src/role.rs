//! What a process of this service does: everything, or one of two halves of it.
//!
//! *Serve* is what people and other services talk to: portal and API. *Work* is what has the keys by
//! which cards are written: the agents' channel, the workflow engine, the cards' authority with what
//! relying parties ask of it, and the housekeeping. Any number of each can be over one PostgreSQL
//! database.

use crate::keystore::Opens;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    All,
    /// Portal and API.
    Serve,
    /// All the rest.
    Work,
}

impl Role {
    /// The command that starts it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Serve => "serve",
            Self::Work => "work",
        }
    }

    /// True if people and other services are answered.
    #[must_use]
    pub fn serves(self) -> bool {
        matches!(self, Self::All | Self::Serve)
    }

    /// True if cards are written, certificates signed, and what is due is done.
    #[must_use]
    pub fn works(self) -> bool {
        matches!(self, Self::All | Self::Work)
    }

    /// The keys it opens.
    #[must_use]
    pub fn opens(self) -> Opens {
        if self.works() { Opens::All } else { Opens::WithoutCards }
    }
}
