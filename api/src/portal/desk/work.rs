//! What waits for the registration authority.

use axum::{
    extract::{Query, State},
    response::Response,
};
use chrono::NaiveDate;
use serde::Deserialize;

use super::super::{
    errors::PageError,
    frame_for, html,
    view::{
        desk::{
            ERASED,
            work::{StandsOut, UnreachedLine, WorkLine, WorkPage},
        },
        frame::Tab,
        paths,
    },
    visitor::Desk,
};
use super::not_listed;
use crate::{
    app::App,
    desk::work::{self, UnlockCount},
    staff::acts::SeeWorkList,
};

/// Which page.
#[derive(Deserialize)]
pub(super) struct Which {
    after: Option<String>,
}

/// P-19: more unlocks on one day than is usual.
fn stands_out(on: NaiveDate, count: UnlockCount) -> StandsOut {
    let name = count.name.unwrap_or_else(|| ERASED.to_owned());
    StandsOut {
        text: format!("{name} let {} people unlock on {}", count.n, pages::date(on)),
        counts: format!("{}?on={on}", paths::DESK_UNLOCK_COUNTS),
    }
}

/// A page of the list, the oldest first.
pub(super) async fn page(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeWorkList>,
    Query(Which { after }): Query<Which>,
) -> Result<Response, PageError> {
    let (lines, next) = work::list(&app, &member, after.as_deref()).await.map_err(not_listed)?;
    let zone = app.policy().zone;
    let is_first = after.is_none();
    let standing_out = if is_first { work::standing_out(&app, &member).await? } else { Vec::new() };
    let unreached = if is_first { work::unreached(&app, &member).await? } else { Vec::new() };
    let unreached = unreached
        .into_iter()
        .map(|person| UnreachedLine {
            name: person.name.unwrap_or_else(|| ERASED.to_owned()),
            record: paths::desk_record(&person.holder.to_string()),
            n: person.n,
            since: pages::date_and_time(person.since, &zone),
        })
        .collect();
    let page = WorkPage {
        standing_out: standing_out.into_iter().map(|(on, count)| stands_out(on, count)).collect(),
        lines: lines
            .into_iter()
            .map(|line| WorkLine {
                name: line.name.unwrap_or_else(|| ERASED.to_owned()),
                record: paths::desk_record(&line.item.holder.to_string()),
                words: line.item.kind.words(),
                since: pages::date_and_time(line.item.since, &zone),
                until: line.due_at.map(|at| pages::date_and_time(at, &zone)),
            })
            .collect(),
        unreached,
        next: next.map(|next| format!("{}?after={next}", paths::DESK_WORK)),
        first: after.is_some().then_some(paths::DESK_WORK),
    };
    let frame = frame_for(&app, member.session(), Some(Tab::Desk)).await?;
    html(page.render(app.pages(), &frame))
}
