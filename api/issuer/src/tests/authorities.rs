//! Authorities: chains that OpenSSL accepts, and what an authority will not do.

use std::{net::IpAddr, path::Path, process::Command};

use chrono::{DateTime, TimeDelta, Utc};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::EncodePublicKey as _,
};

use super::{AGENT, HOLDER, agents, card_key, cards, founding, issue, key, now, serial, wanted};
use crate::{
    AgentCertificate, Authority, AuthorityKind, CardSlot, CertificateFacts, Error, Pointers,
    PrivateKey, ServerCertificate, pem, verify_p256,
};

fn agent_certificate(authority: &Authority) -> Result<Vec<u8>, Error> {
    let wanted = AgentCertificate {
        public_key: &card_key(),
        agent: AGENT,
        now: now(),
        not_after: now() + TimeDelta::days(365),
    };
    authority.issue_agent_certificate(&wanted, serial(8))
}

fn server_certificate(authority: &Authority) -> Result<Vec<u8>, Error> {
    let wanted = ServerCertificate {
        public_key: &key(4).public_key().unwrap(),
        hosts: &["latchkey", "localhost"],
        addresses: &[IpAddr::from([127, 0, 0, 1])],
        now: now(),
        not_after: now() + TimeDelta::days(365),
    };
    authority.issue_server_certificate(&wanted, serial(7))
}

/// What `openssl` answers, both streams; `None` (and it says so) where there is no OpenSSL.
fn openssl(arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments).output() else {
        eprintln!("not shown here: `openssl` is not installed");
        return None;
    };
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    Some(text)
}

fn write(folder: &Path, name: &str, certificates: &[Vec<u8>]) -> String {
    let path = folder.join(name);
    let text: String = certificates.iter().map(|der| pem(der).unwrap()).collect();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Whether `openssl verify` accepts `leaf` for `purpose` a day after it was issued.
fn verify(authority: &Authority, leaf: &[u8], purpose: &str, more: &[&str]) -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    let chain = authority.chain().unwrap();
    let anchor = write(folder.path(), "anchor.pem", &chain[chain.len() - 1..]);
    let between = write(folder.path(), "between.pem", &chain);
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
    let certificate = issue(&cards(true), CardSlot::Authentication).unwrap();
    accepted(verify(&cards(true), &certificate, "sslclient", &[]));
    turned_down(verify(&cards(true), &certificate, "sslserver", &[]));
    turned_down(verify(&cards(true), &certificate, "smimesign", &[]));
    turned_down(verify(&cards(false), &certificate, "sslclient", &[]));
}

#[test]
fn openssl_accepts_a_signature_certificate_but_not_to_log_in_with() {
    let certificate = issue(&cards(true), CardSlot::Signature).unwrap();
    accepted(verify(&cards(true), &certificate, "any", &[]));
    turned_down(verify(&cards(true), &certificate, "sslclient", &[]));
}

#[test]
fn openssl_accepts_both_ends_of_the_channel_each_for_its_end_and_the_servers_names() {
    let authority = agents(false);
    let (agent, server) =
        (agent_certificate(&authority).unwrap(), server_certificate(&authority).unwrap());
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
    let authentication = shown(issue(&cards(true), CardSlot::Authentication).unwrap());
    let signature = shown(issue(&cards(true), CardSlot::Signature).unwrap());
    let issuing = shown(cards(true).chain().unwrap().remove(0));
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
                "1.3.6.1.5.5.7.3.36",
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
    let pointers = Pointers {
        crl: "http://crl.example.org/cards.crl".to_owned(),
        ocsp: "http://ocsp.example.org/".to_owned(),
        authority: "http://crl.example.org/cards.cer".to_owned(),
    };
    let public_key = card_key();
    let mut wanted = wanted(CardSlot::Authentication, &public_key);
    let without = cards(true).issue_card_certificate(&wanted, serial(9)).unwrap();
    wanted.pointers = Some(&pointers);
    let with = cards(true).issue_card_certificate(&wanted, serial(9)).unwrap();
    let says = |der: &[u8], text: &str| der.windows(text.len()).any(|part| part == text.as_bytes());
    for address in [&pointers.crl, &pointers.ocsp, &pointers.authority] {
        assert!(says(&with, address));
        assert!(!says(&without, address));
    }
    accepted(verify(&cards(true), &with, "sslclient", &[]));
}

#[test]
fn every_certificate_of_the_demonstration_says_so_and_no_other_does() {
    for demo in [true, false] {
        let mut all = cards(demo).chain().unwrap();
        all.extend(agents(demo).chain().unwrap());
        all.push(issue(&cards(demo), CardSlot::Authentication).unwrap());
        all.push(issue(&cards(demo), CardSlot::Signature).unwrap());
        all.push(agent_certificate(&agents(demo)).unwrap());
        all.push(server_certificate(&agents(demo)).unwrap());
        assert_eq!(all.len(), 7);
        for der in all {
            assert_eq!(CertificateFacts::read(&der).unwrap().demo, demo);
        }
        assert_eq!(cards(demo).is_demo(), demo);
    }
}

#[test]
fn a_certificate_can_be_read_back() {
    let facts = CertificateFacts::read(&issue(&cards(true), CardSlot::Signature).unwrap()).unwrap();
    let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert_eq!(facts.public_key, card_key().spki());
    assert_eq!(facts.serial, "49".to_owned() + &"09".repeat(19));
    assert_eq!(facts.not_before, instant("2026-03-10T09:25:00Z"));
    assert_eq!(facts.not_after, instant("2029-03-09T09:30:00Z"));
    assert_eq!(facts.common_name.as_deref(), Some("Asha Patel, RN"));
    assert_eq!(facts.uuid, Some(HOLDER));
    let mut followed = issue(&cards(true), CardSlot::Signature).unwrap();
    followed.push(0);
    assert!(CertificateFacts::read(&followed).is_err());
}

#[test]
fn no_certificate_outlives_its_authority_or_ends_before_it_is_issued() {
    let public_key = card_key();
    let mut wanted = wanted(CardSlot::Authentication, &public_key);
    let mut issue = |now, not_after| {
        (wanted.now, wanted.not_after) = (now, not_after);
        cards(true).issue_card_certificate(&wanted, serial(9))
    };
    let end = CertificateFacts::read(&cards(true).chain().unwrap()[0]).unwrap().not_after;
    let cut = issue(now(), end + TimeDelta::days(1)).unwrap();
    assert_eq!(CertificateFacts::read(&cut).unwrap().not_after, end);
    let second = TimeDelta::seconds(1);
    assert!(issue(end - second, end + second).is_ok());
    assert!(matches!(issue(end, end + second), Err(Error::NeverValid)));
    assert!(matches!(issue(now(), now()), Err(Error::NeverValid)));
}

#[test]
fn each_authority_issues_its_own_kind_only() {
    assert!(matches!(issue(&agents(true), CardSlot::Signature), Err(Error::OtherAuthority)));
    assert!(matches!(agent_certificate(&cards(true)), Err(Error::OtherAuthority)));
    assert!(matches!(server_certificate(&cards(true)), Err(Error::OtherAuthority)));
}

#[test]
fn an_authority_opens_with_its_own_key_and_chain_only() {
    let chain = cards(true).chain().unwrap();
    let reopened = Authority::open(AuthorityKind::Cards, key(2), &chain).unwrap();
    assert_eq!(
        issue(&reopened, CardSlot::Signature).unwrap(),
        issue(&cards(true), CardSlot::Signature).unwrap()
    );
    let open = |kind, seed, chain: &[Vec<u8>]| Authority::open(kind, key(seed), chain).map(|_| ());
    assert!(matches!(open(AuthorityKind::Cards, 1, &chain), Err(Error::PartsDoNotMatch)));
    assert!(matches!(open(AuthorityKind::Cards, 2, &chain[..1]), Err(Error::PartsDoNotMatch)));
    assert!(matches!(open(AuthorityKind::Agents, 2, &chain), Err(Error::PartsDoNotMatch)));
    assert!(matches!(open(AuthorityKind::Agents, 2, &[]), Err(Error::PartsDoNotMatch)));
    assert!(open(AuthorityKind::Agents, 3, &agents(true).chain().unwrap()).is_ok());
}

#[test]
fn names_have_1_to_64_characters_and_none_that_cannot_be_printed() {
    let public_key = card_key();
    let issue = |display_name: &str, card_serial: &str| {
        let mut wanted = wanted(CardSlot::Signature, &public_key);
        (wanted.display_name, wanted.card_serial) = (display_name, card_serial);
        cards(true).issue_card_certificate(&wanted, serial(9)).map(|_| ())
    };
    assert!(issue("Ö", "0A").is_ok());
    assert!(issue(&"é".repeat(64), &"A".repeat(64)).is_ok());
    for (name, serial) in [
        ("", "0A"),
        (&*"é".repeat(65), "0A"),
        ("Asha\nPatel", "0A"),
        ("Asha Patel", ""),
        ("Asha Patel", "0A,CN=x"),
        ("Asha Patel", &*"A".repeat(65)),
    ] {
        assert!(matches!(issue(name, serial), Err(Error::Name(_))));
    }
    let long = Authority::create_agents(
        &crate::Founding { organisation: &"x".repeat(60), ..founding(true) },
        key(3),
        serial(3),
    );
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
    assert!(!verify_p256(card_key().spki(), b"I am here", signature.as_bytes()));
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
