//! How the service runs, for operators: what waits, mails that were given up, workstations, cards that
//! are stuck, and a workflow engine that waits for a decision. Each page is under its act (B-58).

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};
use pages::Link;
use serde::Deserialize;
use stores::agent::AgentId;
use uuid::Uuid;
use workflows::{
    engine::{Breaker, COUNTED_MAX},
    mail_delivery::StepId,
};

use super::{
    errors::PageError,
    frame_for, html,
    view::{
        desk::{
            form::ActForm,
            list::{Cell, ListPage},
        },
        paths,
        problem::ProblemKind,
        refusal::{RefusalView, rule_link},
    },
    visitor::Desk,
};
use crate::{
    app::App,
    operation::{self, NotResumed, Overview},
    staff::{
        Member,
        acts::{Operate, SeeOperation},
        list::StaffPages,
    },
};

/// The pages, and the list of them.
pub(super) fn pages() -> StaffPages {
    StaffPages::default()
        .get(SeeOperation, paths::OPERATION, overview)
        .get(SeeOperation, paths::OPERATION_MAILS, mails)
        .get(SeeOperation, paths::OPERATION_AGENTS, agents)
        .get(SeeOperation, paths::OPERATION_CARDS, cards)
        .get(Operate, paths::OPERATION_MAIL, mail)
        .post(Operate, paths::OPERATION_MAIL, redrive)
        .get(Operate, paths::OPERATION_ENGINE, engine)
        .post(Operate, paths::OPERATION_ENGINE, resume)
}

/// Which page of a list.
#[derive(Deserialize)]
struct Which {
    after: Option<Uuid>,
}

/// How everything stands.
async fn overview(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeOperation>,
) -> Result<Response, PageError> {
    let stands = operation::overview(&app).await?;
    let page = ListPage {
        title: "How the service runs".to_owned(),
        says: says(&app, &stands),
        links: vec![
            Link::new(paths::OPERATION_MAILS, "Emails that were given up"),
            Link::new(paths::OPERATION_AGENTS, "Workstations"),
            Link::new(paths::OPERATION_CARDS, "Smartcards that are stuck"),
            Link::new(paths::OPERATION_ENGINE, "The workflow engine"),
        ],
        head: vec!["What", "How it stands"],
        rows: rows(&app, &stands),
        nothing: "",
        next: None,
        first: None,
    };
    show(&app, &member, &page, paths::HOME, "Home").await
}

/// What somebody has to do, a paragraph each.
fn says(app: &App, stands: &Overview) -> Vec<String> {
    let mut says = Vec::new();
    if let Breaker::Stopped { since, effects } = stands.engine.breaker {
        says.push(format!(
            "The workflow engine has been stopped since {}: {} holders would be forced to renew and {} locked at once. Nobody is alerted until you decide.",
            when(app, since), effects.n_forced, effects.n_locked
        ));
    }
    if stands.clock_alarm {
        says.push("The system's clock is kept out. Whoever looks after the machine compares it with the right time, and accepts it at the console: latchkey clock accept.".to_owned());
    }
    if stands.list_late {
        says.push("Relying parties have no fresh revocation list, or nobody signs OCSP answers: the log says why.".to_owned());
    }
    if says.is_empty() {
        says.push("Nothing has stopped.".to_owned());
    }
    says
}

fn rows(app: &App, stands: &Overview) -> Vec<Vec<Cell>> {
    let engine = &stands.engine;
    let since = |at: Option<_>| match at {
        Some(at) if at <= app.now() => format!(", the oldest since {}", when(app, at)),
        Some(_) | None => String::new(),
    };
    let row = |what: &str, how: String| vec![Cell::text(what), Cell::text(how)];
    vec![
        row("Events in the log", stands.head.0.to_string()),
        row("What is shown follows it up to", stands.shown.0.to_string()),
        row("The workflow engine follows it up to", engine.position.0.to_string()),
        row("Holders who are due", counted(engine.n_due) + &since(engine.oldest_due_at)),
        row("Holders who cannot be woken", counted(engine.n_failing)),
        row("Emails to be sent", counted(engine.n_mails) + &since(engine.oldest_mail_at)),
        row("Emails that were given up", counted(engine.n_dead)),
        row("Workstations that are connected", stands.n_connected.to_string()),
        row("Open sessions", stands.n_sessions.to_string()),
    ]
}

/// A number that is not counted beyond some point.
fn counted(n: u64) -> String {
    if n < u64::from(COUNTED_MAX) { n.to_string() } else { format!("{n} or more") }
}

/// Mails that were given up.
async fn mails(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeOperation>,
    Query(Which { after }): Query<Which>,
) -> Result<Response, PageError> {
    let (letters, next) = operation::dead_letters(&app, after.map(StepId)).await?;
    let page = ListPage {
        title: "Emails that were given up".to_owned(),
        says: vec!["They are not tried again by themselves. Whom they are for is a number here; the desk finds the person and asks for the right address.".to_owned()],
        links: Vec::new(),
        head: vec!["Since", "Holder", "Why", "What you can do"],
        rows: letters
            .into_iter()
            .map(|letter| {
                vec![
                    Cell::text(when(&app, letter.since)),
                    Cell::text(letter.holder.to_string()),
                    Cell::text(letter.hitch),
                    Cell::link(paths::operation_mail(&letter.step.0.to_string()), "Try again"),
                ]
            })
            .collect(),
        nothing: "None was given up.",
        next: next.map(|next| format!("{}?after={}", paths::OPERATION_MAILS, next.0)),
        first: after.map(|_| paths::OPERATION_MAILS.to_owned()),
    };
    show(&app, &member, &page, paths::OPERATION, BACK).await
}

/// Workstations.
async fn agents(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeOperation>,
    Query(Which { after }): Query<Which>,
) -> Result<Response, PageError> {
    let (lines, next) = operation::agents(&app, after.map(AgentId)).await?;
    let page = ListPage {
        title: "Workstations".to_owned(),
        says: vec!["One is enrolled, and its right to connect taken away, at the console: latchkey agents invite, latchkey agents revoke.".to_owned()],
        links: Vec::new(),
        head: vec!["Workstation", "Now", "Last heard", "Number"],
        rows: lines
            .into_iter()
            .map(|line| {
                let heard = line.agent.last_seen_at.map(|at| when(&app, at));
                let now = match (line.agent.revoked_at, line.connected) {
                    (Some(_), _) => "may not connect",
                    (None, true) => "connected",
                    (None, false) => "not connected",
                };
                vec![
                    Cell::text(line.agent.workstation),
                    Cell::text(now),
                    Cell::text(heard.unwrap_or_else(|| "never".to_owned())),
                    Cell::text(line.agent.agent_id.0.to_string()),
                ]
            })
            .collect(),
        nothing: "No workstation is enrolled.",
        next: next.map(|next| format!("{}?after={}", paths::OPERATION_AGENTS, next.0)),
        first: after.map(|_| paths::OPERATION_AGENTS.to_owned()),
    };
    show(&app, &member, &page, paths::OPERATION, BACK).await
}

/// Cards that are stuck.
async fn cards(
    State(app): State<App>,
    Desk { member, .. }: Desk<SeeOperation>,
) -> Result<Response, PageError> {
    let stuck = operation::stuck_cards(&app).await?;
    let page = ListPage {
        title: "Smartcards that are stuck".to_owned(),
        says: vec!["The registration authority sees them on its work list, with names, and helps the person. Many at once are a sign of readers or workstations that fail.".to_owned()],
        links: Vec::new(),
        head: vec!["Since", "Holder", "What is the matter"],
        rows: stuck
            .into_iter()
            .map(|item| {
                vec![
                    Cell::text(when(&app, item.since)),
                    Cell::text(item.holder.to_string()),
                    Cell::text(item.kind.words()),
                ]
            })
            .collect(),
        nothing: "No smartcard is stuck.",
        next: None,
        first: None,
    };
    show(&app, &member, &page, paths::OPERATION, BACK).await
}

/// The form that tries a mail again.
async fn mail(
    State(app): State<App>,
    Desk { member, .. }: Desk<Operate>,
    Path(step): Path<String>,
) -> Result<Response, PageError> {
    let step = step_of(&step)?;
    let form = ActForm {
        title: "Try the email again",
        whose: None,
        action: paths::operation_mail(&step.0.to_string()),
        says: vec!["It is tried again for as long as a new one would be. If nothing has changed, it is given up again.".to_owned()],
        warnings: Vec::new(),
        fields: Vec::new(),
        number: super::desk::number(&app),
        hidden: None,
        button: "Try again",
    };
    ask(&app, &member, &form, paths::OPERATION_MAILS, "Emails that were given up").await
}

/// A mail is tried again; one that is not given up any more needs nothing.
async fn redrive(
    State(app): State<App>,
    Desk { warrant, .. }: Desk<Operate>,
    Path(step): Path<String>,
) -> Result<Response, PageError> {
    if operation::redrive(&app, &warrant, step_of(&step)?).await? {
        Ok(Redirect::to(paths::OPERATION_MAILS).into_response())
    } else {
        Err(PageError::Problem(ProblemKind::NotFound))
    }
}

/// The form that lets the workflow engine go on, with what it would do.
async fn engine(
    State(app): State<App>,
    Desk { member, .. }: Desk<Operate>,
) -> Result<Response, PageError> {
    let stands = operation::overview(&app).await?;
    let form = ActForm {
        title: "Let the workflow engine go on",
        whose: None,
        action: paths::OPERATION_ENGINE.to_owned(),
        says: says(&app, &stands),
        warnings: vec![
            "Only if the date and these numbers are right: holders are forced to renew and locked by it.",
            "A lock that was recorded is not taken back; each person has to come to the desk.",
        ],
        fields: Vec::new(),
        number: super::desk::number(&app),
        hidden: None,
        button: "Let it go on",
    };
    if matches!(stands.engine.breaker, Breaker::Stopped { .. }) {
        return ask(&app, &member, &form, paths::OPERATION, BACK).await;
    }
    let page = ListPage {
        title: "The workflow engine".to_owned(),
        says: vec!["It is not stopped. When more holders than usual would be forced to renew or locked at once, it stops before it does anything, and you decide here.".to_owned()],
        links: Vec::new(),
        head: Vec::new(),
        rows: Vec::new(),
        nothing: "There is nothing to decide.",
        next: None,
        first: None,
    };
    show(&app, &member, &page, paths::OPERATION, BACK).await
}

/// The workflow engine goes on.
async fn resume(
    State(app): State<App>,
    Desk { warrant, .. }: Desk<Operate>,
) -> Result<Response, PageError> {
    match operation::resume(&app, &warrant).await {
        Ok(_) => Ok(Redirect::to(paths::OPERATION).into_response()),
        Err(NotResumed::Failed(error)) => Err(PageError::Failed(error)),
        Err(refused @ (NotResumed::NotStopped | NotResumed::ClockFirst | NotResumed::More(_))) => {
            Err(PageError::RefusedFor(
                Box::new(RefusalView {
                    rule: Some(rule_link(operation::RULE.as_str())),
                    why: refused.to_string(),
                    facts: Vec::new(),
                    changes_on: None,
                    way_out: refused.way_out().to_owned(),
                }),
                Link::new(paths::OPERATION, BACK),
            ))
        }
    }
}

/// Where most of these pages lead back to.
const BACK: &str = "How the service runs";

/// An instant in the policy's zone, in words.
fn when(app: &App, at: DateTime<Utc>) -> String {
    pages::date_and_time(at, &app.policies().zone())
}

fn step_of(text: &str) -> Result<StepId, PageError> {
    text.parse().map(StepId).map_err(|_| PageError::Problem(ProblemKind::NotFound))
}

async fn show(
    app: &App,
    member: &Member,
    page: &ListPage,
    href: &str,
    back: &str,
) -> Result<Response, PageError> {
    let frame = frame_for(app, member.session(), None).await?;
    html(page.render_below(app.pages(), &frame, href, back))
}

async fn ask(
    app: &App,
    member: &Member,
    form: &ActForm,
    href: &str,
    back: &str,
) -> Result<Response, PageError> {
    let frame = frame_for(app, member.session(), None).await?;
    let page = html(form.render_below(app.pages(), &frame, href, back))?;
    Ok((StatusCode::OK, page).into_response())
}
