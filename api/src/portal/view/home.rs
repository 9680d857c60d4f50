//! S-01: the Home tab. The one thing that is most urgent, and how card and passcodes stand.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::{
    agent::{AgentLine, AgentStatus},
    passcodes::StatusLine,
    paths,
};

/// The Home tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// What is due or overdue, worst first; the page shows the first.
    pub due: Option<StatusLine>,
    /// P-15: true if the holder may put it off until tomorrow.
    pub may_decline: bool,
    /// The holder's name.
    pub holder: String,
    /// The card's serial number.
    pub card: String,
    /// S-02, one line a passcode.
    pub passcodes: Vec<StatusLine>,
    /// What is known of the card software.
    pub agent: AgentStatus,
}

#[derive(Serialize)]
struct Page<'a> {
    due: Option<&'a StatusLine>,
    may_decline: bool,
    holder: &'a str,
    card: &'a str,
    passcodes: &'a [StatusLine],
    agent: AgentLine,
    manage_passcodes: &'static str,
}

impl Home {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            due: self.due.as_ref(),
            may_decline: self.may_decline,
            holder: &self.holder,
            card: &self.card,
            passcodes: &self.passcodes,
            agent: self.agent.line(),
            manage_passcodes: paths::PASSCODES,
        };
        pages::render(environment, "home.jinja", frame, &Head::new("Your smartcard"), &page)
    }
}
