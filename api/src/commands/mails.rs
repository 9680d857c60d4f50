//! `latchkey mails`: lists the mails that were given up, and has one tried again.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use clap::Subcommand;
use uuid::Uuid;

use crate::control::{
    self,
    mails::{Letter, Question, Reply},
};

/// What to do about mails.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// List the mails that are not tried again by themselves.
    List {
        /// Go on after this one.
        #[arg(long)]
        after: Option<Uuid>,
    },
    /// Try one of them again.
    Redrive {
        /// Its step, as `list` shows it.
        step: Uuid,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let question = match command {
        Command::List { after } => Question::List { after },
        Command::Redrive { step } => Question::Redrive { step },
    };
    let reply = super::ask(&config.data_dir, &control::Question::Mails(question))?;
    let control::Reply::Mails(reply) = reply else { return super::not_an_answer(reply) };
    match reply {
        Reply::Listed { n_waiting, n_dead, letters } => {
            println!("{n_waiting} to be sent, {n_dead} given up");
            letters.iter().for_each(print);
        }
        Reply::Redriven { was_dead: true } => println!("it is tried again"),
        Reply::Redriven { was_dead: false } => bail!("no mail of this step was given up"),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(letter: &Letter) {
    let Letter { step, holder, since, attempts, hitch } = letter;
    println!("{step} of holder {holder} since {} tries {attempts}: {hitch}", since.to_rfc3339());
}
