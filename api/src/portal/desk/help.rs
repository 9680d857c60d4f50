//! What the desk allows and the holder finishes: a renewal (C-04), an end of a block (P-11, B-34, B-41), a
//! new passcode for a smartcard (B-58).

use axum::{extract::State, response::Response};
use domain::staff::Role;

use super::{
    super::{errors::PageError, view::paths, visitor::DeskFor},
    At, Words,
    done::Done,
    identity::{self, Identity},
    sent::Sent,
};
use crate::{
    app::App,
    desk::allow,
    staff::acts::{AssistCardUnlock, AuthoriseRenewal, ReleaseBlock},
};

/// C-04: the form.
pub(super) async fn renewal_page(
    State(app): State<App>,
    desk: DeskFor<AuthoriseRenewal>,
) -> Result<Response, PageError> {
    ask_renewal(&At::the(&app, &desk), &Identity::default(), false).await
}

/// C-04: lets the holder renew.
pub(super) async fn renewal(
    State(app): State<App>,
    desk: DeskFor<AuthoriseRenewal>,
    sent: Sent<Identity>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(visit) = sent.form.read() else { return ask_renewal(&at, &sent.form, true).await };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_renewal(&at, &sent.form, false).await;
    };
    match allow::renewal(&app, &desk.mandate, cause, visit).await {
        Ok(_until) => Ok(at.done(Done::Renewal)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_renewal(at: &At<'_>, sent: &Identity, was_sent: bool) -> Result<Response, PageError> {
    let minutes = at.app.policy().desk_minutes;
    let words = Words {
        title: "Let a person renew certificates",
        says: vec![format!(
            "The person renews the certificates on this smartcard in a session of their own. For that there are {minutes} minutes from now."
        )],
        warnings: Vec::new(),
        button: "Let the person renew",
    };
    at.ask(paths::AUTHORISE_RENEWAL, words, sent.fields(identity::SHOWN, was_sent)).await
}

/// P-11, B-34, B-41: the form.
pub(super) async fn release_page(
    State(app): State<App>,
    desk: DeskFor<ReleaseBlock>,
) -> Result<Response, PageError> {
    ask_release(&At::the(&app, &desk), &Identity::default(), false).await
}

/// P-11, B-34, B-41: what was blocked is open again.
pub(super) async fn release(
    State(app): State<App>,
    desk: DeskFor<ReleaseBlock>,
    sent: Sent<Identity>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(visit) = sent.form.read() else { return ask_release(&at, &sent.form, true).await };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_release(&at, &sent.form, false).await;
    };
    match allow::release(&app, &desk.mandate, cause, identity::check(visit)).await {
        Ok(()) => Ok(at.done(Done::Release)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_release(at: &At<'_>, sent: &Identity, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "End a block",
        says: vec![
            "Wrong answers or wrong passcodes have blocked what this person can do without help, or what telephone services can check. Make sure that it is the person who asks.".to_owned(),
            "Where it was answers, the questions and answers on record are deleted, and the person registers anew. A passcode that was blocked is accepted again, and the person is asked to set a new one.".to_owned(),
        ],
        warnings: Vec::new(),
        button: "End the block",
    };
    at.ask(paths::RELEASE, words, sent.fields(identity::SHOWN, was_sent)).await
}

/// B-58: the form.
pub(super) async fn card_unlock_page(
    State(app): State<App>,
    desk: DeskFor<AssistCardUnlock>,
) -> Result<Response, PageError> {
    let helper = desk.mandate.warrant().role();
    ask_card_unlock(&At::the(&app, &desk), helper, &Identity::default(), false).await
}

/// B-58: the holder may choose a new passcode for this card, with the help of who asks. A sponsor
/// shows nothing; what the holder has to add to his word is asked of the holder.
pub(super) async fn card_unlock(
    State(app): State<App>,
    desk: DeskFor<AssistCardUnlock>,
    sent: Sent<Identity>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let helper = desk.mandate.warrant().role();
    let visit = sent.form.read();
    if visit.is_none() && helper != Role::Sponsor {
        return ask_card_unlock(&at, helper, &sent.form, true).await;
    }
    let Some(cause) = at.cause(&sent).await? else {
        return ask_card_unlock(&at, helper, &sent.form, false).await;
    };
    let check = visit.map(identity::check);
    match allow::card_unlock(&app, &desk.mandate, cause, check).await {
        Ok(()) if helper == Role::Sponsor => Ok(at.done(Done::SponsoredUnlock)),
        Ok(()) => Ok(at.done(Done::CardUnlock)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_card_unlock(
    at: &At<'_>,
    helper: Role,
    sent: &Identity,
    was_sent: bool,
) -> Result<Response, PageError> {
    let minutes = at.app.policy().desk_minutes;
    let (then, fields) = if helper == Role::Sponsor {
        let then = "Help only somebody whom you know and who asks you in person. Your word is not enough: the person also enters a code that we mail, or the account recovery passcode.";
        (then, Vec::new())
    } else {
        let then =
            "The person chooses a new passcode for it and types it alone. No questions are asked.";
        (then, sent.fields(identity::SHOWN, was_sent))
    };
    let words = Words {
        title: "Help with a locked smartcard",
        says: vec![
            format!(
                "The person puts this smartcard into a reader and unlocks it. For that there are {minutes} minutes from now."
            ),
            then.to_owned(),
        ],
        warnings: Vec::new(),
        button: "Let the person unlock the smartcard",
    };
    at.ask(paths::CARD_UNLOCK, words, fields).await
}
