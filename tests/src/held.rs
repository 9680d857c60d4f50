//! A program that runs as long as a value is held, however the test ends.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use crate::sandbox::{checkout, program};

/// How long a program may take to say what is waited for.
const SAYS_MAX: Duration = Duration::from_mins(2);

/// How often a condition is looked at, and the pause in between: 60 seconds in all.
const LOOKS_MAX: u32 = 600;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A running program.
#[derive(Debug)]
pub struct Held {
    process: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Held {
    /// Starts one of the product's programs and waits until a line of its log has this text.
    pub fn start(
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &Path)],
        ready: &str,
    ) -> anyhow::Result<Self> {
        let mut held = Self::spawn(&program(name)?, arguments, environment)?;
        held.wait_for(ready).with_context(|| format!("{name} did not get ready"))?;
        Ok(held)
    }

    /// Starts any program.
    pub fn spawn(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &Path)],
    ) -> anyhow::Result<Self> {
        let mut process = Command::new(checkout().join("setup/while-held"))
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = process.stderr.take().context("no standard error")?;
        Ok(Self { process, lines: follow(log), seen: Vec::new() })
    }

    /// Waits until the program prints a line with this text, and gives the line back.
    pub fn wait_for(&mut self, text: &str) -> anyhow::Result<String> {
        self.wait_for_within(text, SAYS_MAX)
    }

    /// Waits for such a line for as long as that.
    pub fn wait_for_within(&mut self, text: &str, limit: Duration) -> anyhow::Result<String> {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                bail!("no line with {text:?} among\n{}", self.seen.join("\n"))
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// Everything it has printed so far.
    pub fn log(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    /// Sends the program a signal, by its name ("STOP").
    pub fn signal(&mut self, name: &str) -> anyhow::Result<()> {
        let input = self.process.stdin.as_mut().context("no input")?;
        Ok(writeln!(input, "{name}")?)
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.signal("KILL")?;
        drop(self.process.stdin.take());
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// A folder below `/tmp` that is removed when the value is dropped, or the test program dies.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    process: Child,
}

impl Folder {
    /// A new folder.
    pub fn new() -> anyhow::Result<Self> {
        let mut process = Command::new(checkout().join("setup/folder-while-held"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut path = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut path)?;
        ensure!(!path.is_empty(), "there is no folder; standard error says why");
        Ok(Self { path: PathBuf::from(path.trim_end()), process })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Looks again and again until there is something, for what no program tells when it happens.
pub fn until<T>(
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look()? {
            return Ok(found);
        }
        thread::sleep(LOOK_EVERY);
    }
    bail!("waited in vain: {what}")
}

/// Reads a log to its end on a thread of its own, so that the program never waits for us.
fn follow(log: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
