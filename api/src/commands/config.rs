//! `latchkey config`: is the configuration what the program understands?

use std::{path::Path, process::ExitCode};

use clap::Subcommand;

use crate::config::{Config, Mode};

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
            if let (Mode::Production, None) = (config.mode, &config.mail) {
                println!("No mail is sent: there is no section [mail].");
            }
            println!("The configuration is right.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The configuration of file and environment.
pub(super) fn load(path: Option<&Path>) -> anyhow::Result<Config> {
    // What is not text cannot be a setting of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(Config::load(path, environment)?)
}
