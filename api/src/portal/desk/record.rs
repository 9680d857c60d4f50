//! Somebody's record, with what the one who looks may do about it.

use axum::{extract::State, response::Response};

use super::{
    super::{errors::PageError, html, view::desk::record::RecordPage, visitor::DeskFor},
    At, role_in_words,
};
use crate::{app::App, desk::sheet, staff::acts::SeeHolder};

/// The record. That it was looked at is recorded.
pub(super) async fn page(
    State(app): State<App>,
    desk: DeskFor<SeeHolder>,
) -> Result<Response, PageError> {
    let at = At::the(&app, &desk);
    let sheet = sheet::of(&app, &desk.member, &desk.mandate, &desk.record).await?;
    let page = RecordPage {
        whose: at.whose().await?,
        holder: at.number(),
        email: sheet.person.map(|person| person.email.clone()).filter(|email| !email.is_empty()),
        organisations: sheet
            .organisations
            .iter()
            .map(|(code, name)| format!("{name} ({code})"))
            .collect(),
        roles: sheet.grants.iter().map(|grant| role_in_words(&app, grant)).collect(),
        lines: sheet.lines,
        acts: sheet.acts,
    };
    html(page.render(app.pages(), &at.frame().await?))
}
