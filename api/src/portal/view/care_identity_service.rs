//! S-08: the second application of the guides. It says honestly that it is not built yet, and where
//! its acts are done until then.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::paths;

#[derive(Serialize)]
struct Page {
    portal: &'static str,
}

/// The page as HTML.
pub fn render(environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
    let head = Head::new("Care Identity Service").with_back(paths::START, "Back to applications");
    let page = Page { portal: paths::LOG_IN };
    pages::render(environment, "care_identity_service.jinja", frame, &head, &page)
}
