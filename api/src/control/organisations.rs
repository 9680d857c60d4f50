//! The operator's questions about organisations, and about their first manager.

use chrono::{DateTime, Utc};
use domain::ids::OrganisationCode;
use serde::{Deserialize, Serialize};

use super::tokens::ShownOnce;
use crate::{
    app::App,
    execute::{Actor, Cause},
    first_manager::{self, NotMade},
    organisations::AddError,
};

/// Organisations in one answer.
const ORGANISATIONS_MAX: usize = 500;

/// What an operator asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A code that makes its bearer the first registration authority manager.
    FirstManager {},
    /// One more organisation.
    Add {
        /// Its code.
        code: OrganisationCode,
        /// Its name.
        name: String,
        /// The one above it; none for the root.
        parent: Option<OrganisationCode>,
    },
    /// All organisations, after this one.
    List {
        /// Where to go on.
        after: Option<OrganisationCode>,
    },
}

/// What he is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The code.
    FirstManager {
        /// What the first manager enters.
        code: ShownOnce,
        /// From this instant on it is over.
        expires_at: DateTime<Utc>,
    },
    /// It is there, now or before.
    Added,
    /// By code.
    Listed(Vec<OrganisationLine>),
    /// Not done, because.
    Refused(String),
}

/// An organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganisationLine {
    /// Its code.
    pub code: OrganisationCode,
    /// Its name.
    pub name: String,
    /// The one above it; none for the root.
    pub parent: Option<OrganisationCode>,
}

pub(super) async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    match question {
        Question::FirstManager {} => match first_manager::invite(app).await {
            Ok(invitation) => Ok(Reply::FirstManager {
                code: ShownOnce(invitation.code.to_string()),
                expires_at: invitation.expires_at,
            }),
            Err(refusal @ (NotMade::ThereIsOne | NotMade::NoRoot | NotMade::NotTheCode)) => {
                Ok(Reply::Refused(refusal.to_string()))
            }
            Err(NotMade::Refused(error)) => Err(error.into()),
        },
        Question::Add { code, name, parent } => {
            let cause = Cause::first(app.entropy().command_id(app.now()));
            let added = app.add_organisation(Actor::Operator, cause, code, &name, parent).await;
            match added {
                Ok(()) => Ok(Reply::Added),
                Err(AddError::Refused(refusal)) => {
                    Ok(Reply::Refused(format!("{refusal}. {}", refusal.way_out())))
                }
                Err(AddError::Failed(error)) => Err(error),
            }
        }
        Question::List { after } => {
            let tree = app.organisations();
            let behind = |code: &OrganisationCode| after.as_ref().is_none_or(|after| after < code);
            let lines = tree.iter().filter(|(code, _)| behind(code)).take(ORGANISATIONS_MAX);
            let lines = lines.map(|(code, name)| OrganisationLine {
                code: code.clone(),
                name: name.to_owned(),
                parent: tree.parent(code).cloned(),
            });
            Ok(Reply::Listed(lines.collect()))
        }
    }
}
