//! HTTPS by the server itself, as an operator sets it up and a stranger's TLS library meets it.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use tests::{certificate, held::Held};

use super::operator::{configured, latchkey, said};

/// What openssl reads from the server at this port, trusting this certificate alone.
fn asked_by_openssl(port: u16, trusted: &Path, version: &str) -> String {
    let mut asking = Command::new("openssl")
        .args(["s_client", "-quiet", version, "-verify_return_error"])
        .args(["-verify_hostname", "localhost", "-CAfile"])
        .arg(trusted)
        .args(["-connect", &format!("localhost:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let question = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    // Somebody who does not like the certificate reads nothing.
    let _ = asking.stdin.take().unwrap().write_all(question.as_bytes());
    String::from_utf8(asking.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn an_operator_names_a_certificate_and_browsers_are_answered_by_https() {
    let (folder, config) = configured();
    let files = certificate::make(folder.path()).unwrap();
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (port, operator) = (free(), free());
    let portal = format!(
        "portal = {{ listen = '127.0.0.1:{port}', origin = 'https://localhost:{port}', \
         tls_certificate = '{}', tls_key = '{}' }}",
        files.certificate.display(),
        files.key.display(),
    );
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("portal = { listen = '127.0.0.1:0' }", &portal).replace(
        "operator = { listen = '127.0.0.1:0' }",
        &format!("operator = {{ listen = '127.0.0.1:{operator}' }}"),
    );
    fs::write(&config, text).unwrap();
    let looked = latchkey(&config, &["doctor"]);
    let looked = String::from_utf8(looked.stdout).unwrap();
    // It was made for two days, and a week is what renewing it should have.
    let line = looked.lines().find(|line| line.contains("portal.tls_certificate")).unwrap();
    assert!(line.starts_with("warn") && line.contains("good from"), "{line}");
    let path = config.to_str().unwrap();
    let _server = Held::start("latchkey", &["--config", path, "all"], &[], "\"ready\"").unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let answer = asked_by_openssl(port, &files.certificate, version);
        assert!(answer.starts_with("HTTP/1.1 "), "{version}: {answer}");
        assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    }
    assert_eq!(asked_by_openssl(port, &files.certificate, "-tls1_1"), "");
    assert!(reqwest::blocking::get(format!("http://localhost:{port}/")).is_err());
    let measured = reqwest::blocking::get(format!("http://127.0.0.1:{operator}/metrics")).unwrap();
    let measured = measured.text().unwrap();
    assert!(measured.contains("\nlatchkey_https_not_after_timestamp_seconds "), "{measured}");
    assert!(said(&config, &["clock", "status"]).contains("follows the system's clock"));
}

#[test]
fn a_key_that_others_can_read_starts_no_server_and_the_setting_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, config) = configured();
    let files = certificate::make(folder.path()).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    let settings = format!(
        ", origin = 'https://localhost', tls_certificate = '{}', tls_key = '{}' }}\nagents",
        files.certificate.display(),
        files.key.display(),
    );
    let text = fs::read_to_string(&config).unwrap().replacen(" }\nagents", &settings, 1);
    fs::write(&config, text).unwrap();
    let started = latchkey(&config, &["all"]);
    let complaint = String::from_utf8(started.stderr).unwrap();
    assert!(!started.status.success());
    assert!(complaint.contains("portal.tls_certificate: "), "{complaint}");
    assert!(complaint.contains("can be read by others: chmod 0600"), "{complaint}");
}
