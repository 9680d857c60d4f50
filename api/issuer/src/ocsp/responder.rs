//! Who answers: a signer of its own, certified by the cards' authority for nothing else, so that
//! the authority's key is not used a hundred times a second.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use der::{
    Any, Decode as _, Encode as _,
    asn1::{BitString, GeneralizedTime, Null, OctetString},
};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use spki::{AlgorithmIdentifierOwned, EncodePublicKey as _, ObjectIdentifier};
use x509_cert::Certificate;

use super::{
    Question, Status, Unanswered,
    structures::{
        BASIC, BasicResponse, CertId, CertStatus, OcspResponse, ResponderId, ResponseBytes,
        ResponseData, RevokedInfo, SingleResponse, Successful,
    },
};
use crate::{
    CardsAuthority, Error, KeyRefused, PublicKey, authority::time, key::ECDSA_WITH_SHA256,
};

/// Length of a responder's private key in bytes: a scalar of the curve P-256.
pub const RESPONDER_KEY_BYTES: usize = 32;

/// How long a responder's certificate is good for. It cannot be revoked (RFC 6960 §4.2.2.2.1), so
/// it is short: FPKI Common Policy §6.3.2 allows 120 days.
pub const RESPONDER_LIFE: TimeDelta = TimeDelta::days(30);

/// How long before its making an answer says that it is right from, so that a clock a little slow
/// takes it.
const ANSWER_SKEW: TimeDelta = TimeDelta::minutes(1);

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// How an authority is named in a question: digests of its name and its key.
#[derive(Debug)]
struct Named {
    algorithm: ObjectIdentifier,
    name: Vec<u8>,
    key: Vec<u8>,
}

/// Signs answers about the certificates of one authority. Its key lives in memory only: after a
/// restart there is another.
pub struct Responder {
    key: SigningKey,
    certificate: Certificate,
    not_after: DateTime<Utc>,
    /// SHA-1 of its own key, which is how it names itself.
    own_name: OctetString,
    authority: [Named; 2],
}

impl fmt::Debug for Responder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Responder(until {}, …)", self.not_after)
    }
}

impl Responder {
    /// Makes a signer of the random bytes `scalar` and has `authority` certify it, for
    /// [`RESPONDER_LIFE`] from `now` on. `serial` are random octets.
    pub fn create(
        authority: &CardsAuthority,
        scalar: &[u8; RESPONDER_KEY_BYTES],
        serial: [u8; 20],
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let key = SigningKey::from_slice(scalar).map_err(|_| KeyRefused::Curve)?;
        let spki =
            key.verifying_key().to_public_key_der().map_err(|_| KeyRefused::Malformed)?.into_vec();
        let public_key = PublicKey::from_spki(&spki)?;
        let issued = authority.issue_responder_certificate(&public_key, serial, now)?;
        let certificate = Certificate::from_der(&issued.der)?;
        let own_key = certificate.tbs_certificate().subject_public_key_info();
        let own_name = Sha1::digest(own_key.subject_public_key.raw_bytes());
        let (name, issuing_key) = authority.named()?;
        Ok(Self {
            key,
            own_name: OctetString::new(own_name.as_slice())?,
            certificate,
            not_after: issued.not_after,
            authority: [
                Named {
                    algorithm: SHA1,
                    name: Sha1::digest(&name).to_vec(),
                    key: Sha1::digest(&issuing_key).to_vec(),
                },
                Named {
                    algorithm: SHA256,
                    name: Sha256::digest(&name).to_vec(),
                    key: Sha256::digest(&issuing_key).to_vec(),
                },
            ],
        })
    }

    /// The last instant at which its answers are believed.
    #[must_use]
    pub fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// The serial numbers that a question is about, in its order, in lower-case hexadecimal digits.
    /// Refused if one of them is another authority's.
    pub fn serials(&self, question: &Question) -> Result<Vec<String>, Unanswered> {
        if question.about.iter().all(|about| self.is_ours(about)) {
            Ok(question.about.iter().map(|about| digits(about.serial.as_bytes())).collect())
        } else {
            Err(Unanswered::Unauthorized)
        }
    }

    /// The signed answer, DER. `found` is what each of [`Responder::serials`] is as of `now`, and
    /// until `next_update` the answer may be believed; it says that it is right from a minute before
    /// `now`.
    pub fn answer(
        &self,
        question: &Question,
        found: &[Status],
        now: DateTime<Utc>,
        next_update: DateTime<Utc>,
    ) -> Result<Vec<u8>, Error> {
        if found.len() != question.about.len() {
            return Err(Error::PartsDoNotMatch);
        }
        let (produced_at, next_update) = (generalized(now)?, generalized(next_update)?);
        let this_update = generalized(now - ANSWER_SKEW)?;
        let mut responses = Vec::with_capacity(found.len());
        for (about, status) in question.about.iter().zip(found) {
            let (about, status) = (about.clone(), written(*status, now)?);
            responses.push(SingleResponse { about, status, this_update, next_update });
        }
        let data = ResponseData {
            responder: ResponderId::ByKey(self.own_name.clone()),
            produced_at,
            responses,
            extensions: question.nonce.clone().map(|nonce| vec![nonce]),
        };
        self.sign(&data.to_der()?)
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: DerSignature = self.key.try_sign(data).map_err(Error::Signing)?;
        let basic = BasicResponse {
            data: Any::from_der(data)?,
            algorithm: ECDSA_WITH_SHA256,
            signature: BitString::from_bytes(signature.as_bytes())?,
            certificates: vec![self.certificate.clone()],
        };
        let bytes = ResponseBytes { kind: BASIC, response: OctetString::new(basic.to_der()?)? };
        Ok(OcspResponse { status: Successful::Successful, bytes }.to_der()?)
    }

    fn is_ours(&self, about: &CertId) -> bool {
        let AlgorithmIdentifierOwned { oid, .. } = about.hash;
        self.authority.iter().any(|named| {
            named.algorithm == oid
                && named.name == about.name_hash.as_bytes()
                && named.key == about.key_hash.as_bytes()
        })
    }
}

/// As [`crate::CertificateFacts::serial`] has it; nothing of ours for a negative number.
fn digits(serial: &[u8]) -> String {
    hex::encode(serial.strip_prefix(&[0]).unwrap_or(serial))
}

/// Nothing is revoked in the future, even if the clock was set back since.
fn written(status: Status, now: DateTime<Utc>) -> Result<CertStatus, Error> {
    Ok(match status {
        Status::Good => CertStatus::Good(Null),
        Status::Unknown => CertStatus::Unknown(Null),
        Status::Revoked { at, reason } => CertStatus::Revoked(RevokedInfo {
            at: generalized(at.min(now))?,
            reason: reason.written(),
        }),
    })
}

/// Whole seconds (RFC 6960 §4.2.2.1 by way of RFC 5280 §4.1.2.5.2).
fn generalized(instant: DateTime<Utc>) -> Result<GeneralizedTime, Error> {
    Ok(GeneralizedTime::from_unix_duration(time(instant)?.to_unix_duration())?)
}
