//! Demo only: the mails that the stand-in of a mail server has taken.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::paths;

/// A mail, as the list and its own page show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailView {
    /// Its own page.
    pub href: String,
    /// Its subject.
    pub subject: String,
    /// Address it is from.
    pub from: String,
    /// Address it is to.
    pub to: String,
    /// Its date, in words ([`pages::date_and_time`]); none if it has none.
    pub when: Option<String>,
    /// Its `Message-ID`.
    pub message_id: String,
    /// Its text.
    pub text: String,
}

/// All of them, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailList {
    /// The mails.
    pub mails: Vec<MailView>,
    /// How many are kept.
    pub kept: usize,
}

#[derive(Serialize)]
struct List<'a> {
    mails: &'a [MailView],
    count: usize,
    kept: usize,
    drawer: &'static str,
    time_machine: &'static str,
}

impl MailList {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = List {
            mails: &self.mails,
            count: self.mails.len(),
            kept: self.kept,
            drawer: paths::DEMO,
            time_machine: paths::DEMO_TIME,
        };
        pages::render(environment, "mailbox.jinja", frame, &Head::new("Mailbox"), &page)
    }
}

impl MailView {
    /// Its own page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new(self.subject.clone()).with_back(paths::DEMO_MAILBOX, "Mailbox");
        pages::render(environment, "mail.jinja", frame, &head, self)
    }
}
