//! One slot of the reader, and the process of the card in it.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::sync_channel,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use crate::Faults;

/// pcscd looks at its reader every 400 ms. A card put in again before it has noticed the removal is never seen.
const REST: Duration = Duration::from_millis(900);
/// How long a card may take to reach the reader.
const INSERTION_TIMEOUT: Duration = Duration::from_secs(5);

/// A card whose power has failed is gone from the reader a moment before its process has ended.
const DEATH_POLLS: usize = 30;
const DEATH_POLL: Duration = Duration::from_millis(10);

/// What the card's process prints once the reader has it.
pub const INSERTED: &str = "inserted";

/// A slot.
#[derive(Debug)]
pub(super) struct Slot {
    port: u16,
    inserted: Option<Inserted>,
    /// When the last card left it, or was found to have left it.
    emptied_at: Option<Instant>,
}

#[derive(Debug)]
struct Inserted {
    card: String,
    process: Child,
}

impl Slot {
    pub(super) fn new(port: u16) -> Self {
        Self { port, inserted: None, emptied_at: None }
    }

    pub(super) fn card(&self) -> Option<&str> {
        self.inserted.as_ref().map(|inserted| inserted.card.as_str())
    }

    /// Empties the slot if its card has died, by a tear for example.
    pub(super) fn notice_death(&mut self) -> anyhow::Result<()> {
        let Some(inserted) = &mut self.inserted else { return Ok(()) };
        if let Some(status) =
            inserted.process.try_wait().context("a card's process cannot be asked for")?
        {
            tracing::info!(card = inserted.card, %status, "a card has gone by itself");
            self.inserted = None;
            self.emptied_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Whether the slot is empty, now or within a moment.
    pub(super) fn await_death(&mut self) -> anyhow::Result<bool> {
        for _ in 0..DEATH_POLLS {
            self.notice_death()?;
            if self.inserted.is_none() {
                return Ok(true);
            }
            std::thread::sleep(DEATH_POLL);
        }
        Ok(false)
    }

    pub(super) fn empty(&mut self) -> anyhow::Result<()> {
        let Some(mut inserted) = self.inserted.take() else { return Ok(()) };
        end(&mut inserted.process)?;
        self.emptied_at = Some(Instant::now());
        tracing::info!(card = inserted.card, "removed");
        Ok(())
    }

    pub(super) fn fill(
        &mut self,
        card: &str,
        folder: &Path,
        faults: &Faults,
    ) -> anyhow::Result<()> {
        ensure!(self.await_death()?, "there is a card in this slot already");
        if let Some(emptied_at) = self.emptied_at {
            std::thread::sleep(REST.saturating_sub(emptied_at.elapsed()));
        }
        let mut process = spawn(folder, self.port, faults)?;
        if let Err(error) = await_insertion(&mut process) {
            end(&mut process)?;
            self.emptied_at = Some(Instant::now());
            return Err(error);
        }
        tracing::info!(card, port = self.port, "inserted");
        self.inserted = Some(Inserted { card: card.to_owned(), process });
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Nothing is left to do for a card that cannot be ended.
        self.empty().ok();
    }
}

/// The card ends when its standard input does, so it never outlives the drawer.
fn spawn(folder: &Path, port: u16, faults: &Faults) -> anyhow::Result<Child> {
    let mut command =
        Command::new(std::env::current_exe().context("the program's own file cannot be found")?);
    command.arg("card").arg("--with-stdin").arg("--folder").arg(folder);
    command.args(["--port", &port.to_string(), "--delay-ms", &faults.delay_ms.to_string()]);
    if let Some(tear) = faults.tear_ins {
        command.args(["--tear-ins", &tear.to_string()]);
    }
    if let Some(writes) = faults.tear_after_writes {
        command.args(["--tear-after-writes", &writes.to_string()]);
    }
    if faults.overheard {
        command.arg("--overheard");
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the card's process cannot be started")
}

fn await_insertion(process: &mut Child) -> anyhow::Result<()> {
    let stdout = process.stdout.take().context("the card's process has no output")?;
    let (tell, told) = sync_channel(1);
    std::thread::spawn(move || {
        let mut line = String::new();
        let said =
            BufReader::new(stdout).read_line(&mut line).is_ok() && line.trim_end() == INSERTED;
        // Nobody listens any more when it took too long.
        tell.send(said).ok();
    });
    match told.recv_timeout(INSERTION_TIMEOUT) {
        Ok(true) => Ok(()),
        Ok(false) => bail!("the card could not be put into the reader"),
        Err(_) => bail!("the reader did not take the card in time"),
    }
}

fn end(process: &mut Child) -> anyhow::Result<()> {
    process.kill().and_then(|()| process.wait()).context("a card's process cannot be ended")?;
    Ok(())
}
