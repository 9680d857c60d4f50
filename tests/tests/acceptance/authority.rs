//! The cards' authority as relying parties see it, judged by tools that nobody here wrote: OpenSSL and pkilint.

mod answers;
pub(crate) mod hsm;
mod lint;
mod lists;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use api::{execute::Executed, relying_parties};
use domain::{certificate::RevocationReason, context, logon::Authenticated};
use protocol::Slot;
use tempfile::TempDir;
use tests::{
    desk::{Desk, scene::Scene},
    held::until,
    system::System,
};
use tokio::{net::TcpListener, process::Command};

/// How long ago the holder was registered, so that his certificates are renewed today.
const LIFE_DAYS: i64 = 730;

/// Days that were left of them.
const LEFT_DAYS: i64 = 25;

/// How soon a list names what was revoked.
const FOLLOWS_MAX: Duration = Duration::from_secs(5);

/// A relying party: a folder with the certificates that it has, and the address where it asks.
struct RelyingParty {
    scene: Scene,
    address: SocketAddr,
    folder: TempDir,
}

impl RelyingParty {
    /// A holder has renewed both certificates a moment ago, by this machine's clock.
    async fn open(seed: u64) -> Self {
        let desk = Desk::open_ago(LIFE_DAYS - LEFT_DAYS, seed).await.unwrap();
        let mut scene = Scene::at(desk, "First001").await.unwrap();
        scene.grow_old(LEFT_DAYS, "Second02").await.unwrap();
        scene.log_in().await.unwrap();
        scene.renew().await.unwrap();
        let app = scene.desk.app().clone();
        relying_parties::tick(&app).await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let answering = axum::serve(listener, relying_parties::router(app.clone()));
        tokio::spawn(async move { answering.await });
        let party = Self { scene, address, folder: TempDir::new().unwrap() };
        let chain = app.cards_authority().unwrap().chain();
        party.keep("issuing", &chain[0]).await;
        party.keep("root", &chain[1]).await;
        party.keep("agents", app.agents_authority().unwrap().certificate_der()).await;
        for (name, slot) in [("9a", Slot::Authentication), ("9c", Slot::Signature)] {
            let certificate = party.scene.card.certificate(slot).unwrap().to_vec();
            party.keep(name, &certificate).await;
        }
        let both = [party.read("issuing.pem"), party.read("root.pem")].concat();
        fs::write(party.path("chain.pem"), both).unwrap();
        party
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Keeps a certificate as PEM.
    async fn keep(&self, name: &str, certificate: &[u8]) {
        let (der, pem) = (format!("{name}.der"), format!("{name}.pem"));
        fs::write(self.path(&der), certificate).unwrap();
        self.openssl(&["x509", "-inform", "DER", "-in", &der, "-out", &pem]).await;
    }

    /// Fetches the list that is published now.
    async fn fetch_list(&self) {
        let list = reqwest::get(format!("http://{}/crl", self.address)).await.unwrap();
        fs::write(self.path("list.der"), list.bytes().await.unwrap()).unwrap();
        let arguments = ["crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem"];
        self.openssl(&arguments).await;
    }

    /// What `openssl` says, both streams, in the folder.
    async fn openssl(&self, arguments: &[&str]) -> String {
        text(&self.run("openssl", arguments).await)
    }

    async fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).output().await.unwrap()
    }

    /// C-15: both certificates are revoked.
    async fn revoke(&self, reason: RevocationReason) -> Executed {
        let app = self.scene.desk.app();
        let holder = self.scene.desk.holder(self.scene.holder).await.unwrap();
        let context = context::Context { now: app.now(), policies: app.policies() };
        let card = holder.card().unwrap().card.clone();
        let proof = Authenticated::by_card(&context, &holder, &card).unwrap();
        let command = app.entropy().command_id(app.now());
        app.authority().revoke(self.scene.holder, command, proof, reason).await.unwrap()
    }
}

/// The number of the list that a running system has published, as its tag says.
pub(super) fn list_number(system: &System) -> anyhow::Result<u64> {
    let list = reqwest::blocking::get(format!("{}/crl", system.authority_url()))?;
    let tag = list.headers().get("etag").context("a list without a tag")?;
    let tag = tag.to_str()?.trim_matches('"');
    Ok(tag.split_once('-').map_or(tag, |(number, _)| number).parse()?)
}

/// Waits until the running system has published a list after this one; fails if that takes longer than C-15 allows.
pub(super) fn another_list_follows(system: &System, number: u64) -> anyhow::Result<()> {
    let begun = Instant::now();
    until("another revocation list", || Ok((number < list_number(system)?).then_some(())))?;
    ensure!(begun.elapsed() < FOLLOWS_MAX, "the list took {:?}", begun.elapsed());
    Ok(())
}

/// The serial numbers on the list that a running system has published.
pub(super) fn revoked(system: &System) -> anyhow::Result<Vec<String>> {
    let folder = TempDir::new()?;
    let list = reqwest::blocking::get(format!("{}/crl", system.authority_url()))?.bytes()?;
    fs::write(folder.path().join("list.der"), list)?;
    let arguments = ["crl", "-inform", "DER", "-in", "list.der", "-noout", "-text"];
    let said = openssl_in(folder.path(), &arguments)?;
    let serials = said.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: "));
    Ok(serials.map(str::to_owned).collect())
}

/// OCSP: what `openssl` hears from a running system about a certificate with this serial number.
pub(super) fn ask_running(system: &System, serial: &str) -> anyhow::Result<String> {
    let folder = TempDir::new()?;
    for name in ["issuing", "root"] {
        let address = format!("{}/{name}.cer", system.authority_url());
        let (der, pem) = (format!("{name}.der"), format!("{name}.pem"));
        fs::write(folder.path().join(&der), reqwest::blocking::get(address)?.bytes()?)?;
        openssl_in(folder.path(), &["x509", "-inform", "DER", "-in", &der, "-out", &pem])?;
    }
    let (url, serial) = (format!("{}/ocsp", system.authority_url()), format!("0x{serial}"));
    let asked = ["ocsp", "-issuer", "issuing.pem", "-serial", &serial, "-url", &url];
    openssl_in(folder.path(), &[&asked[..], &["-CAfile", "root.pem"]].concat())
}

/// What `openssl` says, both streams, in a folder.
fn openssl_in(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = std::process::Command::new("openssl");
    let output = command.args(arguments).current_dir(folder).output()?;
    Ok(text(&output))
}

/// Both streams.
fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).unwrap()
}
