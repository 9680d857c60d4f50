//! "This was not me" (B-57): a holder answers a mail about something that he has not done, by what
//! stands at its end, without a session, because a thief may hold the log-in; or he says it of a line
//! of his ledger, in a session of his own.
//!
//! Either suspends what can be suspended and puts the person on the work list of the registration
//! authority, and does nothing else. Whatever is wrong with what a stranger enters, he is told the same.

use std::{fmt, net::IpAddr, str::FromStr};

use axum::http::HeaderMap;
use domain::{
    desk::DeskCommand,
    holder::{HolderCommand, HolderEvent},
    ids::HolderId,
};
use futures::TryStreamExt as _;
use stores::{
    event_store::{Recorded, Revision, StreamName},
    session::{EndReason, Session},
};
use uuid::Uuid;
use workflows::{
    mail_delivery::StepId,
    not_me::{Answerable, Reference},
};

use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError},
    pace,
};

/// What a stranger enters is compared so often a day for one address: a hospital may have one for all.
pub const TRIES_OF_AN_ADDRESS: u32 = 500;

/// The same where there is no proxy to say who asks, for all together.
pub const TRIES_OF_ALL: u32 = 5_000;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotReported {
    /// The reference or the code is wrong, was used, or is too old; which of it is not told.
    #[error("this reference and this code do not fit, were used, or are too old")]
    NotTheOne,
    /// Too many have tried.
    #[error("too many have tried this today")]
    TooMany,
    /// Somebody else wrote at the same moment.
    #[error("something else happened at the same moment")]
    Busy,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Something in a holder's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Something in his stream.
    Event(Revision),
    /// A log-in.
    LogIn(Uuid),
}

/// Not a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a line of a ledger")]
pub struct NotALine;

/// `event-<revision>` or `log-in-<id>`.
impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(Revision(revision)) => write!(formatter, "event-{revision}"),
            Self::LogIn(id) => write!(formatter, "log-in-{id}"),
        }
    }
}

impl FromStr for Line {
    type Err = NotALine;

    fn from_str(text: &str) -> Result<Self, NotALine> {
        if let Some(revision) = text.strip_prefix("event-") {
            return revision
                .parse()
                .map(|place| Self::Event(Revision(place)))
                .map_err(|_| NotALine);
        }
        let id = text.strip_prefix("log-in-").ok_or(NotALine)?;
        id.parse().map(Self::LogIn).map_err(|_| NotALine)
    }
}

impl From<ExecuteError> for NotReported {
    fn from(error: ExecuteError) -> Self {
        match error {
            // The command is refused for nobody who was ever mailed.
            ExecuteError::Refused(_) => Self::NotTheOne,
            ExecuteError::Conflict => Self::Busy,
            ExecuteError::Failed(error) => Self::Failed(error),
        }
    }
}

/// What stands at the end of a mail, as somebody typed it. No `Debug`: there is a code in it.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// The figures.
    pub reference: &'a str,
    /// The code.
    pub code: &'a str,
}

/// Whether these fit, before anything is done.
///
/// # Errors
/// If they do not, or it was tried too often.
pub async fn check(app: &App, headers: &HeaderMap, typed: Typed<'_>) -> Result<(), NotReported> {
    find(app, headers, typed).await.map(|_| ())
}

/// The holder of a mail says that it was not he. Once a mail.
///
/// # Errors
/// As [`check`].
pub async fn report(app: &App, headers: &HeaderMap, typed: Typed<'_>) -> Result<(), NotReported> {
    let mail = find(app, headers, typed).await?;
    record(app, mail.holder, mail.step.0, Actor::Somebody).await
}

/// The holder says so of a line of his own ledger. Once a line; his session is over then.
///
/// # Errors
/// If there is no such line, it was said already, or we fail.
pub async fn report_own(app: &App, session: &Session, line: Line) -> Result<(), NotReported> {
    let what = named(app, session.holder, line).await?.ok_or(NotReported::NotTheOne)?;
    record(app, session.holder, what, Actor::Holder).await
}

/// True if it can still be said of this line.
///
/// # Errors
/// If a store fails.
pub async fn is_open(app: &App, session: &Session, line: Line) -> anyhow::Result<bool> {
    let Some(what) = named(app, session.holder, line).await? else { return Ok(false) };
    Ok(!app.load(session.holder).await?.holder.desk().has_reported(what))
}

/// What the report names: the step of the mail about an event, whether there was one or not; or a log-in.
async fn named(app: &App, holder: HolderId, line: Line) -> anyhow::Result<Option<Uuid>> {
    match line {
        Line::LogIn(id) => {
            Ok(app.stores().logons.find(holder, id).await?.map(|found| found.logon_id))
        }
        Line::Event(revision) => {
            let stream = StreamName::holder(holder);
            let found = app.stores().log.read_stream(&stream, revision).try_next().await?;
            let found = found.filter(|event| event.revision == revision);
            Ok(found.map(|event| StepId::of_event(event.id).0))
        }
    }
}

/// The mail, if everything fits. What takes time for a mail that there is, it takes for one that there
/// is not; whether it was used is only looked up for who has its code.
async fn find(app: &App, headers: &HeaderMap, typed: Typed<'_>) -> Result<Answerable, NotReported> {
    if !app.admits_log_in(headers) || !takes(app, app.address(headers)).await? {
        return Err(NotReported::TooMany);
    }
    let reference = typed.reference.parse::<Reference>().ok();
    let mail = match reference {
        Some(reference) => about(app, reference).await?,
        None => None,
    };
    let asked = mail.unwrap_or(Answerable {
        step: StepId(Uuid::nil()),
        holder: HolderId(Uuid::nil()),
        at: app.now(),
        reference: Reference(stores::event_store::Position::START),
    });
    let code = app.stores().vault.answer_code(&asked.binding()).map_err(anyhow::Error::from)?;
    let is_right = code.is(typed.code);
    let mail = mail.filter(|mail| is_right && app.now() < mail.until(app.policy()));
    let mail = mail.ok_or(NotReported::NotTheOne)?;
    let loaded = app.load(mail.holder).await.map_err(anyhow::Error::from)?;
    if loaded.holder.desk().has_reported(mail.step.0) {
        return Err(NotReported::NotTheOne);
    }
    Ok(mail)
}

async fn about(app: &App, reference: Reference) -> anyhow::Result<Option<Answerable>> {
    // No place of the log is greater, and no number that is has to be looked for.
    if i64::try_from(reference.0.0).is_err() {
        return Ok(None);
    }
    let found: Option<Recorded> = stores::log::at(&*app.stores().log, reference.0).await?;
    let found = found.filter(|event| event.position == reference.0);
    Ok(found.as_ref().and_then(Answerable::about))
}

/// Durable, as that of starts of an unlock is.
async fn takes(app: &App, address: Option<IpAddr>) -> anyhow::Result<bool> {
    pace::takes_of(app, "not-me-of-address", address, TRIES_OF_AN_ADDRESS, TRIES_OF_ALL).await
}

/// Reported and suspended in one append; then no session goes on. Whoever dies before that leaves
/// sessions that the log says are over.
async fn record(app: &App, holder: HolderId, what: Uuid, actor: Actor) -> Result<(), NotReported> {
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let command = HolderCommand::Desk(DeskCommand::ReportNotMe { mail: what });
    let events: Vec<HolderEvent> = app.execute(holder, cause, actor, &command).await?.events;
    // Somebody was quicker with the same code.
    if events.is_empty() {
        return Err(NotReported::NotTheOne);
    }
    let sessions = &app.stores().sessions;
    let ended = sessions.end_of_holder(holder, EndReason::CertificatesSuspended, app.now()).await;
    ended.map_err(anyhow::Error::from)?;
    app.live().ring(holder);
    Ok(())
}
