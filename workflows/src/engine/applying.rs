//! What events mean for outbox and breaker: as few statements as their number allows.
//!
//! Whatever follows a mail's own event is about that mail, and the event that asks for a mail is in
//! the log before all of these; so what is asked for comes first, and what is settled last.

use serde::de::DeserializeOwned;
use stores::{database::Transaction, event_store::Recorded};

use super::{
    EngineError,
    breaker::{self, BreakerEvent},
    following::holder_of,
    outbox::{self, Asked},
};
use crate::{
    commands,
    mail::Wanted,
    mail_delivery::{MailEvent, StepId},
};

/// Applies these events, in the order of the log.
pub(super) async fn apply<'a>(
    tx: &mut Transaction,
    events: impl Iterator<Item = &'a Recorded>,
) -> Result<(), EngineError> {
    let (mut asked, mut settled, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for recorded in events {
        if let Some(holder) = holder_of(recorded) {
            match commands::decode(recorded) {
                Ok(event) => asked.extend(Wanted::of(&event).map(|wanted| Asked {
                    holder,
                    by: recorded,
                    wanted,
                })),
                Err(error) => skipped(recorded, &error),
            }
        } else if let Some(step) = StepId::of_stream(&recorded.stream) {
            match decode(recorded) {
                Ok(MailEvent::MailDelivered { .. } | MailEvent::MailWithdrawn { .. }) => {
                    settled.push(step);
                }
                Ok(event @ (MailEvent::MailFailed { .. } | MailEvent::MailRedriven { .. })) => {
                    others.push(Other::Mail(step, recorded, event));
                }
                Err(error) => skipped(recorded, &error),
            }
        } else if recorded.stream.category() == breaker::CATEGORY {
            match decode::<BreakerEvent>(recorded) {
                Ok(event) => others.push(Other::Breaker(recorded, event)),
                Err(error) => skipped(recorded, &error),
            }
        }
    }
    outbox::ask(tx, &asked).await?;
    for other in others {
        match other {
            Other::Mail(step, recorded, event) => apply_mail(tx, step, recorded, &event).await?,
            Other::Breaker(recorded, event) => breaker::evolve(tx, recorded.at, &event).await?,
        }
    }
    outbox::settled(tx, &settled).await?;
    Ok(())
}

/// What is rare, and applied one by one.
enum Other<'a> {
    Mail(StepId, &'a Recorded, MailEvent),
    Breaker(&'a Recorded, BreakerEvent),
}

async fn apply_mail(
    tx: &mut Transaction,
    step: StepId,
    recorded: &Recorded,
    event: &MailEvent,
) -> sqlx::Result<()> {
    match event {
        MailEvent::MailDelivered { .. } | MailEvent::MailWithdrawn { .. } => {
            outbox::settled(tx, &[step]).await
        }
        MailEvent::MailFailed { failure, attempts, .. } => {
            outbox::failed(tx, step, recorded.revision, *attempts, failure).await
        }
        MailEvent::MailRedriven { .. } => {
            outbox::redriven(tx, step, recorded.revision, recorded.at).await
        }
    }
}

/// An event of the engine's own.
fn decode<T: DeserializeOwned>(recorded: &Recorded) -> Result<T, serde_json::Error> {
    let data: serde_json::Value = serde_json::from_slice(&recorded.data)?;
    serde_json::from_value(serde_json::json!({ "type": recorded.kind, "data": data }))
}

/// Written by a later build: one holder's trouble, or one mail's, and not everybody's.
fn skipped(recorded: &Recorded, error: &impl std::error::Error) {
    let Recorded { stream, kind, position, .. } = recorded;
    tracing::error!(%stream, kind, ?position, %error, "the workflow engine cannot read an event");
}
