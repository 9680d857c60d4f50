//! S-05: My Profile, in four numbered sections; the fourth is *Self Service*, which holds the code
//! field while a registration waits for its code.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{
    code::{self, CodeForm, CodeView},
    help::Topic,
    passcodes::StatusLine,
    paths,
};

/// My Profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyProfile {
    /// The holder's name.
    pub name: String,
    /// the address in his contact details; none if there is none.
    pub email: Option<String>,
    /// The card's serial number.
    pub card: String,
    /// Until when its certificates are good ("30 June 2026"); none if it has none.
    pub certificates_until: Option<String>,
    /// How his passcodes stand.
    pub passcodes: Vec<StatusLine>,
    /// the Self Service section.
    pub self_service: SelfService,
    /// what has just been done.
    pub done: Option<Done>,
}

/// How the self-service registration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfService {
    /// The registration in force, if there is one.
    pub registered: Option<Registered>,
    /// A registration that waits for its code.
    pub awaiting: Option<Awaiting>,
    /// U-07, B-34: three wrong attempts: only the registration authority can help.
    pub blocked: bool,
    /// B-37: until when nothing can be unlocked, because codes were entered wrongly too often ("4 March
    /// 2026 at 9:03am"); none if it can.
    pub paused_until: Option<String>,
}

/// A registration in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// Since when ("14 December 2026").
    pub since: String,
    /// Where codes go, masked.
    pub email: String,
    /// The four questions, in their words; never the answers.
    pub questions: Vec<String>,
}

/// A registration that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    /// B-44: when it is given up by itself ("3:32pm").
    pub until: String,
    /// The code, if this is the browser that it was started in (B-38), with the number of its job.
    pub code: Option<(String, CodeView)>,
}

/// What has just been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// registered for the first time.
    Registered,
    /// B-43: the new registration has taken the place of the old one.
    Changed,
    /// B-44: given up by the holder.
    Cancelled,
}

impl Done {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Registered, Self::Changed, Self::Cancelled];

    /// As the address of the page has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Changed => "changed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The page that says it.
    #[must_use]
    pub fn address(self) -> String {
        format!("{}?done={}", paths::PROFILE, self.name())
    }

    /// The one with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.name() == name)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Registered => {
                "You are registered for self-service. If your smartcard is locked, or you forget its passcode, you can now unlock it yourself."
            }
            Self::Changed => "Your self-service registration has been changed.",
            Self::Cancelled => "You have cancelled the registration. Nothing was changed.",
        }
    }

    fn is_success(self) -> bool {
        match self {
            Self::Registered | Self::Changed => true,
            Self::Cancelled => false,
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    done: Option<&'static str>,
    success: bool,
    name: &'a str,
    email: Option<&'a str>,
    card: &'a str,
    certificates_until: Option<&'a str>,
    passcodes: &'a [StatusLine],
    manage_passcodes: &'static str,
    registered: Option<&'a Registered>,
    awaiting_until: Option<&'a str>,
    form: Option<CodeForm<'a>>,
    cancel: Option<String>,
    blocked: bool,
    paused_until: Option<&'a str>,
    register: &'static str,
    unlock: &'static str,
    help: Link,
}

/// The code form of a registration, on My Profile and on its own page.
pub(super) fn registration_code<'a>(job: &str, code: &'a CodeView) -> CodeForm<'a> {
    CodeForm {
        code,
        field: code::FIELD,
        label: "Registration code",
        submit: "Confirm registration",
        action: paths::registration(job),
        send_again: paths::registration_codes(job),
        other_address: Some(Link::new(
            paths::registration_address(job),
            "Use a different email address",
        )),
        check_again: paths::registration(job),
        needs_another: code.needs_another(),
    }
}

impl MyProfile {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let SelfService { registered, awaiting, blocked, paused_until } = &self.self_service;
        let here = awaiting.as_ref().and_then(|awaiting| awaiting.code.as_ref());
        let topic = if *blocked { Topic::SelfServiceBlocked } else { Topic::SelfService };
        let page = Page {
            done: self.done.map(Done::words),
            success: self.done.is_some_and(Done::is_success),
            name: &self.name,
            email: self.email.as_deref(),
            card: &self.card,
            certificates_until: self.certificates_until.as_deref(),
            passcodes: &self.passcodes,
            manage_passcodes: paths::PASSCODES,
            registered: registered.as_ref(),
            awaiting_until: awaiting.as_ref().map(|awaiting| awaiting.until.as_str()),
            form: here.map(|(job, code)| registration_code(job, code)),
            cancel: here.map(|(job, _)| paths::registration_cancel(job)),
            blocked: *blocked,
            paused_until: paused_until.as_deref(),
            register: paths::REGISTER,
            unlock: paths::UNLOCK,
            help: topic.link(),
        };
        pages::render(environment, "profile.jinja", frame, &Head::new("My Profile"), &page)
    }
}
