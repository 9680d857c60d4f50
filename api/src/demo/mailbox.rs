//! The demonstration's mail server: a stand-in that takes every mail and sends none on.
//!
//! Mails come over real SMTP (RFC 5321) on loopback, as they would go to an organisation's server,
//! and stay as files, the last [`MAILS_MAX`] of them, so that a restart keeps them. Everybody on
//! this machine could hand in a mail, so line, mail, connections and time are bounded.

mod conversation;

use std::{
    collections::VecDeque,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use mail_parser::{Address, MessageParser};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle, time};
use workflows::mail::{Limits, NotASender, NotUsable, SmtpCourier, SmtpSettings, Tls};

/// How many mails are kept; the oldest make room.
pub const MAILS_MAX: usize = 200;

/// The largest mail, in bytes.
pub const MAIL_BYTES_MAX: usize = 256 * 1024;

/// Most connections at once; the others wait until one is free.
const CONNECTIONS_MAX: usize = 8;

/// How long a connection may last.
const CONNECTION_MAX: Duration = Duration::from_secs(30);

/// How long to wait after the system had no connection for us.
const BREATHER: Duration = Duration::from_millis(100);

/// Who the demonstration's mails are from.
const FROM: &str = "Smartcards of the demonstration <smartcards@demo.example>";

/// What a mail's file ends with, and one that is still being written.
const WHOLE: &str = "eml";
const PART: &str = "part";

/// A mail as the mailbox shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its number: the later, the greater.
    pub number: u64,
    /// Its `Message-ID`, without angle brackets.
    pub message_id: String,
    /// Its `Date`.
    pub at: Option<DateTime<Utc>>,
    /// Address it is from.
    pub from: String,
    /// Address it is to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text part.
    pub text: String,
}

/// A running mail server, until it is dropped, and the mails that it has taken.
#[derive(Debug)]
pub struct Mailbox {
    shelf: Arc<Shelf>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

/// Why the demonstration's courier cannot be had: a mistake in this file.
#[derive(Debug, thiserror::Error)]
pub enum NoCourier {
    /// The sender is none.
    #[error(transparent)]
    Sender(#[from] NotASender),
    /// The settings are of no use.
    #[error(transparent)]
    Settings(#[from] NotUsable),
}

impl Mailbox {
    /// Opens the mailbox in this folder, which is made if need be, and listens on a port of
    /// loopback that the system chooses.
    pub async fn open(folder: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shelf = Arc::new(Shelf::open(folder)?);
        let server = tokio::spawn(serve(listener, Arc::clone(&shelf)));
        Ok(Self { shelf, address, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The courier that brings mails here.
    pub fn courier(&self) -> Result<SmtpCourier, NoCourier> {
        Ok(SmtpCourier::new(SmtpSettings {
            server: self.address.ip().to_string(),
            port: self.address.port(),
            tls: Tls::None,
            authority: None,
            from: FROM.parse()?,
            login: None,
            limits: Limits::default(),
        })?)
    }

    /// The mails, newest first, at most [`MAILS_MAX`]. Reads files: not for the async threads.
    pub fn mails(&self) -> io::Result<Vec<Received>> {
        self.shelf
            .numbers()
            .into_iter()
            .rev()
            .filter_map(|number| self.mail(number).transpose())
            .collect()
    }

    /// One mail, if it is still there. Reads a file: not for the async threads.
    pub fn mail(&self, number: u64) -> io::Result<Option<Received>> {
        match fs::read(self.shelf.path(number, WHOLE)) {
            Ok(bytes) => Ok(Some(received(number, &bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shelf: Arc<Shelf>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shelf = Arc::clone(&shelf);
                tokio::spawn(async move {
                    let talk = conversation::hold(stream, |mail| keep(Arc::clone(&shelf), mail));
                    // Whoever breaks off, or takes too long, gets no answer any more.
                    let _ = time::timeout(CONNECTION_MAX, talk).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the demonstration's mailbox could not take a connection");
                time::sleep(BREATHER).await;
            }
        }
    }
}

/// On disk, before the sender hears that it is.
async fn keep(shelf: Arc<Shelf>, mail: Vec<u8>) -> io::Result<()> {
    tokio::task::spawn_blocking(move || shelf.put(&mail)).await.map_err(io::Error::other)?
}

/// The folder with the mails.
#[derive(Debug)]
struct Shelf {
    folder: PathBuf,
    /// The mails that are there, oldest first.
    numbers: Mutex<VecDeque<u64>>,
}

impl Shelf {
    fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == PART) {
                fs::remove_file(&path)?;
            } else if let Some(number) = number(&path) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(Self { folder, numbers: Mutex::new(numbers.into()) })
    }

    fn numbers(&self) -> Vec<u64> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    fn path(&self, number: u64, extension: &str) -> PathBuf {
        self.folder.join(format!("{number:012}.{extension}"))
    }

    fn put(&self, mail: &[u8]) -> io::Result<()> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbers.back().map_or(1, |last| last + 1);
        let part = self.path(number, PART);
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(mail)?;
        file.sync_all()?;
        fs::rename(&part, self.path(number, WHOLE))?;
        File::open(&self.folder)?.sync_all()?;
        numbers.push_back(number);
        while MAILS_MAX < numbers.len() {
            if let Some(oldest) = numbers.pop_front() {
                fs::remove_file(self.path(oldest, WHOLE))?;
            }
        }
        Ok(())
    }
}

/// The number in a mail's file name.
fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(WHOLE)?.strip_suffix('.')?.parse().ok()
}

fn received(number: u64, bytes: &[u8]) -> Received {
    let mail = MessageParser::default().parse(bytes).unwrap_or_default();
    let address = |addresses: Option<&Address<'_>>| {
        let first = addresses.and_then(|addresses| addresses.first());
        first.and_then(|first| first.address()).unwrap_or_default().to_owned()
    };
    let at = mail.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0));
    Received {
        number,
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        at,
        from: address(mail.from()),
        to: address(mail.to()),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: mail.body_text(0).unwrap_or_default().into_owned(),
    }
}

#[cfg(test)]
mod tests;
