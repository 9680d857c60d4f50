//! The person of a closed account is erased (B-45): name, address, every secret. What happened stays.

use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        view::{desk::form::Field, paths},
        visitor::DeskFor,
    },
    At, Words,
    done::Done,
    sent::Sent,
};
use crate::{app::App, desk::person, staff::acts::ErasePerson};

/// What has to be typed.
const ERASE: &str = "ERASE";

/// That it is meant so, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Erasure {
    confirm: String,
}

/// B-45: the form.
pub(super) async fn page(
    State(app): State<App>,
    desk: DeskFor<ErasePerson>,
) -> Result<Response, PageError> {
    ask(&At::the(&app, &desk), false).await
}

/// B-45: nothing is known of the person any more.
pub(super) async fn erase(
    State(app): State<App>,
    desk: DeskFor<ErasePerson>,
    sent: Sent<Erasure>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    if sent.form.confirm.trim() != ERASE {
        return ask(&at, true).await;
    }
    let Some(cause) = at.cause(&sent).await? else { return ask(&at, false).await };
    match person::erase(&app, &desk.mandate, cause).await {
        Ok(()) => at.confirm_now(Done::Erase, cause).await,
        Err(error) => at.not_done(error).await,
    }
}

async fn ask(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Erase a person",
        says: vec!["Only the person of a closed account can be erased.".to_owned()],
        warnings: vec![
            "Name, address and every secret of the person are destroyed, and nobody finds the person any more.",
            "What happened stays on record, about somebody without a name.",
        ],
        button: "Erase the person",
    };
    let field = Field::text("confirm", "Enter ERASE to confirm", 10)
        .with_hint("In capital letters")
        .faulty_if(was_sent, "Enter ERASE in capital letters to confirm");
    at.ask(paths::ERASE, words, vec![field]).await
}
