//! Lists of the desk that are no person's record: who has which role, which organisations there are, who
//! has let people unlock how often.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::super::paths;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListPage {
    /// What it lists.
    pub title: String,
    /// What there is to know of it, a paragraph each.
    pub says: Vec<String>,
    /// Where else to go from here.
    pub links: Vec<Link>,
    /// The heads of the columns.
    pub head: Vec<&'static str>,
    /// The rows, a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// In place of the table, if there is no row.
    pub nothing: &'static str,
    /// Address of the next page.
    pub next: Option<String>,
    /// Address of the first page, on all others.
    pub first: Option<String>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What is in it.
    pub text: String,
    /// Where it leads.
    pub href: Option<String>,
}

impl Cell {
    /// A cell that leads nowhere.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None }
    }

    /// A cell that leads there.
    #[must_use]
    pub fn link(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { text: text.into(), href: Some(href.into()) }
    }
}

impl ListPage {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        self.render_below(environment, frame, paths::DESK, "Find a person")
    }

    /// The same, of a list to which another page leads: its address, and what it is called.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render_below(
        &self,
        environment: &Environment<'_>,
        frame: &Frame,
        href: &str,
        back: &str,
    ) -> Result<String, Error> {
        let head = Head::new(&self.title).with_back(href, back);
        pages::render(environment, "desk_list.jinja", frame, &head, self)
    }

    /// The same for who has no business with the desk: there is no way back to it.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render_alone(
        &self,
        environment: &Environment<'_>,
        frame: &Frame,
    ) -> Result<String, Error> {
        pages::render(environment, "desk_list.jinja", frame, &Head::new(&self.title), self)
    }
}
