//! S-05: My Profile. What is on record, and in section 4 how self-service stands.

use axum::{
    extract::{Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use domain::self_service::Awaiting as AwaitingCode;
use serde::Deserialize;
use stores::session::Session;
use workflows::registration::Next;

use super::{
    codes::{self, Awaited},
    errors::PageError,
    frame_for, html, time,
    view::{
        frame::Tab,
        passcodes::StatusLine,
        profile::{Awaiting, Done, MyProfile, Registered, SelfService},
    },
    visitor::LoggedIn,
};
use crate::{
    admission::UseProfile,
    app::App,
    cookies::{BROWSER_COOKIE, token},
    passcode_status,
    self_service::{self, Overview},
};

/// How one came here.
#[derive(Deserialize)]
pub(super) struct Came {
    /// what has just been done.
    done: Option<String>,
}

/// All four sections.
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Query(came): Query<Came>,
) -> Result<Response, PageError> {
    let person = app.stores().vault.person(session.holder).await?;
    let loaded = app.load(session.holder).await?;
    let standing = loaded.holder.certificates(&app.context(&loaded));
    let status = passcode_status::of(&app, session.holder).await?;
    let overview = self_service::overview(&app, session.holder).await?;
    let page = MyProfile {
        name: person.as_ref().map_or_else(String::new, |person| person.name.clone()),
        email: person.map(|person| person.email.clone()).filter(|email| !email.is_empty()),
        card: session.card.to_string(),
        certificates_until: standing.map(|standing| pages::date(standing.expires_on)),
        passcodes: status.iter().map(StatusLine::from).collect(),
        self_service: section(&app, &session, &jar, overview).await?,
        done: came.done.as_deref().and_then(Done::find),
    };
    html(page.render(app.pages(), &frame_for(&app, &session, Some(Tab::Profile)).await?))
}

/// section 4.
async fn section(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    overview: Overview,
) -> Result<SelfService, PageError> {
    let awaiting = match overview.status.awaiting {
        Some(awaiting) => Some(awaited(app, session, jar, awaiting).await?),
        None => None,
    };
    let registered = overview.status.registered_on.map(|since| Registered {
        since: pages::date(since),
        email: overview.address.unwrap_or_default(),
        questions: overview.questions.iter().map(|id| id.text().to_owned()).collect(),
    });
    let paused_until = overview.status.paused_until.map(pages::minute_from);
    Ok(SelfService {
        registered,
        awaiting,
        blocked: overview.status.blocked_on.is_some(),
        paused_until: paused_until.map(|at| pages::date_and_time(at, &app.policy().zone)),
    })
}

/// S-05, B-38: the code field is for the browser that began the registration.
async fn awaited(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    awaiting: AwaitingCode,
) -> Result<Awaiting, PageError> {
    let until = time(app, awaiting.until);
    let Some(browser) = token(jar, BROWSER_COOKIE) else {
        return Ok(Awaiting { until, code: None });
    };
    let job = self_service::job_of(awaiting.registration);
    let flow = self_service::flow(app, session, job, browser).await?;
    let code = flow.and_then(|flow| match &flow.next {
        Next::Code { sent, .. } => {
            let awaited = Awaited {
                sent: sent.as_ref(),
                address: flow.address.as_deref(),
                next_at: flow.next_code_at,
                undeliverable: flow.undeliverable,
            };
            Some((job.to_string(), codes::view(app, &awaited, None)))
        }
        Next::Done { .. } | Next::Over(_) => None,
    });
    Ok(Awaiting { until, code })
}
