//! `latchkey mails`: lists the mails that were given up, and has one or all of them tried again.

use std::{path::Path, process::ExitCode};

use anyhow::{anyhow, bail};
use clap::Subcommand;
use uuid::Uuid;

use crate::control::{
    self,
    mails::{Letter, Question, Reply},
};

/// The most pages of dead letters that are redriven at once.
const PAGES_MAX: u32 = 1_000;

/// What to do about mails.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// List the mails that are not tried again by themselves.
    List {
        /// Go on after this one.
        #[arg(long)]
        after: Option<Uuid>,
    },
    /// Try one of them again, or all.
    Redrive {
        /// Its step, as `list` shows it.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        step: Option<Uuid>,
        /// All that are given up now.
        #[arg(long)]
        all: bool,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let question = match command {
        Command::List { after } => Question::List { after },
        Command::Redrive { step: Some(step), .. } => Question::Redrive { step },
        Command::Redrive { step: None, .. } => return redrive_all(&config.data_dir),
    };
    match ask(&config.data_dir, question)? {
        Reply::Listed { n_waiting, n_dead, letters } => {
            println!("{n_waiting} to be sent, {n_dead} given up");
            letters.iter().for_each(print);
        }
        Reply::Redriven { was_dead: true } => println!("it is tried again"),
        Reply::Redriven { was_dead: false } => bail!("no mail of this step was given up"),
        Reply::PageRedriven { .. } => return Err(another_question()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Page by page, each a question of its own, so that none takes longer than an answer may.
fn redrive_all(data_dir: &Path) -> anyhow::Result<ExitCode> {
    let (mut n_all, mut after) = (0, None);
    for _ in 0..PAGES_MAX {
        match ask(data_dir, Question::RedrivePage { after })? {
            Reply::PageRedriven { last: None, .. } => {
                println!("{n_all} are tried again");
                return Ok(ExitCode::SUCCESS);
            }
            Reply::PageRedriven { n_redriven, last } => (n_all, after) = (n_all + n_redriven, last),
            Reply::Listed { .. } | Reply::Redriven { .. } => return Err(another_question()),
        }
    }
    bail!("{n_all} are tried again, and there are more: ask once more")
}

fn ask(data_dir: &Path, question: Question) -> anyhow::Result<Reply> {
    let reply = super::ask(data_dir, &control::Question::Mails(question))?;
    let control::Reply::Mails(reply) = reply else { return super::not_an_answer(reply) };
    Ok(reply)
}

fn another_question() -> anyhow::Error {
    anyhow!("the server answered another question")
}

fn print(letter: &Letter) {
    let Letter { step, holder, since, attempts, hitch } = letter;
    println!("{step} of holder {holder} since {} tries {attempts}: {hitch}", since.to_rfc3339());
}
