//! Finding a person by name or card. A name is personal data, so it is sent in a form and is in no
//! address, from page to page.

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::super::paths;

/// The fields of the form.
pub const NAME: &str = "name";
/// The serial number of a card.
pub const CARD: &str = "card";
/// Where the page before ended.
pub const AFTER: &str = "after";

/// The form, and who was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindPerson {
    /// The name that was looked for.
    pub name: String,
    /// The card that was looked for.
    pub card: String,
    /// What is wrong with the name.
    pub name_fault: Option<String>,
    /// What is wrong with the card.
    pub card_fault: Option<String>,
    /// Those who were found; none before anybody was looked for.
    pub found: Option<Found>,
    /// True if who looks may see what waits.
    pub may_see_work: bool,
    /// True if who looks may register somebody.
    pub may_register: bool,
    /// Lists that who looks may see.
    pub lists: Vec<Link>,
}

/// A page of those who were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// By name.
    pub people: Vec<Person>,
    /// Where to go on, if there may be more.
    pub next: Option<String>,
}

/// Somebody who was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// His name, or words in its place.
    pub name: String,
    /// The card he uses.
    pub card: Option<String>,
    /// B-59: the codes of his organisations.
    pub organisations: String,
    /// Address of his record.
    pub record: String,
}

#[derive(Serialize)]
struct Page<'a> {
    action: &'static str,
    fields: [&'static str; 3],
    name: &'a str,
    card: &'a str,
    name_fault: Option<&'a str>,
    card_fault: Option<&'a str>,
    found: Option<&'a Found>,
    work: Option<&'static str>,
    register: Option<&'static str>,
    lists: &'a [Link],
}

impl FindPerson {
    /// True if nothing could be looked for.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.name_fault.is_some() || self.card_fault.is_some()
    }

    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            action: paths::DESK,
            fields: [NAME, CARD, AFTER],
            name: &self.name,
            card: &self.card,
            name_fault: self.name_fault.as_deref(),
            card_fault: self.card_fault.as_deref(),
            found: self.found.as_ref(),
            work: self.may_see_work.then_some(paths::DESK_WORK),
            register: self.may_register.then_some(paths::DESK_REGISTER),
            lists: &self.lists,
        };
        let faults = [(NAME, &self.name_fault), (CARD, &self.card_fault)];
        let errors = faults.into_iter().filter_map(|(id, fault)| {
            fault.as_ref().map(|text| FieldError::new(id, text.as_str()))
        });
        let head = Head::new("Find a person").with_errors(errors.collect());
        pages::render(environment, "desk_find.jinja", frame, &head, &page)
    }
}
