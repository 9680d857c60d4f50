//! Revocation lists, judged by OpenSSL: of a subordinate authority, empty and not, before and after.

use chrono::TimeDelta;

use super::{
    cards, issue, now,
    openssl::{openssl, write},
};
use crate::{CardProfile, CrlHead, Error, Reason, Revocations};

const HEAD_NUMBER: u64 = 7;

fn head() -> CrlHead {
    CrlHead { number: HEAD_NUMBER, this_update: now(), next_update: now() + TimeDelta::days(1) }
}

fn revoked(entries: &[(&str, Reason)]) -> Vec<u8> {
    let mut revocations = Revocations::new();
    for (serial, reason) in entries {
        revocations.add(serial, now() - TimeDelta::hours(1), *reason).unwrap();
    }
    assert_eq!(revocations.len(), entries.len());
    cards(false).crl(&head(), &revocations).unwrap()
}

/// What `openssl verify` says of a card's certificate with this list.
fn verify(crl: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let chain = cards(false).chain();
    let anchor = write(folder.path(), "root.pem", &chain[1..]);
    let between = write(folder.path(), "issuing.pem", &chain[..1]);
    let leaf =
        write(folder.path(), "leaf.pem", &[issue(&cards(false), CardProfile::Signature).der]);
    let der = folder.path().join("list.der");
    std::fs::write(&der, crl).unwrap();
    let list = folder.path().join("list.pem");
    let (der, list) = (der.to_str().unwrap(), list.to_str().unwrap());
    openssl(&["crl", "-inform", "DER", "-in", der, "-out", list])?;
    let at = (now() + TimeDelta::hours(1)).timestamp().to_string();
    openssl(&[
        "verify",
        "-x509_strict",
        "-crl_check",
        "-attime",
        &at,
        "-CAfile",
        &anchor,
        "-untrusted",
        &between,
        "-CRLfile",
        list,
        &leaf,
    ])
}

/// What `openssl crl` shows of a list, after checking its signature.
fn shown(crl: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let chain = write(folder.path(), "chain.pem", &cards(false).chain());
    let der = folder.path().join("list.der");
    std::fs::write(&der, crl).unwrap();
    let der = der.to_str().unwrap();
    openssl(&["crl", "-inform", "DER", "-in", der, "-CAfile", &chain, "-noout", "-text"])
}

fn serial() -> String {
    hex::encode(issue(&cards(false), CardProfile::Signature).serial)
}

#[test]
fn openssl_takes_an_empty_list_and_one_that_names_another_certificate() {
    for crl in [revoked(&[]), revoked(&[("4a01", Reason::KeyCompromise)])] {
        let answer = verify(&crl);
        assert!(answer.as_ref().is_none_or(|text| text.ends_with("leaf.pem: OK\n")), "{answer:?}");
    }
}

#[test]
fn openssl_says_revoked_of_a_certificate_that_the_list_names() {
    let answer =
        verify(&revoked(&[("4a01", Reason::Superseded), (&serial(), Reason::Unspecified)]));
    assert!(answer.as_ref().is_none_or(|text| text.contains("certificate revoked")), "{answer:?}");
}

#[test]
fn a_list_has_its_number_its_signers_key_and_reasons_where_there_are_some() {
    let Some(text) = shown(&revoked(&[
        ("4a01", Reason::KeyCompromise),
        ("4a02", Reason::Unspecified),
        ("4a03", Reason::CessationOfOperation),
    ])) else {
        return;
    };
    for line in ["verify OK", "X509v3 CRL Number: \n                7", "Key Compromise"] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    assert_eq!(text.matches("X509v3 CRL Reason Code").count(), 2);
    assert_eq!(text.matches("Serial Number").count(), 3);
    assert!(text.contains("Next Update: Mar 11 09:30:00 2026 GMT"), "{text}");
    let empty = shown(&revoked(&[])).unwrap();
    assert!(empty.contains("No Revoked Certificates"), "{empty}");
}

#[test]
fn a_list_with_a_changed_byte_is_not_believed() {
    let mut crl = revoked(&[("4a01", Reason::KeyCompromise)]);
    *crl.last_mut().unwrap() ^= 1;
    let answer = shown(&crl);
    assert!(answer.as_ref().is_none_or(|text| text.contains("verify failure")), "{answer:?}");
}

#[test]
fn what_is_no_serial_number_is_no_entry() {
    let mut revocations = Revocations::new();
    for text in ["", "xyz", "4a0", &"4a".repeat(21)] {
        let added = revocations.add(text, now(), Reason::Unspecified);
        assert!(matches!(added, Err(Error::NotASerial)), "{text}");
    }
    assert!(revocations.is_empty());
}

#[test]
fn a_reason_is_one_of_those_that_end_entities_have() {
    let known: Vec<u8> = (0..=255).filter(|code| Reason::of_code(*code).is_some()).collect();
    assert_eq!(known, [0, 1, 3, 4, 5, 6, 9]);
}
