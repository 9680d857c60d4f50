//! How a smartcard passcode is stretched before the POPRF, so that a guess costs 46 MiB.
//!
//! The agent does it with every passcode that is typed. The server does it with the other values
//! that it holds in plain at that moment, to see whether one of them is the same (B-27).

use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

/// What is added before the holder's id to make the salt, so that this stretch is good for nothing
/// else.
const LABEL: &[u8] = b"latchkey/v1 smartcard-passcode";

/// Memory in KiB (46 MiB, OWASP's figure for one pass).
const MEMORY_KIB: u32 = 46 * 1024;

/// Passes.
const PASSES: u32 = 1;

/// Length of a stretched passcode in bytes.
pub const STRETCHED_BYTES: usize = 32;

/// Argon2 did not work: there was no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passcode could not be stretched")]
pub struct NotStretched;

/// Stretches a passcode's bytes, without padding, for this holder. Takes some ten milliseconds and
/// 46 MiB: not for an async task.
pub fn stretch(
    passcode: &[u8],
    holder: Uuid,
) -> Result<Zeroizing<[u8; STRETCHED_BYTES]>, NotStretched> {
    let salt = Sha256::new().chain_update(LABEL).chain_update(holder.as_bytes()).finalize();
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(STRETCHED_BYTES));
    let mut stretched = Zeroizing::new([0; STRETCHED_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| NotStretched)?)
        .hash_password_into(passcode, &salt, &mut *stretched)
        .map_err(|_| NotStretched)?;
    Ok(stretched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_holder_or_another_passcode_gives_another_value() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let stretched = stretch(b"123456", one).unwrap();
        assert_eq!(*stretched, *stretch(b"123456", one).unwrap());
        assert_ne!(*stretched, *stretch(b"123456", other).unwrap());
        assert_ne!(*stretched, *stretch(b"1234567", one).unwrap());
    }
}
