//! `latchkey clock`: how the running server's time stands to the system's, and accepting it.

use std::{path::Path, process::ExitCode};

use chrono::TimeDelta;
use clap::Subcommand;

use crate::control::{self, Reply, clock};

/// What to do about the clock.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Show the server's time, the system's, and whether it is kept out. Exit code 1 if it is.
    Status,
    /// The system's time is right: the server goes on from there. Look at `status` first: people
    /// are alerted, forced to renew and locked by it.
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
    Ok(match (command, before.alarm) {
        (Command::Status, true) => {
            println!("The system's clock is {} and kept out.", off(before.wall - before.now));
            ExitCode::FAILURE
        }
        (Command::Accept, true) => {
            println!("accepted: the server's time is now the system's");
            ExitCode::SUCCESS
        }
        (Command::Status | Command::Accept, false) => {
            println!("The server follows the system's clock.");
            ExitCode::SUCCESS
        }
    })
}

fn off(difference: TimeDelta) -> String {
    let secs = difference.num_seconds();
    let direction = if secs < 0 { "behind" } else { "ahead" };
    format!("{} s {direction}", secs.abs())
}
