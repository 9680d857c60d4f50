//! The only place of the agent where randomness comes from. Everything else takes it as an
//! argument, so that a test can say what it is.

use rand_core_06::{CryptoRng, Error, RngCore};

/// Random numbers that are fit for keys, challenges and blinds.
pub trait Random: RngCore + CryptoRng {}

impl<R: RngCore + CryptoRng> Random for R {}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entropy;

impl RngCore for Entropy {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    #[expect(clippy::disallowed_methods, reason = "the agent's one source of randomness")]
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        // Without random bytes nothing here is safe to do, and nobody could be told more.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Entropy {}
