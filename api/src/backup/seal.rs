//! The keys of a backup, encrypted to whoever may restore it (HPKE, RFC 9180, base mode;
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305).
//!
//! The server and its nightly backup know the public half only: who has taken both the machine and its
//! backups, but not the recovery key, has no keys of the past that the machine has no longer.

use std::{convert::Infallible, fmt, str::FromStr};

use hpke::{
    Deserializable as _, HpkeError, Kem as _, OpModeR, OpModeS, Serializable as _,
    aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open,
    single_shot_seal_with_rng,
};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::clock::Entropy;

/// What is encrypted here and nowhere else.
const INFO: &[u8] = b"latchkey/v1 backup keys";

/// Length of a public key, a private key, and an encapsulated one, in bytes (RFC 9180, 7.1).
const KEY_BYTES: usize = 32;

/// The public half of a recovery key. Nothing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; KEY_BYTES]);

/// Not the public half of a recovery key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a recovery key's public half is 64 hexadecimal digits, as `latchkey keys recovery` prints it"
)]
pub struct NotARecipient;

/// The keys were not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The public half is none.
    #[error("this is not the public half of a recovery key")]
    Recipient(#[source] HpkeError),
    /// Another recovery key, or the file was changed.
    #[error("this recovery key does not open the keys of this backup, or they were changed")]
    NotOpened(#[source] HpkeError),
    /// The file is too short.
    #[error("the sealed keys are not whole")]
    Torn,
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Recipient {
    type Err = NotARecipient;

    fn from_str(text: &str) -> Result<Self, NotARecipient> {
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(text, &mut key).map_err(|_| NotARecipient)?;
        Ok(Self(key))
    }
}

/// What opens the keys of backups. Nothing in `Debug`, wiped when dropped.
pub struct RecoveryKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RecoveryKey(…)")
    }
}

impl RecoveryKey {
    /// A new one.
    #[must_use]
    pub fn draw(entropy: &Entropy) -> Self {
        Self(Zeroizing::new(entropy.bytes()))
    }

    /// As it is written down: 64 hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.0))
    }

    /// The key that was written down so; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text.trim_end(), &mut *key).ok()?;
        Some(Self(key))
    }

    /// What backups are sealed to.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        let (_, public) = X25519HkdfSha256::derive_keypair(&*self.0);
        Recipient(public.to_bytes().into())
    }

    /// Opens what [`seal`] has made for this key and this `context`.
    ///
    /// # Errors
    /// If it was made for another, or changed since.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (private, _) = X25519HkdfSha256::derive_keypair(&*self.0);
        let (encapsulated, ciphertext) =
            sealed.split_at_checked(KEY_BYTES).ok_or(SealError::Torn)?;
        let encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(SealError::NotOpened)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private,
            &encapsulated,
            INFO,
            ciphertext,
            context,
        )
        .map(Zeroizing::new)
        .map_err(SealError::NotOpened)
    }
}

/// Seals the keys to a recovery key, bound to `context`: what the backup says of itself.
///
/// # Errors
/// If that is no public key.
pub fn seal(
    to: Recipient,
    keys: &[u8],
    context: &[u8],
    entropy: &Entropy,
) -> Result<Vec<u8>, SealError> {
    let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&to.0)
        .map_err(SealError::Recipient)?;
    let (encapsulated, ciphertext) =
        single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to,
            INFO,
            keys,
            context,
            &mut Draws(entropy),
        )
        .map_err(SealError::Recipient)?;
    let mut sealed = encapsulated.to_bytes().to_vec();
    sealed.extend(ciphertext);
    Ok(sealed)
}

/// The program's one source of randomness, as `hpke` asks for it.
struct Draws<'a>(&'a Entropy);

impl TryRng for Draws<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Draws<'_> {}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn entropy(seed: u64) -> Entropy {
        Entropy::Seeded(Mutex::new(seed))
    }

    #[test]
    fn only_the_recovery_key_opens_what_was_sealed_to_it_and_only_for_the_same_backup() {
        let (ours, other) = (RecoveryKey::draw(&entropy(1)), RecoveryKey::draw(&entropy(9)));
        let sealed = seal(ours.recipient(), b"keys", b"backup 1", &entropy(20)).unwrap();
        assert_eq!(&**ours.open(&sealed, b"backup 1").unwrap(), b"keys");
        assert!(matches!(other.open(&sealed, b"backup 1"), Err(SealError::NotOpened(_))));
        assert!(matches!(ours.open(&sealed, b"backup 2"), Err(SealError::NotOpened(_))));
        for at in [0, 40, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(ours.open(&changed, b"backup 1").is_err(), "{at}");
        }
        assert!(matches!(ours.open(&sealed[..31], b"backup 1"), Err(SealError::Torn)));
    }

    #[test]
    fn a_recovery_key_is_written_down_and_read_again_and_never_shown() {
        let key = RecoveryKey::draw(&entropy(1));
        let again = RecoveryKey::parse(&format!("{}\n", *key.to_text())).unwrap();
        assert_eq!(again.recipient(), key.recipient());
        assert_eq!(key.recipient().to_string().parse(), Ok(key.recipient()));
        assert!(RecoveryKey::parse("00").is_none() && "00".parse::<Recipient>().is_err());
        assert!(!format!("{key:?}").contains(&key.to_text()[..8]));
    }
}
