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
    /// One page of them is to be tried again: those after this one.
    RedrivePage {
        /// Where to go on.
        after: Option<Uuid>,
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
    /// A page was redriven.
    PageRedriven {
        /// How many of it are tried again.
        n_redriven: u64,
        /// The last of it; none if the page was empty.
        last: Option<Uuid>,
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
        Question::RedrivePage { after } => redrive_page(app, after).await,
    }
}

/// As many as one answer has time for. Nobody is redriven twice by one who goes on after the last.
async fn redrive_page(app: &App, after: Option<Uuid>) -> anyhow::Result<Reply> {
    let dead = app.engine().dead_letters(after.map(StepId), PAGE_ROWS_MAX).await?;
    let last = dead.last().map(|letter| letter.step.0);
    let mut n_redriven = 0;
    for letter in dead {
        match app.engine().redrive(letter.step, app.now()).await {
            Ok(()) => n_redriven += 1,
            // Somebody else was quicker.
            Err(RedriveError::NotDead) => {}
            Err(RedriveError::Failed(error)) => return Err(error.into()),
        }
    }
    Ok(Reply::PageRedriven { n_redriven, last })
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use domain::{
        expiry::Topic,
        holder::HolderEvent,
        ids::{CommandId, EventId, HolderId},
    };
    use stores::event_store::{Expected, NewEvent, StreamName, canonical};

    use super::*;
    use crate::{
        clock::{Entropy, StandingClock},
        commands::serve,
        config::Config,
    };

    /// More than one page.
    const LETTERS: u64 = PAGE_ROWS_MAX as u64 + 1;

    /// A server with dead letters: nobody is on record to send them to.
    async fn server(folder: &Path) -> App {
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        let clock = Arc::new(StandingClock::at(now));
        let config = Config::for_testing(folder);
        let app = serve::open(config, clock, Entropy::Seeded(0.into())).await.unwrap();
        for number in 0..LETTERS {
            let holder = HolderId(Uuid::from_u128(number.into()));
            let command = CommandId(holder.0);
            let on = now.date_naive();
            let events = [
                HolderEvent::HolderRegistered {},
                HolderEvent::AlertRaised { topic: Topic::Passcodes, on, items: vec![] },
            ];
            let new = (0..).zip(&events).map(|(index, event)| {
                let encoded = event.encode();
                NewEvent {
                    id: EventId::derive(command, index),
                    kind: encoded.kind.to_owned(),
                    schema: encoded.schema,
                    data: canonical(&encoded.data).unwrap(),
                    meta: canonical(&serde_json::json!({ "$correlationId": command })).unwrap(),
                }
            });
            let stream = StreamName::holder(holder);
            let log = &app.stores().log;
            log.append(&stream, Expected::NoStream, new.collect(), now).await.unwrap();
        }
        while app.engine().tick(now).await.unwrap().more {}
        app
    }

    async fn listed(app: &App) -> (u64, u64) {
        let reply = answer(app, Question::List { after: None }).await.unwrap();
        let Reply::Listed { n_waiting, n_dead, .. } = reply else { panic!("{reply:?}") };
        (n_waiting, n_dead)
    }

    async fn page(app: &App, after: Option<Uuid>) -> (u64, Option<Uuid>) {
        let reply = answer(app, Question::RedrivePage { after }).await.unwrap();
        let Reply::PageRedriven { n_redriven, last } = reply else { panic!("{reply:?}") };
        (n_redriven, last)
    }

    #[tokio::test]
    async fn all_dead_letters_are_redriven_page_by_page_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let app = server(folder.path()).await;
        assert_eq!(listed(&app).await, (0, LETTERS));
        let (n_first, last) = page(&app, None).await;
        assert_eq!(n_first, u64::from(PAGE_ROWS_MAX));
        let (n_second, last) = page(&app, last).await;
        assert_eq!(n_second, 1);
        assert_eq!(page(&app, last).await, (0, None));
        assert_eq!(listed(&app).await, (LETTERS, 0));
    }
}
