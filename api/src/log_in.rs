//! The way back from the agent's page, for portal and API alike: a return code is redeemed, and a
//! log-in that the card has finished becomes a session.

use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use domain::{
    certificate,
    context::Context,
    expiry::{self, Occasion},
    holder::{Holder, HolderCommand},
    ids::HolderId,
    logon::{self, Authenticated, LogonRefusal, Verdict},
    passcode::Status,
};
use protocol::JobId;
use serde::Serialize;
use stores::{
    agent::AgentId,
    logon::Logon,
    session::{EndReason, NewSession, Scope},
};
use workflows::card_job::Claim;

use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, SESSION_COOKIE, new_token, token},
    execute::{Actor, Cause, ExecuteError},
    jobs::{OpenJob, passcode::takes, puk::earlier},
};

/// What a person is told whose card is gone ([`NotOpened::CardGone`]).
pub const CARD_GONE: &str = "Your card is no longer in the reader";

/// What he can do about it.
pub const CARD_GONE_WAY_OUT: &str =
    "Put your smartcard in the reader, leave it there, and log in again.";

/// Log-ins that were refused and that the ledger remembers a day, per card.
pub const LOCKED_NOTED_A_DAY: u32 = 50;

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The jar with its cookie.
    pub jar: CookieJar,
    /// What its holder is to see first.
    pub first: First,
}

/// What the holder of a new session is to see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// Nothing in particular.
    Home,
    /// P-14, P-15: the day's alert.
    Alert,
    /// P-17: what he has to change.
    Renewal,
}

/// Why a log-in opened no session.
#[derive(Debug)]
pub enum NotOpened {
    /// A rule says no.
    Refused(LogonRefusal),
    /// P-18, P-19: the account is locked, and this is how its passcodes stand.
    Locked([Status; 3]),
    /// P-05: the card is in the claiming agent's reader no more, or the agent is gone or revoked.
    CardGone,
    /// We failed.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for NotOpened {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The job of a return code, in hexadecimal; `None` unless the code is fresh, unused and this
/// job's, and the browser is the one that started it. The code is spent either way.
pub async fn redeem(
    app: &App,
    jar: &CookieJar,
    job: JobId,
    code: &str,
) -> anyhow::Result<Option<OpenJob>> {
    let Some(browser) = token(jar, BROWSER_COOKIE) else { return Ok(None) };
    let Ok(code) = hex::decode(code) else { return Ok(None) };
    app.redeem(job, &code, browser).await
}

/// B-08, B-15: the day's first log-on records what time has done to a holder's passcodes, if the
/// schedule has not: the alert of the day, the forced change, the lock. If it cannot, the schedule
/// does.
pub async fn record_expiry_at_logon(
    app: &App,
    holder: HolderId,
    cause: Cause,
) -> anyhow::Result<()> {
    let record = HolderCommand::RecordExpiry { occasion: Occasion::Logon };
    record_at_logon(app, holder, cause, Actor::System, &record).await
}

/// What is only put on record at a log-on. Where others write to the same holder all the while, or
/// a rule says no, it is left out: what a log-on opens does not hang on it (B-08).
async fn record_at_logon(
    app: &App,
    holder: HolderId,
    cause: Cause,
    actor: Actor,
    record: &HolderCommand,
) -> anyhow::Result<()> {
    match app.execute(holder, cause, actor, record).await {
        Ok(_) => Ok(()),
        Err(error @ (ExecuteError::Refused(_) | ExecuteError::Conflict)) => {
            tracing::warn!(%holder, %error, "something was not recorded at a log-on");
            Ok(())
        }
        Err(ExecuteError::Failed(error)) => Err(error),
    }
}

/// A-01, P-05: the check at log-on, its record, and the session it opens. What comes of it is counted.
pub async fn open_session(
    app: &App,
    jar: CookieJar,
    open: &OpenJob,
    claim: &Claim,
) -> Result<Opened, NotOpened> {
    let outcome = check_and_open(app, jar, open, claim).await;
    if let Err(NotOpened::Refused(refusal)) = &outcome {
        app.metrics().logged_on("refused");
        app.metrics().refused(refusal.rule());
    }
    outcome
}

async fn check_and_open(
    app: &App,
    jar: CookieJar,
    open: &OpenJob,
    claim: &Claim,
) -> Result<Opened, NotOpened> {
    let holder = claim.holder().map_err(anyhow::Error::from)?;
    let loaded = app.load(holder).await?;
    let good = Authenticated::by_card(&app.context(&loaded), &loaded.holder, &claim.card);
    if let Err(refusal) = good {
        note_refused(app, open, claim, refusal).await?;
        return Err(NotOpened::Refused(refusal));
    }
    // Whoever is hung up on, because it was revoked, is not connected.
    let agent = AgentId(claim.agent);
    let has_card = || app.agents().has_card(agent, claim.card.as_str());
    if !has_card().await? {
        return Err(NotOpened::CardGone);
    }
    earlier::record(app, holder, &loaded, cause(app, open)).await;
    record_expiry_at_logon(app, holder, cause(app, open)).await?;
    let loaded = app.load(holder).await?;
    let context = app.context(&loaded);
    let proof = Authenticated::by_card(&context, &loaded.holder, &claim.card)
        .map_err(NotOpened::Refused)?;
    let check = logon::check(&context, &loaded.holder, &proof);
    app.stores().logons.record(&record(app, claim, &check, context.now).await?).await?;
    app.metrics().logged_on(label(check.verdict));
    let scope = match check.verdict {
        Verdict::Full => Scope::Full,
        Verdict::Restricted => Scope::Restricted,
        Verdict::Locked => {
            note_refused(app, open, claim, LogonRefusal::AccountLocked).await?;
            return Err(NotOpened::Locked(loaded.holder.passcodes().status(&context)));
        }
    };
    let former = token(&jar, SESSION_COOKIE);
    let (token, jar) = new_token(jar, SESSION_COOKIE, app.entropy());
    let card = claim.card.clone();
    // Whatever ends his sessions from now on ends this one, too, even before it is there.
    let endings = loaded.holder.certificate_records().endings();
    let session = NewSession { token, holder, card, agent, scope, endings };
    // Our time and not the holder's own, which may be ahead: by ours it ends.
    app.stores().sessions.enter(former, &session, app.now()).await?;
    // A card that left before the session was there has ended nothing.
    if !has_card().await? {
        app.stores().sessions.end(token, EndReason::CardRemoved, app.now()).await?;
        return Err(NotOpened::CardGone);
    }
    let first = match scope {
        Scope::Restricted => {
            let note = HolderCommand::NoteRestrictedSession {};
            record_at_logon(app, holder, cause(app, open), Actor::System, &note).await?;
            First::Renewal
        }
        Scope::Full if is_alerted(&context, &loaded.holder) => First::Alert,
        Scope::Full => First::Home,
    };
    Ok(Opened { jar, first })
}

/// P-14, C-05: whether there is an alert of the day to be shown.
fn is_alerted(context: &Context<'_>, holder: &Holder) -> bool {
    expiry::alert(context, holder).is_some() || certificate::alert(context, holder).is_some()
}

/// A command on behalf of this log-in.
fn cause(app: &App, open: &OpenJob) -> Cause {
    open.causes(app.entropy().command_id(app.now()))
}

/// The row of the logon table.
async fn record(
    app: &App,
    claim: &Claim,
    check: &logon::Check,
    at: DateTime<Utc>,
) -> anyhow::Result<Logon> {
    let workstation = app.agents().agent(AgentId(claim.agent)).await?;
    Ok(Logon {
        logon_id: app.entropy().uuid(at),
        holder: claim.holder()?,
        card: claim.card.clone(),
        at,
        workstation: workstation.map_or_else(String::new, |seen| seen.workstation),
        reader: claim.reader.clone(),
        verdict: label(check.verdict).to_owned(),
        due: due(check)?,
    })
}

/// what was due, for the row of the logon table: passcodes, then certificates.
pub fn due(check: &logon::Check) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Certificates {
        certificates: certificate::Due,
    }
    let mut due = check.due.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    if let Some(certificates) = check.certificates {
        due.push(serde_json::to_value(Certificates { certificates })?);
    }
    Ok(serde_json::to_string(&due)?)
}

/// P-19, B-52, C-15: the ledger remembers who was turned away, so many times a day.
async fn note_refused(
    app: &App,
    open: &OpenJob,
    claim: &Claim,
    reason: LogonRefusal,
) -> Result<(), NotOpened> {
    let key = format!("log-in-refused {}", claim.card);
    if takes(app, &key, LOCKED_NOTED_A_DAY).await? {
        let note = HolderCommand::NoteLogonRefused { reason };
        record_at_logon(app, claim.holder()?, cause(app, open), Actor::Holder, &note).await?;
    }
    Ok(())
}

/// As the logon table calls a verdict.
#[must_use]
pub fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Full => "full",
        Verdict::Restricted => "restricted",
        Verdict::Locked => "locked",
    }
}
