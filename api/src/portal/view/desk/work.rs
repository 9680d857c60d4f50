//! What waits for the registration authority, the oldest first.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::super::paths;

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkPage {
    /// P-19: who of the staff has let more people unlock than is usual; for managers, on the first page.
    pub standing_out: Vec<StandsOut>,
    /// The oldest first.
    pub lines: Vec<WorkLine>,
    /// Whom mails do not reach; on the first page.
    pub unreached: Vec<UnreachedLine>,
    /// Address of the next page.
    pub next: Option<String>,
    /// Address of the first page, on all others.
    pub first: Option<&'static str>,
}

/// Somebody of the staff who has let more people unlock than is usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandsOut {
    /// Who, how often and when, without full stop.
    pub text: String,
    /// Address of that day's counts.
    pub counts: String,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkLine {
    /// About whom.
    pub name: String,
    /// Address of the record.
    pub record: String,
    /// What.
    pub words: &'static str,
    /// Since when, in words.
    pub since: String,
    /// B-57: until when somebody has to decide, in words.
    pub until: Option<String>,
}

/// Somebody whom mails do not reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreachedLine {
    /// Who.
    pub name: String,
    /// Address of the record.
    pub record: String,
    /// How many mails.
    pub n: u32,
    /// Since when, in words.
    pub since: String,
}

impl WorkPage {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("What waits").with_back(paths::DESK, "Find a person");
        pages::render(environment, "desk_work.jinja", frame, &head, self)
    }
}
