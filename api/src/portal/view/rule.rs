//! A rule in the product's own words, as the catalogue has it: what a refusal links to.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::paths;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// "P-18".
    pub id: String,
    /// What it says.
    pub statement: String,
    /// How it is read where the guides are silent or unclear.
    pub decision: Option<String>,
    /// Examples at its boundaries.
    pub examples: Vec<String>,
}

impl Rule {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new(format!("Rule {}", self.id)).with_back(paths::HELP, "Help");
        pages::render(environment, "rule.jinja", frame, &head, self)
    }
}
