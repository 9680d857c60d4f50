//! The operator's questions about mails that are not tried again by themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflows::{
    engine::{PAGE_ROWS_MAX, RedriveError},
    mail_delivery::StepId,
};

use crate::app::App;

/// What an operator asks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The dead letters, after this one.
    List {
        /// Where to go on.
        after: Option<Uuid>,
    },
    /// This one is to be tried again.
    Redrive {
        /// Which.
        step: Uuid,
    },
}

/// What he is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Dead letters, in the order of their steps.
    Listed {
        /// Mails that are still to be sent.
        n_waiting: u64,
        /// Mails that are not tried again by themselves.
        n_dead: u64,
        /// Of these, one page.
        letters: Vec<Letter>,
    },
    /// Done, or there was nothing to do.
    Redriven {
        /// False if no mail of this step lies dead.
        was_dead: bool,
    },
}

/// A mail that was given up. Whom it is to and what it says stay in vault and log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter {
    /// What it is redriven by.
    pub step: Uuid,
    /// Whose.
    pub holder: Uuid,
    /// When what it tells of happened, or the last redrive.
    pub since: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub hitch: String,
}

pub(super) async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    match question {
        Question::List { after } => {
            let outbox = app.engine().outbox().await?;
            let dead = app.engine().dead_letters(after.map(StepId), PAGE_ROWS_MAX).await?;
            let letters = dead.into_iter().map(|letter| Letter {
                step: letter.step.0,
                holder: letter.holder.0,
                since: letter.since,
                attempts: letter.attempts,
                hitch: letter.hitch,
            });
            let (n_waiting, n_dead) = (outbox.n_waiting, outbox.n_dead);
            Ok(Reply::Listed { n_waiting, n_dead, letters: letters.collect() })
        }
        Question::Redrive { step } => match app.engine().redrive(StepId(step), app.now()).await {
            Ok(()) => Ok(Reply::Redriven { was_dead: true }),
            Err(RedriveError::NotDead) => Ok(Reply::Redriven { was_dead: false }),
            Err(RedriveError::Failed(error)) => Err(error.into()),
        },
    }
}
