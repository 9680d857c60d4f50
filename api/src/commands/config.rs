//! `latchkey config`: is the configuration what the program understands?

use std::{path::Path, process::ExitCode};

use clap::Subcommand;

use crate::config::Config;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read file and environment, and say what is wrong with them.
    Check,
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check => {
            let config = load(config)?;
            println!("{config:#?}");
            println!("The configuration is right.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The configuration of file and environment.
pub(super) fn load(path: Option<&Path>) -> anyhow::Result<Config> {
    Ok(Config::load(path, std::env::vars())?)
}
