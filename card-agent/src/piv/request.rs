//! PKCS#10 requests that a card key signs.

use std::str::FromStr as _;

use der::{
    Encode as _,
    asn1::{BitString, SetOfVec},
    oid::db::rfc5912::ECDSA_WITH_SHA_256,
};
use sha2::{Digest as _, Sha256};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{
    name::Name,
    request::{CertReq, CertReqInfo, Version},
};

use super::PublicKey;

/// A PKCS#10 request, DER, for `public_key`, with `name` (a card's serial number) as its subject:
/// the server takes the key from it and nothing else. `sign` gets the digest and gives an ECDSA
/// signature in DER.
///
/// `None` if `name` cannot be a name or DER cannot hold the parts; neither happens with letters
/// and digits.
pub fn certificate_request<E>(
    public_key: &PublicKey,
    name: &str,
    sign: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>, E>,
) -> Result<Option<Vec<u8>>, E> {
    let Some((info, digest)) = info(public_key, name) else {
        return Ok(None);
    };
    let signature = sign(&digest)?;
    Ok(assemble(info, &signature))
}

fn info(public_key: &PublicKey, name: &str) -> Option<(CertReqInfo, [u8; 32])> {
    let info = CertReqInfo {
        version: Version::V1,
        subject: Name::from_str(&format!("CN={name}")).ok()?,
        public_key: SubjectPublicKeyInfoOwned::try_from(public_key.to_spki()?.as_slice()).ok()?,
        attributes: SetOfVec::new(),
    };
    let digest = Sha256::digest(info.to_der().ok()?).into();
    Some((info, digest))
}

fn assemble(info: CertReqInfo, signature: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA_256, parameters: None };
    let signature = BitString::from_bytes(signature).ok()?;
    CertReq { info, algorithm, signature }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use der::Decode as _;
    use p256::ecdsa::{DerSignature, SigningKey, signature::hazmat::PrehashSigner as _};

    use super::*;
    use crate::piv::tlv;

    #[test]
    fn a_request_carries_key_and_serial_and_is_signed_over_its_own_bytes() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let answer = tlv::object(0x7F49, &tlv::object(0x86, point.as_bytes()));
        let public_key = PublicKey::from_answer(&answer).unwrap();
        let csr = certificate_request(&public_key, "00C0FFEE", |digest| {
            key.sign_prehash(digest).map(|signature: DerSignature| signature.as_bytes().to_vec())
        });
        let csr = CertReq::from_der(&csr.unwrap().unwrap()).unwrap();
        assert_eq!(csr.info.subject.to_string(), "CN=00C0FFEE");
        assert_eq!(csr.info.public_key.to_der().unwrap(), public_key.to_spki().unwrap());
        let digest = Sha256::digest(csr.info.to_der().unwrap()).into();
        assert!(public_key.verifies(&digest, csr.signature.raw_bytes()));
        assert!(!public_key.verifies(&[0; 32], csr.signature.raw_bytes()));
    }
}
