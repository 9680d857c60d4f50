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
use virtual_card::drawer::{CardState, Contents};

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        demo::{DemoAnswer, DemoCard, DemoPasscode, Drawer, OtherCard, Place, Progress},
        passcodes::StatusLine,
        paths,
        problem::ProblemKind,
    },
};
use crate::{
    app::App,
    demo::{
        Demo, READER, SECOND_READER,
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
    let others = match &contents {
        Some(contents) if progress.complete => others(&app, demo, contents).await?,
        Some(_) | None => Vec::new(),
    };
    let page = Drawer { cards, others, progress, problem, now: in_words(&app, app.now()) };
    html(page.render(app.pages(), &public_frame(&app)))
}

/// The cards that are in no story: blank ones, and what the desk has made of them.
async fn others(
    app: &App,
    demo: &Demo,
    contents: &Contents,
) -> Result<Vec<OtherCard>, anyhow::Error> {
    let in_story = |card: &&CardState| demo.people().iter().any(|person| person.card == card.name);
    let mut others = Vec::new();
    for card in contents.cards.iter().filter(|card| !in_story(card)) {
        let serial = format!("{:08X}", card.serial);
        let holder = match serial.parse() {
            Ok(serial) => app.holder_of(&serial).await?,
            Err(_) => None,
        };
        let person = match holder {
            Some(holder) => app.stores().vault.person(holder).await?,
            None => None,
        };
        others.push(OtherCard {
            id: card.name.clone(),
            serial,
            holder: person.map(|person| person.name.clone()),
            place: card.slot.map_or(Place::Drawer, place_of),
        });
    }
    Ok(others)
}

/// Which card.
#[derive(Deserialize)]
pub(super) struct Which {
    card: String,
    /// The second reader, or the first.
    #[serde(default)]
    second: bool,
}

/// Puts a card into a virtual reader.
pub(super) async fn insert(
    State(app): State<App>,
    Form(which): Form<Which>,
) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    // While cards are being made the reader is not free.
    if !demo.is_ready() {
        return Err(PageError::Problem(ProblemKind::Conflict));
    }
    find(demo, &which.card).await?;
    let slot = if which.second { SECOND_READER } else { READER };
    demo.insert(&which.card, slot).await?;
    Ok(Redirect::to(paths::DEMO).into_response())
}

/// Takes a card out.
pub(super) async fn remove(
    State(app): State<App>,
    Form(which): Form<Which>,
) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    if !demo.is_ready() {
        return Err(PageError::Problem(ProblemKind::Conflict));
    }
    if let Some(slot) = find(demo, &which.card).await?.slot {
        demo.remove(slot).await?;
    }
    Ok(Redirect::to(paths::DEMO).into_response())
}

/// Lays a blank card into the drawer.
pub(super) async fn blank(State(app): State<App>) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    if !demo.is_ready() {
        return Err(PageError::Problem(ProblemKind::Conflict));
    }
    match demo.new_blank().await {
        Ok(_) => Ok(Redirect::to(paths::DEMO).into_response()),
        Err(virtual_card::drawer::Error::Refused(_)) => {
            Err(PageError::Problem(ProblemKind::Conflict))
        }
        Err(error) => Err(error.into()),
    }
}

async fn find(demo: &Demo, name: &str) -> Result<CardState, PageError> {
    let cards = demo.contents().await?.cards;
    let found = cards.into_iter().find(|card| card.name == name);
    found.ok_or(PageError::Problem(ProblemKind::NotFound))
}

/// Where the card in a slot is.
fn place_of(slot: u8) -> Place {
    if slot == READER { Place::Reader } else { Place::SecondReader }
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
        (true, Some(slot)) => place_of(slot),
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
