//! The accessibility statement.

use pages::{Environment, Error, Frame, Head};

/// The page as HTML.
pub fn render(environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
    let head = Head::new("Accessibility statement");
    pages::render(environment, "accessibility.jinja", frame, &head, &())
}
