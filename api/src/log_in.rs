//! The way back from the agent's page, for portal and API alike: a return code is redeemed, and a
//! log-in that the card has finished becomes a session.

use axum_extra::extract::CookieJar;
use domain::{
    expiry::Occasion,
    holder::HolderCommand,
    ids::HolderId,
    logon::{self, Authenticated, LogonRefusal, Verdict},
};
use protocol::JobId;
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
    jobs::OpenJob,
};

/// What a person is told whose card is gone ([`NotOpened::CardGone`]).
pub const CARD_GONE: &str = "Your card is no longer in the reader";

/// What he can do about it.
pub const CARD_GONE_WAY_OUT: &str =
    "Put your smartcard in the reader, leave it there, and log in again.";

/// Why a log-in opened no session.
#[derive(Debug)]
pub enum NotOpened {
    /// A rule says no.
    Refused(LogonRefusal),
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
/// schedule has not: the alert of the day, the forced change, the lock.
pub async fn record_expiry_at_logon(
    app: &App,
    holder: HolderId,
    cause: Cause,
) -> Result<(), ExecuteError> {
    let record = HolderCommand::RecordExpiry { occasion: Occasion::Logon };
    app.execute(holder, cause, Actor::System, &record).await?;
    Ok(())
}

/// A-01, P-05: the check at log-on, its record, and the session it opens, whose cookie is in the
/// jar that comes back.
pub async fn open_session(
    app: &App,
    jar: CookieJar,
    claim: &Claim,
) -> Result<CookieJar, NotOpened> {
    let loaded = app.load(claim.holder).await?;
    let context = app.context(&loaded);
    let proof = Authenticated::by_card(&loaded.holder, &claim.card).map_err(NotOpened::Refused)?;
    let check = logon::check(&context, &loaded.holder, &proof);
    // Whoever is hung up on, because it was revoked, is not connected.
    let agent = AgentId(claim.agent);
    let has_card = || app.agents().has_card(agent, claim.card.as_str());
    if !has_card() {
        return Err(NotOpened::CardGone);
    }
    let workstation = app.agents().agent(agent);
    let record = Logon {
        logon_id: app.entropy().uuid(context.now),
        holder: claim.holder,
        card: claim.card.clone(),
        at: context.now,
        workstation: workstation.map_or_else(String::new, |seen| seen.workstation),
        reader: claim.reader.clone(),
        verdict: label(check.verdict).to_owned(),
        due: serde_json::to_string(&check.due)?,
    };
    app.stores().logons.record(&record).await?;
    let scope = match check.verdict {
        Verdict::Full => Scope::Full,
        Verdict::Restricted => Scope::Restricted,
        Verdict::Locked => return Err(NotOpened::Refused(LogonRefusal::AccountLocked)),
    };
    let (token, jar) = new_token(jar, SESSION_COOKIE, app.entropy());
    let session =
        NewSession { token, holder: claim.holder, card: claim.card.clone(), agent, scope };
    app.stores().sessions.open(&session, context.now).await?;
    // A card that left before the session was there has ended nothing.
    if !has_card() {
        app.stores().sessions.end(token, EndReason::CardRemoved, app.now()).await?;
        return Err(NotOpened::CardGone);
    }
    Ok(jar)
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
