//! S-08: the applications to launch.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::{demo::Progress, paths};

/// The first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// True if the visitor is logged in: then the portal opens at once.
    pub logged_in: bool,
    /// Demo only: how many cards are ready to be used.
    pub progress: Option<Progress>,
}

#[derive(Serialize)]
struct Page<'a> {
    self_service_portal: &'a str,
    care_identity_service: &'a str,
    unlock: &'a str,
    progress: Option<&'a Progress>,
    drawer: &'a str,
    help: &'a str,
}

impl Start {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            self_service_portal: if self.logged_in { paths::HOME } else { paths::LOG_IN },
            care_identity_service: paths::CARE_IDENTITY_SERVICE,
            unlock: paths::UNLOCK,
            progress: self.progress.as_ref(),
            drawer: paths::DEMO,
            help: paths::HELP,
        };
        pages::render(environment, "start.jinja", frame, &Head::new("Launch an application"), &page)
    }
}
