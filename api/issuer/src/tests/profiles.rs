//! What an organisation may choose, and what it may not.

use super::{
    cards, issue, now,
    openssl::{openssl, write},
    pointers, wanted,
};
use crate::{CardProfile, CardProfiles, ProfileRefused};

fn texts(purposes: &[&str]) -> Vec<String> {
    purposes.iter().map(ToString::to_string).collect()
}

#[test]
fn purposes_policy_and_the_name_for_windows_are_as_configured() {
    let profiles = CardProfiles::default()
        .with_purposes(CardProfile::Authentication, &texts(&["1.3.6.1.5.5.7.3.2"]))
        .and_then(|profiles| profiles.with_policy("2.25.3.1"))
        .unwrap()
        .with_upn_from_email();
    let authority = cards(false).with_profiles(profiles).with_pointers(pointers());
    let folder = tempfile::tempdir().unwrap();
    let shown = |profile| {
        let path = write(folder.path(), "shown.pem", &[issue(&authority, profile).der]);
        openssl(&["x509", "-in", &path, "-noout", "-text"])
    };
    let Some(authentication) = shown(CardProfile::Authentication) else { return };
    for part in ["Policy: 2.25.3.1", "othername: UPN::asha.patel@example.org", "TLS Web Client"] {
        assert!(authentication.contains(part), "{part} in {authentication}");
    }
    assert!(!authentication.contains("Microsoft Smartcard Login"));
    let signature = shown(CardProfile::Signature).unwrap();
    assert!(signature.contains("Policy: 2.25.3.1") && !signature.contains("UPN"), "{signature}");
    let issued = issue(&authority, CardProfile::Authentication);
    let wanted = wanted(CardProfile::Authentication);
    assert!(authority.check_card_certificate(&issued.der, &issued.public_key, &wanted).is_ok());
    assert_eq!(issued.not_after, wanted.not_after - chrono::TimeDelta::milliseconds(750));
    assert!(issued.not_before < now());
}

#[test]
fn a_card_gets_no_certificate_for_anything_at_all_or_for_what_others_are_trusted_with() {
    let chosen = |profile, purposes: &[&str]| {
        CardProfiles::default().with_purposes(profile, &texts(purposes))
    };
    let both = [CardProfile::Authentication, CardProfile::Signature];
    for never in ["2.5.29.37.0", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.9"] {
        for profile in both {
            let refused = ProfileRefused::Purpose(never.to_owned());
            assert_eq!(chosen(profile, &["1.3.6.1.4.1.32473.1", never]), Err(refused));
        }
    }
    for logon in ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.4"] {
        assert!(chosen(CardProfile::Authentication, &[logon]).is_ok());
        assert!(chosen(CardProfile::Signature, &[logon]).is_err());
    }
    for profile in both {
        assert_eq!(chosen(profile, &[]), Err(ProfileRefused::Count));
        assert_eq!(chosen(profile, &["1.2.3", "1.2.3"]), Err(ProfileRefused::Count));
        let text = "clientAuth".to_owned();
        assert_eq!(chosen(profile, &["clientAuth"]), Err(ProfileRefused::NotAnIdentifier(text)));
    }
    let many: Vec<String> = (1..=9).map(|number| format!("1.3.6.1.4.1.32473.{number}")).collect();
    let profile = CardProfile::Signature;
    assert!(CardProfiles::default().with_purposes(profile, &many[..8]).is_ok());
    assert!(CardProfiles::default().with_purposes(profile, &many).is_err());
    assert!(CardProfiles::default().with_policy("policy").is_err());
}

#[test]
fn the_chain_is_one_file_that_openssl_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.p7c");
    std::fs::write(&path, cards(false).chain_p7c().unwrap()).unwrap();
    let path = path.to_str().unwrap();
    let text = openssl(&["pkcs7", "-inform", "DER", "-in", path, "-print_certs", "-noout"]);
    for name in ["subject=O = Latchkey, CN = Card issuing", "subject=O = Latchkey, CN = Card root"]
    {
        assert!(text.as_ref().is_none_or(|text| text.contains(name)), "{text:?}");
    }
}
