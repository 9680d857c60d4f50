//! What is scheduled for a holder.

use axum::{extract::State, response::Response};
use domain::expiry;

use super::{
    errors::PageError,
    frame_for, html,
    view::{frame::Tab, schedule::Schedule},
    visitor::LoggedIn,
};
use crate::{admission::SeePasscodes, app::App};

/// What is to come, by day.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<SeePasscodes>,
) -> Result<Response, PageError> {
    let loaded = app.load(session.holder).await?;
    let context = app.context(&loaded);
    let mut page = Schedule::new(&expiry::schedule(&context, &loaded.holder));
    if let Some(standing) = loaded.holder.certificates(&context) {
        page = page.with_certificates(&standing, context.today());
    }
    let frame = frame_for(&app, &session, Some(Tab::ManagePasscodes)).await?;
    html(page.render(app.pages(), &frame))
}
