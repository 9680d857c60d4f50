//! Log in: what is needed, and the button that starts the job.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, paths};

#[derive(Serialize)]
struct Page {
    action: &'static str,
    approved_readers: Link,
    unlock: &'static str,
    trouble: Vec<Link>,
}

/// The page before a job, as HTML.
pub fn render(environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
    let trouble = [Topic::AgentNeverSeen, Topic::CardLocked, Topic::PasscodeForgotten];
    let page = Page {
        action: paths::LOG_IN,
        approved_readers: Topic::ReaderNotApproved.link(),
        unlock: paths::UNLOCK,
        trouble: trouble.into_iter().map(Topic::link).collect(),
    };
    let head = Head::new("Log in to the Self Service Portal")
        .with_back(paths::START, "Back to applications");
    pages::render(environment, "log_in.jinja", frame, &head, &page)
}
