//! S-01: the Home tab. The one thing that is most urgent, and how card and passcodes stand.

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::{
    agent::{AgentLine, AgentStatus},
    alert::Alert,
    certificates::{CertificateLine, CertificateNotice},
    passcodes::StatusLine,
    paths,
    renewal::Renewal,
};

/// The Home tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// What is most urgent.
    pub notice: Notice,
    /// The holder's name.
    pub holder: String,
    /// The card's serial number.
    pub card: String,
    /// S-02, one line a passcode.
    pub passcodes: Vec<StatusLine>,
    /// C-05 to C-07: what is due of certificates, beside it.
    pub due: Option<CertificateNotice>,
    /// How the certificates stand.
    pub certificates: Option<CertificateLine>,
    /// What is known of the card software.
    pub agent: AgentStatus,
}

/// What is most urgent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "what")]
pub enum Notice {
    /// Nothing.
    Nothing,
    /// P-14, P-15: the alert of the day.
    Alert(Alert),
    /// B-16: it was put off for today.
    PutOff(PutOff),
    /// B-10: it expired while this session, which is full, was open.
    Expired(StatusLine),
    /// P-17, B-17: it has to be changed before anything else.
    Renewal(Renewal),
    /// B-41: a passcode was told to somebody, or guessed at, in a sentence without full stop.
    Spoken(String),
}

/// B-16: what was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PutOff {
    /// What comes tomorrow, in a sentence.
    pub tomorrow: String,
    /// P-16: where *Renew now* leads.
    pub renew: &'static str,
}

#[derive(Serialize)]
struct Page<'a> {
    notice: &'a Notice,
    schedule: &'static str,
    holder: &'a str,
    card: &'a str,
    passcodes: &'a [StatusLine],
    due: Option<&'a CertificateNotice>,
    certificates: Option<&'a CertificateLine>,
    agent: AgentLine,
    manage_passcodes: &'static str,
}

impl Home {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            notice: &self.notice,
            schedule: paths::SCHEDULE,
            holder: &self.holder,
            card: &self.card,
            passcodes: &self.passcodes,
            due: self.due.as_ref(),
            certificates: self.certificates.as_ref(),
            agent: self.agent.line(),
            manage_passcodes: paths::PASSCODES,
        };
        pages::render(environment, "home.jinja", frame, &Head::new("Your smartcard"), &page)
    }
}
