//! A card's PUK on its way from the server to the card: encrypted to a key that the agent made for
//! one job (HPKE, RFC 9180, base mode; DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305).
//!
//! The line between the two is TLS already. This is so that nothing that reads along on either side
//! of it (a trace, a proxy of the workstation, a queue) ever has a PUK, and so that a PUK that was
//! released for one job, card and step cannot be used for another.
//!
//! A PUK that has left the server has to be replaced, and at any moment of that the card may leave
//! its reader. So the server keeps two candidates until it has heard, and the agent asks the card:
//!
//! ```text
//! server   TakePuk ─► Find{first, second}                    TakePuk ─► Replace{from, to}
//!                          │          (only if the last          │
//!                          │          replacement was torn)      │
//! card                     └─► CHANGE x to x ─► PukFound         └─► CHANGE from to to ─► PukReplaced
//! ```

use std::convert::Infallible;

use hpke::{
    Deserializable as _, HpkeError, Kem as _, OpModeR, OpModeS, Serializable as _,
    aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open,
    single_shot_seal_with_rng,
};
use rand_core::{TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::{Bytes, JobId};

/// What is encrypted here and nowhere else.
const INFO: &[u8] = b"latchkey/v1 puk";

/// Length of an encapsulated key, and of a public key, in bytes (RFC 9180, 7.1).
const KEY_BYTES: usize = 32;

/// What an agent is to do with the card's PUK. Each is an encapsulated key and a ciphertext.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PukPlan {
    /// A replacement was torn: which of the two is on the card? CHANGE REFERENCE DATA from a
    /// candidate to itself says so and changes nothing. [`crate::Request::PukFound`] follows.
    Find {
        /// Counts the plans for this card; what is said of it names it.
        step: u32,
        /// To be tried first ([`PukPart::First`]).
        first: Bytes,
        /// To be tried if the first is wrong ([`PukPart::Second`]).
        second: Bytes,
    },
    /// Replace the PUK before it is used for anything else. [`crate::Request::PukReplaced`] follows.
    Replace {
        /// Counts the plans for this card; what is said of it names it.
        step: u32,
        /// What is on the card ([`PukPart::From`]).
        from: Bytes,
        /// What has to be on it ([`PukPart::To`]).
        to: Bytes,
    },
}

/// Which of the two candidates the card took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PukFound {
    /// The one that was to be tried first.
    First,
    /// Not that one; the other comes next. Said before it is tried, so that no later plan begins with
    /// the first again, whatever becomes of this one.
    NotFirst,
    /// The other.
    Second,
    /// None of the two.
    Neither,
}

/// Which part of a plan a ciphertext is: none can be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PukPart {
    /// Of [`PukPlan::Find`].
    First,
    /// Of [`PukPlan::Find`].
    Second,
    /// Of [`PukPlan::Replace`].
    From,
    /// Of [`PukPlan::Replace`].
    To,
}

impl PukPart {
    fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::From => "from",
            Self::To => "to",
        }
    }
}

/// What a PUK was released for. It cannot be opened as anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PukRelease<'a> {
    /// The job.
    pub job: JobId,
    /// Serial number of the card, upper-case hexadecimal.
    pub card: &'a str,
    /// The part of the plan.
    pub part: PukPart,
}

impl PukRelease<'_> {
    /// What is authenticated beside the PUK.
    fn bound(&self) -> Vec<u8> {
        format!("{}\n{}\n{}\n", self.job, self.card, self.part.word()).into_bytes()
    }
}

/// The key is none, or the ciphertext is not for this key, job, card and part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PUK could not be passed on")]
pub struct PukNotPassed;

impl From<HpkeError> for PukNotPassed {
    fn from(_: HpkeError) -> Self {
        Self
    }
}

/// Encrypts a PUK to the key that an agent has sent with [`crate::Request::TakePuk`].
///
/// `random` has to be fresh for each call: the key of the encryption follows from it.
///
/// # Errors
/// If what the agent has sent is no public key.
pub fn seal_puk(
    to: &Bytes,
    release: PukRelease<'_>,
    puk: &[u8],
    random: [u8; 32],
) -> Result<Bytes, PukNotPassed> {
    let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&to.0)?;
    let (encapsulated, ciphertext) =
        single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to,
            INFO,
            puk,
            &release.bound(),
            &mut Stream::new(random),
        )?;
    let mut sealed = encapsulated.to_bytes().to_vec();
    sealed.extend(ciphertext);
    Ok(Bytes(sealed))
}

/// The agent's private key for one job. Nothing in `Debug`, wiped when dropped.
pub struct PukKey {
    private: <X25519HkdfSha256 as hpke::Kem>::PrivateKey,
    public: Bytes,
}

impl PukKey {
    /// The key that follows from these random bytes (RFC 9180, 7.1.3).
    #[must_use]
    pub fn from_random(random: &Zeroizing<[u8; 32]>) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(&**random);
        Self { private, public: Bytes(public.to_bytes().to_vec()) }
    }

    /// What the server encrypts to.
    #[must_use]
    pub fn public(&self) -> &Bytes {
        &self.public
    }

    /// Decrypts what [`seal_puk`] has made for this key and this release.
    ///
    /// # Errors
    /// If it was made for another.
    pub fn open(
        &self,
        release: PukRelease<'_>,
        sealed: &Bytes,
    ) -> Result<Zeroizing<Vec<u8>>, PukNotPassed> {
        let (encapsulated, ciphertext) =
            sealed.0.split_at_checked(KEY_BYTES).ok_or(PukNotPassed)?;
        let encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated)?;
        let puk = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            INFO,
            ciphertext,
            &release.bound(),
        )?;
        Ok(Zeroizing::new(puk))
    }
}

impl std::fmt::Debug for PukKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PukKey(…)")
    }
}

/// Random bytes for one encryption, stretched from 32 that the caller has drawn: whoever calls has
/// the one source of randomness of his program, and this is none.
struct Stream {
    random: [u8; 32],
    block: u64,
}

impl Stream {
    fn new(random: [u8; 32]) -> Self {
        Self { random, block: 0 }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.random.zeroize();
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            let mut block: [u8; 32] = Sha256::new()
                .chain_update(self.random)
                .chain_update(self.block.to_be_bytes())
                .finalize()
                .into();
            part.copy_from_slice(&block[..part.len()]);
            block.zeroize();
            self.block += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Stream {}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobId = JobId(uuid::Uuid::from_u128(1));
    const RELEASE: PukRelease<'static> = PukRelease { job: JOB, card: "0A01", part: PukPart::From };

    fn key(seed: u8) -> PukKey {
        PukKey::from_random(&Zeroizing::new([seed; 32]))
    }

    #[test]
    fn a_puk_reaches_the_agent_that_asked_for_it() {
        let sealed = seal_puk(key(1).public(), RELEASE, b"12345678", [9; 32]).unwrap();
        assert_eq!(**key(1).open(RELEASE, &sealed).unwrap(), *b"12345678");
        assert!(!sealed.0.windows(8).any(|window| window == b"12345678"));
        let again = seal_puk(key(1).public(), RELEASE, b"12345678", [8; 32]).unwrap();
        assert_ne!(sealed, again);
    }

    #[test]
    fn a_puk_that_was_released_for_one_job_card_or_step_is_worth_nothing_for_another() {
        let sealed = seal_puk(key(1).public(), RELEASE, b"12345678", [9; 32]).unwrap();
        let others = [
            PukRelease { job: JobId(uuid::Uuid::from_u128(2)), ..RELEASE },
            PukRelease { card: "0A02", ..RELEASE },
            PukRelease { part: PukPart::To, ..RELEASE },
            PukRelease { part: PukPart::First, ..RELEASE },
            PukRelease { part: PukPart::Second, ..RELEASE },
        ];
        for other in others {
            assert_eq!(key(1).open(other, &sealed).err(), Some(PukNotPassed), "{other:?}");
        }
        assert_eq!(key(2).open(RELEASE, &sealed).err(), Some(PukNotPassed));
    }

    #[test]
    fn what_is_no_key_or_no_ciphertext_is_refused() {
        assert!(seal_puk(&Bytes(vec![1; 31]), RELEASE, b"12345678", [9; 32]).is_err());
        // A point of small order would make the shared secret known to everybody.
        assert!(seal_puk(&Bytes(vec![0; 32]), RELEASE, b"12345678", [9; 32]).is_err());
        for length in [0, 31, 32, 48, 55] {
            assert!(key(1).open(RELEASE, &Bytes(vec![7; length])).is_err(), "{length}");
        }
        let mut sealed = seal_puk(key(1).public(), RELEASE, b"12345678", [9; 32]).unwrap();
        *sealed.0.last_mut().unwrap() ^= 1;
        assert!(key(1).open(RELEASE, &sealed).is_err());
    }

    #[test]
    fn a_private_key_is_not_shown() {
        assert_eq!(format!("{:?}", key(1)), "PukKey(…)");
    }
}
