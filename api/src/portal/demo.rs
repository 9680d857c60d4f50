//! The demonstration's pages: the card drawer, the time machine, the mailbox. Their routes exist in
//! demo builds and demo mode only.

pub(super) mod mailbox;
pub(super) mod time_machine;

use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};
use domain::{
    holder::Holder,
    passcode::{Kind, Passcodes, Standing, Status},
    self_service::QuestionId,
};
use serde::Deserialize;
use virtual_card::drawer::Contents;

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        demo::{DemoAnswer, DemoCard, DemoPasscode, Drawer, Place, Progress},
        passcodes::StatusLine,
        paths,
        problem::ProblemKind,
    },
};
use crate::{
    app::App,
    demo::{
        Demo,
        population::{ANSWERS, Act, Person},
    },
};

/// The drawer and what is in the reader.
pub(super) async fn page(State(app): State<App>) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    // Without a drawer there is nobody, and the page does not promise anybody.
    let contents = if demo.people().is_empty() { None } else { Some(demo.contents().await?) };
    let crate::demo::Progress { ready, problem } = demo.progress();
    let mut cards = Vec::with_capacity(demo.people().len());
    for (person, contents) in demo.people().iter().zip(contents.iter().cycle()) {
        let loaded = app.load(person.holder()).await?;
        let passcodes = passcodes(&app, person, loaded.holder.passcodes());
        let answers = answers(person, &loaded.holder);
        cards.push(card(person, ready.contains(person.card), passcodes, answers, contents));
    }
    let progress = Progress::new(ready.len(), demo.people().len());
    let page = Drawer { cards, progress, problem, now: in_words(&app, app.now()) };
    html(page.render(app.pages(), &public_frame(&app)))
}

/// Which card.
#[derive(Deserialize)]
pub(super) struct Which {
    card: String,
}

/// Puts a card into the virtual reader.
pub(super) async fn insert(
    State(app): State<App>,
    Form(which): Form<Which>,
) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    // While cards are being made the reader is not free.
    if !demo.is_ready() {
        return Err(PageError::Problem(ProblemKind::Conflict));
    }
    if !demo.people().iter().any(|person| person.card == which.card) {
        return Err(PageError::Problem(ProblemKind::NotFound));
    }
    demo.insert(&which.card).await?;
    Ok(Redirect::to(paths::DEMO).into_response())
}

/// Takes the card out.
pub(super) async fn remove(State(app): State<App>) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    if !demo.is_ready() {
        return Err(PageError::Problem(ProblemKind::Conflict));
    }
    demo.remove().await?;
    Ok(Redirect::to(paths::DEMO).into_response())
}

fn demo(app: &App) -> Result<&Demo, PageError> {
    app.demo().ok_or(PageError::Problem(ProblemKind::NotFound))
}

/// An instant in the policy's zone, in words.
fn in_words(app: &App, at: DateTime<Utc>) -> String {
    pages::date_and_time(at, &app.policies().zone())
}

fn card(
    person: &Person,
    ready: bool,
    passcodes: Vec<DemoPasscode>,
    answers: Vec<DemoAnswer>,
    contents: &Contents,
) -> DemoCard {
    let state = contents.cards.iter().find(|card| card.name == person.card);
    let place = match (ready, state.and_then(|card| card.slot)) {
        (false, _) => Place::BeingMade,
        (true, Some(_)) => Place::Reader,
        (true, None) => Place::Drawer,
    };
    DemoCard {
        id: person.card.to_owned(),
        holder: person.name.to_owned(),
        story: person.story.to_owned(),
        serial: state.map(|card| format!("{:08X}", card.serial)),
        profile: profile(person).to_owned(),
        passcodes,
        answers,
        place,
    }
}

/// All three, as they stand today, with their values as far as the person's story tells them.
fn passcodes(app: &App, person: &Person, passcodes: &Passcodes) -> Vec<DemoPasscode> {
    let ctx = domain::context::Context { now: app.now(), policies: app.policies() };
    let today = ctx.today();
    let of = |status: Status| {
        let values = person.values(status.kind);
        let n_set = passcodes.compare_with(status.kind, ctx.policy()).len();
        let age = match status.standing {
            Standing::NotSet => None,
            Standing::Set { last_changed_on, .. } => Some((today - last_changed_on).num_days()),
        };
        // Before he has set it the story tells too much.
        let value = values.get(n_set.min(values.len()).wrapping_sub(1)).copied();
        DemoPasscode {
            line: StatusLine::from(&status),
            value: value.map(str::to_owned),
            changed: values.len() < n_set,
            forgotten: status.kind == Kind::Smartcard
                && person.does(Act::Forget)
                && n_set <= values.len(),
            age,
        }
    };
    passcodes.status(&ctx).into_iter().map(of).collect()
}

/// what a newcomer has to know to unlock the card; the story tells the answers that were given
/// in it.
fn answers(person: &Person, holder: &Holder) -> Vec<DemoAnswer> {
    let in_story = person.does(Act::RegisterForSelfService);
    let Some(active) = holder.self_service().active() else { return Vec::new() };
    let told = |id: QuestionId| {
        let of_story = ANSWERS.iter().find(|(question, _)| *question == id.to_string());
        of_story.filter(|_| in_story).map(|(_, answer)| (*answer).to_owned())
    };
    let line = |id: QuestionId| DemoAnswer { question: id.text().to_owned(), answer: told(id) };
    active.answers.iter().map(|answer| line(answer.question)).collect()
}

fn profile(person: &Person) -> &'static str {
    match person.profile {
        "guide" => "guide: 4 to 8 characters",
        _ => "piv: 6 to 8 digits",
    }
}
