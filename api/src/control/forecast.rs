//! The operator's questions about the policy: what it says, what it will bring, what another would
//! bring, and the next version.

use chrono::NaiveDate;
use domain::{
    forecast::{Counts, DAYS_MAX, People},
    ids::OrganisationCode,
    policy::Policy,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    execute::{Actor, Cause},
    forecast::{Outcome, Plan, Worked, summary::Summary},
    policies::{self, Next, PublishError},
};

/// Days in one answer: so many fit into a line.
const ROWS_MAX: usize = 400;

/// What an operator asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The latest version, as text.
    Latest {},
    /// Publishes the next one.
    Publish {
        /// Its first day.
        from: NaiveDate,
        /// Its numbers.
        policy: Box<Policy>,
        /// Why.
        reason: String,
    },
    /// A forecast in a few lines.
    Summary(Box<Asked>),
    /// Its days.
    Rows {
        /// Which forecast.
        asked: Box<Asked>,
        /// From this day on, 0 being the first.
        from: u16,
    },
}

/// Which forecast.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Days, today the first.
    pub days: u16,
    /// What is assumed.
    pub people: People,
    /// Of whom; everybody if it is left out.
    pub organisation: Option<OrganisationCode>,
    /// Under a version that is only thought of, and its first day.
    pub draft: Option<(NaiveDate, Policy)>,
}

/// What he is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The policy as TOML.
    Text(String),
    /// It is published, under this number.
    Published {
        /// The number.
        version: u32,
    },
    /// So many holders were looked at: ask again.
    Working {
        /// Holders.
        n_done: u64,
    },
    /// The forecast in a few lines.
    Summary(Box<Summary>),
    /// Days on which something happens, by their number.
    Rows {
        /// At most 400 of them.
        rows: Vec<(u16, Counts)>,
        /// Where to go on.
        next: Option<u16>,
    },
    /// Not done, because.
    Refused(String),
}

pub(super) async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    match question {
        Question::Latest {} => Ok(Reply::Text(policies::text(app.policies().latest())?)),
        Question::Publish { from, policy, reason } => {
            let cause = Cause::first(app.entropy().command_id(app.now()));
            let next = Next { from, policy: *policy, after: None };
            match app.publish_policy(Actor::Operator, cause, next, &reason).await {
                Ok(version) => Ok(Reply::Published { version }),
                Err(error) => refused(error),
            }
        }
        Question::Summary(asked) => match worked(app, &asked).await? {
            Ok(worked) => Ok(match Summary::of(&worked, asked.organisation.as_ref()) {
                Some(summary) => Reply::Summary(Box::new(summary)),
                None => nobody(),
            }),
            Err(reply) => Ok(reply),
        },
        Question::Rows { asked, from } => match worked(app, &asked).await? {
            Ok(worked) => Ok(rows(&worked, &asked, from)),
            Err(reply) => Ok(reply),
        },
    }
}

async fn worked(app: &App, asked: &Asked) -> anyhow::Result<Result<std::sync::Arc<Worked>, Reply>> {
    let Asked { days, people, draft, .. } = asked;
    if !(1..=DAYS_MAX).contains(days) {
        return Ok(Err(Reply::Refused(format!("there are 1 to {DAYS_MAX} days"))));
    }
    let mut plan = Plan::published(*days, *people);
    if let Some((from, policy)) = draft {
        match app.policies_with(*from, policy.clone()) {
            Ok((_, draft)) => plan = plan.with(draft),
            Err(error) => return refused(error).map(Err),
        }
    }
    Ok(match app.forecast(plan).await? {
        Outcome::Done(worked) => Ok(worked),
        Outcome::Working(n_done) => Err(Reply::Working { n_done }),
        Outcome::Busy => Err(Reply::Working { n_done: 0 }),
    })
}

fn rows(worked: &Worked, asked: &Asked, from: u16) -> Reply {
    let forecast = &worked.forecast;
    let table = match &asked.organisation {
        None => &forecast.all,
        Some(code) => match forecast.organisations.get(code) {
            Some(table) => table,
            None => return nobody(),
        },
    };
    let mut rows: Vec<_> = table.rows().map(|(day, counts)| (day, *counts)).collect();
    rows.retain(|(day, _)| from <= *day);
    let next = rows.get(ROWS_MAX).map(|(day, _)| *day);
    rows.truncate(ROWS_MAX);
    Reply::Rows { rows, next }
}

fn nobody() -> Reply {
    Reply::Refused("nobody is assigned to this organisation".to_owned())
}

/// Everything that is wrong, in one text.
fn refused(error: PublishError) -> anyhow::Result<Reply> {
    let (rule, way_out) = (error.rule(), error.way_out());
    match error {
        PublishError::Failed(error) => Err(error),
        PublishError::Faults(faults) => {
            let lines = faults.iter().map(|fault| {
                format!("\n  {} ({}): {}", fault.field, fault.rule.as_str(), fault.message)
            });
            Ok(Reply::Refused(format!(
                "the numbers do not fit together:{}",
                lines.collect::<String>()
            )))
        }
        error @ (PublishError::NotPublishable(_)
        | PublishError::NoReason
        | PublishError::ClockInDoubt
        | PublishError::Conflict
        | PublishError::TooMany) => {
            Ok(Reply::Refused(format!("{error} ({}). {way_out}", rule.as_str())))
        }
    }
}
