//! What auditors see: the history of the log, and how a holder stood at any instant.

pub mod holder;
pub mod life_line;

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

/// The history, with what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// Where the form leads.
    pub action: &'static str,
    /// What can be asked, with what was.
    pub fields: Vec<Field>,
    /// Newest first.
    pub events: Vec<Event>,
    /// Address of the first page, if this is not it.
    pub newest: Option<String>,
    /// Address of the page with older events.
    pub older: Option<String>,
    /// Address of this page as a table.
    pub table: String,
    /// Address of the whole log as lines; none if he may not have it.
    pub export: Option<&'static str>,
    /// A sentence about what is left out, and why.
    pub left_out: Option<&'static str>,
}

/// One thing that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name in the form, and its id.
    pub name: &'static str,
    /// What it is.
    pub label: &'static str,
    /// What it looks like.
    pub hint: &'static str,
    /// What was asked.
    pub value: String,
    /// What is wrong with that.
    pub fault: Option<&'static str>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What, in words.
    pub title: String,
    /// When, in UTC, RFC 3339.
    pub at: String,
    /// When, in words ([`pages::date_and_time`]).
    pub when: String,
    /// Who did it.
    pub by: String,
    /// Whom it is about, linked to his page.
    pub holder: Option<Link>,
    /// Which card, linked to its history.
    pub card: Option<Link>,
    /// Which member of staff did it, linked to what else he did.
    pub staff: Option<Link>,
    /// The run, linked to all of it.
    pub run: Option<Link>,
    /// The rules, each linked to its page.
    pub rules: Vec<Link>,
    /// The version of the policy.
    pub policy: Option<u32>,
    /// Its place in the log.
    pub position: u64,
}

impl History {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let faults = self.fields.iter().filter_map(|field| Some((field.name, field.fault?)));
        let errors = faults.map(|(name, fault)| FieldError::new(name, fault)).collect();
        let head = Head::new("History").with_errors(errors);
        pages::render(environment, "audit_history.jinja", frame, &head, self)
    }
}

/// The type of an event in words: `PasscodeSet` is "Passcode set".
#[must_use]
pub fn in_words(kind: &str) -> String {
    let mut words = String::new();
    for (place, letter) in kind.char_indices() {
        if place != 0 && letter.is_ascii_uppercase() {
            words.push(' ');
            words.push(letter.to_ascii_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}
