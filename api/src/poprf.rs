//! The server's side of the POPRF (RFC 9497 §3.3.3, Ristretto255) behind the smartcard passcodes'
//! history: it evaluates what it cannot see.
//!
//! The agent stretches and blinds a passcode; this side multiplies with its key, bound to the
//! public input (holder, purpose, key version), and proves that it used the key it published. Whether
//! an evaluation is allowed, and how often, is decided by the job that asks for it.

use std::fmt;

use rand_core_06::{CryptoRng, RngCore};
use voprf::{BlindedElement, PoprfServer, Ristretto255};
use zeroize::Zeroizing;

use crate::keystore::{KeyName, Keystore, VersionedKey};

/// What separates this key from any other derived from the same seed (RFC 9497 §3.2.1, `info`).
const KEY_INFO: &[u8] = b"latchkey/v1 smartcard-passcode-history";

/// Length of a blinded or evaluated element and of the public key in bytes (RFC 9497 §4.1).
pub const ELEMENT_BYTES: usize = 32;

/// Length of a tag in bytes: the output of SHA-512.
pub const TAG_BYTES: usize = 64;

/// Why the POPRF gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoprfError {
    /// Not an element of the group, or the identity.
    #[error("this is not a blinded element")]
    NotAnElement,
    /// A public or private input of more than 65,535 bytes, or one that the protocol cannot take.
    #[error("the POPRF does not take this input")]
    Input,
    /// No key comes of this seed. Practically never.
    #[error("no POPRF key comes of this seed")]
    Seed,
}

/// The server's key of the POPRF. Not shown by `Debug`, wiped when dropped.
pub struct Poprf {
    version: u32,
    server: PoprfServer<Ristretto255>,
}

impl fmt::Debug for Poprf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Poprf(version {}, …)", self.version)
    }
}

impl Poprf {
    /// The key derived from the keystore's current seed.
    pub fn current(keystore: &Keystore) -> Result<Self, PoprfError> {
        Self::of(keystore.current(KeyName::Poprf).ok_or(PoprfError::Seed)?)
    }

    /// The key derived from this seed (RFC 9497 §3.2.1, `DeriveKeyPair`).
    pub fn of(seed: &VersionedKey) -> Result<Self, PoprfError> {
        let server =
            PoprfServer::new_from_seed(&*seed.key, KEY_INFO).map_err(|_| PoprfError::Seed)?;
        Ok(Self { version: seed.version, server })
    }

    /// Which version of the key this is: part of the public input.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The public key that evaluations are proved against, [`ELEMENT_BYTES`].
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.server.get_public_key().compress().to_bytes().to_vec()
    }

    /// Evaluates `blinded` under the public input `info`: the element, and the proof that
    /// [`Poprf::public_key`] was used.
    pub fn evaluate<R: RngCore + CryptoRng>(
        &self,
        info: &[u8],
        blinded: &[u8],
        entropy: &mut R,
    ) -> Result<(Vec<u8>, Vec<u8>), PoprfError> {
        if blinded.len() != ELEMENT_BYTES {
            return Err(PoprfError::NotAnElement);
        }
        let blinded = BlindedElement::deserialize(blinded).map_err(|_| PoprfError::NotAnElement)?;
        let evaluated = self
            .server
            .blind_evaluate(entropy, &blinded, Some(info))
            .map_err(|_| PoprfError::Input)?;
        Ok((evaluated.message.serialize().to_vec(), evaluated.proof.serialize().to_vec()))
    }

    /// The tag of a value that the server holds in plain at this moment (B-27): the same that the
    /// agent gets for it. [`TAG_BYTES`], wiped when dropped; never stored.
    pub fn tag_of(&self, info: &[u8], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, PoprfError> {
        let tag = self.server.evaluate(input, Some(info)).map_err(|_| PoprfError::Input)?;
        Ok(Zeroizing::new(tag.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use voprf::{EvaluationElement, Group as _, PoprfClient, Proof};

    use super::*;

    const INPUT: &[u8] = b"a stretched passcode";

    /// A generator that counts: predictable, and the older `rand_core`'s.
    struct Counting(u8);

    impl RngCore for Counting {
        fn next_u32(&mut self) -> u32 {
            rand_core_06::impls::next_u32_via_fill(self)
        }

        fn next_u64(&mut self) -> u64 {
            rand_core_06::impls::next_u64_via_fill(self)
        }

        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                self.0 = self.0.wrapping_mul(5).wrapping_add(1);
                *byte = self.0;
            }
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
            self.fill_bytes(bytes);
            Ok(())
        }
    }

    impl CryptoRng for Counting {}

    fn poprf(seed: u8) -> Poprf {
        Poprf::of(&VersionedKey { version: 1, key: Zeroizing::new([seed; 32]) }).unwrap()
    }

    /// What an agent does: blind, ask, check the proof against `public_key`, finish.
    fn tag(asked: &Poprf, info: &[u8], expected: &Poprf) -> Result<Vec<u8>, voprf::Error> {
        let blinding = PoprfClient::<Ristretto255>::blind(INPUT, &mut Counting(1))?;
        let blinded = blinding.message.serialize();
        let (element, proof) = asked.evaluate(info, &blinded, &mut Counting(2)).unwrap();
        let element = EvaluationElement::deserialize(&element)?;
        let proof = Proof::deserialize(&proof)?;
        let public_key = Ristretto255::deserialize_elem(&expected.public_key())?;
        let tag = blinding.state.finalize(INPUT, &element, &proof, public_key, Some(info))?;
        Ok(tag.to_vec())
    }

    #[test]
    fn p22_the_agent_gets_the_same_tag_every_time_and_b27_so_does_the_server_by_itself() {
        let first = tag(&poprf(1), b"holder 1", &poprf(1)).unwrap();
        assert_eq!(first, tag(&poprf(1), b"holder 1", &poprf(1)).unwrap());
        assert_eq!(first, *poprf(1).tag_of(b"holder 1", INPUT).unwrap());
        assert_eq!(first.len(), TAG_BYTES);
    }

    #[test]
    fn another_holder_another_key_or_another_passcode_is_another_tag() {
        let tag = |seed, info, input| poprf(seed).tag_of(info, input).unwrap();
        let first = tag(1, b"holder 1", INPUT);
        assert_ne!(first, tag(1, b"holder 2", INPUT));
        assert_ne!(first, tag(2, b"holder 1", INPUT));
        assert_ne!(first, tag(1, b"holder 1", b"another passcode"));
    }

    #[test]
    fn an_agent_notices_a_server_that_used_another_key() {
        let outcome = tag(&poprf(2), b"holder 1", &poprf(1));
        assert_eq!(outcome, Err(voprf::Error::ProofVerification));
    }

    #[test]
    fn what_is_no_element_is_refused() {
        let evaluate = |blinded: &[u8]| poprf(1).evaluate(b"holder", blinded, &mut Counting(1));
        let blinding = PoprfClient::<Ristretto255>::blind(INPUT, &mut Counting(1)).unwrap();
        let good = blinding.message.serialize();
        assert!(evaluate(&good).is_ok());
        let mut longer = good.to_vec();
        longer.push(0);
        // All zeros is the identity of the group.
        for bad in [&[][..], &good[..31], &longer, &[0xFF; 32], &[0; 32]] {
            assert_eq!(evaluate(bad), Err(PoprfError::NotAnElement));
        }
    }

    #[test]
    fn a_public_input_of_65535_bytes_is_taken_and_a_longer_one_is_not() {
        assert!(poprf(1).tag_of(&vec![0; 65_535], INPUT).is_ok());
        assert_eq!(poprf(1).tag_of(&vec![0; 65_536], INPUT), Err(PoprfError::Input));
    }

    #[test]
    fn the_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", poprf(1)), "Poprf(version 1, …)");
    }
}
