//! S-01: the Home tab.

use axum::{extract::State, response::Response};

use super::{
    errors::PageError,
    frame_for, html,
    view::{agent::AgentStatus, frame::Tab, home::Home, passcodes::StatusLine},
    visitor::LoggedIn,
};
use crate::app::App;

/// The most urgent thing that is due, and how card and passcodes stand.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session }: LoggedIn,
) -> Result<Response, PageError> {
    let loaded = app.load(session.holder).await?;
    let context = app.context(&loaded);
    let passcodes = loaded.holder.passcodes();
    let status = passcodes.status(&context);
    let worst = passcodes.worst(&context).filter(|(_, phase)| 0 < phase.severity());
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
    let with_card = seen.readers.iter().find(|reader| {
        reader.card.as_ref().is_some_and(|card| card.serial == session.card.as_str())
    });
    match (with_card, seen.readers.first()) {
        (Some(reader), _) => AgentStatus::Ready { reader: reader.model.clone() },
        (None, Some(reader)) => AgentStatus::NoCard { reader: reader.model.clone() },
        (None, None) => AgentStatus::NoReader,
    }
}
