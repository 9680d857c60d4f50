//! Keys: which public ones may be certified, and the private ones an authority or a server holds.

use std::fmt;

use der::{
    Decode as _, Encode, Sequence,
    asn1::{AnyRef, BitStringRef, UintRef},
};
use p384::{ecdsa::SigningKey, pkcs8::EncodePrivateKey as _};
use rustls_pki_types::SignatureVerificationAlgorithm;
use spki::{
    AlgorithmIdentifierOwned, DecodePublicKey as _, EncodePublicKey as _, ObjectIdentifier,
    SubjectPublicKeyInfoRef,
};
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
};
use zeroize::Zeroizing;

/// Length of a private key in bytes: a scalar of the curve P-384.
pub const PRIVATE_KEY_BYTES: usize = 48;

/// Fewest bits of an RSA modulus (SP 800-78-5 table 1).
const RSA_BITS_MIN: usize = 2048;

/// Most bits of an RSA modulus: as much as the signature check takes.
const RSA_BITS_MAX: usize = 8192;

/// The one public exponent that cards use: 65537 (SP 800-78-5 §3.1), big-endian.
const RSA_EXPONENT: &[u8] = &[1, 0, 1];

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const ECDSA_WITH_SHA256: AlgorithmIdentifierOwned = AlgorithmIdentifierOwned {
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
    parameters: None,
};

/// Every combination of key and signature that a request may be signed with.
const SIGNATURES: [&dyn SignatureVerificationAlgorithm; 7] = [
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
];

/// A key that is none, or none that a certificate may be issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// Not the DER encoding of a key, or more than that.
    #[error("this is not the encoding of a key")]
    Malformed,
    /// Neither P-256, nor P-384, nor RSA.
    #[error("the kind of key is not allowed: P-256, P-384 or RSA with 2048 bits or more")]
    Kind,
    /// An RSA key below 2048 or above 8192 bits, or with another exponent than 65537.
    #[error("the RSA key is not allowed: 2048 to 8192 bits, exponent 65537")]
    Rsa,
    /// A point that is not on its curve, or a number that is no private key of it.
    #[error("the key does not lie on its curve")]
    Curve,
}

/// A public key that a certificate may be issued for: P-256, P-384, or RSA with 2048 bits or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki: Vec<u8>,
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// Takes a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) and checks the key in it.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyRefused> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyRefused::Malformed)?;
        if spki.algorithm.oid == RSA {
            check_rsa(spki.subject_public_key)?;
        } else if spki.algorithm.oid == ELLIPTIC {
            let on_curve = match spki.algorithm.parameters_oid() {
                Ok(P256) => p256::PublicKey::from_public_key_der(der).is_ok(),
                Ok(P384) => p384::PublicKey::from_public_key_der(der).is_ok(),
                Ok(_) | Err(_) => return Err(KeyRefused::Kind),
            };
            if !on_curve {
                return Err(KeyRefused::Curve);
            }
        } else {
            return Err(KeyRefused::Kind);
        }
        Ok(Self { spki: der.to_vec() })
    }

    /// The key as DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// True for a key on P-256, which is what we have cards make.
    #[must_use]
    pub fn is_p256(&self) -> bool {
        SubjectPublicKeyInfoRef::from_der(&self.spki)
            .is_ok_and(|spki| spki.algorithm.parameters_oid() == Ok(P256))
    }

    /// True for a key on P-384, which is what authorities have.
    #[must_use]
    pub fn is_p384(&self) -> bool {
        SubjectPublicKeyInfoRef::from_der(&self.spki)
            .is_ok_and(|spki| spki.algorithm.parameters_oid() == Ok(P384))
    }

    /// True if `signature` is one over `message` by this key, made with `algorithm`. False for every
    /// algorithm not on our list.
    pub(crate) fn verifies(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let (Ok(spki), Ok(signed_with)) =
            (SubjectPublicKeyInfoRef::from_der(&self.spki), body(algorithm))
        else {
            return false;
        };
        let (Ok(kind), Some(key)) = (body(&spki.algorithm), spki.subject_public_key.as_bytes())
        else {
            return false;
        };
        SIGNATURES
            .iter()
            .find(|candidate| {
                candidate.public_key_alg_id().as_ref() == kind
                    && candidate.signature_alg_id().as_ref() == signed_with
            })
            .is_some_and(|found| found.verify_signature(key, message, signature).is_ok())
    }
}

/// An `AlgorithmIdentifier` without tag and length: what the signature checks go by.
fn body(algorithm: &impl Encode) -> der::Result<Vec<u8>> {
    Ok(AnyRef::from_der(&algorithm.to_der()?)?.value().to_vec())
}

fn check_rsa(key: BitStringRef<'_>) -> Result<(), KeyRefused> {
    let key = key.as_bytes().ok_or(KeyRefused::Malformed)?;
    let key = RsaPublicKey::from_der(key).map_err(|_| KeyRefused::Malformed)?;
    let modulus = key.modulus.as_bytes();
    let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - zeros;
    if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) && key.exponent.as_bytes() == RSA_EXPONENT {
        Ok(())
    } else {
        Err(KeyRefused::Rsa)
    }
}

/// True if `signature` (DER, `ECDSA-Sig-Value`) is one by the P-256 key `spki` (DER
/// `SubjectPublicKeyInfo`) over `message` with SHA-256: what a card's keys 9A and 9E prove with.
/// False for any other kind of key and for anything malformed.
#[must_use]
pub fn verify_p256(spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    PublicKey::from_spki(spki)
        .is_ok_and(|key| key.is_p256() && key.verifies(&ECDSA_WITH_SHA256, message, signature))
}

/// The private key of an authority or of the server's end of the agents' channel: P-384
/// (SP 800-78-5). Wiped when dropped, not shown by `Debug`.
pub struct PrivateKey {
    key: SigningKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey(…)")
    }
}

impl PrivateKey {
    /// Takes [`PRIVATE_KEY_BYTES`] random bytes as the scalar, big-endian. About one draw in 2^190
    /// is no scalar of the curve and refused.
    pub fn from_scalar(scalar: &[u8]) -> Result<Self, KeyRefused> {
        if scalar.len() != PRIVATE_KEY_BYTES {
            return Err(KeyRefused::Malformed);
        }
        SigningKey::from_slice(scalar).map(|key| Self { key }).map_err(|_| KeyRefused::Curve)
    }

    /// The key as PKCS #8 DER, which is what a TLS server wants to be given.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyRefused> {
        let document = self.key.to_pkcs8_der().map_err(|_| KeyRefused::Malformed)?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public half.
    pub fn public_key(&self) -> Result<PublicKey, KeyRefused> {
        let document =
            self.key.verifying_key().to_public_key_der().map_err(|_| KeyRefused::Malformed)?;
        Ok(PublicKey { spki: document.into_vec() })
    }

    pub(crate) fn signer(&self) -> &SigningKey {
        &self.key
    }
}
