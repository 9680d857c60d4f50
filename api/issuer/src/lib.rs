//! The embedded certificate authority: it turns a public key, a name and a profile into a certificate.
//!
//! Two authorities, which never sign for each other: [`CardsAuthority`] (an issuing authority
//! below a root) certifies the keys of holders' cards, [`AgentsAuthority`] (one self-signed
//! authority) the two ends of the channel between card agents and server.
//!
//! Of a certification request only the public key is taken, and only after the request has proved
//! possession of the private one; names and extensions come from the caller and the profile.
//! Nothing here reads a clock, draws a random number, touches a file or knows a rule: time, serial
//! numbers and keys are arguments, and who may have a certificate is decided elsewhere.

mod agents;
mod authority;
mod cards;
mod certificate;
mod chain;
mod check;
mod crl;
#[cfg(feature = "hsm")]
mod hsm;
mod key;
mod name;
mod ocsp;
mod profile;
mod profiles;
mod request;
mod signer;

pub use agents::{AgentsAuthority, SERVER_NAME};
pub use authority::{CLOCK_SKEW, Founding, Issued};
pub use cards::{CardCertificate, CardsAuthority, NotIssuable};
pub use certificate::{CertificateFacts, pem};
pub use check::NotAsWanted;
pub use crl::{CrlHead, Reason, Revocations};
#[cfg(feature = "hsm")]
pub use hsm::{HsmError, HsmKey, HsmPlace, RefusedMark};
pub use key::{KeyRefused, PRIVATE_KEY_BYTES, PrivateKey, PublicKey, verify_p256};
pub use name::{DEMO, NameRefused};
pub use ocsp::{
    QUESTION_BYTES_MAX, QUESTIONS_MAX, Question, RESPONDER_KEY_BYTES, RESPONDER_LIFE, Responder,
    Status, Unanswered,
};
pub use profile::{CardProfile, Pointers};
pub use profiles::{CardProfiles, ProfileRefused};
pub use request::{REQUEST_BYTES_MAX, RequestRefused, public_key_of_request, request_names_only};
pub use signer::AuthorityKey;

use x509_cert::builder;

/// Why an authority did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certification request that was refused.
    #[error(transparent)]
    Request(#[from] RequestRefused),
    /// A name that cannot stand in a certificate.
    #[error(transparent)]
    Name(#[from] NameRefused),
    /// A key that the policy for keys does not allow, or that is no key.
    #[error(transparent)]
    Key(#[from] KeyRefused),
    /// The certificate would never be valid: it ends before it begins, or the authority has ended.
    #[error("the certificate would never be valid")]
    NeverValid,
    /// Certificates and key of an authority do not belong together.
    #[error("certificates and key of the authority do not belong together")]
    PartsDoNotMatch,
    /// A text that is no serial number of a certificate.
    #[error("not the serial number of a certificate")]
    NotASerial,
    /// The key did not sign: an HSM that is not there, or does not want to.
    #[error("the authority's key did not sign")]
    Signing(#[source] signature::Error),
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
