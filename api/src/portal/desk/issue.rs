//! A blank smartcard becomes somebody's (P-03, B-61): of a person who is registered by it, or in place
//! of the one before. It lies in a reader of the desk, and its passcode is typed by the person whose
//! it will be, on the card software's own page.

use axum::{
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
            desk::form::{ActForm, Control, Field, choices, chosen},
            frame::Tab,
            paths,
            refusal::RefusalView,
        },
        visitor::{Desk, DeskFor},
    },
    At, Words,
    identity::{self, Identity},
    sent::Sent,
};
use crate::{
    app::App,
    cookies::browser,
    desk::{
        issue::{self, Newcomer},
        person::{self, DetailsFault},
    },
    execute::Cause,
    staff::{
        Member,
        acts::{RegisterPerson, ReplaceCard},
    },
};

/// B-61: why another smartcard is needed.
fn why(text: &str) -> Option<CancelReason> {
    chosen(&CancelReason::REPLACED, CancelReason::as_str, text)
}

/// B-61: the form.
pub(super) async fn replace_page(
    State(app): State<App>,
    desk: DeskFor<ReplaceCard>,
) -> Result<Response, PageError> {
    ask_replace(&At::the(&app, &desk), &Wanted::default(), false).await
}

/// Another smartcard, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    reason: String,
    #[serde(flatten)]
    identity: Identity,
}

/// B-61: on to the card software, which makes the blank smartcard the person's.
pub(super) async fn replace(
    State(app): State<App>,
    desk: DeskFor<ReplaceCard>,
    jar: CookieJar,
    sent: Sent<Wanted>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let wanted = &sent.form;
    let (Some(reason), Some(visit)) = (why(&wanted.reason), wanted.identity.read()) else {
        return ask_replace(&at, wanted, true).await;
    };
    if !desk.record.loaded.holder.is_registered() {
        return at.refused(&domain::holder::Refusal::NotRegistered.into()).await;
    }
    let Some(cause) = at.cause(&sent).await? else { return ask_replace(&at, wanted, false).await };
    let (browser, jar) = browser(jar, app.entropy());
    let evidence = (reason, identity::check(visit));
    match issue::replace(&app, (at.member, &desk.mandate), evidence, cause.command, browser).await {
        Ok(job) => Ok((jar, to_job(job)).into_response()),
        Err(error) => at.not_done(error).await,
    }
}

fn to_job(job: JobId) -> Redirect {
    Redirect::to(&paths::job(&job.to_string()))
}

async fn ask_replace(at: &At<'_>, sent: &Wanted, was_sent: bool) -> Result<Response, PageError> {
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
    let choices = choices(&CancelReason::REPLACED, CancelReason::as_str, CancelReason::words);
    let field = Field::radios("reason", "What is wrong with the one before?", choices);
    let has_reason = why(&sent.reason).is_some();
    let field = field
        .with_value(sent.reason.as_str())
        .faulty_if(was_sent && !has_reason, "Select what is wrong with it");
    let mut fields = vec![field];
    fields.extend(sent.identity.fields(identity::SHOWN, was_sent));
    at.ask(paths::REPLACE_CARD, words, fields).await
}

/// Somebody whom nobody knew, as a form says it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewPerson {
    name: String,
    email: String,
    organisation: String,
    #[serde(flatten)]
    identity: Identity,
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
    sent: Sent<NewPerson>,
) -> Result<Response, PageError> {
    let new = &sent.form;
    let details = person::details(&new.name, &new.email);
    let (Ok(person), Some(organisation), Some(visit)) =
        (details, new.organisation(), new.identity.read())
    else {
        return ask_register(&app, &member, new, true).await;
    };
    let may = member.may_in(&app, StaffAct::RegisterPerson, &organisation);
    let warrant = may.map_err(|refusal| {
        PageError::Forbidden(Box::new(RefusalView::from(&Refusal::from(refusal))))
    })?;
    let Some(Cause { command, .. }) = sent.cause(&app, &member).await? else {
        return ask_register(&app, &member, new, false).await;
    };
    let (browser, jar) = browser(jar, app.entropy());
    let newcomer = Newcomer { person, organisation, check: identity::check(visit) };
    let begun = issue::register(&app, (&member, &warrant), newcomer, command, browser).await;
    let (_, job) = begun.map_err(PageError::of)?;
    Ok((jar, to_job(job)).into_response())
}

async fn ask_register(
    app: &App,
    member: &Member,
    sent: &NewPerson,
    was_sent: bool,
) -> Result<Response, PageError> {
    let mut fields = person_fields(sent, was_sent);
    fields.extend(sent.identity.fields(identity::SHOWN, was_sent));
    let form = ActForm {
        title: "Register a person",
        whose: None,
        action: paths::DESK_REGISTER.to_owned(),
        says: vec![
            "Find out first whether the person is registered already. Then put a blank smartcard into your reader: the person types its passcode on the next page, and you look away.".to_owned(),
        ],
        warnings: Vec::new(),
        fields,
        number: super::number(app),
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

fn person_fields(sent: &NewPerson, was_sent: bool) -> Vec<Field> {
    let fault = person::details(&sent.name, &sent.email).err().filter(|_| was_sent);
    let (of_name, of_address) = match fault {
        Some(DetailsFault::Name) => (true, None),
        Some(DetailsFault::Address(fault)) => (false, Some(fault.to_string())),
        None => (false, None),
    };
    let email = Control::Text { width: 30, input: "email" };
    vec![
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
    ]
}
