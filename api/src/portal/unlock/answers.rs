//! U-05, B-31, B-32: the questions, one a page, judged together; or the account recovery passcode in
//! their place (B-41). What was answered so far only the browser keeps.

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    refusal::Refusal,
    self_service::{self, QuestionId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflows::unlock::Next;
use zeroize::{Zeroize, Zeroizing};

use super::{after, needed, to};
use crate::{
    app::App,
    codes::NotDone,
    drafts,
    portal::{
        codes,
        errors::PageError,
        html, public_frame,
        view::{
            paths,
            problem::ProblemKind,
            question::Question,
            unlock::{Unlock, UnlockByRecovery, UnlockQuestion, UnlockState},
        },
    },
    unlocks::{self, UnlockFlow},
};

/// What the draft is of.
const PURPOSE: &str = "unlock";

/// What was answered so far of one attempt, in the order of its questions.
#[derive(Default, Serialize, Deserialize)]
struct Draft {
    answers: Vec<String>,
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.answers.zeroize();
    }
}

/// The attempt that is asked now.
struct Attempt<'a> {
    number: u8,
    asked: &'a [QuestionId],
    draft: Draft,
}

impl<'a> Attempt<'a> {
    /// None unless questions come next.
    fn of(app: &App, jar: &CookieJar, flow: &'a UnlockFlow) -> Option<Self> {
        let Next::Questions { attempt, asked, .. } = &flow.next else { return None };
        let draft: Draft =
            drafts::read(jar, app, PURPOSE, &owner(flow, *attempt)).unwrap_or_default();
        Some(Self { number: *attempt, asked, draft })
    }

    fn keep(&self, app: &App, flow: &UnlockFlow, jar: CookieJar) -> CookieJar {
        drafts::keep(jar, app, PURPOSE, &owner(flow, self.number), &self.draft)
    }

    /// The first that is not answered, from 1; none if all are.
    fn open(&self) -> Option<usize> {
        let is_open = |index: &usize| self.draft.answers.get(*index).is_none_or(String::is_empty);
        (0..self.asked.len()).find(is_open).map(|index| index + 1)
    }

    fn answered(&self) -> Vec<(QuestionId, &str)> {
        let answers = self.draft.answers.iter().map(String::as_str);
        self.asked.iter().copied().zip(answers).collect()
    }
}

/// A draft is good for one attempt of one unlock.
fn owner(flow: &UnlockFlow, attempt: u8) -> String {
    format!("{}/{attempt}", flow.unlock.0)
}

fn here(flow: &UnlockFlow) -> Response {
    to(&paths::unlock(&flow.job.to_string()))
}

/// One question.
pub(in crate::portal) async fn question(
    State(app): State<App>,
    jar: CookieJar,
    Path((job, number)): Path<(Uuid, usize)>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    let Some(attempt) = Attempt::of(&app, &jar, &flow) else { return Ok(here(&flow)) };
    question_page(&app, &flow, &attempt, number, false)
}

fn question_page(
    app: &App,
    flow: &UnlockFlow,
    attempt: &Attempt<'_>,
    number: usize,
    fault: bool,
) -> Result<Response, PageError> {
    let id = number.checked_sub(1).and_then(|index| attempt.asked.get(index));
    let Some(id) = id else { return Err(PageError::Problem(ProblemKind::NotFound)) };
    let question = Question { number, of: attempt.asked.len(), text: id.text().to_owned() };
    let page = UnlockQuestion { job: flow.job.to_string(), question, fault };
    let page = html(page.render(app.pages(), &public_frame(app)))?;
    Ok(if fault { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { page })
}

/// An answer as it was typed.
#[derive(Deserialize)]
pub(in crate::portal) struct Typed {
    #[serde(default)]
    answer: String,
}

/// *Continue*: kept, not judged. What has no letter or digit is no answer (B-31).
pub(in crate::portal) async fn answer(
    State(app): State<App>,
    jar: CookieJar,
    Path((job, number)): Path<(Uuid, usize)>,
    Form(Typed { answer }): Form<Typed>,
) -> Result<Response, PageError> {
    let answer = Zeroizing::new(answer);
    let flow = needed(&app, &jar, job).await?;
    let Some(mut attempt) = Attempt::of(&app, &jar, &flow) else { return Ok(here(&flow)) };
    let index = number.checked_sub(1).filter(|index| *index < attempt.asked.len());
    let Some(index) = index else { return Err(PageError::Problem(ProblemKind::NotFound)) };
    if self_service::normalise(&answer).is_err() {
        return question_page(&app, &flow, &attempt, number, true);
    }
    attempt.draft.answers.resize(attempt.asked.len(), String::new());
    answer.trim().clone_into(&mut attempt.draft.answers[index]);
    let next = attempt.open().map_or_else(
        || paths::unlock_answers(&job.to_string()),
        |open| paths::unlock_answer(&job.to_string(), open),
    );
    Ok((attempt.keep(&app, &flow, jar), Redirect::to(&next)).into_response())
}

/// All are answered, and not sent yet.
pub(in crate::portal) async fn check(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    let Some(attempt) = Attempt::of(&app, &jar, &flow) else { return Ok(here(&flow)) };
    if let Some(open) = attempt.open() {
        return Ok(to(&paths::unlock_answer(&job.to_string(), open)));
    }
    let state = UnlockState::Check {
        attempt: attempt.number,
        attempts: app.policy().question_failures,
        questions: attempt.asked.iter().map(|id| id.text().to_owned()).collect(),
    };
    let page = Unlock { job: job.to_string(), state };
    html(page.render(app.pages(), &public_frame(&app)))
}

/// Which attempt the answers are for.
#[derive(Deserialize)]
pub(in crate::portal) struct Sent {
    attempt: u8,
}

/// B-31: *Send my answers*: judged together; which one was wrong is not told.
pub(in crate::portal) async fn send(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Form(Sent { attempt: number }): Form<Sent>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    let Some(attempt) = Attempt::of(&app, &jar, &flow) else { return Ok(here(&flow)) };
    // A form of an attempt that was judged meanwhile, in another window.
    if attempt.number != number {
        return Ok(here(&flow));
    }
    let page = paths::unlock(&job.to_string());
    match unlocks::answer(&app, &flow, number, &attempt.answered()).await {
        Err(NotDone::Incomplete(_)) => Ok(to(&paths::unlock_answers(&job.to_string()))),
        Err(NotDone::Refused(Refusal::SelfService(self_service::Refusal::AnswersWrong {
            ..
        }))) => {
            let page = format!("{page}?judged=wrong");
            Ok((drafts::forget(jar), Redirect::to(&page)).into_response())
        }
        Ok(()) | Err(NotDone::Refused(_)) => {
            Ok((drafts::forget(jar), Redirect::to(&page)).into_response())
        }
        Err(error) => Err(codes::not_done(&app, error)),
    }
}

/// B-41: the account recovery passcode in place of answers.
pub(in crate::portal) async fn recovery(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
) -> Result<Response, PageError> {
    let flow = needed(&app, &jar, job).await?;
    recovery_page(&app, &flow, None)
}

fn recovery_page(app: &App, flow: &UnlockFlow, fault: Option<&str>) -> Result<Response, PageError> {
    let (tries, questions_too) = match &flow.next {
        Next::Questions { recovery_tries: Some(tries), .. } => (*tries, true),
        Next::RecoveryPasscode { tries } => (*tries, false),
        Next::Questions { recovery_tries: None, .. }
        | Next::Code { .. }
        | Next::Passcode { .. }
        | Next::Done
        | Next::Over(_) => return Ok(here(flow)),
    };
    let page = UnlockByRecovery {
        job: flow.job.to_string(),
        tries_left: (tries < app.policy().recovery_tries).then_some(tries),
        fault: fault.map(str::to_owned),
        questions_too,
    };
    let page = html(page.render(app.pages(), &public_frame(app)))?;
    Ok(if fault.is_some() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    })
}

/// An account recovery passcode as it was typed.
#[derive(Deserialize)]
pub(in crate::portal) struct Recovery {
    #[serde(default)]
    recovery_passcode: String,
}

/// B-41: *Continue*.
pub(in crate::portal) async fn try_recovery(
    State(app): State<App>,
    jar: CookieJar,
    Path(job): Path<Uuid>,
    Form(Recovery { recovery_passcode }): Form<Recovery>,
) -> Result<Response, PageError> {
    let value = Zeroizing::new(recovery_passcode);
    let flow = needed(&app, &jar, job).await?;
    if value.is_empty() {
        return recovery_page(&app, &flow, Some("Enter your account recovery passcode"));
    }
    match unlocks::try_recovery_passcode(&app, &flow, &value).await {
        Ok(())
        | Err(NotDone::Refused(Refusal::SelfService(
            self_service::Refusal::RecoveryPasscodeWrong { .. },
        ))) => Ok((drafts::forget(jar), here(&flow)).into_response()),
        // It can be none, so it was not compared, and costs no try.
        Err(NotDone::NotAPasscode(_)) => recovery_page(&app, &flow, Some(NO_PASSCODE)),
        Err(NotDone::Refused(refusal)) => after(&app, &flow, &refusal).await,
        Err(error) => Err(codes::not_done(&app, error)),
    }
}

const NO_PASSCODE: &str = "This can be no account recovery passcode: check what you entered";
