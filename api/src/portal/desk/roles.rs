//! Where somebody works (B-59), and what he may do as staff (B-58).

use axum::{extract::State, response::Response};
use domain::{
    ids::OrganisationCode,
    staff::{Grant, Role},
};
use serde::Deserialize;

use super::{
    super::{
        errors::PageError,
        view::{
            desk::form::{Choice, Field},
            paths,
        },
        visitor::DeskFor,
    },
    At, Words,
    done::Done,
    sent::Sent,
};
use crate::{
    app::App,
    desk::roles,
    staff::acts::{Assign, EndAssignment, GrantRole, WithdrawRole},
};

const ORGANISATION: &str = "organisation";
const ROLE: &str = "role";
const NO_CODE: &str = "Enter the code of an organisation, for example RXA";

/// What forms about roles and assignments say.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    organisation: String,
    role: String,
}

impl Wanted {
    fn organisation(&self) -> Option<OrganisationCode> {
        self.organisation.trim().to_uppercase().parse().ok()
    }

    fn code(&self, label: &'static str, was_sent: bool) -> Field {
        Field::text(ORGANISATION, label, 10)
            .with_hint("The code of the organisation, for example RXA")
            .with_value(self.organisation.as_str())
            .faulty_if(was_sent && self.organisation().is_none(), NO_CODE)
    }
}

/// B-59: the form.
pub(super) async fn assign_page(
    State(app): State<App>,
    desk: DeskFor<Assign>,
) -> Result<Response, PageError> {
    ask_assign(&At::the(&app, &desk), &Wanted::default(), false).await
}

/// B-59: the person works there from now on.
pub(super) async fn assign(
    State(app): State<App>,
    desk: DeskFor<Assign>,
    sent: Sent<Wanted>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(code) = sent.form.organisation() else {
        return ask_assign(&at, &sent.form, true).await;
    };
    let Some(cause) = at.cause(&sent).await? else {
        return ask_assign(&at, &sent.form, false).await;
    };
    match roles::assign(&app, at.member, at.record, code, cause).await {
        Ok(()) => Ok(at.done_by(Done::Organisations, cause)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_assign(at: &At<'_>, sent: &Wanted, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Assign a person to an organisation",
        says: vec!["The registration authority of that organisation, and of those above it, looks after the person from now on.".to_owned()],
        warnings: Vec::new(),
        button: "Assign the person",
    };
    at.ask(paths::ASSIGN, words, vec![sent.code("Where does the person work?", was_sent)]).await
}

/// B-59: the form.
pub(super) async fn end_assignment_page(
    State(app): State<App>,
    desk: DeskFor<EndAssignment>,
) -> Result<Response, PageError> {
    ask_end_assignment(&At::the(&app, &desk), false).await
}

/// B-59: not any more. The record may be out of reach afterwards, so it is confirmed at once.
pub(super) async fn end_assignment(
    State(app): State<App>,
    desk: DeskFor<EndAssignment>,
    sent: Sent<Wanted>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(code) = sent.form.organisation() else { return ask_end_assignment(&at, true).await };
    let Some(cause) = at.cause(&sent).await? else { return ask_end_assignment(&at, false).await };
    match roles::end_assignment(&app, at.member, at.record, code, cause).await {
        Ok(()) => at.confirm_now(Done::Organisations, cause).await,
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_end_assignment(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let tree = at.app.organisations();
    let assignments = at.record.loaded.holder.roles().assignments().iter();
    let choices: Vec<_> = assignments
        .map(|code| {
            let name = tree.name(code).unwrap_or_default();
            Choice::new(code.to_string(), &format!("{name} ({code})"))
        })
        .collect();
    let says = if choices.is_empty() {
        "This person is assigned to no organisation."
    } else {
        "Without any organisation only the registration authority of the whole service looks after the person."
    };
    let words = Words {
        title: "End the assignment of a person",
        says: vec![says.to_owned()],
        warnings: Vec::new(),
        button: "End the assignment",
    };
    let field = Field::radios(ORGANISATION, "Which?", choices);
    let fields = vec![field.faulty_if(was_sent, "Select an organisation")];
    at.ask(paths::END_ASSIGNMENT, words, fields).await
}

/// B-58: the form.
pub(super) async fn grant_page(
    State(app): State<App>,
    desk: DeskFor<GrantRole>,
) -> Result<Response, PageError> {
    ask_grant(&At::the(&app, &desk), &Wanted::default(), false).await
}

/// B-58: the person has this role from now on.
pub(super) async fn grant(
    State(app): State<App>,
    desk: DeskFor<GrantRole>,
    sent: Sent<Wanted>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let wanted = &sent.form;
    let (Some(role), Some(organisation)) = (Role::labelled(&wanted.role), wanted.organisation())
    else {
        return ask_grant(&at, wanted, true).await;
    };
    let Some(cause) = at.cause(&sent).await? else { return ask_grant(&at, wanted, false).await };
    let grant = Grant { role, organisation };
    match roles::grant(&app, at.member, at.record, grant, cause).await {
        Ok(()) => Ok(at.done_by(Done::Roles, cause)),
        Err(error) => at.not_done(error).await,
    }
}

async fn ask_grant(at: &At<'_>, sent: &Wanted, was_sent: bool) -> Result<Response, PageError> {
    let words = Words {
        title: "Grant a role",
        says: vec![
            "A role reaches the organisation in which it is granted, and those below it."
                .to_owned(),
        ],
        warnings: Vec::new(),
        button: "Grant the role",
    };
    let choices = Role::ALL.map(|role| Choice::new(role.label(), role.words()));
    let has_role = Role::labelled(&sent.role).is_some();
    let role = Field::radios(ROLE, "Which role?", choices.to_vec())
        .with_value(sent.role.as_str())
        .faulty_if(was_sent && !has_role, "Select a role");
    at.ask(paths::GRANT_ROLE, words, vec![role, sent.code("Where?", was_sent)]).await
}

/// B-58: the form.
pub(super) async fn withdraw_page(
    State(app): State<App>,
    desk: DeskFor<WithdrawRole>,
) -> Result<Response, PageError> {
    ask_withdraw(&At::the(&app, &desk), false).await
}

/// B-58: not any more.
pub(super) async fn withdraw(
    State(app): State<App>,
    desk: DeskFor<WithdrawRole>,
    sent: Sent<Wanted>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(grant) = read(&sent.form.role) else { return ask_withdraw(&at, true).await };
    let Some(cause) = at.cause(&sent).await? else { return ask_withdraw(&at, false).await };
    match roles::withdraw(&app, at.member, at.record, grant, cause).await {
        Ok(()) => Ok(at.done_by(Done::Roles, cause)),
        Err(error) => at.not_done(error).await,
    }
}

/// `<role>.<organisation>`.
fn written(grant: &Grant) -> String {
    format!("{}.{}", grant.role.label(), grant.organisation)
}

/// What is written so.
fn read(text: &str) -> Option<Grant> {
    let (role, organisation) = text.split_once('.')?;
    Some(Grant { role: Role::labelled(role)?, organisation: organisation.parse().ok()? })
}

async fn ask_withdraw(at: &At<'_>, was_sent: bool) -> Result<Response, PageError> {
    let grants = at.record.loaded.holder.roles().grants().iter();
    let choices: Vec<_> = grants
        .map(|grant| Choice::new(written(grant), &super::role_in_words(at.app, grant)))
        .collect();
    let says = if choices.is_empty() {
        "This person has no role."
    } else {
        "What was done by the role stays on record."
    };
    let words = Words {
        title: "Withdraw a role",
        says: vec![says.to_owned()],
        warnings: Vec::new(),
        button: "Withdraw the role",
    };
    let field = Field::radios(ROLE, "Which?", choices);
    at.ask(paths::WITHDRAW_ROLE, words, vec![field.faulty_if(was_sent, "Select a role")]).await
}
