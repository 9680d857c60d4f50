//! S-08, R-02: the second application of the guides: My Profile, and unlocking one's card.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::paths;

#[derive(Serialize)]
struct Page {
    profile: &'static str,
    unlock: &'static str,
}

/// The page as HTML.
pub fn render(environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
    let head = Head::new("Care Identity Service").with_back(paths::START, "Back to applications");
    let page = Page { profile: paths::PROFILE, unlock: paths::UNLOCK };
    pages::render(environment, "care_identity_service.jinja", frame, &head, &page)
}
