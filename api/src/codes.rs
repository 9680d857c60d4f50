//! Mailed codes, for registration and unlock alike: asked for, typed, compared (B-36 to B-38).
//!
//! What is typed is compared here, because only the vault can work a code out; what comes of it is
//! decided by the holder's stream, which is told no more than which of the flow's codes it was.

use domain::{
    context::Context,
    holder::{Holder, HolderCommand, HolderEvent},
    ids::{CardSerial, CommandId, HolderId},
    refusal::Refusal,
    self_service::{self, CodePurpose, Denied, Found, NewCode, SentCode},
};
use stores::vault::{CodeBinding, VaultError};
use uuid::Uuid;
use workflows::engine::CodeMail;

use crate::{
    app::App,
    execute::{Actor, Cause, ExecuteError},
    jobs::passcode::takes,
};

/// Why something that was typed or asked for on a page did not lead on.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Fields are empty or no answer at all: nothing was compared, nothing is counted (B-31).
    #[error("not every question is answered")]
    Incomplete(Vec<domain::self_service::QuestionId>),
    /// P-10, B-23: what was typed can be no account recovery passcode: nothing was compared, nothing is
    /// counted.
    #[error("this can be no account recovery passcode")]
    NotAPasscode(domain::passcode::Fault),
    /// A rule says no; what has to be remembered of that is in the log.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much at the same moment: nothing was compared, nothing is counted; try again.
    #[error("too much is going on at this moment: please try again")]
    Busy,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<ExecuteError> for NotDone {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => Self::Refused(refusal),
            ExecuteError::Conflict => Self::Busy,
            ExecuteError::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<VaultError> for NotDone {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Busy => Self::Busy,
            VaultError::Taken
            | VaultError::KeyMissing { .. }
            | VaultError::NotThisProcess
            | VaultError::Broken
            | VaultError::StillInJournal
            | VaultError::Invalid(_)
            | VaultError::Store(_) => Self::Failed(error.into()),
        }
    }
}

impl From<self_service::Refusal> for NotDone {
    fn from(refusal: self_service::Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<domain::unlock::Refusal> for NotDone {
    fn from(refusal: domain::unlock::Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

/// The registration or the unlock that a code belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow<'a> {
    pub(crate) purpose: CodePurpose,
    pub(crate) id: CommandId,
    pub(crate) holder: HolderId,
    pub(crate) card: &'a CardSerial,
}

/// A code that may be sent next: random, and worth nothing without the key that it names.
pub(crate) fn new_code(app: &App) -> NewCode {
    NewCode { code: app.entropy().uuid(app.now()), key: app.stores().vault.code_key() }
}

/// True if the mail with this code was refused, or did not get through while the code was good.
pub(crate) async fn is_undeliverable(app: &App, sent: Option<&SentCode>) -> anyhow::Result<bool> {
    let Some(sent) = sent else { return Ok(false) };
    Ok(app.engine().code_mail(sent.code).await? == Some(CodeMail::Dead))
}

/// The code that a command sends, the same however often the command is repeated.
pub(crate) fn code_of(app: &App, command: CommandId) -> NewCode {
    const PLACE: u32 = 7_000;
    let code: Uuid = domain::ids::EventId::derive(command, PLACE).0;
    NewCode { code, key: app.stores().vault.code_key() }
}

/// B-36: *Send a new code*.
pub(crate) async fn send(app: &App, at: Flow<'_>) -> Result<(), NotDone> {
    let command = HolderCommand::SendCode { purpose: at.purpose, flow: at.id, code: new_code(app) };
    execute(app, at, &command).await?;
    Ok(())
}

/// R-10, U-11: a code was typed. What was wrong with it is recorded before it is told.
pub(crate) async fn enter(app: &App, at: Flow<'_>, typed: &str) -> Result<(), NotDone> {
    let loaded = app.load(at.holder).await.map_err(anyhow::Error::from)?;
    let found = found(app, &loaded.holder, at, typed)?;
    let command = HolderCommand::EnterCode { purpose: at.purpose, flow: at.id, found };
    match execute(app, at, &command).await {
        Ok(events) => told(app, &events),
        Err(error) => {
            note(app, &loaded.holder, at, &error).await?;
            Err(error)
        }
    }
}

/// U-06: whoever enters a code that is good no more leaves a trace, once for each code and reason.
async fn note(app: &App, holder: &Holder, at: Flow<'_>, error: &NotDone) -> Result<(), NotDone> {
    let NotDone::Refused(Refusal::SelfService(refusal)) = error else { return Ok(()) };
    let Some(why) = refusal.not_taken() else { return Ok(()) };
    let newest = holder.self_service().codes(at.purpose, at.id).last();
    let Some(code) = newest.map(|newest| newest.code) else { return Ok(()) };
    if takes(app, &format!("code-not-taken {code} {why:?}"), 1).await? {
        let what = Denied::CodeNotTaken { purpose: at.purpose, flow: at.id, code, why };
        execute(app, at, &HolderCommand::NoteSelfServiceRefused { what }).await?;
    }
    Ok(())
}

/// What a command that was accepted because it has to leave a trace tells whoever gave it.
pub(crate) fn told(app: &App, events: &[HolderEvent]) -> Result<(), NotDone> {
    let ctx = Context { now: app.now(), policies: app.policies() };
    self_service::outcome(&ctx, events).map_or(Ok(()), |refusal| Err(NotDone::from(refusal)))
}

async fn execute(
    app: &App,
    at: Flow<'_>,
    command: &HolderCommand,
) -> Result<Vec<HolderEvent>, NotDone> {
    let own = app.entropy().command_id(app.now());
    let cause = Cause { command: own, begun_by: at.id };
    let actor = match at.purpose {
        CodePurpose::Registration => Actor::Holder,
        CodePurpose::Unlock => Actor::Somebody,
    };
    Ok(app.execute(at.holder, cause, actor, command).await?.events)
}

/// Which code of the flow was typed. All of them are compared, whatever the first says.
fn found(app: &App, holder: &Holder, at: Flow<'_>, typed: &str) -> Result<Found, NotDone> {
    let codes = holder.self_service().codes(at.purpose, at.id);
    let Some((newest, earlier)) = codes.split_last() else { return Ok(Found::Nothing) };
    let mut superseded = false;
    for sent in earlier {
        superseded |= is(app, at, sent, typed)?;
    }
    Ok(if is(app, at, newest, typed)? {
        Found::Newest(newest.code)
    } else if superseded {
        Found::Superseded
    } else {
        Found::Nothing
    })
}

/// A code whose key is gone has been over for a day: nothing that is typed is it.
fn is(app: &App, at: Flow<'_>, sent: &SentCode, typed: &str) -> Result<bool, NotDone> {
    match app.stores().vault.code(&binding(at, sent)) {
        Ok(code) => Ok(code.is(typed)),
        Err(VaultError::KeyMissing { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What a code of this flow is bound to.
pub(crate) fn binding<'a>(at: Flow<'a>, sent: &SentCode) -> CodeBinding<'a> {
    CodeBinding {
        code: sent.code,
        key: sent.key,
        purpose: at.purpose.as_str(),
        holder: at.holder,
        card: at.card,
        flow: at.id,
    }
}
