//! Finding a person: by the beginnings of his names, or by the card that lies on the desk. Whoever
//! is outside the organisation of who asks (B-59) is not among those found.

use domain::{
    ids::{CardSerial, HolderId, OrganisationCode},
    staff::StaffAct,
};
use stores::vault::{FoundPlace, NameSearch, NotASearch, VaultError};

use super::place::{List, NotAPlace};
use crate::{
    app::App,
    staff::{self, Member, Record},
};

/// The most people of one page.
pub const PAGE_MAX: usize = 20;

/// The most people who are looked at for one page: whoever has a common name may be in another
/// organisation.
const LOOKED_AT_MAX: u32 = 100;

/// What a place in a list of people is sealed for.
const PLACE: &str = "place among people";

/// A person who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub holder: HolderId,
    /// His name; none if it was erased.
    pub name: Option<String>,
    /// The card he uses.
    pub card: Option<CardSerial>,
    /// B-59: where he works.
    pub organisations: Vec<OrganisationCode>,
}

/// A page of those who were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundPage {
    /// By name; at most [`PAGE_MAX`].
    pub people: Vec<Found>,
    /// Where to go on, if there may be more.
    pub next: Option<String>,
}

/// Why nobody was looked for.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is too little, or too much, to look for.
    #[error(transparent)]
    NotASearch(#[from] NotASearch),
    /// What a page before is said to have ended with is nothing that one ends with.
    #[error(transparent)]
    NotAPlace(#[from] NotAPlace),
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<VaultError> for FindError {
    fn from(error: VaultError) -> Self {
        Self::Failed(error.into())
    }
}

/// People whose names begin so, behind where a page before has ended.
///
/// # Errors
/// If that is no search, or a store fails.
pub async fn by_name(
    app: &App,
    member: &Member,
    typed: &str,
    after: Option<&str>,
) -> Result<FoundPage, FindError> {
    let search = NameSearch::parse(typed)?;
    let list = List { app, member, name: PLACE, of: typed };
    let after = after.map(|after| list.open(after)).transpose()?;
    let after = after.map(|(holder, word)| FoundPlace { word, holder });
    let vault = &app.stores().vault;
    let (candidates, mut next) = vault.find_people(&search, after.as_ref(), LOOKED_AT_MAX).await?;
    let mut page = FoundPage { people: Vec::new(), next: None };
    for candidate in candidates {
        if page.people.len() == PAGE_MAX {
            break;
        }
        let record = staff::find(app, candidate.holder).await?;
        let seen = record.filter(|record| may_see(app, member, record));
        if let Some(record) = seen {
            page.people.push(found(&record, Some(candidate.person.name)));
        }
        if page.people.len() == PAGE_MAX {
            next = Some(candidate.place);
        }
    }
    page.next = next.and_then(|next| list.seal(&(next.holder, &next.word)));
    Ok(page)
}

/// Whose card this is, if it is the one he uses.
///
/// # Errors
/// If a store fails.
pub async fn by_card(
    app: &App,
    member: &Member,
    card: &CardSerial,
) -> Result<FoundPage, FindError> {
    let Some(holder) = app.holder_of(card).await? else { return Ok(FoundPage::default()) };
    let record = staff::find(app, holder).await?;
    let record = record.filter(|record| may_see(app, member, record));
    let Some(record) = record else { return Ok(FoundPage::default()) };
    let person = app.stores().vault.person(holder).await?;
    let people = vec![found(&record, person.map(|person| person.name.clone()))];
    Ok(FoundPage { people, next: None })
}

fn may_see(app: &App, member: &Member, record: &Record) -> bool {
    member.may_about(app, StaffAct::FindHolder, record).is_ok()
}

fn found(record: &Record, name: Option<String>) -> Found {
    let holder = &record.loaded.holder;
    Found {
        holder: record.holder,
        name,
        card: holder.card().map(|card| card.card.clone()),
        organisations: holder.roles().assignments().to_vec(),
    }
}
