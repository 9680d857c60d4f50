//! The door over loopback: real TLS, certificates of an authority that the client trusts.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path};

use issuer::{AgentsAuthority, pem};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{renewal::Look, *};
use crate::{
    clock::{Clock as _, Entropy, StandingClock, WallClock},
    commands::serve,
    config::{Config, HttpsSettings},
    secret_file::FileError,
};

const NAME: Option<&str> = Some("localhost");

/// The settings of two files in this folder, with a certificate for `localhost` of an app's authority:
/// `serial` tells it from others.
fn write(folder: &Path, authority: &AgentsAuthority, serial: u8) -> HttpsSettings {
    let now = WallClock.now();
    let until = now + chrono::TimeDelta::days(30);
    let (certificate, key) =
        authority.issue_server_certificate(&[serial; 48], [serial; 20], now, until).unwrap();
    let settings =
        HttpsSettings { certificate: folder.join("fullchain.pem"), key: folder.join("key.pem") };
    let chain = [pem(&certificate).unwrap(), pem(authority.certificate_der()).unwrap()];
    fs::write(&settings.certificate, chain.concat()).unwrap();
    write_key(&settings.key, &key);
    settings
}

fn write_key(path: &Path, der: &[u8]) {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let text = BASE64_STANDARD.encode(der);
    // Put together here, so that no scanner for lost keys stops at this file.
    let line = |word: &str| format!("-----{word} PRIVATE KEY-----\n");
    fs::write(path, format!("{}{text}\n{}", line("BEGIN"), line("END"))).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A server that speaks HTTPS, in a folder.
struct Server {
    folder: tempfile::TempDir,
    app: App,
    address: SocketAddr,
    renewal: Arc<Renewal>,
    shutdown: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    // TLS reads the machine's clock, and certificates have to be valid by it.
    let clock = Arc::new(StandingClock::at(WallClock.now()));
    let mut config = Config::for_testing(&folder.path().join("data"));
    config.portal.origin = "https://localhost".to_owned();
    let files = ["fullchain.pem", "key.pem"].map(|name| folder.path().join(name));
    let [certificate, key] = files;
    config.portal.https = Some(HttpsSettings { certificate, key });
    let app = serve::open(config, clock, Entropy::Seeded(0.into())).await.unwrap();
    write(folder.path(), app.agents_authority().unwrap(), 1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
    let door = FrontDoor::open(&app).unwrap();
    let FrontDoor::Https { renewal, .. } = &door else { panic!("the door is plain") };
    let renewal = Arc::clone(renewal);
    let serving = tokio::spawn(door.serve(app.clone(), listener, shutdown.clone()));
    Server { folder, app, address, renewal, shutdown, serving }
}

impl Server {
    async fn connect(
        &self,
        version: &'static SupportedProtocolVersion,
    ) -> anyhow::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(
            self.app.agents_authority().unwrap().certificate_der().to_vec(),
        ))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost")?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    }

    /// The serial number of the certificate that somebody who comes now is shown.
    async fn shows(&self) -> String {
        let stream = self.connect(&TLS13).await.unwrap();
        let chain = stream.get_ref().1.peer_certificates().unwrap();
        issuer::CertificateFacts::read(&chain[0]).unwrap().serial
    }
}

const QUESTION: &[u8] = b"GET /help/card HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_browser_gets_a_page_by_both_versions_of_tls_and_is_told_to_come_by_https_alone() {
    let server = server().await;
    for version in [&TLS12, &TLS13] {
        let mut stream = server.connect(version).await.unwrap();
        stream.write_all(QUESTION).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000\r\n"), "{answer}");
        assert!(answer.contains("</html>"), "{answer}");
    }
    server.shutdown.cancel();
    server.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_speaks_plain_http_to_it_is_answered_no_page() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(QUESTION).await.unwrap();
    let mut answer = vec![];
    // It may be hung up on, or told so by TLS.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn whoever_comes_after_a_renewal_is_shown_the_new_certificate_and_a_broken_one_is_shown_to_nobody()
 {
    let server = server().await;
    let (first, settings) = (server.shows().await, server.app.config().portal.https.clone());
    let settings = settings.unwrap();
    assert_eq!(server.renewal.look(), Look::AsBefore);
    write(server.folder.path(), server.app.agents_authority().unwrap(), 2);
    assert_eq!(server.renewal.look(), Look::Renewed);
    let second = server.shows().await;
    assert_ne!(first, second);
    // Half a renewal: the chain is written, its key is not yet.
    let old_key = fs::read(&settings.key).unwrap();
    write(server.folder.path(), server.app.agents_authority().unwrap(), 3);
    let new_key = fs::read(&settings.key).unwrap();
    fs::write(&settings.key, old_key).unwrap();
    assert!(matches!(server.renewal.look(), Look::Unusable(_)));
    assert_eq!(server.renewal.look(), Look::AsBefore, "it is told once");
    assert_eq!(server.shows().await, second);
    fs::write(&settings.key, new_key).unwrap();
    assert_eq!(server.renewal.look(), Look::Renewed);
    assert_ne!(server.shows().await, second);
}

/// A certificate of an app's authority for `localhost`, and its key.
async fn files() -> (tempfile::TempDir, HttpsSettings) {
    let server = server().await;
    let settings = server.app.config().portal.https.clone().unwrap();
    (server.folder, settings)
}

#[tokio::test]
async fn files_that_make_no_server_are_refused_each_by_its_name_and_without_a_word_of_the_key() {
    let (_folder, settings) = files().await;
    let read = |name| Certificate::read(&settings, name);
    assert!(read(NAME).is_ok());
    // Behind a proxy, which may ask by any name.
    assert!(read(None).is_ok());
    let other = read(Some("cards.example.org")).unwrap_err();
    assert!(other.to_string().ends_with("is not a certificate for cards.example.org"), "{other}");
    let open = |mode| fs::set_permissions(&settings.key, fs::Permissions::from_mode(mode)).unwrap();
    open(0o640);
    assert!(matches!(read(NAME), Err(Unusable::File(FileError::Open(_)))));
    open(0o600);
    fs::write(&settings.key, "-----BEGIN hush\nhush\n").unwrap();
    let no_key = read(NAME).unwrap_err();
    assert!(matches!(no_key, Unusable::NoKey(_)));
    assert!(!format!("{no_key:?}").contains("hush"));
    write_key(&settings.key, b"not a key");
    assert!(matches!(read(NAME), Err(Unusable::NotAPair { .. })));
    fs::write(&settings.certificate, "").unwrap();
    assert!(matches!(read(NAME), Err(Unusable::NoCertificate(_))));
}

#[tokio::test]
async fn a_certificate_is_good_on_its_first_and_its_last_instant_and_on_no_other_side_of_them() {
    let (_folder, settings) = files().await;
    let certificate = Certificate::read(&settings, NAME).unwrap();
    let second = chrono::TimeDelta::seconds(1);
    let (from, until) = (certificate.not_before, certificate.not_after);
    assert!(certificate.is_valid(from) && certificate.is_valid(until));
    assert!(!certificate.is_valid(from - second) && !certificate.is_valid(until + second));
}

#[tokio::test]
async fn the_doctor_says_until_when_the_certificate_is_good_and_warns_a_week_before() {
    use crate::doctor::{Verdict, doctor_at};
    let (_folder, settings) = files().await;
    let until = Certificate::read(&settings, NAME).unwrap().not_after;
    let mut config = Config::for_testing(Path::new("/nowhere"));
    config.portal.origin = "https://localhost".to_owned();
    config.portal.https = Some(settings);
    let look = |now| {
        let mut findings = doctor_at(&config, now, None).into_iter();
        findings.find(|finding| finding.check == "portal.tls_certificate").unwrap()
    };
    let (week, second) = (chrono::TimeDelta::days(7), chrono::TimeDelta::seconds(1));
    assert!(look(until - week).detail.contains(&format!("until {until}")));
    for (now, verdict) in [
        (until - week, Verdict::Ok),
        (until - week + second, Verdict::Warn),
        (until, Verdict::Warn),
        (until + second, Verdict::Fail),
    ] {
        assert_eq!(look(now).verdict, verdict, "{now}");
    }
}
