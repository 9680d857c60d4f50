//! Stand-ins for tests: a card, a server and an authority that do the real arithmetic and are
//! otherwise as small as the tests allow. None of them is in the program.

pub(crate) mod authority;
pub(crate) mod card;
pub(crate) mod desk;
pub(crate) mod server;

/// Random numbers that are the same at every run.
pub(crate) struct Counting(pub(crate) u64);

impl rand_core_06::RngCore for Counting {
    fn next_u32(&mut self) -> u32 {
        rand_core_06::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core_06::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        use sha2::{Digest as _, Sha256};
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&Sha256::digest(self.0.to_be_bytes())[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for Counting {}
