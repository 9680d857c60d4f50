//! B-59, B-63: breaking glass: two operators let a manager unlock his account, where nobody of the
//! registration authority can. Operators see no record: a name, and what they are asked to agree to.

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use domain::{
    desk::{Refusal, Request, View},
    ids::CommandId,
};
use pages::Link;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        errors::PageError,
        frame_for, html,
        view::{
            desk::{
                ERASED, Whose,
                form::ActForm,
                list::{Cell, ListPage},
            },
            paths,
            refusal::RefusalView,
        },
        visitor::{Desk, DeskFor},
    },
    At,
    identity::{self, Identity},
    sent::Sent,
};
use crate::{
    app::App,
    desk::{
        glass::{self, LockedOut},
        sheet,
    },
    execute::ExecuteError,
    staff::acts::BreakGlass,
};

/// Who is locked out, and how far it is.
pub(super) async fn page(
    State(app): State<App>,
    Desk { member, .. }: Desk<BreakGlass>,
) -> Result<Response, PageError> {
    let found = glass::locked_out(&app).await?;
    let page = ListPage {
        title: "Break glass".to_owned(),
        says: vec![
            "Where nobody of the registration authority can act for an organisation any more, two operators let one of its managers unlock the account: one has seen who it is and asks, another one agrees. Its other managers and its auditors, and those above, are told by email (B-59, B-63).".to_owned(),
        ],
        links: Vec::new(),
        head: vec!["Manager", "Organisation", "How far it is"],
        rows: found.iter().map(|one| row(&app, one)).collect(),
        nothing: "For every organisation somebody of the registration authority can act.",
        next: None,
        first: None,
    };
    html(page.render_alone(app.pages(), &frame_for(&app, member.session(), None).await?))
}

fn row(app: &App, one: &LockedOut) -> Vec<Cell> {
    let zone = app.policy().zone;
    let number = one.holder.to_string();
    let (act, how_far) = match (one.let_until, one.asked) {
        (Some(until), _) => {
            let until = pages::date_and_time(until, &zone);
            (paths::BREAK_GLASS, format!("The manager may unlock the account until {until}"))
        }
        (None, Some((_, until))) => {
            let until = pages::date_and_time(until, &zone);
            (paths::BREAK_GLASS_APPROVAL, format!("Another operator can agree until {until}"))
        }
        (None, None) => (paths::BREAK_GLASS, "Nobody has asked".to_owned()),
    };
    let name = app.organisations().name(&one.organisation).unwrap_or_default().to_owned();
    vec![
        Cell::link(paths::desk_act(&number, act), number),
        Cell::text(format!("{name} ({})", one.organisation)),
        Cell::text(how_far),
    ]
}

/// The form.
pub(super) async fn ask_page(
    State(app): State<App>,
    desk: DeskFor<BreakGlass>,
) -> Result<Response, PageError> {
    ask_for(&At::the(&app, &desk), &Identity::default(), false).await
}

/// B-59: asks, if nobody else can act.
pub(super) async fn ask(
    State(app): State<App>,
    desk: DeskFor<BreakGlass>,
    sent: Sent<Identity>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(visit) = sent.form.read() else { return ask_for(&at, &sent.form, true).await };
    let Some(cause) = at.cause(&sent).await? else { return ask_for(&at, &sent.form, false).await };
    match glass::ask(&app, &desk.mandate, cause, identity::check(visit)).await {
        Ok(()) => Ok(Redirect::to(paths::DESK_GLASS).into_response()),
        Err(error) => Err(not_done(error)),
    }
}

async fn ask_for(at: &At<'_>, sent: &Identity, was_sent: bool) -> Result<Response, PageError> {
    let minutes = at.app.policy().desk_minutes;
    at.show(ActForm {
        title: "Ask to break glass",
        whose: Some(whose(at).await?),
        action: paths::desk_act(&at.number(), paths::BREAK_GLASS),
        says: vec![format!(
            "Ask only if nobody of the registration authority can let this manager unlock the account, and if you have seen who it is. Another operator has to agree within {minutes} minutes. You see none of the passcodes, and choose none."
        )],
        warnings: vec!["Managers and auditors are told of it, with who asked and who agreed."],
        fields: sent.fields(identity::SHOWN, was_sent),
        number: super::number(at.app),
        hidden: None,
        button: "Ask another operator to agree",
    })
    .await
}

/// B-63: a name is shown, which is a look.
async fn whose(at: &At<'_>) -> anyhow::Result<Whose> {
    sheet::note_viewed(at.app, at.mandate, View::Name).await?;
    let person = at.app.stores().vault.person(at.holder()).await?;
    let name = person.map(|person| person.name.clone());
    Ok(Whose { name, card: None, record: paths::DESK_GLASS.to_owned() })
}

/// B-63: what another operator asks to be agreed to.
pub(super) async fn approval_page(
    State(app): State<App>,
    desk: DeskFor<BreakGlass>,
) -> Result<Response, PageError> {
    ask_waiting(&At::the(&app, &desk)).await
}

async fn ask_waiting(at: &At<'_>) -> Result<Response, PageError> {
    let request = at.record.loaded.holder.desk().request(at.app.now());
    match request.filter(|request| request.glass.is_some()) {
        Some(request) => ask_approval(at, request).await,
        None => Err(not_done(ExecuteError::Refused(Refusal::NoRequest.into()))),
    }
}

async fn ask_approval(at: &At<'_>, request: &Request) -> Result<Response, PageError> {
    let colleague = at.app.stores().vault.person(request.by).await?;
    let colleague = colleague.map_or_else(|| ERASED.to_owned(), |person| person.name.clone());
    let until = pages::date_and_time(request.until, &at.app.policy().zone);
    let check = &request.check;
    at.show(ActForm {
        title: "Agree to break glass",
        whose: Some(whose(at).await?),
        action: paths::desk_act(&at.number(), paths::BREAK_GLASS_APPROVAL),
        says: vec![
            format!(
                "{colleague} has checked who this manager is at {} by {}, and asks that the account may be unlocked, because nobody of the registration authority can act.",
                check.place,
                check.evidence.words()
            ),
            format!("Agree only if you have made sure of both yourself. You can agree until {until}."),
        ],
        warnings: vec!["Managers and auditors are told of it, with who asked and who agreed."],
        fields: Vec::new(),
        number: super::number(at.app),
        hidden: Some(("request", request.request.0.to_string())),
        button: "Agree",
    })
    .await
}

/// What is agreed to: the request that was shown, and no other.
#[derive(Deserialize)]
pub(super) struct Agreed {
    request: Uuid,
}

/// B-63: another operator agrees.
pub(super) async fn approve(
    State(app): State<App>,
    desk: DeskFor<BreakGlass>,
    sent: Sent<Agreed>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let Some(cause) = at.cause(&sent).await? else { return ask_waiting(&at).await };
    match glass::agree(&app, &desk.mandate, cause, CommandId(sent.form.request)).await {
        Ok(_until) => Ok(Redirect::to(paths::DESK_GLASS).into_response()),
        Err(error) => Err(not_done(error)),
    }
}

/// Back to the list, not to a record that operators do not see.
fn not_done(error: ExecuteError) -> PageError {
    match error {
        ExecuteError::Refused(refusal) => PageError::RefusedFor(
            Box::new(RefusalView::from(&refusal)),
            Link::new(paths::DESK_GLASS, "Back to the list"),
        ),
        error @ (ExecuteError::Conflict | ExecuteError::Failed(_)) => PageError::of(error),
    }
}
