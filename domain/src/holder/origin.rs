//! By which act a passcode was set.

use serde::{Deserialize, Serialize};

/// By which act a passcode was set (B-25: all count alike).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// P-03: when the person was registered.
    Registration,
    /// The holder's own change.
    Change,
    /// U-12: the end of an unlock.
    Unlock,
    /// B-61: with another card.
    Replacement,
}
