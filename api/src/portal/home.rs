//! S-01: the Home tab.

use axum::{extract::State, response::Response};
use domain::{calendar::Phase, context::Context, expiry, passcode::Status};
use stores::session::{Scope, Session};

use super::{
    certificates,
    errors::PageError,
    frame_for, html,
    view::{
        agent::AgentStatus,
        alert::Alert,
        frame::Tab,
        home::{Home, Notice, PutOff},
        passcodes::StatusLine,
        paths,
        renewal::Renewal,
    },
    visitor::LoggedIn,
};
use crate::{admission::SeeHome, app::App, execute::Loaded, passcode_status, required::Required};

/// The most urgent thing that is due, and how card and passcodes stand.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeeHome>,
) -> Result<Response, PageError> {
    let status = passcode_status::of(&app, session.holder).await?;
    let loaded = app.load(session.holder).await?;
    let person = app.stores().vault.person(session.holder).await?;
    let page = Home {
        notice: notice(&app, &session, &loaded, &status),
        holder: person.map_or_else(String::new, |person| person.name),
        card: session.card.to_string(),
        passcodes: status.iter().map(StatusLine::from).collect(),
        due: certificates::due(&app, &loaded),
        certificates: certificates::line(&app, &loaded),
        agent: agent_status(&app, &session).await?,
    };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Home)).await?))
}

/// What is most urgent. What a session has to do was decided when it was opened (B-10).
fn notice(app: &App, session: &Session, loaded: &Loaded, status: &[Status; 3]) -> Notice {
    let context = app.context(loaded);
    if session.scope == Scope::Restricted {
        let required = Required::of(app, session, loaded);
        return match required.passcodes() {
            // B-18: certificates come after them, in a box of their own; an update that is not
            // finished (B-55) comes first.
            [] => Notice::Nothing,
            _overdue if required.is_unfinished() => Notice::Nothing,
            _overdue => Notice::Renewal(Renewal::new(&required, context.today())),
        };
    }
    if let Some(alert) = expiry::alert(&context, &loaded.holder) {
        return Notice::Alert(Alert::from(&alert));
    }
    let worst = Status::worst(status);
    let line = worst.and_then(|(kind, _)| status.iter().find(|line| line.kind == kind));
    match (worst.map(|(_, phase)| phase), line) {
        (Some(Phase::Forced { .. } | Phase::Locked), Some(line)) => Notice::Expired(line.into()),
        (Some(Phase::Alert { .. }), _) => Notice::PutOff(put_off(&context, status)),
        (None | Some(Phase::Current { .. } | Phase::Forced { .. } | Phase::Locked), _) => {
            let spoken = loaded.holder.desk().advice();
            spoken.map_or(Notice::Nothing, |advice| Notice::Spoken(advice.message()))
        }
    }
}

/// B-16: what comes tomorrow.
fn put_off(context: &Context<'_>, status: &[Status; 3]) -> PutOff {
    let date = pages::date(context.today().succ_opt().unwrap_or(context.today()));
    let is_last = |status: &Status| status.phase() == Some(Phase::Alert { days_left: 1 });
    let tomorrow = if status.iter().any(is_last) {
        format!("From tomorrow, {date}, you have to do it before anything else.")
    } else {
        format!("We will remind you again tomorrow, {date}.")
    };
    PutOff { tomorrow, renew: paths::PASSCODES_DUE }
}

/// What the session's agent says of its readers.
async fn agent_status(app: &App, session: &Session) -> anyhow::Result<AgentStatus> {
    let Some(seen) = app.agents().agent(session.agent).await? else {
        let last_heard = super::time(app, session.last_seen_at);
        return Ok(AgentStatus::Lost { last_heard });
    };
    let with_card = seen.readers.iter().find_map(|reader| {
        let card = reader.card.as_ref().filter(|card| card.serial == session.card.as_str())?;
        Some((reader, card))
    });
    let first = seen.readers.iter().find(|reader| reader.approved).or(seen.readers.first());
    Ok(match (with_card, first) {
        (Some((reader, card)), _) if card.tries_left == Some(0) => {
            AgentStatus::CardLocked { reader: reader.model.clone() }
        }
        (Some((reader, _)), _) => AgentStatus::Ready { reader: reader.model.clone() },
        (None, Some(reader)) if !reader.approved => {
            AgentStatus::ReaderNotApproved { reader: reader.model.clone() }
        }
        (None, Some(reader)) => AgentStatus::NoCard { reader: reader.model.clone() },
        (None, None) => AgentStatus::NoReader,
    })
}
