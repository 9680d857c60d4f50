//! What waits for the registration authority.

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use super::super::{
    errors::PageError,
    frame_for, html,
    view::{
        desk::{
            ERASED,
            work::{WorkLine, WorkPage},
        },
        frame::Tab,
        paths,
        problem::ProblemKind,
    },
    visitor::Desk,
};
use crate::{app::App, desk::work, staff::acts::SeeWorkList};

/// Which page.
#[derive(Deserialize)]
pub(super) struct Which {
    after: Option<String>,
}

/// A page of the list, the oldest first.
pub(super) async fn page(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeWorkList>,
    Query(Which { after }): Query<Which>,
) -> Result<Response, PageError> {
    let place = match after.as_deref().map(work::place) {
        Some(None) => return Err(PageError::Problem(ProblemKind::BadRequest)),
        Some(Some(place)) => Some(place),
        None => None,
    };
    let (lines, next) = work::list(&app, &member, place.as_ref()).await?;
    let zone = app.policy().zone;
    let page = WorkPage {
        lines: lines
            .into_iter()
            .map(|line| WorkLine {
                name: line.name.unwrap_or_else(|| ERASED.to_owned()),
                record: paths::desk_record(&line.item.holder.to_string()),
                words: line.item.kind.words(),
                since: pages::date_and_time(line.item.since, &zone),
            })
            .collect(),
        next: next.map(|next| format!("{}?after={}", paths::DESK_WORK, work::written(&next))),
        first: after.is_some().then_some(paths::DESK_WORK),
    };
    let frame = frame_for(&app, member.session(), Some(Tab::Desk)).await?;
    html(page.render(app.pages(), &frame))
}
