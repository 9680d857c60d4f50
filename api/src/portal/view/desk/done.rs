//! What was done at the desk, and what the holder does next.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::{super::paths, Whose};

/// The confirmation of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DonePage {
    /// What was done.
    pub title: &'static str,
    /// Whom it is about.
    pub whose: Whose,
    /// Until when the holder has to do his part, in words.
    pub until: Option<String>,
    /// What comes next, a sentence or two each.
    pub next: Vec<String>,
}

#[derive(Serialize)]
struct Page<'a> {
    whose: &'a Whose,
    name: &'a str,
    until: Option<&'a str>,
    next: &'a [String],
    find: &'static str,
}

impl DonePage {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            whose: &self.whose,
            name: self.whose.name(),
            until: self.until.as_deref(),
            next: &self.next,
            find: paths::DESK,
        };
        pages::render(environment, "desk_done.jinja", frame, &Head::new(self.title), &page)
    }
}
