//! The program `latchkey`: one binary, one role or command at a time.

use std::{path::PathBuf, process::ExitCode};

use api::{commands, role::Role};
use clap::{Parser, Subcommand};

/// The life of smartcard credentials: portal, API, card agents' channel.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, about)]
struct Arguments {
    /// Configuration file; without one, defaults and environment count.
    #[arg(long, global = true, env = "LATCHKEY_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do everything in this process: the only one over files, one of any number over PostgreSQL.
    All,
    /// Over PostgreSQL: portal and API, without the keys by which cards are written.
    Serve,
    /// Over PostgreSQL: agents' channel, workflows, certificates, and what relying parties ask.
    Work,
    /// For auditors: the log as lines, and how a holder stood at any instant.
    #[command(subcommand)]
    Audit(commands::audit::Command),
    /// The card agents of the workstations.
    #[command(subcommand)]
    Agents(commands::agents::Command),
    /// Copy the database, while the server runs, and the keys, sealed.
    Backup(commands::backup::Backup),
    /// The server's time.
    #[command(subcommand)]
    Clock(commands::clock::Command),
    /// The configuration.
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Look whether everything this program needs is there and in order.
    Doctor,
    /// What the coming days will bring under the policy in force: who will be alerted, forced, locked.
    Forecast(commands::forecast::Command),
    /// Mails that were given up.
    #[command(subcommand)]
    Mails(commands::mails::Command),
    /// Move what a stopped server keeps from its file into the PostgreSQL database of the configuration.
    Migrate(commands::migrate::Migrate),
    /// What is kept apart from the database.
    #[command(subcommand)]
    Keys(commands::keys::Command),
    /// Make a code for the first registration authority manager. It is shown once.
    Init,
    /// The organisations.
    #[command(subcommand)]
    Organisations(commands::organisations::Command),
    /// The numbers of the rules.
    #[command(subcommand)]
    Policy(commands::policy::Command),
    /// Let a population live for some hundred days, and count what happens.
    Simulate(commands::simulate::Command),
    /// Throw the projections away and build them again from the log.
    Rebuild,
    /// Put a backup into empty folders, and try it.
    Restore(commands::backup::Restore),
    /// The bearer tokens of machines.
    #[command(subcommand)]
    Tokens(commands::tokens::Command),
    /// The workflows.
    #[command(subcommand)]
    Workflows(commands::workflows::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::All => commands::serve::run(arguments.config.as_deref(), Role::All),
        Command::Serve => commands::serve::run(arguments.config.as_deref(), Role::Serve),
        Command::Work => commands::serve::run(arguments.config.as_deref(), Role::Work),
        Command::Audit(command) => commands::audit::run(arguments.config.as_deref(), &command),
        Command::Agents(command) => commands::agents::run(arguments.config.as_deref(), &command),
        Command::Backup(what) => commands::backup::back_up(arguments.config.as_deref(), &what),
        Command::Clock(command) => commands::clock::run(arguments.config.as_deref(), command),
        Command::Config(command) => commands::config::run(arguments.config.as_deref(), &command),
        Command::Doctor => commands::doctor::run(arguments.config.as_deref()),
        Command::Forecast(command) => {
            commands::forecast::run(arguments.config.as_deref(), &command)
        }
        Command::Keys(command) => commands::keys::run(arguments.config.as_deref(), command),
        Command::Mails(command) => commands::mails::run(arguments.config.as_deref(), command),
        Command::Migrate(what) => commands::migrate::run(arguments.config.as_deref(), &what),
        Command::Init => commands::organisations::init(arguments.config.as_deref()),
        Command::Organisations(command) => {
            commands::organisations::run(arguments.config.as_deref(), command)
        }
        Command::Policy(command) => commands::policy::run(arguments.config.as_deref(), command),
        Command::Simulate(command) => commands::simulate::run(&command),
        Command::Rebuild => commands::rebuild::run(arguments.config.as_deref()),
        Command::Restore(what) => commands::backup::restore(arguments.config.as_deref(), &what),
        Command::Tokens(command) => commands::tokens::run(arguments.config.as_deref(), command),
        Command::Workflows(command) => commands::workflows::run(command),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // Anyhow's alternate form: the whole chain on one line, no backtrace.
            eprintln!("latchkey: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
