//! S-07: the progress of *Update My Card*, its success and *Continue*. All of it belongs to the
//! browser that began the visit, known by its cookie: the session may end meanwhile (C-14).

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{
        IntoResponse as _, Redirect, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use domain::{calendar, ids::CommandId};
use futures::{Stream, stream};
use protocol::JobId;
use uuid::Uuid;
use workflows::card_job::PlannedUpdate;

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        card_update::{CardUpdate, StepLine, UpdateState},
        paths,
        problem::ProblemKind,
    },
};
use crate::{
    app::App,
    cookies::{BROWSER_COOKIE, token},
    jobs::OpenJob,
    live::Place,
    passcode_page,
    renewals::{self, Stands},
};

/// A page looks by itself every so often, whether or not it has heard that something has happened.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// After so long a page that is kept new is let go; its browser comes back by itself.
const LIVE_MINUTES: i64 = 10;

/// What there is to show.
enum Shown {
    /// A state of the update.
    State(UpdateState),
    /// Another page says more.
    Elsewhere(String),
}

/// How far it is.
pub(super) async fn page(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let (open, planned) = mine(&app, &jar, id).await?;
    match shown(&app, &open, &planned).await? {
        Shown::State(state) => {
            let page = CardUpdate { job: id.to_string(), state };
            html(page.render(app.pages(), &public_frame(&app)))
        }
        Shown::Elsewhere(path) => Ok(Redirect::to(&path).into_response()),
    }
}

/// The update of a job, if this browser began it.
async fn mine(app: &App, jar: &CookieJar, id: Uuid) -> Result<(OpenJob, PlannedUpdate), PageError> {
    let browser = token(jar, BROWSER_COOKIE);
    let open = app.job(JobId(id)).await?.filter(|open| open.browser == browser);
    let carried = open.and_then(|open| {
        let planned = renewals::carried(&open)?.clone();
        Some((open, planned))
    });
    carried.filter(|_| browser.is_some()).ok_or(PageError::Problem(ProblemKind::NotFound))
}

async fn shown(app: &App, open: &OpenJob, planned: &PlannedUpdate) -> anyhow::Result<Shown> {
    Ok(Shown::State(match renewals::stands(app, open, planned).await? {
        Stands::NotBegun => return Ok(Shown::Elsewhere(paths::job(&open.id.to_string()))),
        Stands::Over => return Ok(Shown::Elsewhere(paths::LOG_IN.to_owned())),
        Stands::Working(lines) => {
            UpdateState::Working { lines: lines.iter().map(StepLine::from).collect() }
        }
        Stands::Interrupted(lines) => UpdateState::Interrupted {
            lines: lines.iter().map(StepLine::from).collect(),
            why: open.job.last_refusal.as_ref().map(passcode_page::last_try),
        },
        Stands::Revoked => UpdateState::Revoked,
        Stands::Replaced => UpdateState::Replaced,
        Stands::Renewed(committed) if committed.acknowledged => UpdateState::Continued,
        Stands::Renewed(committed) => {
            let policy = app.policy();
            let expires = calendar::civil_day(committed.expires_at, policy.zone);
            let left = policy.self_renewals.saturating_sub(committed.self_renewals);
            UpdateState::renewed(pages::date(expires), left)
        }
    }))
}

/// The same as server-sent events: each carries the part of the page that changes.
pub(super) async fn live(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let (_, planned) = mine(&app, &jar, id).await?;
    let Some(place) = app.live().place() else {
        return Err(PageError::Problem(ProblemKind::Unavailable));
    };
    let until = app.now() + TimeDelta::minutes(LIVE_MINUTES);
    let watch = Watch { app, id: JobId(id), planned, place, until, last: None, over: false };
    Ok(Sse::new(watch.events()).keep_alive(KeepAlive::default()).into_response())
}

/// One page that is kept new.
struct Watch {
    app: App,
    id: JobId,
    planned: PlannedUpdate,
    place: Place,
    until: chrono::DateTime<chrono::Utc>,
    last: Option<String>,
    over: bool,
}

impl Watch {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// The next event; `None` once nothing more will come.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        while self.app.now() < self.until {
            match self.look().await {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "a page was not kept new");
                    return None;
                }
            }
            let rung = self.place.rung(self.planned.holder);
            if tokio::time::timeout(LOOK_EVERY, rung).await == Ok(false) {
                return None;
            }
        }
        None
    }

    /// An event, if there is anything new.
    async fn look(&mut self) -> anyhow::Result<Option<Event>> {
        let elsewhere = Event::default().event("elsewhere").data("");
        let shown = match self.app.job(self.id).await? {
            Some(open) => shown(&self.app, &open, &self.planned).await?,
            None => Shown::Elsewhere(String::new()),
        };
        let Shown::State(state) = shown else {
            self.over = true;
            return Ok(Some(elsewhere));
        };
        let is_live = state.is_live();
        let page = CardUpdate { job: self.id.to_string(), state };
        let fragment = page.render_fragment(self.app.pages())?;
        if self.last.as_ref() == Some(&fragment) {
            self.over = !is_live;
            let end = Event::default().event("end").data("");
            return Ok(self.over.then_some(end));
        }
        let event = Event::default().event("fragment").data(&fragment);
        self.last = Some(fragment);
        Ok(Some(event))
    }
}

/// B-55: another visit to the card goes on with the update. It needs no session: the card has to
/// agree as for a log-in.
pub(super) async fn again(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let (open, planned) = mine(&app, &jar, id).await?;
    let Some(browser) = open.browser else {
        return Err(PageError::Problem(ProblemKind::NotFound));
    };
    if !app.admits_log_in(&headers) {
        return Err(PageError::Problem(ProblemKind::TooManyRequests));
    }
    let visit: CommandId = app.entropy().command_id(app.now());
    let job = app.start_visit(planned, visit, browser).await?;
    Ok(Redirect::to(&paths::job(&job.to_string())).into_response())
}

/// C-13: *Continue*.
pub(super) async fn go_on(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let (open, planned) = mine(&app, &jar, id).await?;
    if let Stands::Renewed(_) = renewals::stands(&app, &open, &planned).await? {
        renewals::acknowledge(&app, planned.holder, planned.update).await.map_err(PageError::of)?;
    }
    Ok(Redirect::to(&paths::card_update(&id.to_string())).into_response())
}
