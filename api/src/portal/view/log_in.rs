//! Log in: what is needed, and the button that starts the job.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{
    agent::{AgentLine, AgentStatus},
    help::Topic,
    paths,
};

/// The page before a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIn {
    /// What is known of the card software, where the workstation is known; `None` shows nothing.
    pub agent: Option<AgentStatus>,
    /// Where to go afterwards: a path of ours, checked by the handler.
    pub return_to: Option<String>,
}

#[derive(Serialize)]
struct Page<'a> {
    action: &'static str,
    agent: Option<AgentLine>,
    return_to: Option<&'a str>,
    approved_readers: Link,
    trouble: Vec<Link>,
}

impl LogIn {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let trouble = [Topic::AgentNeverSeen, Topic::CardLocked, Topic::PasscodeForgotten];
        let page = Page {
            action: paths::LOG_IN,
            agent: self.agent.as_ref().map(AgentStatus::line),
            return_to: self.return_to.as_deref(),
            approved_readers: Topic::ReaderNotApproved.link(),
            trouble: trouble.into_iter().map(Topic::link).collect(),
        };
        let head = Head::new("Log in to the Self Service Portal")
            .with_back(paths::START, "Back to applications");
        pages::render(environment, "log_in.jinja", frame, &head, &page)
    }
}
