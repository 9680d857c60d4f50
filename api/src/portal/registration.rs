//! registering for self-service. Up to the card the browser keeps what was entered
//! ([`crate::drafts`]); from then on the holder's stream says what comes next.

pub(super) mod code;
pub(super) mod questions;

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    ids::CommandId,
    self_service::{AnswerFault, Place, QUESTIONS_CHOSEN, QuestionId},
};
use pages::Link;
use serde::{Deserialize, Serialize};
use stores::session::Session;
use uuid::Uuid;
use zeroize::Zeroize;

use super::{
    codes,
    errors::PageError,
    frame_for, html, refused,
    view::{
        frame::Tab,
        paths,
        problem::ProblemKind,
        registration::{CheckAnswers, EVERYTHING, EmailPage, ONLY_ADDRESS, RegisterStart},
    },
    visitor::LoggedIn,
};
use crate::{
    admission::UseProfile,
    app::App,
    cookies::browser,
    drafts,
    self_service::{self, NotBegun},
};

/// What the draft is of.
const PURPOSE: &str = "registration";

/// What was entered so far. Only its browser keeps it, and only we can read it.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft {
    /// The intention, which is one however often it is sent.
    command: Uuid,
    /// B-43: questions and answers stay as they are.
    keep: bool,
    /// the questions that were chosen.
    questions: Vec<QuestionId>,
    /// The answers to them, in the same order; what is not answered yet is empty.
    answers: Vec<String>,
    ///
    email: Option<String>,
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.answers.zeroize();
    }
}

impl Draft {
    fn begun(app: &App, keep: bool) -> Self {
        Self {
            command: app.entropy().command_id(app.now()).0,
            keep,
            questions: Vec::new(),
            answers: Vec::new(),
            email: None,
        }
    }

    fn read(app: &App, session: &Session, jar: &CookieJar) -> Option<Self> {
        drafts::read(jar, app, PURPOSE, &owner(session))
    }

    fn keep(&self, app: &App, session: &Session, jar: CookieJar) -> CookieJar {
        drafts::keep(jar, app, PURPOSE, &owner(session), self)
    }

    /// as they are judged.
    fn answered(&self) -> Vec<(QuestionId, &str)> {
        self.questions.iter().copied().zip(self.answers.iter().map(String::as_str)).collect()
    }

    /// Where one goes on.
    fn next(&self) -> String {
        if !self.keep && self.questions.len() != QUESTIONS_CHOSEN {
            return paths::REGISTER_QUESTIONS.to_owned();
        }
        let open = self.answers.iter().position(String::is_empty);
        match (open, &self.email) {
            (Some(index), _) if !self.keep => paths::register_answer(index + 1),
            (_, None) => paths::REGISTER_EMAIL.to_owned(),
            (_, Some(_)) => paths::REGISTER_CHECK.to_owned(),
        }
    }
}

/// A draft is good in its session only.
fn owner(session: &Session) -> String {
    hex::encode(session.token.0)
}

fn to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

fn with(jar: CookieJar, path: &str) -> Response {
    (jar, Redirect::to(path)).into_response()
}

/// What is needed, and what will happen. Who is blocked is told so in My Profile (B-34).
pub(super) async fn page(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    start_page(&app, &session, &jar, false).await
}

async fn start_page(
    app: &App,
    session: &Session,
    jar: &CookieJar,
    fault: bool,
) -> Result<Response, PageError> {
    let status = self_service::overview(app, session.holder).await?.status;
    if status.blocked_on.is_some() {
        return Ok(to(paths::PROFILE));
    }
    let page = RegisterStart {
        registered: status.registered_on.is_some(),
        unfinished: Draft::read(app, session, jar).is_some(),
        fault,
        minutes: u32::try_from(drafts::DRAFT_MINUTES).unwrap_or(u32::MAX),
        code_minutes: codes::minutes(app),
    };
    html(page.render(app.pages(), &frame_for(app, session, Some(Tab::Profile)).await?))
}

/// What is to be changed; nothing is chosen where there is no choice.
#[derive(Deserialize)]
pub(super) struct What {
    what: Option<String>,
}

/// R-02: *Start*, or *Continue*.
pub(super) async fn start(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Form(What { what }): Form<What>,
) -> Result<Response, PageError> {
    let status = self_service::overview(&app, session.holder).await?.status;
    let keep = match (status.registered_on, what.as_deref()) {
        (None, _) | (Some(_), Some(EVERYTHING)) => false,
        (Some(_), Some(ONLY_ADDRESS)) => true,
        (Some(_), _) => {
            let page = start_page(&app, &session, &jar, true).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let draft = Draft::begun(&app, keep);
    Ok(with(draft.keep(&app, &session, jar), &draft.next()))
}

/// the address, filled in.
pub(super) async fn email(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let Some(draft) = Draft::read(&app, &session, &jar) else { return Ok(to(paths::REGISTER)) };
    let email = match &draft.email {
        Some(email) => email.clone(),
        None => self_service::prefilled_address(&app, session.holder).await?.unwrap_or_default(),
    };
    email_page(&app, &session, email, None, None).await
}

/// The page of an address.
pub(super) async fn email_page(
    app: &App,
    session: &Session,
    email: String,
    fault: Option<String>,
    awaiting: Option<String>,
) -> Result<Response, PageError> {
    let domains = app.policy().self_service_domains.clone();
    let is_faulty = fault.is_some();
    let page = EmailPage { email, fault, domains, awaiting };
    let frame = frame_for(app, session, Some(Tab::Profile)).await?;
    let page = html(page.render(app.pages(), &frame))?;
    Ok(if is_faulty { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// The address as it was typed.
#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(default)]
    pub(super) email: String,
}

/// R-07: *Continue*.
pub(super) async fn keep_email(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Form(Address { email }): Form<Address>,
) -> Result<Response, PageError> {
    let Some(mut draft) = Draft::read(&app, &session, &jar) else {
        return Ok(to(paths::REGISTER));
    };
    if let Err(fault) = self_service::address(&app, &email) {
        return email_page(&app, &session, email, Some(fault.to_string()), None).await;
    }
    draft.email = Some(email.trim().to_owned());
    Ok(with(draft.keep(&app, &session, jar), &draft.next()))
}

/// What was entered, to be checked.
pub(super) async fn check(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let Some(draft) = Draft::read(&app, &session, &jar) else { return Ok(to(paths::REGISTER)) };
    match draft.next() {
        next if next == paths::REGISTER_CHECK => {
            check_page(&app, &session, &draft, Vec::new()).await
        }
        next => Ok(to(&next)),
    }
}

async fn check_page(
    app: &App,
    session: &Session,
    draft: &Draft,
    faults: Vec<Link>,
) -> Result<Response, PageError> {
    let questions = draft.questions.iter().map(|id| id.text().to_owned()).collect();
    let page = CheckAnswers {
        questions: (!draft.keep).then_some(questions),
        email: draft.email.clone().unwrap_or_default(),
        faults,
    };
    html(page.render(app.pages(), &frame_for(app, session, Some(Tab::Profile)).await?))
}

/// R-04: *Confirm with your smartcard*: judged as a whole, then it waits for the card.
pub(super) async fn confirm(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let Some(mut draft) = Draft::read(&app, &session, &jar) else {
        return Ok(to(paths::REGISTER));
    };
    let next = draft.next();
    if next != paths::REGISTER_CHECK {
        return Ok(to(&next));
    }
    let (browser, jar) = browser(jar, app.entropy());
    let answers = draft.answered();
    let answers = (!draft.keep).then_some(answers.as_slice());
    let email = draft.email.as_deref().unwrap_or_default();
    let command = CommandId(draft.command);
    match self_service::begin(&app, &session, browser, command, answers, email).await {
        Ok(job) => {
            // Whoever cancels at the card, or has no time left, types nothing again: it is kept until
            // the code is asked for. To confirm it again is another intention.
            draft.command = app.entropy().command_id(app.now()).0;
            Ok(with(draft.keep(&app, &session, jar), &paths::job(&job.to_string())))
        }
        Err(NotBegun::Faults(faults)) => {
            let faults = faults.iter().map(link).collect();
            let page = check_page(&app, &session, &draft, faults).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(NotBegun::Address(fault)) => {
            email_page(&app, &session, email.to_owned(), Some(fault.to_string()), None).await
        }
        Err(NotBegun::Refused(refusal)) => {
            let back = Link::new(paths::REGISTER_CHECK, "Go back to your answers");
            Err(PageError::RefusedFor(Box::new(refused(&app, &refusal)), back))
        }
        Err(error) => Err(not_begun(&app, error)),
    }
}

/// A fault, and where it is put right.
fn link(fault: &AnswerFault) -> Link {
    let message = fault.what.message();
    match fault.place {
        Place::Choice => Link::new(paths::REGISTER_QUESTIONS, message),
        Place::Answer(index) => {
            let text = format!("Question {}: {message}", index + 1);
            Link::new(paths::register_answer(index + 1), text)
        }
    }
}

/// The page for what has no place at a field.
fn not_begun(app: &App, error: NotBegun) -> PageError {
    match error {
        NotBegun::Refused(refusal) => PageError::Refused(Box::new(refused(app, &refusal))),
        NotBegun::Busy => PageError::Problem(ProblemKind::Unavailable),
        NotBegun::Failed(error) => PageError::Failed(error),
        NotBegun::Faults(_) | NotBegun::Address(_) => {
            PageError::Problem(ProblemKind::Unprocessable)
        }
    }
}
