//! C-01 to C-09, C-15: *Renew Certificates* and *Revoke Certificates*.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::NaiveDate;
use domain::{
    certificate::{self, Phase, RevocationReason, Standing},
    decider::Decider as _,
    expiry::Topic,
    holder::HolderCommand,
    ids::CommandId,
};
use serde::Deserialize;
use stores::session::Session;
use uuid::Uuid;

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        certificates::{CertificateLine, CertificateNotice, Due, RenewCertificates},
        frame::Tab,
        paths,
        refusal::RefusalView,
        revoke::{CONFIRMATION, Faults, RevokeCertificates},
    },
    visitor::LoggedIn,
};
use crate::{
    admission::{self, SeeHome},
    app::App,
    cookies::browser,
    execute::{Actor, Cause, Loaded},
    renewals,
};

/// What will happen, and *Start*; a refusal where it cannot be started.
pub(super) async fn renew(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<admission::RenewCertificates>,
) -> Result<Response, PageError> {
    let loaded = app.load(session.holder).await?;
    let update = app.entropy().command_id(app.now());
    renewals::plan(&app, &session, &loaded, update).map_err(|refusal| refused(&refusal))?;
    let standing = loaded.holder.certificates(&app.context(&loaded));
    let Some(standing) = standing else { return Ok(Redirect::to(paths::HOME).into_response()) };
    let page = RenewCertificates {
        line: CertificateLine::from(&standing),
        unfinished: standing.update_open,
        update: update.0.to_string(),
    };
    let frame = frame_for(&app, &session, Some(Tab::RenewCertificates)).await?;
    html(page.render(app.pages(), &frame))
}

fn refused(refusal: &domain::refusal::Refusal) -> PageError {
    PageError::Refused(Box::new(RefusalView::from(refusal)))
}

/// The form, with the id that was made with it: sent twice, it is one update.
#[derive(Deserialize)]
pub(super) struct Start {
    update: Uuid,
}

/// C-09: *Start renewing*: the job that waits for the card.
pub(super) async fn start(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<admission::RenewCertificates>,
    jar: CookieJar,
    Form(Start { update }): Form<Start>,
) -> Result<Response, PageError> {
    let loaded = app.load(session.holder).await?;
    let visit = CommandId(update);
    let planned =
        renewals::plan(&app, &session, &loaded, visit).map_err(|refusal| refused(&refusal))?;
    let (browser, jar) = browser(jar, app.entropy());
    let job = app.start_visit(planned, visit, browser).await?;
    Ok((jar, Redirect::to(&paths::job(&job.to_string()))).into_response())
}

/// The alert that is put off.
#[derive(Deserialize)]
pub(super) struct PutOff {
    on: NaiveDate,
}

/// C-06, B-16: *Later*. Sent again, it changes nothing.
pub(super) async fn later(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeHome>,
    Form(PutOff { on }): Form<PutOff>,
) -> Result<Response, PageError> {
    let decline = HolderCommand::DeclineAlert { topic: Topic::Certificates, on };
    let cause = Cause::first(app.entropy().command_id(app.now()));
    app.execute(session.holder, cause, Actor::Holder, &decline).await.map_err(PageError::of)?;
    Ok(Redirect::to(paths::HOME).into_response())
}

/// B-19: *Not now*, after a technical problem that was recorded.
pub(super) async fn defer(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<admission::RenewCertificates>,
) -> Result<Response, PageError> {
    let cause = Cause::first(app.entropy().command_id(app.now()));
    let defer = HolderCommand::DeferRenewal {};
    app.execute(session.holder, cause, Actor::Holder, &defer).await.map_err(PageError::of)?;
    Ok(Redirect::to(paths::HOME).into_response())
}

/// C-15: why, and the word.
pub(super) async fn revocation(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<admission::RevokeCertificates>,
) -> Result<Response, PageError> {
    show(&app, &session, RevokeCertificates::default()).await
}

async fn show(
    app: &App,
    session: &Session,
    page: RevokeCertificates,
) -> Result<Response, PageError> {
    let frame = frame_for(app, session, Some(Tab::RevokeCertificates)).await?;
    html(page.render(app.pages(), &frame))
}

/// The form as browsers send it: a choice that was not made is not there.
#[derive(Deserialize)]
pub(super) struct Revoke {
    reason: Option<RevocationReason>,
    #[serde(default)]
    confirm: String,
}

/// C-15, B-57: *Revoke my certificates*: for ever, and every session is over.
pub(super) async fn revoke(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<admission::RevokeCertificates>,
    Form(Revoke { reason, confirm }): Form<Revoke>,
) -> Result<Response, PageError> {
    let confirmed = confirm.trim() == CONFIRMATION;
    let (Some(chosen), true) = (reason, confirmed) else {
        let faults = Faults { reason: reason.is_none(), confirmation: !confirmed };
        let page = show(&app, &session, RevokeCertificates { reason, faults }).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let command = app.entropy().command_id(app.now());
    renewals::revoke(&app, &session, command, chosen).await.map_err(PageError::of)?;
    Ok(Redirect::to(paths::LOGGED_OUT).into_response())
}

/// What is due of the certificates, on Home and after log-in; none if nothing is.
pub(super) fn due(app: &App, loaded: &Loaded) -> Option<CertificateNotice> {
    let context = app.context(loaded);
    let standing = loaded.holder.certificates(&context)?;
    let due = if standing.update_open {
        Due::Unfinished
    } else {
        match standing.phase {
            Phase::Quiet => return None,
            Phase::Suspended => Due::Suspended,
            Phase::Revoked => Due::Revoked,
            Phase::Expired if standing.authorised_until.is_none() => Due::Expired,
            Phase::Alert | Phase::Forced if standing.ra_required => {
                Due::RaRequired { restricts: standing.restricts }
            }
            Phase::Expired => Due::ByLeave,
            Phase::Forced => Due::Forced,
            Phase::Alert => Due::Alert {
                on: context.today(),
                forced_from: standing.forced_on,
                may_decline: certificate::alert(&context, &loaded.holder).is_some(),
            },
        }
    };
    let notice = CertificateNotice::new(due, standing.expires_on, standing.days_left);
    Some(if may_defer(app, loaded) { notice.that_may_be_deferred() } else { notice })
}

/// B-19: something is forced, a failure was recorded today, and policy lets it be put off.
fn may_defer(app: &App, loaded: &Loaded) -> bool {
    let decided = loaded.holder.decide(&app.context(loaded), HolderCommand::DeferRenewal {});
    decided.is_ok_and(|events| !events.is_empty())
}

/// How the certificates stand.
pub(super) fn line(app: &App, loaded: &Loaded) -> Option<CertificateLine> {
    loaded.holder.certificates(&app.context(loaded)).as_ref().map(CertificateLine::from)
}

/// S-01, C-01: whether *Renew Certificates* is a tab.
pub(super) fn may_renew(standing: &Standing) -> bool {
    standing.update_open
        || match standing.may_renew {
            Ok(_) => true,
            // B-18: it can be as soon as that is done.
            Err(certificate::Refusal::PasscodesFirst { .. }) => standing.phase != Phase::Quiet,
            Err(_) => false,
        }
}
