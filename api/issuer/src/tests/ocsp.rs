//! OCSP, asked and judged by OpenSSL.

use std::{fs, path::Path};

use chrono::TimeDelta;
use tempfile::TempDir;

use super::{
    agents, cards, founding, issue, key, now,
    openssl::{openssl, write},
};
use crate::{
    CardProfile, CardsAuthority, QUESTION_BYTES_MAX, Question, Reason, Responder, Status,
    Unanswered,
};

/// `id-pkix-ocsp-nonce`, as it is encoded.
const NONCE: [u8; 9] = [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];

/// A folder with the certificates that a relying party has, and what it asks.
struct RelyingParty {
    folder: TempDir,
    chain: String,
    issuer: String,
    certificate: String,
}

impl RelyingParty {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, certificates: &[Vec<u8>]| write(folder.path(), name, certificates);
        let chain = of("chain.pem", &cards(false).chain());
        let issuer = of("issuer.pem", &cards(false).chain()[..1]);
        let certificate = of("leaf.pem", &[issue(&cards(false), CardProfile::Signature).der]);
        Self { folder, chain, issuer, certificate }
    }

    /// The question that OpenSSL makes, with these options before the certificate.
    fn asks(&self, options: &[&str]) -> Option<Vec<u8>> {
        let path = self.folder.path().join("question.der");
        let mut arguments = vec!["ocsp", "-issuer", &self.issuer];
        arguments.extend(options);
        arguments.extend(["-cert", &self.certificate, "-reqout", path.to_str().unwrap()]);
        openssl(&arguments)?;
        Some(fs::read(path).unwrap())
    }

    /// What it makes of an answer. It would make another nonce than the question's.
    fn reads(&self, options: &[&str], answer: &[u8]) -> String {
        let path = self.folder.path().join("answer.der");
        fs::write(&path, answer).unwrap();
        let at = (now() + TimeDelta::minutes(1)).timestamp().to_string();
        let mut arguments = vec!["ocsp", "-no_nonce", "-issuer", &self.issuer];
        arguments.extend(options);
        arguments.extend(["-cert", &self.certificate, "-CAfile", &self.chain]);
        arguments.extend(["-respin", path.to_str().unwrap()]);
        // The test's clock stands still at a day long past, or still to come.
        arguments.extend(["-attime", &at, "-validity_period", "1000000000"]);
        openssl(&arguments).unwrap()
    }
}

fn responder() -> Responder {
    Responder::create(&cards(false), &[5; 32], [6; 20], now()).unwrap()
}

fn answered(question: &Question, status: Status) -> Vec<u8> {
    let responder = responder();
    let serials = responder.serials(question).unwrap();
    let expected = hex::encode(issue(&cards(false), CardProfile::Signature).serial);
    assert_eq!(serials, [expected]);
    responder.answer(question, &[status], now(), now() + TimeDelta::minutes(5)).unwrap()
}

#[test]
fn openssl_believes_good_revoked_and_unknown_with_either_digest_and_with_a_nonce() {
    let party = RelyingParty::new();
    let revoked = Status::Revoked { at: now(), reason: Reason::KeyCompromise };
    let unsaid = Status::Revoked { at: now(), reason: Reason::Unspecified };
    for options in [&["-sha1"][..], &["-sha256"], &["-sha256", "-no_nonce"]] {
        for (status, word) in [
            (Status::Good, "leaf.pem: good"),
            (revoked, "Reason: keyCompromise"),
            (unsaid, "leaf.pem: revoked"),
            (Status::Unknown, "leaf.pem: unknown"),
        ] {
            let Some(asked) = party.asks(options) else { return };
            let question = Question::read(&asked).unwrap();
            assert_eq!(question.has_nonce(), !options.contains(&"-no_nonce"));
            let answer = answered(&question, status);
            // A nonce stands at the end of the question, and byte for byte in the answer.
            let says = |bytes: &[u8]| answer.windows(bytes.len()).any(|part| part == bytes);
            assert!(says(&asked[asked.len() - 16..]));
            assert_eq!(says(&NONCE), question.has_nonce());
            let text = party.reads(options, &answer);
            assert!(text.contains("Response verify OK"), "{text}");
            assert!(text.contains(word), "{word} in {text}");
            assert!(!text.contains("WARNING"), "{text}");
            assert_eq!(text.contains("Reason:"), status == revoked, "{text}");
        }
    }
}

#[test]
fn openssl_does_not_believe_an_answer_that_was_changed_or_that_another_signed() {
    let party = RelyingParty::new();
    let Some(question) = party.asks(&[]) else { return };
    let question = Question::read(&question).unwrap();
    let mut changed = answered(&question, Status::Good);
    let place = changed.windows(2).rposition(|pair| pair == [0x80, 0x00]).unwrap();
    changed[place] = 0x82;
    assert!(party.reads(&[], &changed).contains("Response Verify Failure"));

    let other = CardsAuthority::create(&founding(false), key(8), key(9), [[1; 20], [2; 20]]);
    let other = Responder::create(&other.unwrap(), &[5; 32], [6; 20], now()).unwrap();
    assert_eq!(other.serials(&question), Err(Unanswered::Unauthorized));
}

#[test]
fn a_question_about_anothers_certificate_gets_unauthorized_and_one_that_is_none_malformed() {
    let party = RelyingParty::new();
    let elsewhere =
        write(party.folder.path(), "issuer.pem", &[agents(false).certificate_der().to_vec()]);
    let Some(question) = RelyingParty { issuer: elsewhere, ..party }.asks(&[]) else { return };
    let question = Question::read(&question).unwrap();
    assert_eq!(responder().serials(&question), Err(Unanswered::Unauthorized));
    assert_eq!(Question::read(b"hello"), Err(Unanswered::Malformed));

    let folder = tempfile::tempdir().unwrap();
    for (unanswered, word) in [
        (Unanswered::Malformed, "malformedrequest (1)"),
        (Unanswered::InternalError, "internalerror (2)"),
        (Unanswered::TryLater, "trylater (3)"),
        (Unanswered::Unauthorized, "unauthorized (6)"),
    ] {
        let text = response_text(folder.path(), &unanswered.response());
        assert!(text.is_none_or(|text| text.contains(word)), "{word}");
    }
}

fn response_text(folder: &Path, response: &[u8]) -> Option<String> {
    let path = folder.join("response.der");
    fs::write(&path, response).unwrap();
    openssl(&["ocsp", "-respin", path.to_str().unwrap(), "-resp_text", "-noverify"])
}

#[test]
fn a_question_cut_short_followed_by_anything_or_too_long_is_none() {
    let Some(question) = RelyingParty::new().asks(&[]) else { return };
    for length in 0..question.len() {
        assert_eq!(Question::read(&question[..length]), Err(Unanswered::Malformed));
    }
    let mut followed = question.clone();
    followed.push(0);
    assert_eq!(Question::read(&followed), Err(Unanswered::Malformed));
    followed.resize(QUESTION_BYTES_MAX + 1, 0);
    assert_eq!(Question::read(&followed), Err(Unanswered::Malformed));
}

/// A question about `n` certificates, with a nonce of so many bytes if there is one: DER by hand.
fn question(n: usize, nonce: Option<usize>, critical: bool) -> Vec<u8> {
    let about = wrap(
        0x30,
        &[
            wrap(0x30, &[0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A]),
            wrap(0x04, &[1; 20]),
            wrap(0x04, &[2; 20]),
            wrap(0x02, &[3]),
        ]
        .concat(),
    );
    let mut body = wrap(0x30, &wrap(0x30, &about).repeat(n));
    if let Some(length) = nonce {
        let oid = wrap(0x06, &NONCE);
        let flag: &[u8] = if critical { &[0x01, 0x01, 0xFF] } else { &[] };
        let value = wrap(0x04, &wrap(0x04, &vec![9; length]));
        let extension = wrap(0x30, &[&oid[..], flag, &value].concat());
        body.extend(wrap(0xA2, &wrap(0x30, &extension)));
    }
    wrap(0x30, &wrap(0x30, &body))
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head, content.to_vec()].concat()
}

#[test]
fn a_question_is_about_1_to_16_certificates_and_its_nonce_has_1_to_128_bytes() {
    let read = |n, nonce| Question::read(&question(n, nonce, false)).is_ok();
    assert!(!read(0, None));
    assert!(read(1, None));
    assert!(read(16, None));
    assert!(!read(17, None));
    assert!(!read(1, Some(0)));
    assert!(read(1, Some(1)));
    assert!(read(1, Some(128)));
    assert!(!read(1, Some(129)));
    assert!(Question::read(&question(1, Some(16), true)).is_ok());
}

#[test]
fn a_critical_extension_that_nobody_knows_is_not_passed_over() {
    let mut unknown = question(1, Some(16), true);
    let place = unknown.windows(3).rposition(|part| part == [0x30, 0x01, 0x02]).unwrap();
    unknown[place + 2] = 0x7F;
    assert_eq!(Question::read(&unknown), Err(Unanswered::Malformed));
}

#[test]
fn an_answer_is_made_now_taken_by_a_clock_a_minute_slow_and_knows_no_revocation_to_come() {
    let party = RelyingParty::new();
    let Some(question) = party.asks(&[]) else { return };
    let at = now() + TimeDelta::hours(1);
    let status = Status::Revoked { at, reason: Reason::Superseded };
    let answer = answered(&Question::read(&question).unwrap(), status);
    let text = response_text(party.folder.path(), &answer).unwrap();
    for line in [
        "Produced At: Mar 10 09:30:00 2026 GMT",
        "This Update: Mar 10 09:29:00 2026 GMT",
        "Next Update: Mar 10 09:35:00 2026 GMT",
        "Revocation Time: Mar 10 09:30:00 2026 GMT",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn a_responder_is_certified_for_nothing_else_and_for_30_days() {
    let responder = responder();
    assert_eq!(
        responder.not_after(),
        "2026-04-09T09:30:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
    assert!(!format!("{responder:?}").contains('5'), "{responder:?}");
    let party = RelyingParty::new();
    let Some(question) = party.asks(&[]) else { return };
    let answer = answered(&Question::read(&question).unwrap(), Status::Good);
    let text = response_text(party.folder.path(), &answer).unwrap();
    for line in ["X509v3 Extended Key Usage: critical", "OCSP Signing", "OCSP No Check"] {
        assert!(text.contains(line), "{line} in {text}");
    }
}
