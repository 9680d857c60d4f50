//! What the cards' authority does: certificates, the revocation list of a large service that has had
//! a bad year, OCSP.
//!
//! The issuing key is in this process, as in a keystore without an HSM. The requests are one card's,
//! again and again; the revoked certificates never were.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use api::{app::App, relying_parties};
use chrono::TimeDelta;
use issuer::{CardCertificate, CardProfile, CrlHead, Reason, Revocations};
use protocol::Slot;
use tempfile::TempDir;
use tests::desk::{Desk, scene::Scene};
use tokio::net::TcpListener;

use crate::figures::{Spread, Table, count};

/// Certificates issued.
const ISSUED: u32 = 1_000;

/// Entries of the list.
const REVOKED: u32 = 200_000;

/// Clients that ask at the same time.
const CLIENTS: u32 = 16;

/// Questions of each of them.
const QUESTIONS: u32 = 500;

/// Prints the figures.
pub(crate) async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let scene = Scene::at(Desk::open_seeded(7).await?, "First001").await?;
    issue(table, &scene)?;
    list(table, scene.desk.app())?;
    answers(table, &scene).await
}

fn issue(table: &mut Table, scene: &Scene) -> anyhow::Result<()> {
    let app = scene.desk.app();
    let request = scene.card.request(Slot::Signature)?;
    let wanted = CardCertificate {
        profile: CardProfile::Signature,
        holder: scene.holder.0,
        name: "Asha Patel".to_owned(),
        email: "asha.patel@example.org".to_owned(),
        card: "0A01".to_owned(),
        not_before: app.now(),
        not_after: app.now() + TimeDelta::days(730),
    };
    table.next()?;
    let mut times = Vec::new();
    for _ in 0..ISSUED {
        let (authority, serial) = (app.cards_authority()?, app.entropy().bytes());
        let begun = Instant::now();
        let issued = authority.issue_card_certificate(&request, &wanted, serial)?;
        authority.check_card_certificate(&issued.der, &issued.public_key, &wanted)?;
        times.push(begun.elapsed());
    }
    let title = "certificate: proof of possession, issued (P-384), checked against what was wanted";
    table.spread(title, &Spread::of(times)?);
    Ok(())
}

fn list(table: &mut Table, app: &App) -> anyhow::Result<()> {
    let now = app.now();
    table.next()?;
    let begun = Instant::now();
    let mut revocations = Revocations::new();
    for _ in 0..REVOKED {
        let mut serial: [u8; 20] = app.entropy().bytes();
        serial[0] = (serial[0] & 0x3F) | 0x40;
        revocations.add(&hex::encode(serial), now, Reason::KeyCompromise)?;
    }
    let head = CrlHead { number: 1, this_update: now, next_update: now + TimeDelta::days(2) };
    let list = app.cards_authority()?.crl(&head, &revocations)?;
    let seconds = begun.elapsed().as_secs_f64();
    let n = count(REVOKED);
    table.value("revocation list: entries encoded, signed (P-384)", seconds, "s", n);
    let megabytes = f64::from(u32::try_from(list.len())?) / 1_000_000.0;
    table.value("revocation list: its size", megabytes, "MB", n);
    Ok(())
}

async fn answers(table: &mut Table, scene: &Scene) -> anyhow::Result<()> {
    let app = scene.desk.app().clone();
    relying_parties::tick(&app).await;
    let holder = scene.desk.holder(scene.holder).await?;
    let card = holder.card().context("the holder has a card")?;
    let serial = card.certificates.first().context("with certificates")?.serial.to_string();
    let question = question(&app, &serial)?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/ocsp", listener.local_addr()?);
    let answering = axum::serve(listener, relying_parties::router(app));
    tokio::spawn(async move { answering.await });
    table.next()?;
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|_| tokio::spawn(client(url.clone(), question.clone())));
    let mut times = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        times.extend(client.await??);
    }
    let rate = f64::from(CLIENTS * QUESTIONS) / begun.elapsed().as_secs_f64();
    let n = count(CLIENTS * QUESTIONS);
    table.value(
        "OCSP: answers at 16 clients (HTTP, P-256, clients in this process)",
        rate,
        "1/s",
        n,
    );
    table.spread("OCSP: from the question to its answer, at 16 clients", &Spread::of(times)?);
    Ok(())
}

/// What OpenSSL would ask about this certificate, without a nonce.
fn question(app: &App, serial: &str) -> anyhow::Result<Vec<u8>> {
    let folder = TempDir::new()?;
    let (issuer, question) = (folder.path().join("issuer.pem"), folder.path().join("question.der"));
    let issuing = app.cards_authority()?.chain().into_iter().next().context("an issuer")?;
    fs::write(&issuer, issuer::pem(&issuing)?)?;
    let mut openssl = Command::new("openssl");
    openssl.args(["ocsp", "-no_nonce", "-issuer"]).arg(&issuer);
    openssl.args(["-serial", &format!("0x{serial}"), "-reqout"]).arg(&question);
    let asked = openssl.output().context("openssl")?;
    anyhow::ensure!(asked.status.success(), "openssl: {asked:?}");
    Ok(fs::read(question)?)
}

async fn client(url: String, question: Vec<u8>) -> anyhow::Result<Vec<Duration>> {
    let client = reqwest::Client::new();
    let mut times = Vec::new();
    for _ in 0..QUESTIONS {
        let begun = Instant::now();
        let answer = client.post(&url).body(question.clone()).send().await?.bytes().await?;
        times.push(begun.elapsed());
        // `successful` has something after it.
        anyhow::ensure!(100 < answer.len(), "no signed answer: {answer:?}");
    }
    Ok(times)
}
