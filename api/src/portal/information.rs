//! Pages that need nobody in particular: the start page, help, rules, statements.

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    errors::PageError,
    frame_for, html, public_frame,
    view::{self, frame::Tab, help, problem::ProblemKind, rule::Rule, start::Start},
    visitor::LoggedIn,
};
use crate::{
    admission::{LaunchApplication, SeeHelp},
    app::App,
};

/// S-08: the applications to launch.
pub(super) async fn start(
    State(app): State<App>,
    logged_in: Option<LoggedIn<SeeHelp>>,
) -> Result<Response, PageError> {
    let frame = frame(&app, logged_in.as_ref(), None).await?;
    let page = Start { logged_in: logged_in.is_some(), progress: progress(&app) };
    html(page.render(app.pages(), &frame))
}

#[cfg(feature = "demo")]
fn progress(app: &App) -> Option<view::demo::Progress> {
    app.demo()
        .map(|demo| view::demo::Progress::new(demo.progress().ready.len(), demo.people().len()))
}

#[cfg(not(feature = "demo"))]
fn progress(_app: &App) -> Option<view::demo::Progress> {
    None
}

/// S-08: the other application.
pub(super) async fn care_identity_service(
    State(app): State<App>,
    _may_launch: Option<LoggedIn<LaunchApplication>>,
) -> Result<Response, PageError> {
    html(view::care_identity_service::render(app.pages(), &public_frame(&app)))
}

/// The accessibility statement.
pub(super) async fn accessibility(State(app): State<App>) -> Result<Response, PageError> {
    html(view::accessibility::render(app.pages(), &public_frame(&app)))
}

/// All help pages.
pub(super) async fn help(
    State(app): State<App>,
    logged_in: Option<LoggedIn<SeeHelp>>,
) -> Result<Response, PageError> {
    let frame = frame(&app, logged_in.as_ref(), Some(Tab::Help)).await?;
    html(help::render_index(app.pages(), &frame))
}

/// One help page.
pub(super) async fn help_topic(
    State(app): State<App>,
    logged_in: Option<LoggedIn<SeeHelp>>,
    Path(slug): Path<String>,
) -> Result<Response, PageError> {
    let topic = help::Topic::find(&slug).ok_or(PageError::Problem(ProblemKind::NotFound))?;
    let frame = frame(&app, logged_in.as_ref(), Some(Tab::Help)).await?;
    html(topic.render(app.pages(), &frame))
}

/// A rule in the product's own words.
pub(super) async fn rule(
    State(app): State<App>,
    logged_in: Option<LoggedIn<SeeHelp>>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let rule = domain::rules::find(&id).ok_or(PageError::Problem(ProblemKind::NotFound))?;
    let frame = frame(&app, logged_in.as_ref(), Some(Tab::Help)).await?;
    let page = Rule {
        id: rule.id.to_string(),
        statement: rule.statement.to_owned(),
        decision: rule.decision.map(str::to_owned),
        examples: vec![rule.examples.to_owned()],
    };
    html(page.render(app.pages(), &frame))
}

async fn frame(
    app: &App,
    logged_in: Option<&LoggedIn<SeeHelp>>,
    tab: Option<Tab>,
) -> anyhow::Result<pages::Frame> {
    match logged_in {
        Some(logged_in) => frame_for(app, &logged_in.session, tab).await,
        None => Ok(public_frame(app)),
    }
}
