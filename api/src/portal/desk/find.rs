//! Finding a person by name or card.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::{ids::CardSerial, staff::StaffAct};
use serde::Deserialize;

use super::super::{
    errors::PageError,
    frame_for, html,
    view::{
        desk::{
            ERASED,
            find::{FindPerson, Found, Person},
        },
        frame::Tab,
        paths,
    },
    visitor::Desk,
};
use crate::{
    app::App,
    desk::find::{self, FindError, FoundPage},
    staff::{Member, acts::FindHolder},
};

/// What was typed, and where the page before ended.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    name: String,
    card: String,
    after: Option<String>,
}

/// The form.
pub(super) async fn page(
    State(app): State<App>,
    Desk { member, .. }: Desk<FindHolder>,
) -> Result<Response, PageError> {
    show(&app, &member, FindPerson::default()).await
}

/// Those who were found, below the form.
pub(super) async fn find(
    State(app): State<App>,
    Desk { member, .. }: Desk<FindHolder>,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let Sent { name, card, after } = sent;
    let page = FindPerson { name, card: card.trim().to_uppercase(), ..FindPerson::default() };
    if !page.name.trim().is_empty() && !page.card.is_empty() {
        let fault = Some("Enter a name or the number of a smartcard, not both".to_owned());
        return show(&app, &member, FindPerson { card_fault: fault, ..page }).await;
    }
    let found = if page.card.is_empty() {
        find::by_name(&app, &member, &page.name, after.as_deref()).await
    } else {
        let Ok(card) = page.card.parse::<CardSerial>() else {
            let fault = "Enter the number as it is printed on the smartcard".to_owned();
            return show(&app, &member, FindPerson { card_fault: Some(fault), ..page }).await;
        };
        find::by_card(&app, &member, &card).await
    };
    let page = match found {
        Ok(found) => FindPerson { found: Some(shown(found)), ..page },
        Err(FindError::Failed(error)) => return Err(PageError::Failed(error)),
        Err(fault @ (FindError::NotASearch(_) | FindError::NotAPlace(_))) => {
            FindPerson { name_fault: Some(fault.to_string()), ..page }
        }
    };
    show(&app, &member, page).await
}

fn shown(found: FoundPage) -> Found {
    let people = found.people.into_iter().map(|person| Person {
        name: person.name.unwrap_or_else(|| ERASED.to_owned()),
        card: person.card.map(|card| card.to_string()),
        organisations: person
            .organisations
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        record: paths::desk_record(&person.holder.to_string()),
    });
    Found { people: people.collect(), next: found.next }
}

/// What else there is to be seen at the desk.
const LISTS: [(StaffAct, &str, &str); 3] = [
    (StaffAct::SeeStaff, paths::DESK_STAFF, "See who has which role"),
    (StaffAct::SeeOrganisations, paths::DESK_ORGANISATIONS, "See the organisations"),
    (
        StaffAct::SeeUnlockCounts,
        paths::DESK_UNLOCK_COUNTS,
        "See who has let people unlock how often",
    ),
];

async fn show(app: &App, member: &Member, page: FindPerson) -> Result<Response, PageError> {
    let may_see_work = member.may(app, StaffAct::SeeWorkList).is_ok();
    let may_register = member.may(app, StaffAct::RegisterPerson).is_ok();
    let lists = LISTS.into_iter().filter(|(act, ..)| member.may(app, *act).is_ok());
    let lists = lists.map(|(_, href, text)| pages::Link::new(href, text)).collect();
    let page = FindPerson { may_see_work, may_register, lists, ..page };
    let frame = frame_for(app, member.session(), Some(Tab::Desk)).await?;
    let html = html(page.render(app.pages(), &frame))?;
    Ok(if page.is_faulty() {
        (StatusCode::UNPROCESSABLE_ENTITY, html).into_response()
    } else {
        html
    })
}
