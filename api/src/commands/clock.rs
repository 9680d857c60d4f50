//! `latchkey clock`: how the running server's time stands to the system's, and accepting it.

use std::{path::Path, process::ExitCode};

use chrono::TimeDelta;
use clap::Subcommand;
use workflows::engine::Effects;

use crate::control::{self, Reply, clock};

/// What to do about the clock.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Show the server's time, the system's, whether it is kept out, and whether the workflow engine
    /// waits. Exit code 1 if either is so.
    Status,
    /// The system's time is right: the server goes on from there. Look at `status` first: people
    /// are alerted, forced to renew and locked by it. If the workflow engine waits as well, it is
    /// let go on by a second `accept`, after another look.
    Accept,
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let asked = match command {
        Command::Status => clock::Question::Status,
        Command::Accept => clock::Question::Accept,
    };
    let reply = super::ask(&config.data_dir, &control::Question::Clock(asked))?;
    let Reply::Clock(before) = reply else { return super::not_an_answer(reply) };
    println!("server {}", before.now.to_rfc3339());
    println!("system {}", before.wall.to_rfc3339());
    if let Some(Effects { n_forced, n_locked, n_holders }) = before.stopped {
        println!(
            "{n_forced} of {n_holders} holders would be forced to renew and {n_locked} locked at once."
        );
        match command {
            Command::Status => println!("The workflow engine waits until you accept the clock."),
            Command::Accept if before.alarm => println!(
                "The workflow engine still waits: see `latchkey clock status`, and accept again."
            ),
            Command::Accept => println!("accepted: the workflow engine goes on"),
        }
    }
    match (command, before.alarm) {
        (Command::Status, true) => {
            println!("The system's clock is {} and kept out.", off(before.wall - before.now));
        }
        (Command::Accept, true) => println!("accepted: the server's time is now the system's"),
        (Command::Status | Command::Accept, false) => {
            println!("The server follows the system's clock.");
        }
    }
    let waits = before.alarm || before.stopped.is_some();
    Ok(match command {
        Command::Status if waits => ExitCode::FAILURE,
        Command::Status | Command::Accept => ExitCode::SUCCESS,
    })
}

fn off(difference: TimeDelta) -> String {
    let secs = difference.num_seconds();
    let direction = if secs < 0 { "behind" } else { "ahead" };
    format!("{} s {direction}", secs.abs())
}
