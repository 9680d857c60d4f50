//! `latchkey forecast`: what the policy in force will bring, and `latchkey policy simulate`: what
//! another would. The running server works it out; nothing is recorded.

mod print;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use clap::Args;
use domain::{
    forecast::{Counts, DAYS_MAX, People},
    ids::OrganisationCode,
    policy::Policy,
};

use crate::{
    control::{
        self,
        forecast::{Asked, Question, Reply},
    },
    forecast::{
        chart::{Bars, Chart},
        foretold::{self, Foretold},
        periods::Length,
    },
};

/// Between two looks at how far the server has come.
const PAUSE: Duration = Duration::from_millis(500);

/// The most looks: with the server's own patience, some hours.
const LOOKS_MAX: u32 = 4_000;

/// What is to be foretold, and how it is shown.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Command {
    /// Days, today the first; at most 800.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u16).range(1..=i64::from(DAYS_MAX)))]
    days: u16,
    /// Only who is assigned to this organisation.
    #[arg(long)]
    organisation: Option<OrganisationCode>,
    /// Assume that everybody renews on the day on which he is forced to; otherwise nobody does
    /// anything.
    #[arg(long)]
    renewing: bool,
    /// A line for each week instead of each month.
    #[arg(long)]
    weekly: bool,
    /// Every day on which something happens, as JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Every day on which something happens, as CSV (RFC 4180).
    #[arg(long)]
    csv: bool,
    /// Write the chart to this file, as SVG.
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Runs `latchkey forecast`.
pub fn run(config: Option<&Path>, command: &Command) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let told = tell(&config.data_dir, command, None)?;
    show(command, &[("Under the versions that are published", &told)])?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `latchkey policy simulate`.
pub fn simulate(
    config: Option<&Path>,
    command: &Command,
    from: NaiveDate,
    policy: Policy,
) -> anyhow::Result<ExitCode> {
    let config = super::config::load(config)?;
    let now = tell(&config.data_dir, command, None)?;
    let then = tell(&config.data_dir, command, Some((from, policy)))?;
    let title = format!("With the new version from {from}");
    show(command, &[("Under the versions that are published", &now), (&title, &then)])?;
    Ok(ExitCode::SUCCESS)
}

fn tell(
    data_dir: &Path,
    command: &Command,
    draft: Option<(NaiveDate, Policy)>,
) -> anyhow::Result<Foretold> {
    let asked = Box::new(Asked {
        days: command.days,
        people: if command.renewing {
            People::EverybodyRenewsWhenForced
        } else {
            People::NobodyActs
        },
        organisation: command.organisation.clone(),
        draft,
    });
    let Reply::Summary(summary) = patiently(data_dir, &Question::Summary(asked.clone()))? else {
        bail!("the server answered another question");
    };
    let (mut all, mut next) = (Vec::<(u16, Counts)>::new(), Some(0));
    while let Some(from) = next {
        let question = Question::Rows { asked: asked.clone(), from };
        let Reply::Rows { rows, next: then } = patiently(data_dir, &question)? else {
            bail!("the server answered another question");
        };
        // Each page goes on behind the one before.
        next = then.filter(|then| from < *then);
        all.extend(rows);
    }
    let organisation = command.organisation.clone();
    Ok(Foretold { organisation, summary: *summary, table: all.into_iter().collect() })
}

/// Asks until it is worked out.
fn patiently(data_dir: &Path, question: &Question) -> anyhow::Result<Reply> {
    for _ in 0..LOOKS_MAX {
        match ask(data_dir, question.clone())? {
            Reply::Working { n_done } => {
                eprint!("\r{n_done} holders looked at");
                std::io::stderr().flush()?;
                std::thread::sleep(PAUSE);
            }
            reply @ (Reply::Text(_)
            | Reply::Published { .. }
            | Reply::Summary(_)
            | Reply::Rows { .. }
            | Reply::Refused(_)) => return Ok(reply),
        }
    }
    bail!("the server takes too long")
}

/// Asks the running server about the policy.
pub(super) fn ask(data_dir: &Path, question: Question) -> anyhow::Result<Reply> {
    let reply = super::ask(data_dir, &control::Question::Policy(question))?;
    let control::Reply::Policy(reply) = reply else { return super::not_an_answer(reply) };
    if let Reply::Refused(why) = reply {
        bail!("{why}");
    }
    Ok(reply)
}

fn show(command: &Command, all: &[(&str, &Foretold)]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if let Some(path) = &command.svg {
        let weeks: Vec<_> = all.iter().map(|(_, told)| told.periods(Length::Week)).collect();
        let rows = all.iter().zip(&weeks).map(|((title, _), weeks)| Bars { title, weeks });
        let file = Chart::new(&rows.collect::<Vec<_>>()).file();
        std::fs::write(path, file).with_context(|| path.display().to_string())?;
    }
    if command.json {
        return print::json(&mut out, all);
    }
    if command.csv {
        return Ok(write!(out, "{}", foretold::table(all))?);
    }
    let length = if command.weekly { Length::Week } else { Length::Month };
    for (title, told) in all {
        print::text(&mut out, title, told, length)?;
    }
    if let [(_, now), (_, then)] = all {
        print::difference(&mut out, &now.summary, &then.summary)?;
    }
    Ok(())
}
