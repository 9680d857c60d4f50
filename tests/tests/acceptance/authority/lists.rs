//! The revocation list: verified, refused once it names a certificate, and published in time.

use api::relying_parties;
use chrono::Duration;
use domain::certificate::RevocationReason;

use super::RelyingParty;

async fn verify(party: &RelyingParty) -> String {
    let mut arguments = vec!["verify", "-x509_strict", "-crl_check", "-CAfile", "root.pem"];
    arguments.extend(["-untrusted", "issuing.pem", "-CRLfile", "list.pem", "9a.pem", "9c.pem"]);
    party.openssl(&arguments).await
}

async fn number(party: &RelyingParty) -> u64 {
    party.scene.desk.app().stores().crls.latest().await.unwrap().unwrap().number
}

#[tokio::test]
async fn c15_openssl_takes_both_certificates_until_they_are_revoked_and_neither_afterwards() {
    let party = RelyingParty::open(11).await;
    party.fetch_list().await;
    assert_eq!(verify(&party).await, "9a.pem: OK\n9c.pem: OK\n");
    let arguments =
        ["crl", "-in", "list.pem", "-CAfile", "chain.pem", "-noout", "-text", "-crlnumber"];
    let shown = party.openssl(&arguments).await;
    assert!(shown.contains("verify OK") && shown.contains("No Revoked Certificates"), "{shown}");

    party.scene.desk.wait(Duration::seconds(3));
    party.revoke(RevocationReason::LostOrStolen).await;
    relying_parties::tick(party.scene.desk.app()).await;
    party.fetch_list().await;
    let refused = verify(&party).await;
    assert_eq!(refused.matches("certificate revoked").count(), 2, "{refused}");
    let shown = party.openssl(&arguments).await;
    assert!(shown.contains("verify OK"), "{shown}");
    assert_eq!(shown.matches("Key Compromise").count(), 2, "{shown}");
}

#[tokio::test]
async fn c15_a_list_follows_a_revocation_within_five_seconds_and_several_share_one() {
    let party = RelyingParty::open(12).await;
    let desk = &party.scene.desk;
    let first = number(&party).await;
    desk.wait(Duration::seconds(1));
    party.revoke(RevocationReason::Damaged).await;
    // A second after a list there is no other, however many calls.
    relying_parties::tick(desk.app()).await;
    assert_eq!(number(&party).await, first);
    desk.wait(Duration::seconds(1));
    relying_parties::tick(desk.app()).await;
    let second = number(&party).await;
    assert!(first < second);
    for _ in 0..10 {
        desk.wait(Duration::seconds(1));
        relying_parties::tick(desk.app()).await;
    }
    assert_eq!(number(&party).await, second, "nothing was revoked since");
}

#[tokio::test]
async fn certificates_say_where_the_list_the_answers_and_the_issuer_are() {
    let party = RelyingParty::open(13).await;
    let arguments = ["x509", "-in", "9a.pem", "-noout", "-ext"];
    let wanted = "crlDistributionPoints,authorityInfoAccess";
    let shown = party.openssl(&[&arguments[..], &[wanted]].concat()).await;
    for pointer in [
        "URI:http://127.0.0.1:7404/crl",
        "OCSP - URI:http://127.0.0.1:7404/ocsp",
        "CA Issuers - URI:http://127.0.0.1:7404/chain.p7c",
    ] {
        assert!(shown.contains(pointer), "{pointer} in {shown}");
    }
    let chain = reqwest::get(format!("http://{}/chain.p7c", party.address)).await.unwrap();
    std::fs::write(party.path("chain.p7c"), chain.bytes().await.unwrap()).unwrap();
    let arguments = ["pkcs7", "-inform", "DER", "-in", "chain.p7c", "-print_certs", "-noout"];
    let shown = party.openssl(&arguments).await;
    assert!(shown.contains("Card issuing authority") && shown.contains("Card root"), "{shown}");
}
