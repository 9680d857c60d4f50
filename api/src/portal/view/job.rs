//! A job's own page: what it waits for, one state one sentence one action. It holds nothing secret;
//! the job number is none.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, paths, refusal::RefusalView};

/// What the job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobFor {
    /// P-05.
    LogIn,
    /// P-20 to P-28.
    ChangePasscodes,
    /// C-09.
    UpdateCard,
    ///
    Register,
    /// U-04: the card shows that it is there.
    BeginUnlock,
    /// U-12: the new passcode.
    Unlock,
}

/// The page of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: String,
    /// What it is for.
    pub purpose: JobFor,
    /// How far it is.
    pub state: JobState,
}

/// How far a job is, as far as a page is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum JobState {
    /// The holder has to go to the passcode page.
    Waiting {
        /// Address of the passcode page, on this workstation.
        passcode_url: String,
        /// The part of it that a holder can check ("127.0.0.1:8441").
        passcode_host: String,
        /// When the job ends if nothing happens ("10:12am").
        until: String,
        /// Why the last try came to nothing, if there was one.
        last_try: Option<String>,
    },
    /// The card software works on it.
    InProgress,
    /// It is done, and its result is for the browser that came from the passcode page.
    DoneElsewhere,
    /// A rule or the card said no. Nothing was changed.
    Refused(RefusalView),
    /// Its ten minutes are over. Nothing was changed.
    Expired,
    /// The link was lost while the card was being written.
    NotKnown,
    /// No card software is connected at all, so that of this workstation is not either.
    NoAgent,
}

#[derive(Serialize)]
struct Page<'a> {
    state: &'a JobState,
    asks: &'static str,
    button: &'static str,
    after: Option<&'static str>,
    for_unlock: bool,
    check_again: String,
    start_again: Link,
    help: Option<Link>,
    ledger: &'static str,
}

impl JobFor {
    /// What the card software does on its own page.
    fn asks(self) -> &'static str {
        match self {
            Self::LogIn | Self::ChangePasscodes | Self::UpdateCard | Self::Register => {
                "asks for your passcode"
            }
            Self::BeginUnlock => "shows us which card is in the reader",
            Self::Unlock => "asks for your new passcode",
        }
    }

    /// The button that leads there.
    fn button(self) -> &'static str {
        match self {
            Self::LogIn | Self::ChangePasscodes | Self::UpdateCard | Self::Register => {
                "Enter your passcode"
            }
            Self::BeginUnlock => "Show your smartcard",
            Self::Unlock => "Choose your new passcode",
        }
    }

    /// What else should be known beforehand.
    fn after(self) -> Option<&'static str> {
        match self {
            Self::LogIn | Self::ChangePasscodes | Self::UpdateCard => None,
            Self::Register => Some("After that we send you a registration code."),
            Self::BeginUnlock => Some("You do not enter any passcode for this."),
            Self::Unlock => Some("You type it twice. The card is unlocked by it."),
        }
    }

    fn start_again(self) -> Link {
        match self {
            Self::LogIn => Link::new(paths::LOG_IN, "Start logging in again"),
            Self::ChangePasscodes => Link::new(paths::PASSCODES, "Go back to Manage Passcodes"),
            Self::UpdateCard => {
                Link::new(paths::CERTIFICATES_RENEW, "Go back to Renew Certificates")
            }
            Self::Register => Link::new(paths::PROFILE, "Go back to My Profile"),
            Self::BeginUnlock | Self::Unlock => Link::new(paths::UNLOCK, "Start unlocking again"),
        }
    }
}

impl JobState {
    fn title(&self, purpose: JobFor) -> &'static str {
        match (self, purpose) {
            (Self::Waiting { .. }, JobFor::LogIn) => "Enter your passcode to log in",
            (Self::Waiting { .. }, JobFor::ChangePasscodes) => {
                "Enter your passcode to update your passcodes"
            }
            (Self::Waiting { .. }, JobFor::UpdateCard) => {
                "Enter your passcode to renew your certificates"
            }
            (Self::Waiting { .. }, JobFor::Register) => "Enter your passcode to register",
            (Self::Waiting { .. }, JobFor::BeginUnlock) => "Show that your smartcard is there",
            (Self::Waiting { .. }, JobFor::Unlock) => "Choose your new smartcard passcode",
            (Self::InProgress, _) => "Working with your card",
            (Self::DoneElsewhere, _) => "This has been finished in another window",
            (Self::Refused(_), JobFor::LogIn) => "You cannot log in",
            (Self::Refused(_), JobFor::ChangePasscodes) => "Your passcodes were not updated",
            (Self::Refused(_), JobFor::UpdateCard) => "Your certificates were not renewed",
            (Self::Refused(_), JobFor::Register) => "You were not registered",
            (Self::Refused(_), JobFor::BeginUnlock | JobFor::Unlock) => {
                "Your smartcard was not unlocked"
            }
            (Self::Expired, _) => "You ran out of time",
            (Self::NotKnown, _) => "We do not know yet whether your card was changed",
            (Self::NoAgent, _) => "We cannot find your card software",
        }
    }

    fn topic(&self) -> Option<Topic> {
        match self {
            Self::Waiting { .. } => Some(Topic::PasscodePageMissing),
            Self::InProgress | Self::Refused(_) => None,
            Self::DoneElsewhere => Some(Topic::JobElsewhere),
            Self::Expired => Some(Topic::JobExpired),
            Self::NotKnown => Some(Topic::CardWriteUnknown),
            Self::NoAgent => Some(Topic::AgentNeverSeen),
        }
    }
}

impl Job {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            state: &self.state,
            asks: self.purpose.asks(),
            button: self.purpose.button(),
            after: self.purpose.after(),
            for_unlock: self.purpose == JobFor::Unlock,
            check_again: paths::job(&self.id),
            start_again: self.purpose.start_again(),
            help: self.state.topic().map(Topic::link),
            ledger: paths::LEDGER,
        };
        let head = Head::new(self.state.title(self.purpose));
        pages::render(environment, "job.jinja", frame, &head, &page)
    }
}
