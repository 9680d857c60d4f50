//! What is issued and signed, read by pkilint: no finding at NOTICE or above.
//!
//! But for one that is pkilint's own: it takes URIs for addresses of web pages, so a holder's `urn:uuid:` (RFC 9562,
//! which SP 800-73 asks for in a card's certificate) is none to it. That one is expected, once a certificate.

use std::{fs, path::Path};

use domain::certificate::RevocationReason;
use serde_json::Value;

use super::{RelyingParty, text};

/// What one of pkilint's programs finds at NOTICE or above; `./latchkey test` installs them under var/.
async fn lint(party: &RelyingParty, program: &str, arguments: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let program = root.join("var/pkilint/bin").join(program);
    assert!(program.exists(), "{} is not there: run ./latchkey test", program.display());
    let arguments = [&["lint", "-s", "NOTICE", "-f", "JSON"], arguments].concat();
    let output = party.run(program.to_str().unwrap(), &arguments).await;
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        panic!("{arguments:?}: {}", text(&output));
    };
    let results = report["results"].as_array().unwrap();
    let findings = results.iter().flat_map(|at| at["finding_descriptions"].as_array().unwrap());
    findings.map(|finding| format!("{}: {}", finding["code"], finding["message"])).collect()
}

#[track_caller]
fn nothing_but_urns(what: &str, n_urns: usize, found: &[String]) {
    let is_urn = |finding: &&String| finding.contains(r#"Invalid URI syntax: \"urn:uuid:"#);
    let urns = found.iter().filter(is_urn).count();
    assert_eq!((urns, found.len()), (n_urns, n_urns), "{what}: {found:#?}");
}

#[tokio::test]
async fn pkilint_finds_nothing_in_certificates_chain_lists_and_answers() {
    let party = RelyingParty::open(31).await;
    for (certificate, n_urns) in [("9a", 1), ("9c", 1), ("issuing", 0), ("root", 0)] {
        let file = format!("{certificate}.pem");
        nothing_but_urns(certificate, n_urns, &lint(&party, "lint_pkix_cert", &[&file]).await);
    }
    for (signer, signee) in
        [("issuing.pem", "9a.pem"), ("issuing.pem", "9c.pem"), ("root.pem", "issuing.pem")]
    {
        let found = lint(&party, "lint_pkix_signer_signee_cert_chain", &[signer, signee]).await;
        nothing_but_urns(signee, 0, &found);
    }
    for revoked in [false, true] {
        if revoked {
            party.revoke(RevocationReason::LostOrStolen).await;
            party.scene.desk.wait(chrono::Duration::seconds(3));
            api::relying_parties::tick(party.scene.desk.app()).await;
        }
        party.fetch_list().await;
        let found = lint(&party, "lint_crl", &["-t", "CRL", "-p", "PKIX", "list.pem"]).await;
        nothing_but_urns("list", 0, &found);
        fs::write(party.path("answer.der"), ask(&party).await).unwrap();
        let found = lint(&party, "lint_ocsp_response", &["answer.der"]).await;
        nothing_but_urns("answer", 0, &found);
    }
}

/// The answer to a question with a nonce.
async fn ask(party: &RelyingParty) -> Vec<u8> {
    let question = ["ocsp", "-sha256", "-issuer", "issuing.pem", "-cert", "9a.pem"];
    party.openssl(&[&question[..], &["-reqout", "question.der"]].concat()).await;
    let client = reqwest::Client::new();
    let request = client.post(format!("http://{}/ocsp", party.address));
    let answer = request.body(party.read("question.der")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/ocsp-response");
    answer.bytes().await.unwrap().to_vec()
}
