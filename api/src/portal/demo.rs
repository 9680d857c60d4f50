//! The demonstration's card drawer. Its routes exist in demo builds and demo mode only.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use domain::passcode::Kind;
use serde::Deserialize;
use virtual_card::drawer::Contents;

use super::{
    errors::PageError,
    html, public_frame,
    view::{
        demo::{DemoCard, Drawer, Place, Progress},
        paths,
        problem::ProblemKind,
    },
};
use crate::{
    app::App,
    demo::{
        Demo,
        population::{PEOPLE, Person},
    },
};

/// The drawer and what is in the reader.
pub(super) async fn page(State(app): State<App>) -> Result<Response, PageError> {
    let demo = demo(&app)?;
    let contents = demo.contents().await?;
    let crate::demo::Progress { ready, problem, .. } = demo.progress();
    let mut cards = Vec::with_capacity(PEOPLE.len());
    for (index, person) in PEOPLE.iter().enumerate() {
        let loaded = app.load(person.holder()).await?;
        let set = loaded.holder.passcodes().compare_with(Kind::Smartcard, app.policy());
        cards.push(card(person, index < ready, 1 < set.len(), &contents));
    }
    let page = Drawer { cards, progress: Progress::new(ready, PEOPLE.len()), problem };
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
    if !PEOPLE.iter().any(|person| person.card == which.card) {
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

fn card(person: &Person, ready: bool, changed: bool, contents: &Contents) -> DemoCard {
    let state = contents.cards.iter().find(|card| card.name == person.card);
    let place = match (ready, state.and_then(|card| card.slot)) {
        (false, _) => Place::BeingMade,
        (true, Some(_)) => Place::Reader,
        (true, None) => Place::Drawer,
    };
    DemoCard {
        id: person.card.to_owned(),
        holder: person.name.to_owned(),
        story: "Registered when the demonstration was started.".to_owned(),
        serial: state.map(|card| format!("{:08X}", card.serial)),
        profile: profile(person).to_owned(),
        passcode: if changed {
            format!("{} at first; it has been changed since", person.passcode)
        } else {
            person.passcode.to_owned()
        },
        place,
    }
}

fn profile(person: &Person) -> &'static str {
    match person.profile {
        "guide" => "guide: 4 to 8 characters",
        _ => "piv: 6 to 8 digits",
    }
}
