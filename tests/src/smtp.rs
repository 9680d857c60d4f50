//! Mail servers for one test alone: Debian's `opensmtpd`, which delivers into a Maildir
//! (`setup/smtp-sandbox`), and one that does what a test tells it to ([`scripted`]).

pub mod scripted;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

use crate::{held::Folder, sandbox::checkout};

/// How often a port is tried: somebody else may take a free one before the server does.
const STARTS_MAX: u8 = 3;

/// How often the Maildir is looked at, and the pause in between: 20 seconds in all.
const LOOKS_MAX: u32 = 400;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running `opensmtpd`. It ends when this is dropped, and when the test program dies.
#[derive(Debug)]
pub struct MailServer {
    folder: Folder,
    port: u16,
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl MailServer {
    /// Starts a server on a free port of loopback. Where the machine does not allow it, the error
    /// says what is needed; a test that cannot have it fails.
    pub fn start() -> anyhow::Result<Self> {
        let mut last = anyhow::anyhow!("not tried");
        for _ in 0..STARTS_MAX {
            match Self::start_once() {
                Ok(server) => return Ok(server),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn start_once() -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut process = Command::new(checkout().join("setup/smtp-sandbox"))
            .arg(folder.path())
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("setup/smtp-sandbox does not start")?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().context("setup/smtp-sandbox has no output")?;
        let answers = BufReader::new(answers);
        let mut server = Self { folder, port, process, requests, answers };
        server.hear("ready").context(
            "no mail server: setup/smtp-sandbox needs root, or the package uidmap and ids of this \
             account in /etc/subuid; it says more on standard error",
        )?;
        Ok(server)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until at least `n` mails have arrived; all that are there, as they lie in the Maildir.
    pub fn arrived(&mut self, n: usize) -> anyhow::Result<Vec<String>> {
        for _ in 0..LOOKS_MAX {
            let mails = self.mails()?;
            if n <= mails.len() {
                return Ok(mails);
            }
            thread::sleep(LOOK_EVERY);
        }
        let log = fs::read_to_string(self.folder.path().join("log"))?;
        bail!("{n} mails did not arrive:\n{log}")
    }

    fn mails(&mut self) -> anyhow::Result<Vec<String>> {
        let requests = self.requests.as_mut().context("the server is ending")?;
        requests.write_all(b"\n")?;
        self.hear("readable")?;
        let folder: PathBuf = self.folder.path().join("mail/Maildir/new");
        if !folder.exists() {
            return Ok(vec![]);
        }
        let mut mails = Vec::new();
        for entry in fs::read_dir(folder)? {
            mails.push(fs::read_to_string(entry?.path())?);
        }
        Ok(mails)
    }

    fn hear(&mut self, expected: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(line.trim_end() == expected, "{expected:?} was expected, not {line:?}");
        Ok(())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // The process ends with its standard input; waiting keeps the folder from going first.
        drop(self.requests.take());
        self.process.wait().ok();
    }
}
