//! The key an authority signs with: in a file, or in an HSM that never gives it away.

use der::{Document, asn1::BitString};
use p384::ecdsa::{DerSignature, signature::Signer as _};
use spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey, ObjectIdentifier,
    SignatureBitStringEncoding,
};

use crate::{KeyRefused, PrivateKey, PublicKey};

#[cfg(feature = "hsm")]
use crate::HsmKey;

/// `ecdsa-with-SHA384` (RFC 5758 §3.2), without parameters.
const ECDSA_WITH_SHA384: AlgorithmIdentifierOwned = AlgorithmIdentifierOwned {
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
    parameters: None,
};

/// The P-384 key of an authority, wherever it lies.
#[derive(Debug)]
pub enum AuthorityKey {
    /// It was read from a file and is in the memory of this process.
    File(PrivateKey),
    /// It is in an HSM; this process may use it and has never seen it.
    #[cfg(feature = "hsm")]
    Hsm(HsmKey),
}

impl From<PrivateKey> for AuthorityKey {
    fn from(key: PrivateKey) -> Self {
        Self::File(key)
    }
}

#[cfg(feature = "hsm")]
impl From<HsmKey> for AuthorityKey {
    fn from(key: HsmKey) -> Self {
        Self::Hsm(key)
    }
}

/// A public key in the form that the certificate builder asks for.
#[derive(Clone)]
pub(crate) struct Spki(Vec<u8>);

impl EncodePublicKey for Spki {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::try_from(self.0.as_slice())?)
    }
}

/// An `ECDSA-Sig-Value`, DER.
pub(crate) struct EcdsaSignature(pub(crate) Vec<u8>);

impl SignatureBitStringEncoding for EcdsaSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}

impl AuthorityKey {
    /// The public half.
    pub fn public_key(&self) -> Result<PublicKey, KeyRefused> {
        match self {
            Self::File(key) => key.public_key(),
            #[cfg(feature = "hsm")]
            Self::Hsm(key) => Ok(key.public_key().clone()),
        }
    }

    /// Ready to sign certificates.
    pub(crate) fn signer(&self) -> Result<Signer<'_>, KeyRefused> {
        Ok(Signer { key: self, spki: self.public_key()?.spki().to_vec() })
    }

    /// What it signs with.
    pub(crate) fn algorithm() -> AlgorithmIdentifierOwned {
        ECDSA_WITH_SHA384
    }

    /// A signature over SHA-384 of `message`: `ECDSA-Sig-Value`, DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<EcdsaSignature, signature::Error> {
        match self {
            Self::File(key) => {
                let signature: DerSignature = key.signer().try_sign(message)?;
                Ok(EcdsaSignature(signature.as_bytes().to_vec()))
            }
            #[cfg(feature = "hsm")]
            Self::Hsm(key) => {
                key.sign(message).map(EcdsaSignature).map_err(signature::Error::from_source)
            }
        }
    }
}

/// A key and its public half, as the certificate builder wants to be given them.
pub(crate) struct Signer<'a> {
    key: &'a AuthorityKey,
    spki: Vec<u8>,
}

impl signature::Keypair for Signer<'_> {
    type VerifyingKey = Spki;

    fn verifying_key(&self) -> Spki {
        Spki(self.spki.clone())
    }
}

impl DynSignatureAlgorithmIdentifier for Signer<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(AuthorityKey::algorithm())
    }
}

impl signature::Signer<EcdsaSignature> for Signer<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<EcdsaSignature, signature::Error> {
        self.key.sign(message)
    }
}
