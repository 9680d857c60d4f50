//! Unlocking, in the browser (U-01 to U-12, B-31 to B-41): what is asked, what is answered, and when the
//! card may be written.
//!
//! Whoever is here has no session. What binds the pages of an unlock to him is the browser's cookie
//! that started its job, and before anything is asked the card has signed ([`crate::jobs::unlock`]).
//! Every judgement is recorded before it is told, for exactly the attempt that was asked: of many
//! forms for one attempt one is judged, the others are stale.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use domain::{
    holder::{Holder, HolderCommand},
    ids::{CardSerial, CommandId, HolderId, SecretRef},
    passcode::{Kind, Passcode},
    self_service::{self, CodePurpose, Normalised, QuestionId},
    unlock::{self, Stage},
};
use protocol::JobId;
use stores::token::TokenHash;
use workflows::{
    card_job::{self, Goal, PlannedUnlock},
    unlock::Next,
};

pub use crate::self_service::masked;
use crate::{
    app::App,
    codes::{self, Flow, NotDone},
    execute::{Actor, Cause},
    pace,
    self_service::masked_address,
};

/// The pace at which strangers may start something is used up; another minute has new places, or
/// another day.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// Too many at the same moment.
    #[error("too many people start at this moment: please try again in a minute")]
    TooMany,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// U-04: *Start*: the job that the agent's page is for. Nothing is known of anybody yet.
pub async fn start(
    app: &App,
    headers: &HeaderMap,
    browser: TokenHash,
) -> Result<JobId, NotStarted> {
    if !app.admits_log_in(headers) || !pace::takes_unlock(app, headers).await? {
        return Err(NotStarted::TooMany);
    }
    let unlock = app.entropy().command_id(app.now());
    Ok(app.start_job(Goal::BeginUnlock { unlock }, browser).await?)
}

/// An unlock whose card has shown that it is there, as its browser sees it.
#[derive(Debug, Clone)]
pub struct UnlockFlow {
    /// Its job, which names its pages.
    pub job: JobId,
    /// The unlock.
    pub unlock: CommandId,
    /// Whose card it is.
    pub holder: HolderId,
    /// The card.
    pub card: CardSerial,
    /// What comes next, or why nothing does (B-40).
    pub next: Next,
    /// U-08: where the code was sent, or will be, masked; none before it is awaited.
    pub address: Option<String>,
    /// From when on another code may be asked for; `None` if it may be now.
    pub next_code_at: Option<DateTime<Utc>>,
    /// True if the mail with the newest code was refused, or did not get through in time.
    pub undeliverable: bool,
}

/// How an unlock stands: `None` unless its card has shown that it is there, and this browser started it
/// and has come back from the page at the card reader. Otherwise somebody could start one in his own
/// browser, have somebody else put in the card, and be asked in his place (B-38).
pub async fn flow(app: &App, job: JobId, browser: TokenHash) -> anyhow::Result<Option<UnlockFlow>> {
    let Some(open) = app.job(job).await? else { return Ok(None) };
    let Goal::BeginUnlock { unlock } = open.job.goal else { return Ok(None) };
    let card_job::Stage::Done(claim) = &open.job.stage else { return Ok(None) };
    if open.browser != Some(browser) || !open.job.returned {
        return Ok(None);
    }
    let Some(holder) = claim.holder else { return Ok(None) };
    Ok(Some(stands(app, job, unlock, holder, &claim.card).await?))
}

async fn stands(
    app: &App,
    job: JobId,
    unlock: CommandId,
    holder: HolderId,
    card: &CardSerial,
) -> anyhow::Result<UnlockFlow> {
    let loaded = app.load(holder).await?;
    let context = app.context(&loaded);
    let self_service = loaded.holder.self_service();
    let sent = self_service.codes(CodePurpose::Unlock, unlock).last();
    let to = sent.map(|sent| sent.to).or_else(|| self_service.active().map(|active| active.email));
    let next = workflows::unlock::next(&context, &loaded.holder, unlock);
    // Whoever has answered nothing yet is told nothing of it.
    let to = to.filter(|_| matches!(next, Next::Code { .. }));
    Ok(UnlockFlow {
        job,
        unlock,
        holder,
        card: card.clone(),
        next,
        address: match to {
            Some(to) => masked_address(app, to).await?,
            None => None,
        },
        next_code_at: self_service.next_code_at(&context),
        undeliverable: codes::is_undeliverable(app, sent).await?,
    })
}

impl UnlockFlow {
    /// The same a moment later.
    pub async fn again(&self, app: &App) -> anyhow::Result<Self> {
        stands(app, self.job, self.unlock, self.holder, &self.card).await
    }

    fn codes(&self) -> Flow<'_> {
        let (id, holder, card) = (self.unlock, self.holder, &self.card);
        Flow { purpose: CodePurpose::Unlock, id, holder, card }
    }

    fn cause(&self, app: &App) -> Cause {
        Cause { command: app.entropy().command_id(app.now()), begun_by: self.unlock }
    }
}

/// U-05, B-31, B-32: the whole form of one attempt. An incomplete one is not judged; which answer was
/// wrong is not told. [`self_service::Refusal::AnswersWrong`] says how many attempts are left.
pub async fn answer(
    app: &App,
    flow: &UnlockFlow,
    attempt: u8,
    answers: &[(QuestionId, &str)],
) -> Result<(), NotDone> {
    let loaded = app.load(flow.holder).await.map_err(anyhow::Error::from)?;
    let context = app.context(&loaded);
    let self_service = loaded.holder.self_service();
    let asked = match self_service.unlock_of(&context, flow.unlock)?.stage {
        Stage::Questions { attempt: at, asked } if at == attempt => asked,
        Stage::Questions { .. } | Stage::Code | Stage::Passcode { .. } | Stage::Done => {
            return Err(self_service::Refusal::AlreadyJudged.into());
        }
        Stage::RecoveryPasscode => return Err(unlock::Refusal::NotThere.into()),
    };
    let given = complete(&loaded.holder, &asked, answers)?;
    let pairs: Vec<(SecretRef, &[u8])> =
        given.iter().map(|(secret, answer)| (*secret, answer.as_bytes())).collect();
    let right = app.stores().vault.all_match(&pairs).await?;
    let command = HolderCommand::AnswerQuestions {
        unlock: flow.unlock,
        attempt,
        right,
        code: codes::new_code(app),
    };
    let executed = app.execute(flow.holder, flow.cause(app), Actor::Somebody, &command).await?;
    codes::told(app, &executed.events)
}

/// Each question that is asked, with the reference of its answer and what was typed; or the questions
/// that are not answered at all.
fn complete(
    holder: &Holder,
    asked: &[QuestionId],
    answers: &[(QuestionId, &str)],
) -> Result<Vec<(SecretRef, Normalised)>, NotDone> {
    let active = holder.self_service().active();
    let chosen = active.map(|active| active.answers.as_slice()).unwrap_or_default();
    let mut given = Vec::with_capacity(asked.len());
    let mut missing = Vec::new();
    for question in asked {
        let secret = chosen.iter().find(|one| one.question == *question);
        let typed = answers.iter().find(|(of, _)| of == question);
        let typed = typed.and_then(|(_, typed)| self_service::normalise(typed).ok());
        match (secret, typed) {
            (Some(secret), Some(typed)) => given.push((secret.secret, typed)),
            (_, _) => missing.push(*question),
        }
    }
    if missing.is_empty() { Ok(given) } else { Err(NotDone::Incomplete(missing)) }
}

/// P-09, B-41: the account recovery passcode, in place of the questions.
/// [`self_service::Refusal::RecoveryPasscodeWrong`] says how many tries are left.
pub async fn try_recovery_passcode(
    app: &App,
    flow: &UnlockFlow,
    value: &str,
) -> Result<(), NotDone> {
    let loaded = app.load(flow.holder).await.map_err(anyhow::Error::from)?;
    let context = app.context(&loaded);
    match loaded.holder.self_service().unlock_of(&context, flow.unlock)?.stage {
        Stage::Questions { .. } | Stage::RecoveryPasscode => {}
        Stage::Code | Stage::Passcode { .. } | Stage::Done => {
            return Err(unlock::Refusal::NotThere.into());
        }
    }
    unlock::recovery_tries(&context, &loaded.holder)?;
    let current = loaded.holder.passcodes().current(Kind::AccountRecovery);
    let current = current.ok_or(self_service::Refusal::RecoveryPasscodeNotSet)?.secret;
    let typed = Passcode::typed(value, app.policy()).map_err(NotDone::NotAPasscode)?;
    let right = app.stores().vault.matching(&[current], typed.bytes()).await?.is_some();
    let command = HolderCommand::TryRecoveryPasscode {
        unlock: flow.unlock,
        right,
        code: Some(codes::new_code(app)),
    };
    let executed = app.execute(flow.holder, flow.cause(app), Actor::Somebody, &command).await?;
    codes::told(app, &executed.events)
}

/// U-11: the code of the *Smartcard Unlock Code* form.
pub async fn enter_code(app: &App, flow: &UnlockFlow, typed: &str) -> Result<(), NotDone> {
    codes::enter(app, flow.codes(), typed).await
}

/// B-36: *Send a new code*.
pub async fn send_code(app: &App, flow: &UnlockFlow) -> Result<(), NotDone> {
    codes::send(app, flow.codes()).await
}

/// U-12, B-39: on to the agent's page, where the new passcode is typed twice: a job for one visit to the
/// card. Until the time is over there may be another.
pub async fn begin_passcode(
    app: &App,
    flow: &UnlockFlow,
    browser: TokenHash,
) -> Result<JobId, NotDone> {
    let loaded = app.load(flow.holder).await.map_err(anyhow::Error::from)?;
    let context = app.context(&loaded);
    match loaded.holder.self_service().unlock_of(&context, flow.unlock)?.stage {
        Stage::Passcode { .. } => {}
        Stage::Questions { .. } | Stage::RecoveryPasscode | Stage::Code | Stage::Done => {
            return Err(unlock::Refusal::NotThere.into());
        }
    }
    let planned =
        PlannedUnlock { holder: flow.holder, card: flow.card.clone(), unlock: flow.unlock };
    Ok(app.start_job(Goal::Unlock(planned), browser).await?)
}
