//! A blank smartcard becomes somebody's (P-03, B-61): of a person who is registered by it, or in place
//! of the one before. It lies in a reader of the desk, and its passcode is typed by the person whose
//! it will be, on the card software's own page.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{desk::CancelReason, ids::OrganisationCode, refusal::Refusal, staff::StaffAct};
use protocol::JobId;
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        frame_for, html,
        view::{
            desk::form::{ActForm, Choice, Control, Field},
            frame::Tab,
            paths,
            refusal::RefusalView,
        },
        visitor::{Desk, DeskFor},
    },
    At, Words,
    card::Reason,
};
use crate::{
    app::App,
    cookies::browser,
    desk::{
        issue,
        person::{self, DetailsFault},
    },
    staff::{
        Member,
        acts::{RegisterPerson, ReplaceCard},
    },
};

/// Why another smartcard is needed.
const REASONS: [(&str, CancelReason); 4] = [
    ("damaged", CancelReason::Damaged),
    ("lost", CancelReason::Lost),
    ("stolen", CancelReason::Stolen),
    ("compromised", CancelReason::Compromised),
];

/// B-61: the form.
pub(super) async fn replace_page(
    State(app): State<App>,
    desk: DeskFor<ReplaceCard>,
) -> Result<Response, PageError> {
    ask_replace(&At::the(&app, &desk), false).await
}

/// B-61: on to the card software, which makes the blank smartcard the person's.
pub(super) async fn replace(
    State(app): State<App>,
    desk: DeskFor<ReplaceCard>,
    jar: CookieJar,
    Form(sent): Form<Reason>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let reason = REASONS.into_iter().find(|(name, _)| *name == sent.reason);
    let Some((_, reason)) = reason else { return ask_replace(&at, true).await };
    if !desk.record.loaded.holder.is_registered() {
        return at.refused(&domain::holder::Refusal::NotRegistered.into()).await;
    }
    let (browser, jar) = browser(jar, app.entropy());
    let command = app.entropy().command_id(app.now());
    let job = issue::replace(&app, &desk.mandate, reason, command, browser).await?;
    Ok((jar, to_job(job)).into_response())
}

fn to_job(job: JobId) -> Redirect {
    Redirect::to(&paths::job(&job.to_string()))
}

async fn ask_replace(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Replace a smartcard",
        says: vec![
            "Put a blank smartcard into your reader. The person types its new passcode on the next page, and you look away.".to_owned(),
        ],
        warnings: vec![
            "As soon as the new smartcard works, the one before is out of use for ever, and its certificates are revoked.",
        ],
        button: "Replace the smartcard",
    };
    let choices = REASONS.map(|(name, reason)| Choice::new(name, reason.words()));
    let field = Field::radios("reason", "What is wrong with the one before?", choices.to_vec());
    let fields = vec![field.faulty_if(was_sent, "Select what is wrong with it")];
    at.ask(paths::REPLACE_CARD, words, fields).await
}

/// Somebody whom nobody knew, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewPerson {
    name: String,
    email: String,
    organisation: String,
}

impl NewPerson {
    fn organisation(&self) -> Option<OrganisationCode> {
        self.organisation.trim().to_uppercase().parse().ok()
    }
}

/// P-03: the form.
pub(super) async fn register_page(
    State(app): State<App>,
    Desk { member, .. }: Desk<RegisterPerson>,
) -> Result<Response, PageError> {
    ask_register(&app, &member, &NewPerson::default(), false).await
}

/// P-03: on to the card software, which makes a blank smartcard the person's.
pub(super) async fn register(
    State(app): State<App>,
    Desk { member, .. }: Desk<RegisterPerson>,
    jar: CookieJar,
    Form(sent): Form<NewPerson>,
) -> Result<Response, PageError> {
    let details = person::details(&sent.name, &sent.email);
    let (Ok(person), Some(organisation)) = (details, sent.organisation()) else {
        return ask_register(&app, &member, &sent, true).await;
    };
    let may = member.may_in(&app, StaffAct::RegisterPerson, &organisation);
    let warrant = may.map_err(|refusal| {
        PageError::Forbidden(Box::new(RefusalView::from(&Refusal::from(refusal))))
    })?;
    let (browser, jar) = browser(jar, app.entropy());
    let command = app.entropy().command_id(app.now());
    let begun = issue::register(&app, &warrant, &person, organisation, command, browser).await?;
    Ok((jar, to_job(begun.1)).into_response())
}

async fn ask_register(
    app: &App,
    member: &Member,
    sent: &NewPerson,
    was_sent: bool,
) -> Result<Response, PageError> {
    let fault = person::details(&sent.name, &sent.email).err().filter(|_| was_sent);
    let (of_name, of_address) = match fault {
        Some(DetailsFault::Name) => (true, None),
        Some(DetailsFault::Address(fault)) => (false, Some(fault.to_string())),
        None => (false, None),
    };
    let email = Control::Text { width: 30, input: "email" };
    let form = ActForm {
        title: "Register a person",
        whose: None,
        action: paths::DESK_REGISTER.to_owned(),
        says: vec![
            "Find out first whether the person is registered already. Then put a blank smartcard into your reader: the person types its passcode on the next page, and you look away.".to_owned(),
        ],
        warnings: Vec::new(),
        fields: vec![
            Field::text("name", "Name", 30)
                .with_value(sent.name.as_str())
                .faulty_if(of_name, DetailsFault::Name.to_string()),
            Field::new("email", "Contact email address", email)
                .with_value(sent.email.as_str())
                .faulty_if(of_address.is_some(), of_address.unwrap_or_default()),
            Field::text("organisation", "Where does the person work?", 10)
                .with_hint("The code of the organisation, for example RXA")
                .with_value(sent.organisation.as_str())
                .faulty_if(
                    was_sent && sent.organisation().is_none(),
                    "Enter the code of an organisation, for example RXA",
                ),
        ],
        hidden: None,
        button: "Register the person",
    };
    let frame = frame_for(app, member.session(), Some(Tab::Desk)).await?;
    let page = html(form.render(app.pages(), &frame))?;
    Ok(if form.is_faulty() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    })
}
