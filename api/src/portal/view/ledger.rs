//! What happened: a holder's own ledger, newest first, a page at a time.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

/// One page of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Newest first.
    pub entries: Vec<LedgerEntry>,
    /// Address of the page with newer entries.
    pub newer: Option<String>,
    /// Address of the page with older entries.
    pub older: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    /// What, in a few plain words.
    pub title: String,
    /// When, in UTC, RFC 3339.
    pub at: String,
    /// When, in words ([`pages::date_and_time`]).
    pub when: String,
    /// Who did it, or through what.
    pub by: String,
    /// B-57: where the holder says that it was not he; `None` of what he did himself.
    pub not_me: Option<String>,
    /// One more sentence.
    pub detail: Option<String>,
    /// The rule behind it ([`super::refusal::rule_link`]).
    pub rule: Option<Link>,
}

impl Ledger {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        pages::render(environment, "ledger.jinja", frame, &Head::new("What happened"), self)
    }
}
