//! `latchkey organisations` and `latchkey init`: the tree of organisations, and who is the first
//! that may grant roles in it, through the running server.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use clap::Subcommand;
use domain::ids::OrganisationCode;

use crate::{
    control::{
        self,
        organisations::{OrganisationLine, Question, Reply},
    },
    first_manager::CODE_MINUTES,
    portal::view::paths,
};

/// What to do about organisations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add an organisation. The first one, without one above it, is the root.
    Add {
        /// Its code: 1 to 12 of A to Z and 0 to 9.
        code: OrganisationCode,
        /// Its name.
        name: String,
        /// The code of the one above it; left out for the root alone.
        #[arg(long)]
        below: Option<OrganisationCode>,
    },
    /// List the organisations, by code.
    List {
        /// Go on after this one.
        #[arg(long)]
        after: Option<OrganisationCode>,
    },
}

/// Runs `latchkey organisations`.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    let question = match command {
        Command::Add { code, name, below } => Question::Add { code, name, parent: below },
        Command::List { after } => Question::List { after },
    };
    match ask(config, question)? {
        Reply::Added => println!("added"),
        Reply::Listed(lines) => lines.iter().for_each(print),
        Reply::Refused(why) => bail!("{why}"),
        Reply::FirstManager { .. } => bail!("the server answered another question"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `latchkey init`.
pub fn init(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    match ask(config, Question::FirstManager {})? {
        Reply::FirstManager { code, expires_at } => {
            println!("code {}", code.0);
            println!("expires {}", expires_at.to_rfc3339());
            println!(
                "Within {CODE_MINUTES} minutes the first registration authority manager logs in with \
                 his smartcard and enters it at {}.",
                paths::FIRST_MANAGER
            );
            Ok(ExitCode::SUCCESS)
        }
        Reply::Refused(why) => bail!("{why}"),
        Reply::Added | Reply::Listed(_) => bail!("the server answered another question"),
    }
}

fn ask(config: Option<&Path>, question: Question) -> anyhow::Result<Reply> {
    let config = super::config::load(config)?;
    let reply = super::ask(&config.data_dir, &control::Question::Organisations(question))?;
    let control::Reply::Organisations(reply) = reply else { return super::not_an_answer(reply) };
    Ok(reply)
}

fn print(line: &OrganisationLine) {
    match &line.parent {
        Some(parent) => println!("{} {:?} below {parent}", line.code, line.name),
        None => println!("{} {:?} root", line.code, line.name),
    }
}
