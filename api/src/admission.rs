//! Which session a request comes with, and whether it may do what is asked (B-17).
//!
//! There is no other way from a cookie to a session than to name an act: portal and API take one
//! as a type parameter of the argument that is the session, so that a handler that names none does
//! not compile, and none can forget to ask.

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use domain::{
    holder,
    restricted::{self, Act},
};
use stores::{
    session::{EndReason, Scope, Session},
    token::TokenHash,
};

use crate::{
    app::App,
    cookies::{SESSION_COOKIE, token},
    execute::Loaded,
    required::Required,
};

/// An act, as a type.
pub trait Names: Send + Sync + 'static {
    /// Which.
    const ACT: Act;
}

/// [`Act::SeeHome`].
#[derive(Debug, Clone, Copy)]
pub struct SeeHome;

impl Names for SeeHome {
    const ACT: Act = Act::SeeHome;
}

/// [`Act::SeePasscodes`].
#[derive(Debug, Clone, Copy)]
pub struct SeePasscodes;

impl Names for SeePasscodes {
    const ACT: Act = Act::SeePasscodes;
}

/// [`Act::ChangePasscodes`].
#[derive(Debug, Clone, Copy)]
pub struct ChangePasscodes;

impl Names for ChangePasscodes {
    const ACT: Act = Act::ChangePasscodes;
}

/// [`Act::SeeHelp`].
#[derive(Debug, Clone, Copy)]
pub struct SeeHelp;

impl Names for SeeHelp {
    const ACT: Act = Act::SeeHelp;
}

/// [`Act::KeepOrEndSession`].
#[derive(Debug, Clone, Copy)]
pub struct KeepOrEndSession;

impl Names for KeepOrEndSession {
    const ACT: Act = Act::KeepOrEndSession;
}

/// [`Act::SeeLedger`].
#[derive(Debug, Clone, Copy)]
pub struct SeeLedger;

impl Names for SeeLedger {
    const ACT: Act = Act::SeeLedger;
}

/// [`Act::LaunchApplication`].
#[derive(Debug, Clone, Copy)]
pub struct LaunchApplication;

impl Names for LaunchApplication {
    const ACT: Act = Act::LaunchApplication;
}

/// [`Act::UseProfile`].
#[derive(Debug, Clone, Copy)]
pub struct UseProfile;

impl Names for UseProfile {
    const ACT: Act = Act::UseProfile;
}

/// [`Act::RenewCertificates`].
#[derive(Debug, Clone, Copy)]
pub struct RenewCertificates;

impl Names for RenewCertificates {
    const ACT: Act = Act::RenewCertificates;
}

/// [`Act::RevokeCertificates`].
#[derive(Debug, Clone, Copy)]
pub struct RevokeCertificates;

impl Names for RevokeCertificates {
    const ACT: Act = Act::RevokeCertificates;
}

/// [`Act::ActAsStaff`].
#[derive(Debug, Clone, Copy)]
pub struct ActAsStaff;

impl Names for ActAsStaff {
    const ACT: Act = Act::ActAsStaff;
}

/// What comes of a request's cookie and the act it asks for.
#[derive(Debug)]
pub enum Admission {
    /// There is no open session.
    Nobody,
    /// There is one, and it may do this. It is thereby used.
    Open(Session),
    /// There is one, and a change comes first.
    Refused(holder::Refusal, Required),
}

/// Whether the session of the cookie in these headers may do this.
///
/// A restricted session becomes full here once what restricted it is cured, wherever that was
/// done: it is read from what is true, and needs nobody to have told it.
pub async fn admit(app: &App, headers: &HeaderMap, act: Act) -> anyhow::Result<Admission> {
    let jar = CookieJar::from_headers(headers);
    let Some(token) = token(&jar, SESSION_COOKIE) else { return Ok(Admission::Nobody) };
    let Some((session, loaded)) = open_session(app, token).await? else {
        return Ok(Admission::Nobody);
    };
    match session.scope {
        Scope::Full => Ok(Admission::Open(session)),
        Scope::Restricted => restricted(app, session, &loaded, act).await,
    }
}

/// The open session of a token, which is thereby used, and its holder.
///
/// C-14, C-15: whether a renewal or a revocation has ended it is read from the log. Whoever should
/// have ended it in the table may have died before he could.
pub async fn open_session(
    app: &App,
    token: TokenHash,
) -> anyhow::Result<Option<(Session, Loaded)>> {
    let sessions = &app.stores().sessions;
    let Some(session) = sessions.resume(token, app.now()).await? else { return Ok(None) };
    let loaded = app.load(session.holder).await?;
    let records = loaded.holder.certificate_records();
    if records.endings() <= session.endings {
        return Ok(Some((session, loaded)));
    }
    let reason = if records.is_revoked() || loaded.holder.card().is_none() {
        EndReason::CertificatesRevoked
    } else if records.suspended().is_some() {
        EndReason::CertificatesSuspended
    } else {
        EndReason::CertificatesRenewed
    };
    sessions.end(token, reason, app.now()).await?;
    Ok(None)
}

async fn restricted(
    app: &App,
    session: Session,
    loaded: &Loaded,
    act: Act,
) -> anyhow::Result<Admission> {
    let required = Required::of(app, &session, loaded);
    if required.is_nothing() {
        app.stores().sessions.widen(session.token).await?;
        return Ok(Admission::Open(Session { scope: Scope::Full, ..session }));
    }
    Ok(match restricted::allows(act) {
        Ok(()) => Admission::Open(session),
        Err(refusal) => Admission::Refused(refusal, required),
    })
}
