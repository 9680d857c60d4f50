//! A PC/SC service, a reader and cards for one test alone: `setup/pcsc-sandbox`, held by a value.
//!
//! Any number run side by side; each takes about a second to start. Dropping the value ends everything in it, and so
//! does the death of the test program, since the sandbox lives as long as its standard input.
//! Where the machine allows no namespaces the start fails: these tests are never skipped.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use virtual_card::{Profile, drawer::Client};

use crate::held::Folder;

/// How many cards the reader takes.
pub const SLOTS: usize = 2;

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    folder: Folder,
    process: Child,
    drawer: Client,
}

impl Sandbox {
    /// Starts a sandbox with one new card per profile, each in a slot of its own, in order, and noticed by the reader.
    /// The card in slot 1 of profile `guide` is called `guide-1` in the drawer.
    pub fn start(profiles: &[Profile]) -> anyhow::Result<Self> {
        ensure!(profiles.len() <= SLOTS, "the reader has {SLOTS} slots");
        let folder = Folder::new()?;
        let mut process = Command::new(checkout().join("setup/pcsc-sandbox"))
            .args([folder.path(), &program("latchkey-virtual-card")?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("setup/pcsc-sandbox does not start")?;
        let stdout = process.stdout.take().context("setup/pcsc-sandbox has no output")?;
        let drawer = Client::new(folder.path().join("drawer.sock"));
        let sandbox = Self { folder, process, drawer };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(
            line == "ready\n",
            "the PC/SC sandbox did not come up; it says why on standard error"
        );
        for (slot, profile) in (0..).zip(profiles) {
            let card = card_name(*profile, slot);
            sandbox.drawer.new_card(&card, *profile)?;
            sandbox.drawer.insert(&card, slot)?;
        }
        Ok(sandbox)
    }

    /// Talks to the drawer: lays in, inserts and removes cards, with faults if need be.
    #[must_use]
    pub fn drawer(&self) -> &Client {
        &self.drawer
    }

    /// What a PC/SC program needs as `PCSCLITE_CSOCK_NAME` to see this reader, and no other.
    #[must_use]
    pub fn pcsc_socket(&self) -> PathBuf {
        self.folder.path().join("pcscd/pcscd.comm")
    }

    /// The folder of a card in the drawer.
    #[must_use]
    pub fn card_folder(&self, card: &str) -> PathBuf {
        self.folder.path().join("cards").join(card)
    }

    /// The drawer's socket.
    #[must_use]
    pub fn drawer_socket(&self) -> PathBuf {
        self.folder.path().join("drawer.sock")
    }

    /// Runs a PC/SC program to its end. A nonzero exit code is the caller's to judge.
    pub fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        Command::new(program)
            .args(arguments)
            .env("PCSCLITE_CSOCK_NAME", self.pcsc_socket())
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{program} does not start: is its Debian package installed?"))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The process ends with its standard input; waiting keeps the folder from going first.
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// The drawer's name for the card that [`Sandbox::start`] puts into a slot.
#[must_use]
pub fn card_name(profile: Profile, slot: u8) -> String {
    format!("{profile}-{slot}")
}

/// The name by which PC/SC knows a slot of the virtual reader.
#[must_use]
pub fn reader_name(slot: u8) -> String {
    format!("Latchkey Virtual Reader 00 {slot:02X}")
}

/// One of the product's programs, as the build of this test left it beside the test itself.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let program = build_folder()?.join(name);
    if !program.exists() {
        bail!("there is no {}: run `cargo build --workspace` before the tests", program.display());
    }
    Ok(program)
}

/// Where cargo puts the programs of this build.
pub fn build_folder() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("this test is not where cargo puts tests")?;
    Ok(folder.to_path_buf())
}

/// The root of the checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
