//! A mail server that goes wrong where a test wants it to, and remembers what it was told.

use std::{
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::ensure;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    certificate::{self, Files},
    held::Folder,
};

/// Where in a conversation something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before the server has said anything.
    Greeting,
    /// At `AUTH`.
    LogIn,
    /// At `MAIL FROM`.
    Sender,
    /// At `RCPT TO`.
    Recipient,
    /// At `DATA`.
    Data,
    /// After the dot that ends the mail; the server has it then.
    Dot,
    /// At `QUIT`, when the mail is acknowledged.
    Quit,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Another answer than the right one.
    Answer(&'static str),
    /// No answer at all.
    Hang,
    /// The connection ends.
    Cut,
}

/// How the connection is protected.
#[derive(Clone)]
pub enum Protection {
    /// Not at all.
    None,
    /// By STARTTLS.
    StartTls(Identity),
    /// From the first byte.
    Tls(Identity),
}

/// A key and a certificate for `localhost`, made by openssl.
#[derive(Clone)]
pub struct Identity {
    acceptor: TlsAcceptor,
    /// The certificate, which is its own authority.
    pub authority: Vec<u8>,
}

impl Identity {
    /// A new one.
    pub fn new() -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let Files { key, certificate } = certificate::make(folder.path())?;
        let authority = fs::read(certificate)?;
        let chain = vec![CertificateDer::from_pem_slice(&authority)?];
        let key = PrivateKeyDer::from_pem_slice(&fs::read(key)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority })
    }
}

/// What the server was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Every command, as it came.
    pub commands: Vec<String>,
    /// Every mail that came to its end, acknowledged or not.
    pub mails: Vec<String>,
}

/// A running server; it ends when this is dropped.
pub struct Scripted {
    address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    server: JoinHandle<()>,
}

/// What every connection needs to know.
#[derive(Clone)]
struct Script {
    faults: Arc<Vec<(Stage, Fault)>>,
    protection: Protection,
    heard: Arc<Mutex<Heard>>,
}

impl Scripted {
    /// Starts a server in which all goes well but for these faults.
    pub async fn start(faults: &[(Stage, Fault)], protection: Protection) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let faults = Arc::new(faults.to_vec());
        let script = Script { faults, protection, heard: Arc::clone(&heard) };
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = script.clone();
                // How a connection ends is for the client to tell.
                tokio::spawn(async move { script.serve(stream).await.ok() });
            }
        });
        Ok(Self { address, heard, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was told so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        lock(&self.heard).clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a conversation ended.
enum End<Stream> {
    Over,
    StartTls(Stream),
}

impl Script {
    async fn serve(&self, stream: tokio::net::TcpStream) -> anyhow::Result<()> {
        match &self.protection {
            Protection::None => {
                self.talk(BufReader::new(stream), true, "").await?;
            }
            Protection::Tls(identity) => {
                let stream = identity.acceptor.accept(stream).await?;
                self.talk(BufReader::new(stream), true, "250 AUTH PLAIN\r\n").await?;
            }
            Protection::StartTls(identity) => {
                let plain = self.talk(BufReader::new(stream), true, "250 STARTTLS\r\n").await?;
                if let End::StartTls(stream) = plain {
                    let stream = identity.acceptor.accept(stream.into_inner()).await?;
                    self.talk(BufReader::new(stream), false, "250 AUTH PLAIN\r\n").await?;
                }
            }
        }
        Ok(())
    }

    async fn talk<Stream>(
        &self,
        mut stream: BufReader<Stream>,
        greet: bool,
        can: &str,
    ) -> anyhow::Result<End<BufReader<Stream>>>
    where
        Stream: AsyncRead + AsyncWrite + Unpin,
    {
        if greet && !self.answer(&mut stream, Stage::Greeting, "220 scripted").await? {
            return Ok(End::Over);
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(End::Over);
            }
            let line = line.trim_end().to_owned();
            lock(&self.heard).commands.push(line.clone());
            let (stage, right) = match line.split(' ').next().unwrap_or_default() {
                "EHLO" => {
                    let answer = format!(
                        "250-scripted\r\n{}",
                        if can.is_empty() { "250 8BITMIME\r\n" } else { can }
                    );
                    stream.write_all(answer.as_bytes()).await?;
                    stream.flush().await?;
                    continue;
                }
                "STARTTLS" => {
                    stream.write_all(b"220 go on\r\n").await?;
                    return Ok(End::StartTls(stream));
                }
                "AUTH" => (Stage::LogIn, "235 welcome"),
                "MAIL" => (Stage::Sender, "250 fine"),
                "RCPT" => (Stage::Recipient, "250 fine"),
                "DATA" => (Stage::Data, "354 go on"),
                _ => (Stage::Quit, "221 goodbye"),
            };
            if !self.answer(&mut stream, stage, right).await? || stage == Stage::Quit {
                return Ok(End::Over);
            }
            if stage == Stage::Data {
                let mail = body(&mut stream).await?;
                lock(&self.heard).mails.push(mail);
                if !self.answer(&mut stream, Stage::Dot, "250 taken").await? {
                    return Ok(End::Over);
                }
            }
        }
    }

    /// Says what is right, or does what is wrong; false if the conversation is over by that.
    async fn answer<Stream>(
        &self,
        stream: &mut BufReader<Stream>,
        stage: Stage,
        right: &str,
    ) -> anyhow::Result<bool>
    where
        Stream: AsyncRead + AsyncWrite + Unpin,
    {
        let fault = self.faults.iter().find(|(at, _)| *at == stage).map(|(_, fault)| *fault);
        let words = match fault {
            None => right,
            Some(Fault::Answer(words)) => words,
            Some(Fault::Cut) => return Ok(false),
            Some(Fault::Hang) => {
                // Until the client has had enough.
                while 0 < stream.read_line(&mut String::new()).await? {}
                return Ok(false);
            }
        };
        stream.write_all(format!("{words}\r\n").as_bytes()).await?;
        stream.flush().await?;
        // After a wrong answer to DATA no mail comes.
        Ok(fault.is_none() || stage != Stage::Data)
    }
}

async fn body<Stream>(stream: &mut BufReader<Stream>) -> anyhow::Result<String>
where
    Stream: AsyncRead + AsyncWrite + Unpin,
{
    let mut mail = String::new();
    loop {
        let start = mail.len();
        ensure!(stream.read_line(&mut mail).await? != 0, "the mail broke off");
        if &mail[start..] == ".\r\n" {
            mail.truncate(start);
            return Ok(mail);
        }
    }
}
