//! P-19, B-30, B-63: letting the holder of a locked account unlock it, with a second person where
//! there is no evidence of who he is.

use axum::{extract::State, response::Response};
use domain::{
    certificate::IdentityEvidence,
    desk::{Refusal, Request},
    ids::CommandId,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        errors::PageError,
        view::{desk::ERASED, paths},
        visitor::DeskFor,
    },
    At, Words,
    done::Done,
    identity::{self, Identity},
    sent::Sent,
};
use crate::{
    app::App,
    desk::allow,
    staff::acts::{ApproveAccountUnlock, AuthoriseAccountUnlock},
};

/// The form.
pub(super) async fn unlock_page(
    State(app): State<App>,
    desk: DeskFor<AuthoriseAccountUnlock>,
) -> Result<Response, PageError> {
    ask_unlock(&At::the(&app, &desk), &Identity::default(), false).await
}

/// Lets him, or asks for a second person where he is vouched for.
pub(super) async fn unlock(
    State(app): State<App>,
    desk: DeskFor<AuthoriseAccountUnlock>,
    sent: Sent<Identity>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(visit) = sent.form.read() else { return ask_unlock(&at, &sent.form, true).await };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_unlock(&at, &sent.form, false).await;
    };
    let is_vouched = visit.evidence == IdentityEvidence::Vouched;
    let check = identity::check(visit);
    let (done, what) = if is_vouched {
        let done = allow::request_account_unlock(&app, &desk.mandate, cause, check).await;
        (done, Done::AccountUnlockRequest)
    } else {
        let done = allow::account_unlock(&app, &desk.mandate, cause, check).await;
        (done.map(|_| ()), Done::AccountUnlock)
    };
    match done {
        Ok(()) => Ok(at.done(what)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_unlock(at: &At<'_>, sent: &Identity, was_sent: bool) -> Result<Response, PageError> {
    let minutes = at.app.policy().desk_minutes;
    let words = Words {
        title: "Let a person unlock the account",
        says: vec![format!(
            "The account stays locked until the person has logged in with this smartcard and has given new values to all passcodes that are overdue. For that there are {minutes} minutes from now. You see none of the passcodes, and choose none."
        )],
        warnings: Vec::new(),
        button: "Let the person unlock the account",
    };
    at.ask(paths::ACCOUNT_UNLOCK, words, sent.fields(identity::ALL, was_sent)).await
}

/// B-63: what a colleague asks to be agreed to.
pub(super) async fn approval_page(
    State(app): State<App>,
    desk: DeskFor<ApproveAccountUnlock>,
) -> Result<Response, PageError> {
    ask_waiting(&At::the(&app, &desk)).await
}

/// What operators ask one another is nobody else's to agree to.
async fn ask_waiting(at: &At<'_>) -> Result<Response, PageError> {
    let request = at.record.loaded.holder.desk().request(at.app.now());
    match request.filter(|request| request.glass.is_none()) {
        Some(request) => ask_approval(at, request).await,
        None => at.refused(&Refusal::NoRequest.into()).await,
    }
}

async fn ask_approval(at: &At<'_>, request: &Request) -> Result<Response, PageError> {
    let colleague = at.app.stores().vault.person(request.by).await?;
    let colleague = colleague.map_or_else(|| ERASED.to_owned(), |person| person.name.clone());
    let until = pages::date_and_time(request.until, &at.app.policy().zone);
    let words = Words {
        title: "Agree to the unlock of an account",
        says: vec![
            format!(
                "{colleague} vouches for this person, who has shown nothing, at {}.",
                request.check.place
            ),
            format!(
                "Agree only if you know the person, too, and have spoken to the person yourself. You can agree until {until}."
            ),
        ],
        warnings: Vec::new(),
        button: "Agree",
    };
    let hidden = Some(("request", request.request.0.to_string()));
    at.ask_about(paths::ACCOUNT_UNLOCK_APPROVAL, words, Vec::new(), hidden).await
}

/// What is agreed to: the request that was shown, and no other.
#[derive(Deserialize)]
pub(super) struct Agreed {
    request: Uuid,
}

/// B-63: the second person agrees.
pub(super) async fn approve(
    State(app): State<App>,
    desk: DeskFor<ApproveAccountUnlock>,
    sent: Sent<Agreed>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(cause) = at.cause(&sent).await? else { return ask_waiting(&at).await };
    let request = CommandId(sent.form.request);
    match allow::approve_account_unlock(&app, &desk.mandate, cause, request).await {
        Ok(_until) => Ok(at.done(Done::AccountUnlock)),
        Err(error) => at.not_done(error).await,
    }
}
