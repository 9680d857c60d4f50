//! The issuer's parsers: requests, questions, certificates.

use std::sync::OnceLock;

use card_agent::piv::tlv;
use chrono::{DateTime, TimeDelta, Utc};
use issuer::{
    CardCertificate, CardProfile, CardsAuthority, CertificateFacts, Founding, Issued, PrivateKey,
    PublicKey, QUESTIONS_MAX, Question, REQUEST_BYTES_MAX, Responder, Status,
    public_key_of_request,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use x509_cert::{
    Certificate,
    der::{Decode as _, Encode as _},
};

use super::outcome;

const HONEST: &[u8] = include_bytes!("../../../api/issuer/src/tests/requests/p256.der");

const REQUESTS: [&[u8]; 8] = [
    HONEST,
    include_bytes!("../../../api/issuer/src/tests/requests/p384.der"),
    include_bytes!("../../../api/issuer/src/tests/requests/p521.der"),
    include_bytes!("../../../api/issuer/src/tests/requests/ed25519.der"),
    include_bytes!("../../../api/issuer/src/tests/requests/rsa1024.der"),
    include_bytes!("../../../api/issuer/src/tests/requests/rsa2048.der"),
    include_bytes!("../../../api/issuer/src/tests/requests/rsa2048_pss.der"),
    include_bytes!("../../../api/issuer/src/tests/requests/greedy.der"),
];

/// An OCSP question about a certificate of nobody, with a nonce.
const QUESTION: &[u8] = &[
    0x30, 0x62, 0x30, 0x60, 0x30, 0x3E, 0x30, 0x3C, 0x30, 0x3A, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E,
    0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 0x04, 0x14, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x02, 0x01, 0x03,
    0xA2, 0x1E, 0x30, 0x1C, 0x30, 0x1A, 0x06, 0x09, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01,
    0x02, 0x04, 0x0D, 0x04, 0x0B, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
];

const SEQUENCE: u32 = 0x30;

/// `id-sha256`, as it is encoded.
const SHA_256: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// What all targets here share: an authority, its responder, and what it is asked to certify.
struct Issuing {
    authority: CardsAuthority,
    responder: Responder,
    wanted: CardCertificate,
    /// What was issued for it, and the key that it was issued for.
    issued: Issued,
    now: DateTime<Utc>,
}

fn issuing() -> &'static Issuing {
    static ISSUING: OnceLock<Issuing> = OnceLock::new();
    ISSUING.get_or_init(|| found().expect("an authority can be founded"))
}

fn found() -> Result<Issuing, issuer::Error> {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let founding = Founding { organisation: "Latchkey", demo: true, now };
    let key = |seed| PrivateKey::from_scalar(&[seed; 48]);
    let serials = [[1; 20], [2; 20]];
    let authority = CardsAuthority::create(&founding, key(1)?, key(2)?, serials)?;
    let responder = Responder::create(&authority, &[3; 32], [4; 20], now)?;
    let wanted = CardCertificate {
        profile: CardProfile::Signature,
        holder: Uuid::from_u128(1),
        name: "Asha Patel".to_owned(),
        email: "asha.patel@example.org".to_owned(),
        card: "0A1B2C".to_owned(),
        not_before: now,
        not_after: now + TimeDelta::days(730),
    };
    let issued = authority.issue_card_certificate(HONEST, &wanted, [9; 20])?;
    Ok(Issuing { authority, responder, wanted, issued, now })
}

pub(super) fn requests() -> Vec<Vec<u8>> {
    REQUESTS.map(<[u8]>::to_vec).to_vec()
}

pub(super) fn questions() -> Vec<Vec<u8>> {
    let mut all = vec![QUESTION.to_vec()];
    all.extend(own_question());
    all
}

/// A question about a certificate of this authority, which gets an answer.
fn own_question() -> Option<Vec<u8>> {
    let issuing = issuing().authority.chain().into_iter().next()?;
    let issuing = Certificate::from_der(&issuing).ok()?;
    let body = issuing.tbs_certificate();
    let name = Sha256::digest(body.subject().to_der().ok()?);
    let key = Sha256::digest(body.subject_public_key_info().subject_public_key.raw_bytes());
    let parts = [
        tlv::object(SEQUENCE, &tlv::object(0x06, &SHA_256)),
        tlv::object(0x04, &name),
        tlv::object(0x04, &key),
        tlv::object(0x02, &[0x4A]),
    ];
    let about = tlv::object(SEQUENCE, &parts.concat());
    // OCSPRequest, TBSRequest, requestList, Request.
    Some((0..4).fold(about, |inner, _| tlv::object(SEQUENCE, &inner)))
}

pub(super) fn certificates() -> Vec<Vec<u8>> {
    let Issuing { authority, issued, .. } = issuing();
    let mut all = authority.chain();
    all.push(issued.der.clone());
    all
}

/// Whatever is accepted has a key that may be certified, and is not longer than it may be.
pub(super) fn request(input: &[u8]) -> u64 {
    let accepted = public_key_of_request(input);
    if let Ok(key) = &accepted {
        assert!(input.len() <= REQUEST_BYTES_MAX);
        assert_eq!(PublicKey::from_spki(key.spki()).as_ref(), Ok(key));
    }
    outcome(&format!("{:?}", accepted.map(|key| key.is_p256())))
}

/// Whatever is read can be answered.
pub(super) fn question(input: &[u8]) -> u64 {
    let Issuing { responder, now, .. } = issuing();
    let question = match Question::read(input) {
        Ok(question) => question,
        Err(unanswered) => return outcome(&format!("{unanswered:?}")),
    };
    let serials = responder.serials(&question);
    let n_asked = serials.as_ref().map_or(0, Vec::len);
    assert!(n_asked <= QUESTIONS_MAX);
    if 0 < n_asked {
        let found = vec![Status::Unknown; n_asked];
        let answer = responder.answer(&question, &found, *now, *now + TimeDelta::minutes(5));
        assert!(answer.is_ok(), "{answer:?}");
    }
    outcome(&format!("{} {n_asked} {:?}", question.has_nonce(), serials.is_ok()))
}

/// Nothing but the very certificate that was issued goes to the card.
pub(super) fn certificate(input: &[u8]) -> u64 {
    let Issuing { authority, wanted, issued, .. } = issuing();
    let facts = CertificateFacts::read(input).is_ok();
    let checked = authority.check_card_certificate(input, &issued.public_key, wanted);
    assert!(checked.is_err() || input == issued.der, "another was let through");
    outcome(&format!("{facts} {:?}", checked.map(|_| ())))
}
