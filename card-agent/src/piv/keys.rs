//! The three keys we use, all on P-256, and their public halves.

use der::{Decode as _, Encode as _};
use p256::{
    ecdsa::{DerSignature, VerifyingKey, signature::hazmat::PrehashVerifier as _},
    pkcs8::{DecodePublicKey as _, EncodePublicKey as _},
};
use protocol::Slot;

use super::{Object, tlv};

/// Algorithm identifier of ECC on P-256 (SP 800-78-5).
pub(crate) const P256: u8 = 0x11;

/// A key of the card, by its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub Slot);

impl Key {
    /// The key reference that stands in P2 (SP 800-73-5 part 1, table 4b).
    #[must_use]
    pub fn key_reference(self) -> u8 {
        match self.0 {
            Slot::Authentication => 0x9A,
            Slot::Signature => 0x9C,
            Slot::CardAuthentication => 0x9E,
        }
    }

    /// The object that holds its certificate. 9E has none: its public key is in the card's record.
    #[must_use]
    pub fn certificate_object(self) -> Option<Object> {
        match self.0 {
            Slot::Authentication => Some(Object::AuthenticationCertificate),
            Slot::Signature => Some(Object::SignatureCertificate),
            Slot::CardAuthentication => None,
        }
    }
}

/// The public half of a key that a card generated: a point of the curve, checked to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl From<VerifyingKey> for PublicKey {
    fn from(key: VerifyingKey) -> Self {
        Self(key)
    }
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`, DER. `None` if it is none of a P-256 key.
    #[must_use]
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        VerifyingKey::from_public_key_der(spki).ok().map(Self)
    }

    /// Reads the answer of GENERATE ASYMMETRIC KEY PAIR (SP 800-73-5 part 2, 3.3.2).
    pub(crate) fn from_answer(answer: &[u8]) -> Option<Self> {
        let point = tlv::find(tlv::find(answer, 0x7F49)?, 0x86)?;
        VerifyingKey::from_sec1_bytes(point).ok().map(Self)
    }

    /// The key a certificate is about. `None` if the bytes are no certificate of a P-256 key.
    #[must_use]
    pub fn of_certificate(certificate: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
        let spki = certificate.tbs_certificate().subject_public_key_info().to_der().ok()?;
        Self::from_spki(&spki)
    }

    /// `SubjectPublicKeyInfo`, DER. `None` never happens for a key that was parsed.
    #[must_use]
    pub fn to_spki(&self) -> Option<Vec<u8>> {
        self.0.to_public_key_der().ok().map(der::Document::into_vec)
    }

    /// True if `signature` (ECDSA, DER) was made by this key over that digest.
    #[must_use]
    pub fn verifies(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
        DerSignature::try_from(signature)
            .and_then(|signature| self.0.verify_prehash(digest, &signature))
            .is_ok()
    }
}
