//! A job's own page, and the way back from the agent's.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::logon::{self, Authenticated, LogonRefusal, Verdict};
use protocol::JobId;
use serde::Deserialize;
use stores::{
    agent::AgentId,
    logon::Logon,
    session::{NewSession, Scope},
};
use uuid::Uuid;
use workflows::card_job::{CardJob, Claim, Goal, Hitch, Stage};

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        job::{Job, JobFor, JobState},
        paths,
        problem::ProblemKind,
        refusal::{RefusalView, rule_link},
    },
    visitor::{BROWSER_COOKIE, SESSION_COOKIE, new_token, token},
};
use crate::{app::App, jobs::OpenJob};

/// How far the job is. Only for the browser that started it.
pub(super) async fn page(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let browser = token(&jar, BROWSER_COOKIE);
    let (purpose, state) = match app.job(JobId(id)).await? {
        Some(open) if open.browser == browser => (purpose(&open.job.goal), state(&app, &open)),
        Some(_) => return Err(PageError::Problem(ProblemKind::NotFound)),
        None => (JobFor::LogIn, JobState::Expired),
    };
    let page = Job { id: id.to_string(), purpose, state };
    html(page.render(app.pages(), &public_frame(&app)))
}

fn purpose(goal: &Goal) -> JobFor {
    match goal {
        Goal::LogIn => JobFor::LogIn,
        Goal::ChangePasscodes(_) | Goal::Personalise { .. } => JobFor::ChangePasscodes,
    }
}

fn state(app: &App, open: &OpenJob) -> JobState {
    match &open.job.stage {
        Stage::Open | Stage::Claimed(_) | Stage::Present(_) | Stage::Agreed(_) => {
            let host = format!("127.0.0.1:{}", app.config().agent_page.port);
            JobState::Waiting {
                passcode_url: format!("http://{host}/jobs/{}", open.id),
                passcode_host: host,
                until: super::time(app, CardJob::ends_at(open.started_at)),
                last_try: open.job.last_refusal.as_ref().map(last_try),
            }
        }
        Stage::Writing(..) => JobState::InProgress,
        Stage::Unknown(..) => JobState::NotKnown,
        Stage::Done(_) => JobState::DoneElsewhere,
        Stage::NotWritten(_) => JobState::Refused(RefusalView {
            rule: Some(rule_link("B-28")),
            why: "The card kept your old passcode, so nothing was changed.".to_owned(),
            facts: Vec::new(),
            changes_on: None,
            way_out: "Go back to Manage Passcodes and try again.".to_owned(),
        }),
    }
}

/// The last try at a job, in a sentence.
fn last_try(hitch: &Hitch) -> String {
    match hitch {
        Hitch::WrongPasscode { tries_left: Some(0) } => {
            "That passcode was wrong, and the card is locked now.".to_owned()
        }
        Hitch::WrongPasscode { tries_left: Some(1) } => {
            "That passcode was wrong. One try is left before the card is locked.".to_owned()
        }
        Hitch::WrongPasscode { tries_left: Some(n) } => {
            format!("That passcode was wrong. {n} tries are left before the card is locked.")
        }
        Hitch::WrongPasscode { tries_left: None } => "That passcode was wrong.".to_owned(),
        Hitch::CardRemoved => "The card left the reader before it was finished.".to_owned(),
        Hitch::OtherCard => "Another card was in the reader.".to_owned(),
        Hitch::ReaderNotApproved => "The card reader is not an approved one.".to_owned(),
        Hitch::CardFault => "The card answered in a way we do not understand.".to_owned(),
        Hitch::Cancelled => "You cancelled it.".to_owned(),
        Hitch::UsedBefore => "You have used that new passcode before.".to_owned(),
        Hitch::NotWritten => "The card kept your old passcode. Nothing was changed.".to_owned(),
    }
}

/// The return code, as the agent's page sends it.
#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

/// Back from the agent's page: the result goes to the browser that started the job, once.
pub(super) async fn back(
    State(app): State<App>,
    jar: CookieJar,
    Path(id): Path<Uuid>,
    Query(code): Query<Code>,
) -> Result<Response, PageError> {
    let refused = || Err(PageError::Problem(ProblemKind::Forbidden));
    let Some(browser) = token(&jar, BROWSER_COOKIE) else { return refused() };
    let Ok(code) = hex::decode(&code.code) else { return refused() };
    let Some(open) = app.redeem(JobId(id), &code, browser).await? else { return refused() };
    let Stage::Done(claim) = &open.job.stage else {
        return Ok(Redirect::to(&paths::job(&id.to_string())).into_response());
    };
    match &open.job.goal {
        Goal::LogIn => open_session(&app, jar, claim).await,
        Goal::ChangePasscodes(_) => {
            Ok(Redirect::to(&format!("/passcodes/updated/{id}")).into_response())
        }
        // At the demonstration's desk nobody waits for the browser.
        Goal::Personalise { .. } => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// A-01, P-05: the check at log-on, its record, and the session it opens.
async fn open_session(app: &App, jar: CookieJar, claim: &Claim) -> Result<Response, PageError> {
    let loaded = app.load(claim.holder).await?;
    let context = app.context(&loaded);
    let proof = match Authenticated::by_card(&loaded.holder, &claim.card) {
        Ok(proof) => proof,
        Err(refusal) => return Err(refused(refusal)),
    };
    let check = logon::check(&context, &loaded.holder, &proof);
    let workstation = app.agents().agent(AgentId(claim.agent));
    let record = Logon {
        logon_id: app.entropy().uuid(context.now),
        holder: claim.holder,
        card: claim.card.clone(),
        at: context.now,
        workstation: workstation.map_or_else(String::new, |seen| seen.workstation),
        reader: claim.reader.clone(),
        verdict: verdict(check.verdict).to_owned(),
        due: serde_json::to_string(&check.due)?,
    };
    app.stores().logons.record(&record).await?;
    let scope = match check.verdict {
        Verdict::Full => Scope::Full,
        Verdict::Restricted => Scope::Restricted,
        Verdict::Locked => return Err(refused(LogonRefusal::AccountLocked)),
    };
    let (token, jar) = new_token(jar, SESSION_COOKIE, app.entropy());
    let session = NewSession {
        token,
        holder: claim.holder,
        card: claim.card.clone(),
        agent: AgentId(claim.agent),
        scope,
    };
    app.stores().sessions.open(&session, context.now).await?;
    Ok((jar, Redirect::to(paths::HOME)).into_response())
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Full => "full",
        Verdict::Restricted => "restricted",
        Verdict::Locked => "locked",
    }
}

fn refused(refusal: LogonRefusal) -> PageError {
    PageError::Refused(RefusalView {
        rule: Some(rule_link(refusal.rule().as_str())),
        why: format!("{refusal}."),
        facts: Vec::new(),
        changes_on: None,
        way_out: refusal.way_out().to_owned(),
    })
}
