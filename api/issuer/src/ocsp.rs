//! Is this certificate still good? Questions and answers by OCSP (RFC 6960, nonces by RFC 9654).
//!
//! [`Question::read`] takes a request apart, [`Responder::serials`] says which certificates it asks
//! about, the caller looks them up, and [`Responder::answer`] signs what he found. The structures
//! are our own: the published crate for them is of an older generation than the rest of the stack.

mod responder;
mod structures;

use der::{Decode as _, asn1::OctetString};

pub use responder::{RESPONDER_KEY_BYTES, RESPONDER_LIFE, Responder};

use chrono::{DateTime, Utc};
use x509_cert::ext::Extension;

use crate::Reason;
use structures::{CertId, NONCE, OcspRequest};

/// The longest request that is looked at, in bytes; an ordinary one has about 120.
pub const QUESTION_BYTES_MAX: usize = 4 * 1024;

/// Most certificates that one request may ask about.
pub const QUESTIONS_MAX: usize = 16;

/// The longest nonce that is repeated, in bytes (RFC 9654 §2.1).
const NONCE_BYTES_MAX: usize = 128;

/// What a certificate is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Issued by this authority, and not revoked.
    Good,
    /// Revoked, for good or for a while.
    Revoked {
        /// Since when.
        at: DateTime<Utc>,
        /// Why.
        reason: Reason,
    },
    /// Never issued by this authority.
    Unknown,
}

/// Why a question gets no signed answer (RFC 6960 §4.2.1, `OCSPResponseStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// It is not a request that can be read.
    #[error("this is not an OCSP request")]
    Malformed,
    /// Something is wrong on our side.
    #[error("no answer can be given")]
    InternalError,
    /// The answer is not known at the moment.
    #[error("no answer can be given now")]
    TryLater,
    /// It is about another authority's certificates.
    #[error("these are another authority's certificates")]
    Unauthorized,
}

impl Unanswered {
    /// The response that says so, DER; nobody signs those.
    #[must_use]
    pub fn response(self) -> [u8; 5] {
        let status = match self {
            Self::Malformed => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::Unauthorized => 6,
        };
        [0x30, 0x03, 0x0A, 0x01, status]
    }
}

/// A request, taken apart. Its signature, if it has one, is not looked at: everybody may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    about: Vec<CertId>,
    nonce: Option<Extension>,
}

impl Question {
    /// Reads a DER `OCSPRequest` (RFC 6960 §4.1.1): 1 to [`QUESTIONS_MAX`] certificates, a nonce of
    /// 1 to 128 bytes, and no critical extension that we do not know.
    pub fn read(der: &[u8]) -> Result<Self, Unanswered> {
        if QUESTION_BYTES_MAX < der.len() {
            return Err(Unanswered::Malformed);
        }
        let request = OcspRequest::from_der(der).map_err(|_| Unanswered::Malformed)?.tbs;
        if request.version.is_some_and(|version| version != 0)
            || !(1..=QUESTIONS_MAX).contains(&request.list.len())
        {
            return Err(Unanswered::Malformed);
        }
        let single = request.list.iter().flat_map(|single| single.extensions.iter().flatten());
        let foreign = |extension: &Extension| extension.critical && extension.extn_id != NONCE;
        if single.chain(request.extensions.iter().flatten()).any(foreign) {
            return Err(Unanswered::Malformed);
        }
        let mut nonces = request.extensions.into_iter().flatten().filter(is_nonce);
        let nonce = nonces.next();
        if nonces.next().is_some() || nonce.as_ref().is_some_and(|nonce| !is_bounded(nonce)) {
            return Err(Unanswered::Malformed);
        }
        let about = request.list.into_iter().map(|single| single.about).collect();
        Ok(Self { about, nonce })
    }

    /// True if the answer is for this request alone, so that nobody may keep it for others.
    #[must_use]
    pub fn has_nonce(&self) -> bool {
        self.nonce.is_some()
    }
}

fn is_nonce(extension: &Extension) -> bool {
    extension.extn_id == NONCE
}

fn is_bounded(nonce: &Extension) -> bool {
    OctetString::from_der(nonce.extn_value.as_bytes())
        .is_ok_and(|octets| (1..=NONCE_BYTES_MAX).contains(&octets.as_bytes().len()))
}
