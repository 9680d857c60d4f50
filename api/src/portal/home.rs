//! S-01: the Home tab.

use axum::{extract::State, response::Response};
use domain::passcode::Status;

use super::{
    errors::PageError,
    frame_for, html,
    view::{agent::AgentStatus, frame::Tab, home::Home, passcodes::StatusLine},
    visitor::LoggedIn,
};
use crate::{app::App, passcode_status};

/// The most urgent thing that is due, and how card and passcodes stand.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session }: LoggedIn,
) -> Result<Response, PageError> {
    let status = passcode_status::of(&app, session.holder).await?;
    let worst = Status::worst(&status).filter(|(_, phase)| 0 < phase.severity());
    let due = worst.and_then(|(kind, _)| status.iter().find(|line| line.kind == kind));
    let person = app.stores().vault.person(session.holder).await?;
    let page = Home {
        due: due.map(StatusLine::from),
        may_decline: worst.is_some_and(|(_, phase)| phase.severity() < 2),
        holder: person.map_or_else(String::new, |person| person.name),
        card: session.card.to_string(),
        passcodes: status.iter().map(StatusLine::from).collect(),
        agent: agent_status(&app, &session),
    };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Home)).await?))
}

/// What the session's agent says of its readers.
fn agent_status(app: &App, session: &stores::session::Session) -> AgentStatus {
    let Some(seen) = app.agents().agent(session.agent) else {
        let last_heard = super::time(app, session.last_seen_at);
        return AgentStatus::Lost { last_heard };
    };
    let with_card = seen.readers.iter().find_map(|reader| {
        let card = reader.card.as_ref().filter(|card| card.serial == session.card.as_str())?;
        Some((reader, card))
    });
    let first = seen.readers.iter().find(|reader| reader.approved).or(seen.readers.first());
    match (with_card, first) {
        (Some((reader, card)), _) if card.tries_left == Some(0) => {
            AgentStatus::CardLocked { reader: reader.model.clone() }
        }
        (Some((reader, _)), _) => AgentStatus::Ready { reader: reader.model.clone() },
        (None, Some(reader)) if !reader.approved => {
            AgentStatus::ReaderNotApproved { reader: reader.model.clone() }
        }
        (None, Some(reader)) => AgentStatus::NoCard { reader: reader.model.clone() },
        (None, None) => AgentStatus::NoReader,
    }
}
