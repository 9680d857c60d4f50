//! The agent's passcode page as portal and API see it: where it is, and what came of the last try
//! at it.

use protocol::JobId;
use workflows::card_job::Hitch;

use crate::app::App;

/// Host and port of the page, on the holder's own workstation.
#[must_use]
pub fn host(app: &App) -> String {
    format!("127.0.0.1:{}", app.config().agent_page.port)
}

/// The address at which the holder types his smartcard passcode for a job.
#[must_use]
pub fn address(app: &App, job: JobId) -> String {
    format!("http://{}/jobs/{job}", host(app))
}

/// The last try at a job, in a sentence.
#[must_use]
pub fn last_try(hitch: &Hitch) -> String {
    match hitch {
        Hitch::WrongPasscode { tries_left: Some(0) } => {
            "That passcode was wrong, and the card is locked now.".to_owned()
        }
        Hitch::WrongPasscode { tries_left: Some(1) } => {
            "That passcode was wrong. One try is left before the card is locked.".to_owned()
        }
        Hitch::WrongPasscode { tries_left: Some(n) } => {
            format!("That passcode was wrong. {n} tries are left before the card is locked.")
        }
        Hitch::WrongPasscode { tries_left: None } => "That passcode was wrong.".to_owned(),
        Hitch::CardRemoved => "The card left the reader before it was finished.".to_owned(),
        Hitch::OtherCard => "Another card was in the reader.".to_owned(),
        Hitch::ReaderNotApproved => "The card reader is not an approved one.".to_owned(),
        Hitch::CardFault => "The card answered in a way we do not understand.".to_owned(),
        Hitch::Cancelled => "You cancelled it.".to_owned(),
        Hitch::UsedBefore => "You have used that new passcode before.".to_owned(),
        Hitch::LineLost => "The connection to the card software was lost.".to_owned(),
        Hitch::Refused { message, .. } => message.clone(),
        Hitch::NotWritten => {
            "The card did not take the new passcode. Nothing was changed.".to_owned()
        }
    }
}
