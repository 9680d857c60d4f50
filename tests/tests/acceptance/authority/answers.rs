//! OCSP: good, revoked with the very event that says so, unknown, another's.

use domain::certificate::RevocationReason;

use super::RelyingParty;

/// What `openssl ocsp` says, asking for this certificate as if this were its issuer.
async fn ask(party: &RelyingParty, digest: &str, issuer: &str, about: &[&str]) -> String {
    let url = format!("http://{}/ocsp", party.address);
    // The digest has to stand before what it is of.
    let mut arguments = vec!["ocsp", digest, "-issuer", issuer];
    arguments.extend(about);
    arguments.extend(["-url", &url, "-CAfile", "chain.pem"]);
    party.openssl(&arguments).await
}

#[tokio::test]
async fn c15_openssl_hears_good_then_revoked_at_once_and_unknown_and_unauthorized_of_others() {
    let party = RelyingParty::open(21).await;
    for digest in ["-sha1", "-sha256"] {
        for certificate in ["9a.pem", "9c.pem"] {
            let said = ask(&party, digest, "issuing.pem", &["-cert", certificate]).await;
            assert!(said.contains("Response verify OK"), "{said}");
            assert!(said.contains(&format!("{certificate}: good")), "{said}");
            assert!(!said.contains("WARNING"), "{said}");
        }
        let said = ask(&party, digest, "issuing.pem", &["-serial", "0x4A01"]).await;
        assert!(said.contains("Response verify OK") && said.contains(": unknown"), "{said}");
        let said = ask(&party, digest, "agents.pem", &["-cert", "9a.pem"]).await;
        assert!(said.contains("unauthorized (6)"), "{said}");
    }

    party.revoke(RevocationReason::Compromised).await;
    // No list has been made meanwhile; nobody has to wait for one.
    for certificate in ["9a.pem", "9c.pem"] {
        let said = ask(&party, "-sha256", "issuing.pem", &["-cert", certificate]).await;
        assert!(said.contains("Response verify OK"), "{said}");
        assert!(said.contains(&format!("{certificate}: revoked")), "{said}");
        assert!(said.contains("Reason: keyCompromise"), "{said}");
    }
}

#[tokio::test]
async fn a_superseded_pair_is_good_until_it_expires() {
    let party = RelyingParty::open(22).await;
    let events = party.scene.desk.events(party.scene.holder).await.unwrap();
    let superseded = events.iter().find_map(|event| {
        let domain::holder::HolderEvent::CardIssued(issued) = event else { return None };
        Some(issued.certificates.clone())
    });
    for certificate in superseded.unwrap() {
        let serial = format!("0x{}", certificate.serial);
        let said = ask(&party, "-sha256", "issuing.pem", &["-serial", &serial]).await;
        assert!(said.contains(": good"), "{said}");
    }
}
