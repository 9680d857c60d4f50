//! The journal of one card write, on the stream `cardwrite-<job>`: written before the card is.
//!
//! What was pending, and what became of it: for the auditor, and for an engine that rebuilds jobs
//! from the log. Nothing reads it today. A write is settled by the job's row, which is as durable
//! and stays until then.

use domain::ids::{CardSerial, CommandId, HolderId, SecretRef};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalEvent {
    /// The new passcode's tag is pending; from here on the card may change.
    CardWritePrepared {
        /// Whose card.
        holder: HolderId,
        /// Which card.
        card: CardSerial,
        /// The command that the write completes.
        command: CommandId,
        /// The pending tag.
        secret: SecretRef,
    },
    /// Read back: the new passcode is on the card.
    CardWriteConfirmed {},
    /// The old passcode is on the card; nothing was changed.
    CardWriteAbandoned {},
    /// The link was lost in between.
    CardWriteUnknown {},
}

impl JournalEvent {
    /// The event's type.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CardWritePrepared { .. } => "CardWritePrepared",
            Self::CardWriteConfirmed {} => "CardWriteConfirmed",
            Self::CardWriteAbandoned {} => "CardWriteAbandoned",
            Self::CardWriteUnknown {} => "CardWriteUnknown",
        }
    }

    /// The event's data, without its type.
    #[must_use]
    pub fn data(&self) -> serde_json::Value {
        match self {
            Self::CardWritePrepared { holder, card, command, secret } => serde_json::json!({
                "holder": holder, "card": card, "command": command, "secret": secret,
            }),
            Self::CardWriteConfirmed {}
            | Self::CardWriteAbandoned {}
            | Self::CardWriteUnknown {} => {
                serde_json::json!({})
            }
        }
    }
}
