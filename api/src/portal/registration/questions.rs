//! R-05, B-35: the choice of four questions, and an answer each, one a page.

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::CookieJar;
use domain::self_service::{self, Place, QUESTIONS_CHOSEN, QuestionId, questions};
use serde::Deserialize;
use stores::session::Session;
use zeroize::Zeroizing;

use super::{Draft, to, with};
use crate::{
    admission::UseProfile,
    app::App,
    portal::{
        errors::PageError,
        frame_for, html,
        view::{
            frame::Tab,
            paths,
            problem::ProblemKind,
            question::Question,
            registration::{Answer, Choice, ChooseQuestions, QUESTIONS},
        },
        visitor::LoggedIn,
    },
};

/// The twenty.
pub(in crate::portal) async fn choice(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let Some(draft) = Draft::read(&app, &session, &jar) else { return Ok(to(paths::REGISTER)) };
    choice_page(&app, &session, &draft.questions, false).await
}

async fn choice_page(
    app: &App,
    session: &Session,
    chosen: &[QuestionId],
    fault: bool,
) -> Result<Response, PageError> {
    let choice = |question: &self_service::Question| Choice {
        id: question.id.to_string(),
        text: question.text.to_owned(),
        chosen: chosen.contains(&question.id),
    };
    let page = ChooseQuestions {
        questions: questions().iter().map(choice).collect(),
        wanted: QUESTIONS_CHOSEN,
        fault,
    };
    html(page.render(app.pages(), &frame_for(app, session, Some(Tab::Profile)).await?))
}

/// R-05: *Continue*. What was answered of a question that stays is kept.
pub(in crate::portal) async fn choose(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let Some(mut draft) = Draft::read(&app, &session, &jar) else {
        return Ok(to(paths::REGISTER));
    };
    let of_choice = sent.iter().filter(|(name, _)| name == QUESTIONS);
    let mut chosen: Vec<QuestionId> =
        of_choice.filter_map(|(_, value)| value.parse().ok()).collect();
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.len() != QUESTIONS_CHOSEN {
        let page = choice_page(&app, &session, &chosen, true).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let answers = chosen.iter().map(|question| answer_of(&draft, *question)).collect();
    draft.answers = answers;
    draft.questions = chosen;
    draft.keep = false;
    Ok(with(draft.keep(&app, &session, jar), &draft.next()))
}

fn answer_of(draft: &Draft, question: QuestionId) -> String {
    let place = draft.questions.iter().position(|one| *one == question);
    place.and_then(|place| draft.answers.get(place)).cloned().unwrap_or_default()
}

/// One of the four.
pub(in crate::portal) async fn question(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(number): Path<usize>,
) -> Result<Response, PageError> {
    let Some(draft) = Draft::read(&app, &session, &jar) else { return Ok(to(paths::REGISTER)) };
    question_page(&app, &session, &draft, number, None).await
}

async fn question_page(
    app: &App,
    session: &Session,
    draft: &Draft,
    number: usize,
    fault: Option<&str>,
) -> Result<Response, PageError> {
    let id = number.checked_sub(1).and_then(|index| draft.questions.get(index));
    let Some(id) = id else { return Err(PageError::Problem(ProblemKind::NotFound)) };
    let question = Question { number, of: draft.questions.len(), text: id.text().to_owned() };
    let page = Answer { question, fault: fault.map(str::to_owned) };
    let frame = frame_for(app, session, Some(Tab::Profile)).await?;
    let page = html(page.render(app.pages(), &frame))?;
    Ok(if fault.is_some() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    })
}

/// An answer as it was typed.
#[derive(Deserialize)]
pub(in crate::portal) struct Typed {
    #[serde(default)]
    answer: String,
}

/// B-35: *Continue*: judged together with the answers before it.
pub(in crate::portal) async fn answer(
    State(app): State<App>,
    LoggedIn { session, .. }: LoggedIn<UseProfile>,
    jar: CookieJar,
    Path(number): Path<usize>,
    Form(Typed { answer }): Form<Typed>,
) -> Result<Response, PageError> {
    let answer = Zeroizing::new(answer);
    let Some(mut draft) = Draft::read(&app, &session, &jar) else {
        return Ok(to(paths::REGISTER));
    };
    let index = number.checked_sub(1).filter(|index| *index < draft.questions.len());
    let Some(index) = index else { return Err(PageError::Problem(ProblemKind::NotFound)) };
    answer.trim().clone_into(&mut draft.answers[index]);
    if let Some(fault) = fault_at(&draft, index) {
        return question_page(&app, &session, &draft, number, Some(fault)).await;
    }
    Ok(with(draft.keep(&app, &session, jar), &draft.next()))
}

/// What is wrong with this answer, seen with those before it.
fn fault_at(draft: &Draft, index: usize) -> Option<&'static str> {
    if draft.answers[index].is_empty() {
        return Some("Enter an answer");
    }
    let faults = self_service::judge(&draft.answered()[..=index]).err()?;
    let here = faults.iter().find(|fault| fault.place == Place::Answer(index))?;
    Some(here.what.message())
}
