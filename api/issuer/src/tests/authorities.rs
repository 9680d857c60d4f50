//! Authorities: chains that OpenSSL accepts, and what an authority will not do.

use chrono::{DateTime, TimeDelta, Utc};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::EncodePublicKey as _,
};

use super::{
    AGENT, HOLDER, REQUEST, agents, cards, founding, issue, key, now,
    openssl::{openssl, write},
    pointers, wanted,
};
use crate::{
    AgentsAuthority, CardProfile, CardsAuthority, CertificateFacts, Error, Founding, PrivateKey,
    public_key_of_request, verify_p256,
};

fn until() -> DateTime<Utc> {
    now() + TimeDelta::days(365)
}

fn agent_certificate(authority: &AgentsAuthority) -> Vec<u8> {
    authority.issue_agent_certificate(REQUEST, AGENT, [8; 20], now(), until()).unwrap()
}

fn server_certificate(authority: &AgentsAuthority) -> Vec<u8> {
    authority.issue_server_certificate(&[4; 48], [7; 20], now(), until()).unwrap().0
}

/// Whether `openssl verify` accepts `leaf` for `purpose` a day after it was issued.
fn verify(chain: &[Vec<u8>], leaf: &[u8], purpose: &str, more: &[&str]) -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    let anchor = write(folder.path(), "anchor.pem", &chain[chain.len() - 1..]);
    let between = write(folder.path(), "between.pem", chain);
    let leaf = write(folder.path(), "leaf.pem", &[leaf.to_vec()]);
    let at = (now() + TimeDelta::days(1)).timestamp().to_string();
    let mut arguments = vec!["verify", "-x509_strict", "-policy_check", "-attime", &at];
    arguments.extend(["-purpose", purpose, "-CAfile", &anchor, "-untrusted", &between]);
    arguments.extend(more);
    arguments.push(&leaf);
    let answer = openssl(&arguments)?;
    let accepted = answer.ends_with("leaf.pem: OK\n");
    assert!(accepted || answer.contains("verification failed"), "{answer}");
    Some(accepted)
}

#[track_caller]
fn accepted(answer: Option<bool>) {
    assert_ne!(answer, Some(false));
}

#[track_caller]
fn turned_down(answer: Option<bool>) {
    assert_ne!(answer, Some(true));
}

#[test]
fn openssl_accepts_a_card_authentication_certificate_as_a_clients_and_nothing_else() {
    let certificate = issue(&cards(true), CardProfile::Authentication).der;
    accepted(verify(&cards(true).chain(), &certificate, "sslclient", &[]));
    turned_down(verify(&cards(true).chain(), &certificate, "sslserver", &[]));
    turned_down(verify(&cards(true).chain(), &certificate, "smimesign", &[]));
    turned_down(verify(&cards(false).chain(), &certificate, "sslclient", &[]));
}

#[test]
fn openssl_accepts_a_signature_certificate_but_not_to_log_in_with() {
    let certificate = issue(&cards(true), CardProfile::Signature).der;
    accepted(verify(&cards(true).chain(), &certificate, "smimesign", &[]));
    turned_down(verify(&cards(true).chain(), &certificate, "sslclient", &[]));
}

#[test]
fn openssl_accepts_both_ends_of_the_channel_each_for_its_end_and_the_servers_names() {
    let authority = agents(false);
    let (agent, server) = (agent_certificate(&authority), server_certificate(&authority));
    let authority = [authority.certificate_der().to_vec()];
    accepted(verify(&authority, &agent, "sslclient", &[]));
    turned_down(verify(&authority, &agent, "sslserver", &[]));
    accepted(verify(&authority, &server, "sslserver", &["-verify_hostname", "latchkey"]));
    accepted(verify(&authority, &server, "sslserver", &["-verify_hostname", "localhost"]));
    accepted(verify(&authority, &server, "sslserver", &["-verify_ip", "127.0.0.1"]));
    turned_down(verify(&authority, &server, "sslserver", &["-verify_hostname", "elsewhere"]));
    turned_down(verify(&authority, &server, "sslclient", &[]));
}

#[test]
fn key_usages_and_purposes_are_those_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |der: Vec<u8>| {
        let path = write(folder.path(), "shown.pem", &[der]);
        let extensions = "keyUsage,extendedKeyUsage,basicConstraints,subjectAltName";
        openssl(&["x509", "-in", &path, "-noout", "-subject", "-ext", extensions])
    };
    let authentication = shown(issue(&cards(true), CardProfile::Authentication).der);
    let signature = shown(issue(&cards(true), CardProfile::Signature).der);
    let issuing = shown(cards(true).chain().remove(0));
    for (text, lines) in [
        (
            authentication,
            &[
                r#"subject=O = DEMO Latchkey, CN = "Asha Patel, RN", serialNumber = 0A1B2C"#,
                "X509v3 Key Usage: critical\n    Digital Signature\n",
                "TLS Web Client Authentication, Microsoft Smartcard Login",
                "URI:urn:uuid:01920000-0000-7000-8000-000000000001",
            ][..],
        ),
        (
            signature,
            &[
                "X509v3 Key Usage: critical\n    Digital Signature, Non Repudiation\n",
                "E-mail Protection, 1.3.6.1.5.5.7.3.36",
                "email:asha.patel@example.org",
                "URI:urn:uuid:01920000-0000-7000-8000-000000000001",
            ],
        ),
        (
            issuing,
            &[
                "X509v3 Basic Constraints: critical\n    CA:TRUE, pathlen:0\n",
                "Certificate Sign, CRL Sign\n",
            ],
        ),
    ] {
        for line in lines {
            assert!(text.as_ref().is_none_or(|text| text.contains(line)), "{line} in {text:?}");
        }
    }
}

#[test]
fn pointers_are_written_when_given_and_left_out_when_not() {
    let pointers = pointers();
    let without = issue(&cards(true), CardProfile::Authentication).der;
    let pointing = cards(true).with_pointers(pointers.clone());
    let with = issue(&pointing, CardProfile::Authentication).der;
    let says = |der: &[u8], text: &str| der.windows(text.len()).any(|part| part == text.as_bytes());
    for address in [&pointers.crl, &pointers.ocsp, &pointers.authority] {
        assert!(says(&with, address));
        assert!(!says(&without, address));
    }
    accepted(verify(&cards(true).chain(), &with, "sslclient", &[]));
}

#[test]
fn every_certificate_of_the_demonstration_says_so_and_no_other_does() {
    for demo in [true, false] {
        let mut all = cards(demo).chain();
        all.push(agents(demo).certificate_der().to_vec());
        all.push(issue(&cards(demo), CardProfile::Authentication).der);
        all.push(issue(&cards(demo), CardProfile::Signature).der);
        all.push(agent_certificate(&agents(demo)));
        all.push(server_certificate(&agents(demo)));
        assert_eq!(all.len(), 7);
        for der in all {
            assert_eq!(CertificateFacts::read(&der).unwrap().demo, demo);
        }
        assert_eq!(cards(demo).is_demo(), demo);
        assert_eq!(agents(demo).is_demo(), demo);
    }
}

#[test]
fn a_certificate_can_be_read_back() {
    let issued = issue(&cards(true), CardProfile::Signature);
    let facts = CertificateFacts::read(&issued.der).unwrap();
    let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert_eq!(facts.public_key, public_key_of_request(REQUEST).unwrap().spki());
    assert_eq!(facts.public_key, issued.public_key);
    assert_eq!(facts.serial, "49".to_owned() + &"09".repeat(19));
    assert_eq!(facts.serial, hex::encode(issued.serial));
    assert_eq!(facts.not_before, instant("2026-03-10T09:25:00Z"));
    assert_eq!(facts.not_after, instant("2029-03-09T09:30:00Z"));
    assert_eq!((facts.not_before, facts.not_after), (issued.not_before, issued.not_after));
    assert_eq!(facts.common_name.as_deref(), Some("Asha Patel, RN"));
    assert_eq!(facts.uuid, Some(HOLDER));
    let mut followed = issue(&cards(true), CardProfile::Signature).der;
    followed.push(0);
    assert!(CertificateFacts::read(&followed).is_err());
}

#[test]
fn no_certificate_outlives_its_authority_or_ends_before_it_is_issued() {
    let issue = |not_before, not_after| {
        let mut wanted = wanted(CardProfile::Authentication);
        (wanted.not_before, wanted.not_after) = (not_before, not_after);
        cards(true).issue_card_certificate(REQUEST, &wanted, [9; 20])
    };
    let end = CertificateFacts::read(&cards(true).chain()[0]).unwrap().not_after;
    assert_eq!(issue(now(), end + TimeDelta::days(1)).unwrap().not_after, end);
    let second = TimeDelta::seconds(1);
    assert!(issue(end - second, end + second).is_ok());
    assert!(matches!(issue(end, end + second), Err(Error::NeverValid)));
    assert!(matches!(issue(now(), now()), Err(Error::NeverValid)));
}

#[test]
fn an_authority_opens_with_its_own_key_and_chain_only() {
    let chain = cards(true).chain();
    let reopened = CardsAuthority::open(key(2), &chain).unwrap();
    let profile = CardProfile::Signature;
    assert_eq!(issue(&reopened, profile), issue(&cards(true), profile));
    let open = |seed, chain: &[Vec<u8>]| CardsAuthority::open(key(seed), chain).map(|_| ());
    assert!(matches!(open(1, &chain), Err(Error::PartsDoNotMatch)));
    assert!(matches!(open(2, &chain[..1]), Err(Error::PartsDoNotMatch)));
    assert!(matches!(open(2, &[]), Err(Error::PartsDoNotMatch)));
    let own = agents(true).certificate_der().to_vec();
    assert!(AgentsAuthority::open(key(3), own.clone()).is_ok());
    assert!(matches!(AgentsAuthority::open(key(2), own), Err(Error::PartsDoNotMatch)));
}

#[test]
fn names_have_1_to_64_characters_and_none_that_cannot_be_printed() {
    let issue = |name: &str, card: &str, email: &str| {
        let mut wanted = wanted(CardProfile::Signature);
        (wanted.name, wanted.card, wanted.email) = (name.into(), card.into(), email.into());
        cards(true).issue_card_certificate(REQUEST, &wanted, [9; 20]).map(|_| ())
    };
    let longest = format!("a@{}", "b".repeat(252));
    assert!(issue("Ö", "0A", "a@b").is_ok());
    assert!(issue(&"é".repeat(64), &"A".repeat(64), &longest).is_ok());
    for (name, serial, email) in [
        ("", "0A", "a@b"),
        (&*"é".repeat(65), "0A", "a@b"),
        ("Asha\nPatel", "0A", "a@b"),
        ("Asha Patel", "", "a@b"),
        ("Asha Patel", "0A,CN=x", "a@b"),
        ("Asha Patel", &*"A".repeat(65), "a@b"),
        ("Asha Patel", "0A", ""),
        ("Asha Patel", "0A", "a@"),
        ("Asha Patel", "0A", "a@b@c"),
        ("Asha Patel", "0A", "ä@b"),
        ("Asha Patel", "0A", &*format!("{longest}b")),
    ] {
        assert!(matches!(issue(name, serial, email), Err(Error::Name(_))));
    }
    let founding = Founding { organisation: &"x".repeat(60), ..founding(true) };
    let long = AgentsAuthority::create(&founding, key(3), [3; 20]);
    assert!(matches!(long, Err(Error::Name(_))));
}

#[test]
fn a_card_proves_with_p256_over_this_message_and_nothing_else() {
    let signing = SigningKey::from_slice(&[5; 32]).unwrap();
    let spki = signing.verifying_key().to_public_key_der().unwrap();
    let signature: DerSignature = signing.sign(b"I am here");
    assert!(verify_p256(spki.as_bytes(), b"I am here", signature.as_bytes()));
    assert!(!verify_p256(spki.as_bytes(), b"I am there", signature.as_bytes()));
    assert!(!verify_p256(spki.as_bytes(), b"I am here", &signature.as_bytes()[1..]));
    assert!(!verify_p256(
        public_key_of_request(REQUEST).unwrap().spki(),
        b"I am here",
        signature.as_bytes()
    ));
    assert!(!verify_p256(key(1).public_key().unwrap().spki(), b"I am here", signature.as_bytes()));
    assert!(!verify_p256(&[], b"I am here", signature.as_bytes()));
}

#[test]
fn a_private_key_is_a_scalar_of_the_curve_and_does_not_show_itself() {
    assert!(PrivateKey::from_scalar(&[0; 48]).is_err());
    assert!(PrivateKey::from_scalar(&[0xFF; 48]).is_err());
    assert!(PrivateKey::from_scalar(&[1; 47]).is_err());
    assert_eq!(format!("{:?}", key(1)), "PrivateKey(…)");
    assert!(format!("{:?}", agents(true)).contains("PrivateKey(…)"));
}
