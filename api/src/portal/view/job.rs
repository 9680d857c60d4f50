//! A job's own page: what it waits for, one state one sentence one action. It holds nothing secret;
//! the job number is none.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;
use uuid::Uuid;

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
    Unlock {
        /// The job that the unlock began with, which names its pages.
        begun: Uuid,
    },
    /// P-03: a blank card becomes somebody's, at the desk.
    WriteCard,
    /// It has been over for so long that nobody knows.
    Forgotten,
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
    /// R-04, P-27: who was about to register has changed his mind at the card.
    Cancelled,
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
    card: &'static str,
    ended: &'static str,
    for_unlock: bool,
    check_again: String,
    start_again: Link,
    help: Option<Link>,
    ledger: &'static str,
    profile: &'static str,
}

impl JobFor {
    /// What the card software does on its own page.
    fn asks(self) -> &'static str {
        match self {
            Self::LogIn
            | Self::ChangePasscodes
            | Self::UpdateCard
            | Self::Register
            | Self::Forgotten => "asks for your passcode",
            Self::BeginUnlock => "shows us which card is in the reader",
            Self::Unlock { .. } => "asks for your new passcode",
            Self::WriteCard => "asks the person for the first passcode of the smartcard",
        }
    }

    /// The button that leads there.
    fn button(self) -> &'static str {
        match self {
            Self::LogIn
            | Self::ChangePasscodes
            | Self::UpdateCard
            | Self::Register
            | Self::Forgotten => "Enter your passcode",
            Self::BeginUnlock => "Show your smartcard",
            Self::Unlock { .. } => "Choose your new passcode",
            Self::WriteCard => "Write the smartcard",
        }
    }

    /// What else should be known beforehand.
    fn after(self) -> Option<&'static str> {
        match self {
            Self::LogIn | Self::ChangePasscodes | Self::UpdateCard | Self::Forgotten => None,
            Self::Register => Some("After that we send you a registration code."),
            Self::BeginUnlock => Some("You do not enter any passcode for this."),
            Self::Unlock { .. } => Some("You type it twice. The card is unlocked by it."),
            Self::WriteCard => Some(
                "The person types it twice, and nobody else sees it. You are brought back to the record.",
            ),
        }
    }

    /// Which card is meant.
    fn card(self) -> &'static str {
        match self {
            Self::LogIn
            | Self::ChangePasscodes
            | Self::UpdateCard
            | Self::Register
            | Self::BeginUnlock
            | Self::Unlock { .. }
            | Self::Forgotten => {
                "Put your smartcard in the reader, and do not remove it until you have finished."
            }
            Self::WriteCard => {
                "Put the blank smartcard in a reader, and do not remove it until it is written. Where you have a second reader, yours can stay in the first one."
            }
        }
    }

    /// What its ten minutes went by without, and what became of what had been entered.
    fn ended(self) -> &'static str {
        match self {
            Self::LogIn | Self::UpdateCard => {
                "This was open for 10 minutes without your passcode, so we ended it. Nothing was changed."
            }
            Self::ChangePasscodes => {
                "This was open for 10 minutes without your passcode, so we ended it. Nothing was changed. The new passcodes that you had entered for it cannot be used any more, and are deleted within a day."
            }
            Self::Register => {
                "This was open for 10 minutes without your passcode, so we ended it. Nothing was changed. What you entered is still in this browser, for an hour at most; what we have of it is deleted within a day."
            }
            Self::BeginUnlock => {
                "This was open for 10 minutes without your smartcard, so we ended it. Nothing was changed, and no attempt was used."
            }
            Self::Unlock { .. } => {
                "This was open for 10 minutes without your new passcode, so we ended it. Your smartcard has no new passcode."
            }
            Self::WriteCard => {
                "This was open for 10 minutes without a passcode, so we ended it. The smartcard is nobody’s yet."
            }
            Self::Forgotten => "You have 10 minutes for each step, and this one is over.",
        }
    }

    /// Where it begins again; `job` is this one's number.
    fn start_again(self, job: &str) -> Link {
        match self {
            Self::LogIn => Link::new(paths::LOG_IN, "Start logging in again"),
            Self::ChangePasscodes => Link::new(paths::PASSCODES, "Go back to Manage Passcodes"),
            Self::UpdateCard => {
                Link::new(paths::CERTIFICATES_RENEW, "Go back to Renew Certificates")
            }
            Self::Register => Link::new(paths::REGISTER_CHECK, "Go back to your answers"),
            Self::BeginUnlock => Link::new(paths::UNLOCK, "Start unlocking again"),
            Self::Unlock { begun } => {
                let way = paths::unlock_after(&begun.to_string(), job);
                Link::new(way, "Go back to unlocking")
            }
            Self::WriteCard => Link::new(paths::DESK, "Go back to the desk"),
            Self::Forgotten => Link::new(paths::START, "Go to the start page"),
        }
    }
}

impl JobState {
    fn title(&self, purpose: JobFor) -> &'static str {
        match (self, purpose) {
            (Self::Waiting { .. }, JobFor::LogIn | JobFor::Forgotten) => {
                "Enter your passcode to log in"
            }
            (Self::Waiting { .. }, JobFor::ChangePasscodes) => {
                "Enter your passcode to update your passcodes"
            }
            (Self::Waiting { .. }, JobFor::UpdateCard) => {
                "Enter your passcode to renew your certificates"
            }
            (Self::Waiting { .. }, JobFor::Register) => "Enter your passcode to register",
            (Self::Waiting { .. }, JobFor::BeginUnlock) => "Show that your smartcard is there",
            (Self::Waiting { .. }, JobFor::Unlock { .. }) => "Choose your new smartcard passcode",
            (Self::Waiting { .. }, JobFor::WriteCard) => "Write the smartcard",
            (Self::InProgress, _) => "Working with your card",
            (Self::DoneElsewhere, _) => "This has been finished in another window",
            (Self::Refused(_), JobFor::LogIn | JobFor::Forgotten) => "You cannot log in",
            (Self::Refused(_), JobFor::ChangePasscodes) => "Your passcodes were not updated",
            (Self::Refused(_), JobFor::UpdateCard) => "Your certificates were not renewed",
            (Self::Refused(_), JobFor::Register) => "You were not registered",
            (Self::Refused(_), JobFor::BeginUnlock | JobFor::Unlock { .. }) => {
                "Your smartcard was not unlocked"
            }
            (Self::Refused(_), JobFor::WriteCard) => "The smartcard was not written",
            (Self::Expired, _) => "You ran out of time",
            (Self::Cancelled, _) => "You cancelled the registration",
            (Self::NotKnown, _) => "We do not know yet whether your card was changed",
            (Self::NoAgent, _) => "We cannot find your card software",
        }
    }

    fn topic(&self) -> Option<Topic> {
        match self {
            Self::Waiting { .. } => Some(Topic::PasscodePageMissing),
            Self::InProgress | Self::Refused(_) | Self::Cancelled => None,
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
            card: self.purpose.card(),
            ended: self.purpose.ended(),
            for_unlock: matches!(self.purpose, JobFor::Unlock { .. }),
            check_again: paths::job(&self.id),
            start_again: self.purpose.start_again(&self.id),
            help: self.state.topic().map(Topic::link),
            ledger: paths::LEDGER,
            profile: paths::PROFILE,
        };
        let head = Head::new(self.state.title(self.purpose));
        pages::render(environment, "job.jinja", frame, &head, &page)
    }
}
