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
    let scheduled = expiry::schedule(&app.context(&loaded), &loaded.holder);
    let frame = frame_for(&app, &session, Some(Tab::ManagePasscodes)).await?;
    html(Schedule::new(&scheduled).render(app.pages(), &frame))
}
