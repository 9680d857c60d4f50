//! *Register* and *Change* in My Profile: what follows once the card has agreed (the code, another
//! address, giving up), and what the page shows of it. What comes before is in [`begin`].

mod address;
mod planning;

use chrono::{DateTime, Utc};
use domain::{
    holder::HolderCommand,
    ids::{CardSerial, CommandId, HolderId, SecretRef},
    self_service::{CodePurpose, QuestionId, SentCode, Status},
};
use protocol::JobId;
use stores::{session::Session, token::TokenHash};
use workflows::{
    card_job::{self, Goal, PlannedRegistration},
    registration::{self, Next},
};

pub use address::{ADDRESS_BYTES_MAX, AddressFault, masked};
pub(crate) use address::{address, contact_address};
pub use planning::{ANSWER_KIND, NotBegun, begin};
pub(crate) use planning::{chosen_anew, command};
use planning::{not_begun, seal};

use crate::{
    app::App,
    codes::{self, Flow, NotDone},
    execute::{Actor, Cause, ExecuteError},
    jobs::OpenJob,
};

/// What an address is sealed for; part of what its seal covers. It belongs to a person, not to a
/// card (B-45), so its seal names none.
pub use stores::vault::SELF_SERVICE_EMAIL as EMAIL_PURPOSE;

/// An address of the vault, masked; `None` if it is not there any more.
pub(crate) async fn masked_address(app: &App, secret: SecretRef) -> anyhow::Result<Option<String>> {
    let sealed = app.stores().vault.open_sealed(secret, EMAIL_PURPOSE, "", app.now()).await?;
    Ok(sealed.map(|bytes| masked(&String::from_utf8_lossy(&bytes))))
}

/// A registration whose card has agreed, as its browser sees it.
#[derive(Debug, Clone)]
pub struct RegistrationFlow {
    /// Its job, which names its pages.
    pub job: JobId,
    /// The registration.
    pub registration: CommandId,
    /// Whose.
    pub holder: HolderId,
    /// The card of the session it was begun in.
    pub card: CardSerial,
    /// What comes next.
    pub next: Next,
    /// where the newest code was sent, masked.
    pub address: Option<String>,
    /// From when on another code may be asked for; `None` if it may be now.
    pub next_code_at: Option<DateTime<Utc>>,
    /// True if the mail with the newest code was refused, or did not get through in time.
    pub undeliverable: bool,
}

/// How a registration stands: `None` unless its card has agreed, it is this holder's, and this browser
/// began it.
pub async fn flow(
    app: &App,
    session: &Session,
    job: JobId,
    browser: TokenHash,
) -> anyhow::Result<Option<RegistrationFlow>> {
    let Some(open) = app.job(job).await? else { return Ok(None) };
    let Goal::Register(planned) = &open.job.goal else { return Ok(None) };
    let is_his = planned.holder == session.holder && open.browser == Some(browser);
    if !is_his || !matches!(open.job.stage, card_job::Stage::Done(_)) {
        return Ok(None);
    }
    Ok(Some(standing_of(app, &open, planned).await?))
}

async fn standing_of(
    app: &App,
    open: &OpenJob,
    planned: &PlannedRegistration,
) -> anyhow::Result<RegistrationFlow> {
    let loaded = app.load(planned.holder).await?;
    let (context, holder) = (app.context(&loaded), &loaded.holder);
    let registration = planned.registration;
    let sent = holder.self_service().codes(CodePurpose::Registration, registration).last();
    let to = sent.map_or(planned.email, |sent: &SentCode| sent.to);
    Ok(RegistrationFlow {
        job: open.id,
        registration,
        holder: planned.holder,
        card: planned.card.clone(),
        next: registration::next(&context, holder, registration),
        address: masked_address(app, to).await?,
        next_code_at: holder.self_service().next_code_at(&context),
        undeliverable: codes::is_undeliverable(app, sent).await?,
    })
}

impl RegistrationFlow {
    fn codes(&self) -> Flow<'_> {
        Flow {
            purpose: CodePurpose::Registration,
            id: self.registration,
            holder: self.holder,
            card: &self.card,
        }
    }
}

/// the code. The first that is right completes the registration; the address that was in force
/// before is told (B-42).
pub async fn enter_code(app: &App, flow: &RegistrationFlow, typed: &str) -> Result<(), NotDone> {
    codes::enter(app, flow.codes(), typed).await?;
    app.prune_vault(flow.holder).await;
    Ok(())
}

/// B-36: *Send a new code*.
pub async fn send_code(app: &App, flow: &RegistrationFlow) -> Result<(), NotDone> {
    codes::send(app, flow.codes()).await
}

/// R-07, B-42: *Use another address*, while the code is awaited: another code goes there.
pub async fn redirect(app: &App, flow: &RegistrationFlow, email: &str) -> Result<(), NotBegun> {
    let email = address(app, email)?;
    let command = app.entropy().command_id(app.now());
    let secret = seal(app, flow.holder, command, email).await?;
    let redirect = HolderCommand::RedirectRegistration {
        registration: flow.registration,
        email: secret,
        code: codes::code_of(app, command),
    };
    let cause = Cause { command, begun_by: flow.registration };
    match app.execute(flow.holder, cause, Actor::Holder, &redirect).await {
        Ok(_) => Ok(()),
        Err(error @ (ExecuteError::Refused(_) | ExecuteError::Conflict)) => {
            // Nothing names it.
            app.stores().vault.discard(&[secret]).await?;
            Err(not_begun(error))
        }
        // The event that names it may be in the log.
        Err(error @ ExecuteError::Failed(_)) => Err(not_begun(error)),
    }
}

/// B-44: the holder gives it up; what he had entered for it is deleted.
pub async fn cancel(app: &App, flow: &RegistrationFlow) -> Result<(), NotDone> {
    let cancel = HolderCommand::CancelRegistration { registration: flow.registration };
    let command = app.entropy().command_id(app.now());
    let cause = Cause { command, begun_by: flow.registration };
    app.execute(flow.holder, cause, Actor::Holder, &cancel).await?;
    app.prune_vault(flow.holder).await;
    Ok(())
}

/// S-05: what section 4 of My Profile shows.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Registered, awaiting a code, blocked, paused.
    pub status: Status,
    /// The address in force, masked.
    pub address: Option<String>,
    /// The questions that were chosen.
    pub questions: Vec<QuestionId>,
    /// From when on another code may be asked for; `None` if it may be now.
    pub next_code_at: Option<DateTime<Utc>>,
}

/// How a holder stands with self-service.
pub async fn overview(app: &App, holder: HolderId) -> anyhow::Result<Overview> {
    let loaded = app.load(holder).await?;
    let (context, self_service) = (app.context(&loaded), loaded.holder.self_service());
    let active = self_service.active();
    Ok(Overview {
        status: self_service.status(&context),
        address: match active {
            Some(active) => masked_address(app, active.email).await?,
            None => None,
        },
        questions: active
            .map(|active| active.answers.iter().map(|answer| answer.question).collect())
            .unwrap_or_default(),
        next_code_at: self_service.next_code_at(&context),
    })
}

/// what the address field holds before anybody types: the address in force, or that of the
/// contact details. For the holder's own eyes.
pub async fn prefilled_address(app: &App, holder: HolderId) -> anyhow::Result<Option<String>> {
    let loaded = app.load(holder).await?;
    let vault = &app.stores().vault;
    if let Some(active) = loaded.holder.self_service().active() {
        let sealed = vault.open_sealed(active.email, EMAIL_PURPOSE, "", app.now()).await?;
        return Ok(sealed.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(vault.person(holder).await?.map(|person| person.email.clone()))
}

/// The job of the registration that waits for its code, if this browser began it: where section 4 of
/// My Profile leads.
#[must_use]
pub fn job_of(registration: CommandId) -> JobId {
    crate::jobs::job_of(registration)
}
