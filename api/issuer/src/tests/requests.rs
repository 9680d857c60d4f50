//! Requests: what is taken from them, and what is refused.

use x509_cert::{
    Certificate,
    der::Decode as _,
    ext::pkix::{BasicConstraints, KeyUsage, KeyUsages},
};

use super::{HOLDER, REQUEST as P256, cards, wanted};
use crate::{
    CardCertificate, CardProfile, CertificateFacts, Error, KeyRefused, PublicKey,
    REQUEST_BYTES_MAX, RequestRefused, public_key_of_request, request_names_only,
};

const P384: &[u8] = include_bytes!("requests/p384.der");
const RSA_2048: &[u8] = include_bytes!("requests/rsa2048.der");
const GREEDY: &[u8] = include_bytes!("requests/greedy.der");

fn refused(request: &[u8]) -> RequestRefused {
    public_key_of_request(request).unwrap_err()
}

#[test]
fn p256_p384_and_rsa_2048_are_certified() {
    for request in [P256, P384, RSA_2048] {
        let wanted = wanted(CardProfile::Authentication);
        let issued = cards(true).issue_card_certificate(request, &wanted, [9; 20]).unwrap();
        assert_eq!(issued.public_key, public_key_of_request(request).unwrap().spki());
    }
}

#[test]
fn no_certificate_is_issued_for_a_request_that_is_refused() {
    let wanted = wanted(CardProfile::Authentication);
    let outcome = cards(true).issue_card_certificate(&P256[1..], &wanted, [9; 20]);
    assert!(matches!(outcome, Err(Error::Request(RequestRefused::Malformed))));
}

#[test]
fn a_request_for_an_authority_with_another_name_gets_the_holders_ordinary_certificate() {
    let wanted = wanted(CardProfile::Authentication);
    let der = cards(false).issue_card_certificate(GREEDY, &wanted, [9; 20]).unwrap().der;

    let facts = CertificateFacts::read(&der).unwrap();
    assert_eq!(facts.common_name.as_deref(), Some("Asha Patel, RN"));
    assert_eq!(facts.uuid, Some(HOLDER));
    assert!(!facts.demo);
    let certificate = Certificate::from_der(&der).unwrap();
    let body = certificate.tbs_certificate();
    assert!(body.get_extension::<BasicConstraints>().unwrap().is_none());
    let (critical, usage) = body.get_extension::<KeyUsage>().unwrap().unwrap();
    assert!(critical);
    assert_eq!(usage.0, KeyUsages::DigitalSignature);
    assert_eq!(body.extensions().unwrap().len(), 5);
}

#[test]
fn a_request_names_its_card_and_asks_for_nothing_else() {
    let mut named = P256.to_vec();
    let at = named.windows(13).position(|bytes| bytes == b"From the card").unwrap();
    named[at..at + 13].copy_from_slice(b"0123456789ABC");
    assert!(request_names_only(&named, "0123456789ABC"));
    assert!(!request_names_only(&named, "0123456789ABD"));
    // A name of signs is none of a card, and nothing but a name may be asked for.
    assert!(!request_names_only(P256, "From the card"));
    assert!(!request_names_only(GREEDY, "Somebody else"));
    assert!(!request_names_only(&named[1..], "0123456789ABC"));
}

#[test]
fn what_could_not_be_issued_is_known_before_there_is_a_request() {
    for profile in [CardProfile::Authentication, CardProfile::Signature] {
        let good = wanted(profile);
        cards(true).try_card_certificate(&good, [9; 20]).unwrap();
        let nameless = CardCertificate { name: String::new(), ..good.clone() };
        assert!(cards(true).try_card_certificate(&nameless, [9; 20]).is_err());
        let never = CardCertificate { not_after: good.not_before, ..good };
        assert!(cards(true).try_card_certificate(&never, [9; 20]).is_err());
    }
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    let rsa_1024 = include_bytes!("requests/rsa1024.der");
    let exponent_3 = include_bytes!("requests/rsa2048_exponent3.der");
    let p521 = include_bytes!("requests/p521.der");
    let ed25519 = include_bytes!("requests/ed25519.der");
    assert_eq!(refused(rsa_1024), RequestRefused::Key(KeyRefused::Rsa));
    assert_eq!(refused(exponent_3), RequestRefused::Key(KeyRefused::Rsa));
    assert_eq!(refused(p521), RequestRefused::Key(KeyRefused::Kind));
    assert_eq!(refused(ed25519), RequestRefused::Key(KeyRefused::Kind));
}

#[test]
fn a_signature_of_a_kind_that_is_not_allowed_proves_nothing() {
    assert_eq!(refused(include_bytes!("requests/rsa2048_pss.der")), RequestRefused::NoPossession);
    assert_eq!(refused(include_bytes!("requests/rsa2048_sha1.der")), RequestRefused::NoPossession);
}

#[test]
fn a_request_changed_in_any_byte_is_refused() {
    for place in 0..P256.len() {
        let mut request = P256.to_vec();
        request[place] ^= 0x01;
        assert!(public_key_of_request(&request).is_err(), "byte {place}");
    }
}

#[test]
fn a_request_cut_short_or_followed_by_anything_is_refused() {
    for length in 0..P256.len() {
        assert_eq!(refused(&P256[..length]), RequestRefused::Malformed);
    }
    let mut followed = P256.to_vec();
    followed.push(0);
    assert_eq!(refused(&followed), RequestRefused::Malformed);
}

#[test]
fn a_request_of_8192_bytes_is_looked_at_and_a_longer_one_is_not() {
    assert_eq!(refused(&vec![0x30; REQUEST_BYTES_MAX]), RequestRefused::Malformed);
    assert_eq!(refused(&vec![0x30; REQUEST_BYTES_MAX + 1]), RequestRefused::TooLong);
}

#[test]
fn a_point_off_its_curve_is_no_key() {
    let mut spki = public_key_of_request(P256).unwrap().spki().to_vec();
    assert!(PublicKey::from_spki(&spki).is_ok());
    *spki.last_mut().unwrap() ^= 0x01;
    assert_eq!(PublicKey::from_spki(&spki), Err(KeyRefused::Curve));
    spki.push(0);
    assert_eq!(PublicKey::from_spki(&spki), Err(KeyRefused::Malformed));
}
