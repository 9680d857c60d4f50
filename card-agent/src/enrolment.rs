//! What makes this workstation known to the server: a key of its own, a certificate for it, and
//! the authority that both sides trust. Made once, kept in the state folder.

mod keep;

use anyhow::{Context as _, bail};
use p256::{
    SecretKey,
    ecdsa::{DerSignature, SigningKey, signature::hazmat::PrehashSigner as _},
    pkcs8::EncodePrivateKey as _,
};
use protocol::{Answer, Bytes, Request, Secret};
use zeroize::Zeroizing;

pub use keep::{KeepError, load, save};

use crate::{
    channel::{self, ServerAddress, tls},
    entropy::Random,
    piv::{PublicKey, certificate_request},
};

/// Subject of the request. The server takes the key from it and names the agent itself.
const SUBJECT: &str = "latchkey-card-agent";

/// How often random bytes are asked for until they are a key; that they are none has a chance of
/// one in 2^32.
const KEY_DRAWS_MAX: usize = 8;

/// An enrolled workstation.
#[derive(Clone)]
pub struct Enrolment {
    /// PKCS#8, DER.
    pub key: Zeroizing<Vec<u8>>,
    /// The client certificate, DER.
    pub certificate: Vec<u8>,
    /// The authority of both sides, DER.
    pub authority: Vec<u8>,
}

/// What the operator hands over.
pub struct Invitation {
    /// Where the server is.
    pub server: ServerAddress,
    /// SHA-256 of the authority's certificate: the only thing the server is known by so far.
    pub authority: [u8; 32],
    /// 15 minutes, once.
    pub code: Secret,
    /// Name of this workstation.
    pub workstation: String,
}

/// Trades an enrolment code for a certificate.
///
/// # Errors
/// If the server cannot be reached, is not the one with that authority, or refuses the code.
pub async fn enrol(invitation: Invitation, random: &mut impl Random) -> anyhow::Result<Enrolment> {
    let key = draw_key(random)?;
    let csr = request(&key)?;
    let tls = tls::by_fingerprint(invitation.authority)?;
    let question = Request::Enrol {
        code: invitation.code,
        csr: Bytes(csr),
        workstation: invitation.workstation.clone(),
    };
    let answer =
        channel::ask_once(&invitation.server, tls, &invitation.workstation, question).await?;
    if let Answer::Refused { message, .. } = answer {
        bail!("{message}");
    }
    let Answer::Enrolled(enrolled) = answer else {
        bail!("the server answered something else than asked");
    };
    if tls::fingerprint(&enrolled.authority.0) != invitation.authority {
        bail!("the server names another authority than the one it was to be known by");
    }
    let key = key.to_pkcs8_der().context("the key cannot be written")?;
    let enrolment = Enrolment {
        key: Zeroizing::new(key.as_bytes().to_vec()),
        certificate: enrolled.certificate.0,
        authority: enrolled.authority.0,
    };
    tls::enrolled(&enrolment).context("the certificate does not fit the key")?;
    Ok(enrolment)
}

fn draw_key(random: &mut impl Random) -> anyhow::Result<SecretKey> {
    for _ in 0..KEY_DRAWS_MAX {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill_bytes(&mut *bytes);
        if let Ok(key) = SecretKey::from_slice(&*bytes) {
            return Ok(key);
        }
    }
    bail!("no key could be made of random bytes")
}

fn request(key: &SecretKey) -> anyhow::Result<Vec<u8>> {
    let signer = SigningKey::from(key);
    let public_key = PublicKey::from(*signer.verifying_key());
    let csr = certificate_request(&public_key, SUBJECT, |digest| {
        signer.sign_prehash(digest).map(|signature: DerSignature| signature.as_bytes().to_vec())
    });
    csr.context("the request cannot be signed")?.context("the request cannot be written")
}

/// Reads an enrolment code as an operator may have written it down: hexadecimal in any case, with
/// blanks and hyphens anywhere.
#[must_use]
pub fn parse_code(text: &str) -> Option<Secret> {
    let digits: Zeroizing<String> = Zeroizing::new(
        text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect(),
    );
    let code = hex::decode(&*digits).ok()?;
    (!code.is_empty()).then_some(Secret(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_with_blanks_hyphens_and_in_any_case() {
        assert_eq!(parse_code(" 0A1b-2C3D \n"), Some(Secret(vec![0x0A, 0x1B, 0x2C, 0x3D])));
        assert_eq!(parse_code(""), None);
        assert_eq!(parse_code("0A1"), None);
        assert_eq!(parse_code("xyz0"), None);
    }
}
