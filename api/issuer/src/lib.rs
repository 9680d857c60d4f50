//! The embedded certificate authority: it turns a public key, a name and a profile into a certificate.
//!
//! Two authorities, which never sign for each other: [`AuthorityKind::Cards`] (an issuing authority
//! below a root) certifies the keys of holders' cards, [`AuthorityKind::Agents`] (one self-signed
//! authority) the two ends of the channel between card agents and server.
//!
//! Of a certification request only the public key is taken, and only after the request has proved
//! possession of the private one; names and extensions come from the caller and the profile.
//! Nothing here reads a clock, draws a random number, touches a file or knows a rule: time, serial
//! numbers and keys are arguments, and who may have a certificate is decided elsewhere.

mod authority;
mod certificate;
mod key;
mod name;
mod profile;
mod request;

pub use authority::{
    AgentCertificate, Authority, AuthorityKind, CLOCK_SKEW, CardCertificate, Founding,
    ServerCertificate,
};
pub use certificate::{CertificateFacts, pem};
pub use key::{KeyRefused, PRIVATE_KEY_BYTES, PrivateKey, PublicKey, verify_p256};
pub use name::{DEMO, NameRefused};
pub use profile::{CardSlot, Pointers};
pub use request::{REQUEST_BYTES_MAX, RequestRefused, public_key_of_request};

use x509_cert::builder;

/// A serial number of 20 octets (RFC 5280 §4.1.2.2), made of random ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serial([u8; 20]);

impl Serial {
    /// Makes a serial number of 20 random octets. The top two bits become `01`: positive, and never
    /// shorter than 20 octets, which leaves 158 random bits.
    #[must_use]
    pub fn from_random(mut octets: [u8; 20]) -> Self {
        octets[0] = (octets[0] & 0x3F) | 0x40;
        Self(octets)
    }

    /// The octets as they stand in the certificate.
    #[must_use]
    pub fn octets(&self) -> &[u8; 20] {
        &self.0
    }
}

/// Why an authority did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that cannot stand in a certificate.
    #[error(transparent)]
    Name(#[from] NameRefused),
    /// A key that the policy for keys does not allow, or that is no key.
    #[error(transparent)]
    Key(#[from] KeyRefused),
    /// The certificate would never be valid: it ends before it begins, or the authority has ended.
    #[error("the certificate would never be valid")]
    NeverValid,
    /// The authority is not the one that issues such certificates.
    #[error("this authority does not issue such certificates")]
    OtherAuthority,
    /// Certificates and key of an authority do not belong together.
    #[error("certificates and key of the authority do not belong together")]
    PartsDoNotMatch,
    /// Something is not the encoding it should be.
    #[error("not the encoding expected")]
    Encoding(#[from] der::Error),
    /// The certificate could not be put together.
    #[error("the certificate could not be put together")]
    Building(#[source] Box<builder::Error>),
}

impl From<builder::Error> for Error {
    fn from(error: builder::Error) -> Self {
        Self::Building(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
