//! The card management key 9B: which algorithms, and the two block operations of its mutual
//! authentication.

use cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use zeroize::Zeroizing;

/// Algorithm of a management key (SP 800-78-5; 3DES only for cards as they leave the
/// factory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagementAlgorithm {
    /// Triple DES with three keys, 24 bytes.
    Tdes,
    /// AES-256, 32 bytes.
    Aes256,
}

impl ManagementAlgorithm {
    /// The algorithm identifier that stands in P1.
    #[must_use]
    pub fn identifier(self) -> u8 {
        match self {
            Self::Tdes => 0x03,
            Self::Aes256 => 0x0C,
        }
    }

    /// Length of a key in bytes.
    #[must_use]
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Tdes => 24,
            Self::Aes256 => 32,
        }
    }

    /// Length of a block, and so of witness and challenge, in bytes.
    #[must_use]
    pub fn block_bytes(self) -> usize {
        match self {
            Self::Tdes => 8,
            Self::Aes256 => 16,
        }
    }
}

/// A management key. Wiped when dropped, and nothing in `Debug`.
#[derive(Clone)]
pub struct ManagementKey {
    algorithm: ManagementAlgorithm,
    key: Zeroizing<Vec<u8>>,
}

impl ManagementKey {
    /// `None` if the length is not that of the algorithm.
    #[must_use]
    pub fn new(algorithm: ManagementAlgorithm, key: &[u8]) -> Option<Self> {
        (key.len() == algorithm.key_bytes())
            .then(|| Self { algorithm, key: Zeroizing::new(key.to_vec()) })
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> ManagementAlgorithm {
        self.algorithm
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.key
    }

    /// Encrypts one block. `None` if `block` is none.
    pub(crate) fn encrypt(&self, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self.algorithm {
            ManagementAlgorithm::Tdes => encrypt::<des::TdesEde3>(&self.key, block),
            ManagementAlgorithm::Aes256 => encrypt::<aes::Aes256>(&self.key, block),
        }
    }

    /// Decrypts one block. `None` if `block` is none.
    pub(crate) fn decrypt(&self, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self.algorithm {
            ManagementAlgorithm::Tdes => decrypt::<des::TdesEde3>(&self.key, block),
            ManagementAlgorithm::Aes256 => decrypt::<aes::Aes256>(&self.key, block),
        }
    }
}

impl std::fmt::Debug for ManagementKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ManagementKey({:?}, …)", self.algorithm)
    }
}

fn encrypt<C: KeyInit + BlockCipherEncrypt>(
    key: &[u8],
    block: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Array::<u8, <C as BlockSizeUser>::BlockSize>::try_from(block).ok()?;
    cipher.encrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

fn decrypt<C: KeyInit + BlockCipherDecrypt>(
    key: &[u8],
    block: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Array::<u8, <C as BlockSizeUser>::BlockSize>::try_from(block).ok()?;
    cipher.decrypt_block(&mut block);
    Some(Zeroizing::new(block.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_algorithms_agree_with_their_published_vectors() {
        // FIPS 197, appendix C.3; and 3DES with three equal keys is DES (the classic 4E6F77… vector).
        let aes_key: Vec<u8> = (0..32).collect();
        let aes = ManagementKey::new(ManagementAlgorithm::Aes256, &aes_key).unwrap();
        let plain = hex::decode("00112233445566778899aabbccddeeff").unwrap();
        let secret = aes.encrypt(&plain).unwrap();
        assert_eq!(hex::encode(&*secret), "8ea2b7ca516745bfeafc49904b496089");
        assert_eq!(aes.decrypt(&secret).unwrap()[..], plain[..]);

        let tdes_key = hex::decode("0123456789abcdef".repeat(3)).unwrap();
        let tdes = ManagementKey::new(ManagementAlgorithm::Tdes, &tdes_key).unwrap();
        let secret = tdes.encrypt(b"Now is t").unwrap();
        assert_eq!(hex::encode(&*secret), "3fa40e8a984d4815");
        assert_eq!(tdes.decrypt(&secret).unwrap()[..], b"Now is t"[..]);
    }

    #[test]
    fn a_key_or_block_of_another_length_is_not_taken() {
        assert!(ManagementKey::new(ManagementAlgorithm::Aes256, &[0; 31]).is_none());
        assert!(ManagementKey::new(ManagementAlgorithm::Tdes, &[0; 32]).is_none());
        let key = ManagementKey::new(ManagementAlgorithm::Aes256, &[0; 32]).unwrap();
        assert!(key.encrypt(&[0; 15]).is_none());
        assert!(key.decrypt(&[0; 17]).is_none());
    }
}
