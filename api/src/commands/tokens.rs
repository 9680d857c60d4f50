//! `latchkey tokens`: issue, list and revoke the bearer tokens of machines, through the running
//! server.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use clap::Subcommand;
use uuid::Uuid;

use crate::{
    control::{
        self,
        tokens::{Question, Reply, TokenLine},
    },
    tokens::{DAYS_MAX, Wanted},
};

/// What to do about tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token. It is shown once.
    Issue {
        /// What it may do: `logon-checks`, `registration-authority` or `telephone-service`.
        #[arg(long)]
        role: String,
        /// What you call the machine; it stands in the records of what it does.
        #[arg(long)]
        name: String,
        /// Whose machine it is; without it, it acts for all organisations.
        #[arg(long)]
        organisation: Option<String>,
        /// For how many days.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
        days: u32,
    },
    /// List the tokens, those that are over too.
    List {
        /// Go on after this one.
        #[arg(long)]
        after: Option<Uuid>,
    },
    /// Take a token back.
    Revoke {
        /// Its id, as `list` shows it.
        token: Uuid,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let question = match command {
        Command::Issue { role, name, organisation, days } => {
            Question::Issue(Wanted { role, name, organisation, days })
        }
        Command::List { after } => Question::List { after },
        Command::Revoke { token } => Question::Revoke { token },
    };
    let reply = super::ask(&config.data_dir, &control::Question::Tokens(question))?;
    let control::Reply::Tokens(reply) = reply else { return super::not_an_answer(reply) };
    match reply {
        Reply::Issued { token, bearer, expires_at } => {
            println!("id {token}");
            println!("token {}", bearer.0);
            println!("expires {}", expires_at.to_rfc3339());
        }
        Reply::Listed(tokens) => tokens.iter().for_each(print),
        Reply::Revoked { was_good: true } => println!("revoked"),
        Reply::Revoked { was_good: false } => bail!("there is no such token, or it was revoked"),
        Reply::Refused(why) => bail!("{why}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(token: &TokenLine) {
    let state = match (token.revoked_at, token.over) {
        (Some(_), _) => "revoked",
        (None, true) => "expired",
        (None, false) => "good",
    };
    let used = token.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
    let organisation = token.organisation.as_deref().unwrap_or("all");
    println!(
        "{} {state} {} {:?} organisation {organisation:?} expires {} used {used}",
        token.token,
        token.role,
        token.name,
        token.expires_at.to_rfc3339(),
    );
}
