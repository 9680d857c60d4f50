//! `latchkey agents`: invite, list and revoke workstations, through the running server.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use clap::Subcommand;
use uuid::Uuid;

use crate::control::{AgentLine, Question, Reply};

/// What to do about workstations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a code that enrols one workstation within 15 minutes.
    Invite,
    /// List the enrolled workstations.
    List {
        /// Go on after this one.
        #[arg(long)]
        after: Option<Uuid>,
    },
    /// Take a workstation's right to connect away.
    Revoke {
        /// Its id, as `list` shows it.
        agent: Uuid,
    },
}

/// Runs the command.
pub fn run(config: Option<&Path>, command: &Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let question = match command {
        Command::Invite => Question::Invite {},
        Command::List { after } => Question::Agents { after: *after },
        Command::Revoke { agent } => Question::Revoke { agent: *agent },
    };
    match super::ask(&config.data_dir, &question)? {
        Reply::Invitation { code, authority, expires_at } => {
            println!("code {code}");
            println!("authority {authority}");
            println!("expires {}", expires_at.to_rfc3339());
        }
        Reply::Agents(agents) => agents.iter().for_each(print),
        Reply::Revoked { was_enrolled: true } => println!("revoked"),
        Reply::Revoked { was_enrolled: false } => bail!("no such workstation is enrolled"),
        other @ (Reply::Failed(_)
        | Reply::Clock(_)
        | Reply::Mails(_)
        | Reply::Organisations(_)
        | Reply::Tokens(_)
        | Reply::Audit(_)
        | Reply::Policy(_)
        | Reply::Keys(_)) => {
            return super::not_an_answer(other);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(agent: &AgentLine) {
    let state = match (agent.revoked, agent.connected) {
        (true, _) => "revoked",
        (false, true) => "connected",
        (false, false) => "away",
    };
    println!(
        "{} {state} {} enrolled {}",
        agent.agent,
        agent.workstation,
        agent.enrolled_at.to_rfc3339()
    );
}
