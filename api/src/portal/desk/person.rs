//! The person behind a record: contact details (B-42), what a caller says (P-08), the end of the
//! account (B-45).

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::desk::CloseReason;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    super::{
        errors::PageError,
        html,
        view::{
            desk::{
                done::DonePage,
                form::{Control, Field, choices, chosen},
            },
            paths,
            problem::ProblemKind,
        },
        visitor::DeskFor,
    },
    At, Words,
    done::Done,
    sent::Sent,
};
use crate::{
    app::App,
    desk::{
        check::{self, Checked, NotChecked},
        person::{self, DetailsFault},
    },
    staff::acts::{ChangeContact, CheckRecoveryPasscode, CloseAccount},
};

/// Contact details, as a form says them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    name: String,
    email: String,
}

/// B-42: the form, with what is on record.
pub(super) async fn contact_page(
    State(app): State<App>,
    desk: DeskFor<ChangeContact>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let person = app.stores().vault.person(at.holder()).await?;
    let sent = person.map_or_else(Contact::default, |person| Contact {
        name: person.name.clone(),
        email: person.email.clone(),
    });
    ask_contact(&at, &sent, None).await
}

/// B-42: other contact details.
pub(super) async fn contact(
    State(app): State<App>,
    desk: DeskFor<ChangeContact>,
    sent: Sent<Contact>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let person = match person::details(&sent.form.name, &sent.form.email) {
        Ok(person) => person,
        Err(fault) => return ask_contact(&at, &sent.form, Some(fault)).await,
    };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_contact(&at, &sent.form, None).await;
    };
    match person::change_contact(&app, &desk.mandate, cause, &person).await {
        Ok(()) => Ok(at.done_by(Done::Contact, cause)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_contact(
    at: &At<'_>,
    sent: &Contact,
    fault: Option<DetailsFault>,
) -> Result<Response, PageError> {
    let words = Words {
        title: "Change contact details",
        says: vec![
            "Make sure that it is the person who asks. We mail the change to the address that was there before, too.".to_owned(),
        ],
        warnings: Vec::new(),
        button: "Change the contact details",
    };
    let (of_name, of_address) = match fault {
        Some(DetailsFault::Name) => (true, None),
        Some(DetailsFault::Address(fault)) => (false, Some(fault.to_string())),
        None => (false, None),
    };
    let email = Control::Text { width: 30, input: "email" };
    let fields = vec![
        Field::text("name", "Name", 30)
            .with_value(sent.name.as_str())
            .faulty_if(of_name, DetailsFault::Name.to_string()),
        Field::new("email", "Contact email address", email)
            .with_value(sent.email.as_str())
            .faulty_if(of_address.is_some(), of_address.unwrap_or_default()),
    ];
    at.ask(paths::CHANGE_CONTACT, words, fields).await
}

/// What a caller says.
#[derive(Deserialize)]
pub(super) struct Said {
    passcode: String,
}

/// P-08: the form.
pub(super) async fn check_page(
    State(app): State<App>,
    desk: DeskFor<CheckRecoveryPasscode>,
) -> Result<Response, PageError> {
    ask_check(&At::the(&app, &desk), false).await
}

/// P-08, B-41: compares it. The answer is in no address, so it is given at once.
pub(super) async fn check(
    State(app): State<App>,
    desk: DeskFor<CheckRecoveryPasscode>,
    mut sent: Sent<Said>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let passcode = Zeroizing::new(std::mem::take(&mut sent.form.passcode));
    if passcode.is_empty() {
        return ask_check(&at, true).await;
    }
    let Some(cause) = at.cause(&sent).await? else { return ask_check(&at, false).await };
    let (title, next) = match check::recovery_passcode(&app, &desk.mandate, cause, &passcode).await
    {
        Ok(checked) => words_of(checked),
        Err(NotChecked::Refused(error)) => return at.not_done(error).await,
        Err(error @ NotChecked::TooMany { on }) => {
            return at.too_many(&error, on).await;
        }
        Err(NotChecked::TooManyThisHour { .. }) => {
            return Err(PageError::Problem(ProblemKind::TooManyRequests));
        }
        Err(NotChecked::Busy) => return Err(PageError::Problem(ProblemKind::Unavailable)),
    };
    let page =
        DonePage { title, whose: at.whose().await?, until: None, next: vec![next.to_owned()] };
    let page = html(page.render(app.pages(), &at.frame().await?))?;
    Ok((StatusCode::OK, page).into_response())
}

fn words_of(checked: Checked) -> (&'static str, &'static str) {
    match checked {
        Checked::Match => (
            "It is a match",
            "What the caller said is the account recovery passcode on record. Because it was spoken, we ask the person at the next log-in to change it.",
        ),
        Checked::NoMatch => (
            "It is no match",
            "What the caller said is not the account recovery passcode on record. After three wrong ones none is compared any more, until the person sets a new one or somebody at the registration authority has seen the person.",
        ),
        Checked::NoneOnRecord => (
            "There is none on record",
            "The person has set no account recovery passcode. Make sure in another way who calls.",
        ),
        Checked::Blocked => (
            "It is not compared any more",
            "There were too many wrong ones. It changes when the person sets a new one, or when the block is ended after somebody has seen the person.",
        ),
    }
}

async fn ask_check(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Check an account recovery passcode",
        says: vec![
            "Type what the caller says. You are told whether it matches, and nothing else. What you type is kept nowhere.".to_owned(),
        ],
        warnings: Vec::new(),
        button: "Check",
    };
    let field = Field::new("passcode", "What does the caller say?", Control::Secret);
    let field = field.faulty_if(was_sent, "Enter what the caller says");
    at.ask(paths::CHECK_RECOVERY, words, vec![field]).await
}

/// The end of an account, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Closure {
    reason: String,
    confirm: String,
}

/// What has to be typed.
const CLOSE: &str = "CLOSE";

impl Closure {
    fn reason(&self) -> Option<CloseReason> {
        chosen(&CloseReason::ALL, CloseReason::as_str, &self.reason)
    }

    fn is_confirmed(&self) -> bool {
        self.confirm.trim() == CLOSE
    }
}

/// B-45: the form.
pub(super) async fn close_page(
    State(app): State<App>,
    desk: DeskFor<CloseAccount>,
) -> Result<Response, PageError> {
    ask_close(&At::the(&app, &desk), &Closure::default(), false).await
}

/// B-45: nothing of the account works any more. Assignments end with it, so that the record may be
/// out of reach afterwards: it is confirmed at once.
pub(super) async fn close(
    State(app): State<App>,
    desk: DeskFor<CloseAccount>,
    sent: Sent<Closure>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let reason = sent.form.reason().filter(|_| sent.form.is_confirmed());
    let Some(reason) = reason else { return ask_close(&at, &sent.form, true).await };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_close(&at, &sent.form, false).await;
    };
    let (member, why) = (&desk.member, (cause, reason));
    match person::close(&app, member, at.record, &desk.mandate, why).await {
        Ok(()) => at.confirm_now(Done::Close, cause).await,
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_close(at: &At<'_>, sent: &Closure, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Close an account",
        says: Vec::new(),
        warnings: vec![
            "The certificates are revoked, and the smartcard is out of use for ever.",
            "All roles and assignments, the registration for self-service and all sessions end.",
            "The person cannot log in any more.",
        ],
        button: "Close the account",
    };
    let choices = choices(&CloseReason::ALL, CloseReason::as_str, CloseReason::words);
    let fields = vec![
        Field::radios("reason", "Why?", choices)
            .with_value(sent.reason.as_str())
            .faulty_if(was_sent && sent.reason().is_none(), "Select why"),
        Field::text("confirm", "Enter CLOSE to confirm", 10)
            .with_hint("In capital letters")
            .faulty_if(
                was_sent && !sent.is_confirmed(),
                "Enter CLOSE in capital letters to confirm",
            ),
    ];
    at.ask(paths::CLOSE_ACCOUNT, words, fields).await
}
