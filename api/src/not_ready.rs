//! What fails only for a moment: whoever asks is told to come back, in portal and API alike.

use projections::Behind;
use stores::vault::VaultError;

/// Seconds after which somebody whom we were not ready for may ask again.
pub const RETRY_AFTER_SECS: u64 = 5;

/// True if the same request is likely to succeed in a few seconds: what is shown is behind what is
/// true, or too many passcodes are being checked.
#[must_use]
pub fn is(error: &anyhow::Error) -> bool {
    error.is::<Behind>() || matches!(error.downcast_ref(), Some(VaultError::Busy))
}
