//! A program of the product that runs as long as a value is held, however the test ends.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::sandbox::{checkout, program};

/// How long a program may take to say that it is ready.
const READY_MAX: Duration = Duration::from_secs(60);

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
        let mut process = Command::new(checkout().join("setup/while-held"))
            .arg(program(name)?)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = process.stderr.take().context("no standard error")?;
        let mut held = Self { process, lines: follow(log), seen: Vec::new() };
        held.wait_for(ready).with_context(|| format!("{name} did not get ready"))?;
        Ok(held)
    }

    /// Waits until the program logs a line with this text.
    pub fn wait_for(&mut self, text: &str) -> anyhow::Result<()> {
        loop {
            match self.lines.recv_timeout(READY_MAX) {
                Ok(line) => {
                    let found = line.contains(text);
                    self.seen.push(line);
                    if found {
                        return Ok(());
                    }
                }
                Err(_) => bail!("no line with {text:?} among\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Everything it has logged so far.
    pub fn log(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(mut self) -> anyhow::Result<()> {
        if let Some(input) = &mut self.process.stdin {
            writeln!(input, "KILL")?;
        }
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
