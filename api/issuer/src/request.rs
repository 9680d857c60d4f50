//! Certification requests (PKCS #10, RFC 2986): decoded strictly, proof of possession checked, and
//! then nothing kept but the public key.
//!
//! Whatever else a request asks for (another name, `CA:TRUE`, extensions nobody knows) is not even
//! an error: it is not looked at. Proof of possession does not show that the key lives on a card;
//! that comes from driving the generation over the card's own channel.

use std::str::FromStr as _;

use der::{Decode as _, Encode as _, Reader as _, asn1::AnyRef};
use x509_cert::{name::Name, request::CertReq};

use crate::{KeyRefused, PublicKey};

/// The longest request that is looked at, in bytes; one with an RSA key of 8192 bits and a long
/// list of attributes has about 3000.
pub const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// Why a certification request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// Longer than [`REQUEST_BYTES_MAX`].
    #[error("the certification request is longer than {REQUEST_BYTES_MAX} bytes")]
    TooLong,
    /// Not the DER encoding of a request, or followed by something else.
    #[error("this is not a certification request")]
    Malformed,
    /// The key in it may not be certified.
    #[error(transparent)]
    Key(#[from] KeyRefused),
    /// The signature is not one by the key in the request, or of a kind that is not allowed.
    #[error("the certification request does not prove possession of its key")]
    NoPossession,
}

/// The public key of a DER certification request whose signature proves possession.
pub fn public_key_of_request(der: &[u8]) -> Result<PublicKey, RequestRefused> {
    if REQUEST_BYTES_MAX < der.len() {
        return Err(RequestRefused::TooLong);
    }
    let (request, signed) = decode(der).map_err(|_| RequestRefused::Malformed)?;
    let spki = request.info.public_key.to_der().map_err(|_| RequestRefused::Malformed)?;
    let key = PublicKey::from_spki(&spki)?;
    let signature = request.signature.as_bytes().ok_or(RequestRefused::Malformed)?;
    if key.verifies(&request.algorithm, signed, signature) {
        Ok(key)
    } else {
        Err(RequestRefused::NoPossession)
    }
}

/// True if a DER certification request names exactly this common name, one of letters and digits,
/// and asks for nothing else: what is kept of it then holds no word of its sender's.
#[must_use]
pub fn request_names_only(der: &[u8], common_name: &str) -> bool {
    if REQUEST_BYTES_MAX < der.len()
        || !common_name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return false;
    }
    let Ok((request, _)) = decode(der) else { return false };
    let named = Name::from_str(&format!("CN={common_name}"));
    request.info.attributes.is_empty() && named.is_ok_and(|named| named == request.info.subject)
}

/// The request, and of it the bytes that were signed as they were received: what was signed is
/// those, and not our reading of them.
fn decode(der: &[u8]) -> der::Result<(CertReq, &[u8])> {
    let request = CertReq::from_der(der)?;
    let signed = AnyRef::from_der(der)?.sequence(|reader| {
        let signed = reader.tlv_bytes()?;
        AnyRef::decode(reader)?;
        AnyRef::decode(reader)?;
        Ok::<_, der::Error>(signed)
    })?;
    Ok((request, signed))
}
