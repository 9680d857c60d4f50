//! Makes guessing slow (Argon2id) without letting a flood of guesses take the machine: two at a
//! time, a bounded number waiting, everybody else is told to come back.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::VaultError;

/// Passcodes stretched at the same time; each takes a core and 46 MiB.
pub const STRETCHES_AT_ONCE: usize = 2;

/// Checks that may wait for their turn; one more is refused as busy.
pub const STRETCHES_WAITING_MAX: usize = 32;

/// OWASP's figure for one pass (password storage cheat sheet): 46 MiB, t = 1, p = 1.
const MEMORY_KIB: u32 = 46 * 1024;
const PASSES: u32 = 1;
const LANES: u32 = 1;

/// The output in bytes.
pub(super) const STRETCHED_BYTES: usize = 32;

pub(super) type Stretched = Zeroizing<[u8; STRETCHED_BYTES]>;

#[derive(Clone)]
pub(super) struct Stretcher {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Stretcher {
    pub(super) fn new() -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(STRETCHES_AT_ONCE + STRETCHES_WAITING_MAX)),
            running: Arc::new(Semaphore::new(STRETCHES_AT_ONCE)),
        }
    }

    /// Stretches one value with each salt, one after another, in one turn.
    pub(super) async fn stretch(
        &self,
        value: &[u8],
        salts: Vec<[u8; 16]>,
    ) -> Result<Vec<Stretched>, VaultError> {
        self.stretch_each(salts.into_iter().map(|salt| (value, salt)).collect()).await
    }

    /// Stretches each value with its salt, one after another, in one turn.
    pub(super) async fn stretch_each(
        &self,
        values: Vec<(&[u8], [u8; 16])>,
    ) -> Result<Vec<Stretched>, VaultError> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| VaultError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(|_| VaultError::Busy)?;
        let values: Vec<_> =
            values.iter().map(|(value, salt)| (Zeroizing::new(value.to_vec()), *salt)).collect();
        let work = tokio::task::spawn_blocking(move || {
            // The places belong to the work, not to the caller, who may leave before it is done.
            let _places = (admitted, running);
            values.iter().map(|(value, salt)| stretched(value, salt)).collect()
        });
        work.await.map_err(|_| VaultError::Invalid("a passcode could not be stretched"))?
    }
}

fn stretched(value: &[u8], salt: &[u8; 16]) -> Result<Stretched, VaultError> {
    let refused = |_| VaultError::Invalid("a passcode could not be stretched");
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(STRETCHED_BYTES)).map_err(refused)?;
    let mut output = Stretched::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(value, salt, &mut *output)
        .map_err(refused)?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_stretch_is_argon2id_with_46_mib_in_one_pass() {
        // From the reference implementation (argon2-cffi: hash_secret_raw, type ID, version 19).
        let expected = "bd75888d0d61d4378801e28424e6008e9b5cb3bf0deac1f9438c3cf9ed70e101";
        let stretched = Stretcher::new().stretch(b"Abcd1234", vec![*b"0123456789abcdef"]).await;
        assert_eq!(hex::encode(*stretched.unwrap()[0]), expected);
    }

    #[tokio::test]
    async fn the_last_place_in_the_queue_is_given_and_one_more_is_refused_as_busy() {
        let stretcher = Stretcher::new();
        let places = u32::try_from(STRETCHES_AT_ONCE + STRETCHES_WAITING_MAX).unwrap();
        let all_but_one = stretcher.admitted.clone().try_acquire_many_owned(places - 1).unwrap();
        assert!(stretcher.stretch(b"Abcd1234", vec![[0; 16]]).await.is_ok());
        let last = stretcher.admitted.clone().try_acquire_owned().unwrap();
        let refused = stretcher.stretch(b"Abcd1234", vec![[0; 16]]).await;
        assert!(matches!(refused, Err(VaultError::Busy)));
        drop((all_but_one, last));
    }
}
