//! Pages for what could not be done: a rule says no, the request makes no sense, or we failed. They
//! say what happened and what to do, and nothing about our machines.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{paths, refusal::RefusalView};

/// Why a page could not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// 400: the request could not be understood.
    BadRequest,
    /// 403: it may not be done, or came from another site.
    Forbidden,
    /// 404: there is no such page.
    NotFound,
    /// 405: the page exists, but is not reached this way.
    MethodNotAllowed,
    /// 409: someone changed the same thing at the same moment.
    Conflict,
    /// 413: too much was sent.
    TooLarge,
    /// 415: it was sent in a form that the page does not read.
    UnsupportedMediaType,
    /// 422: understood, and refused.
    Unprocessable,
    /// 423: the account is locked (P-19).
    Locked,
    /// 429: too often.
    TooManyRequests,
    /// 500: we failed.
    Internal,
    /// 503: we are not ready.
    Unavailable,
}

/// An error page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub kind: ProblemKind,
    /// The rule's answer, where a rule said no.
    pub refusal: Option<RefusalView>,
    /// When to try again ("2:47pm").
    pub try_again_at: Option<String>,
    /// B-17: where to go first.
    pub next: Option<Link>,
    /// A number under which the operator finds it in the log.
    pub reference: Option<String>,
}

#[derive(Serialize)]
struct Page<'a> {
    text: &'static str,
    next: &'static str,
    refusal: Option<&'a RefusalView>,
    try_again_at: Option<&'a str>,
    action: Option<&'a Link>,
    reference: Option<&'a str>,
    start: &'static str,
    help: &'static str,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Unprocessable,
        Self::Locked,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::Locked => 423,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The page for an HTTP status; one that has no page of its own gets that of its class.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        let found = Self::ALL.into_iter().find(|kind| kind.status() == status);
        found.unwrap_or(if status < 500 { Self::BadRequest } else { Self::Internal })
    }

    /// Title, what happened, what to do.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::BadRequest => (
                "We could not read what was sent",
                "Something in the request was not as we expected it.",
                "Go back, reload the page and try again.",
            ),
            Self::Forbidden => (
                "You cannot do this",
                "You do not have access to this, or the request came from another website.",
                "If you followed a link from another website, open this page from the portal instead.",
            ),
            Self::NotFound => (
                "Page not found",
                "If you typed the web address, check it is correct. If you pasted it, check you copied all of it.",
                "If you selected a link or button, the page may have expired.",
            ),
            Self::MethodNotAllowed => (
                "This page cannot be opened like that",
                "The page exists, but only as the answer to a form.",
                "Go back to the page with the form and send it again.",
            ),
            Self::Conflict => (
                "Somebody changed this at the same moment",
                "Your request and another one met, and yours was not carried out. Nothing of it was changed.",
                "Look at how things stand now, then try again.",
            ),
            Self::TooLarge => (
                "Too much was sent",
                "The form was larger than it can be when it is filled in by hand.",
                "Go back, shorten what you entered and try again.",
            ),
            Self::UnsupportedMediaType => (
                "We could not read what was sent",
                "The form was sent in a way that this page does not read.",
                "Open the page in a web browser and send the form from there.",
            ),
            Self::Unprocessable => (
                "This could not be done",
                "We understood the request, but it cannot be carried out as it is. Nothing was changed.",
                "Go back, check what you entered and try again.",
            ),
            Self::Locked => (
                "Your account is locked",
                "Until it is unlocked you cannot log in or change anything.",
                "Visit the registration authority of your organisation with your smartcard.",
            ),
            Self::TooManyRequests => (
                "You have tried too often",
                "To keep accounts safe we limit how often this can be tried.",
                "Wait a little, then try again.",
            ),
            Self::Internal => (
                "Sorry, there is a problem with the service",
                "Something went wrong on our side.",
                "Try again later. What you had finished before stays as it is.",
            ),
            Self::Unavailable => (
                "Sorry, the service is unavailable",
                "We are not ready to answer at the moment.",
                "Try again in a few minutes. What you had finished before stays as it is.",
            ),
        }
    }
}

impl Problem {
    /// A page that says only what its kind says.
    #[must_use]
    pub fn new(kind: ProblemKind) -> Self {
        Self { kind, refusal: None, try_again_at: None, next: None, reference: None }
    }

    /// The same with the answer of a rule.
    #[must_use]
    pub fn with_refusal(self, refusal: RefusalView) -> Self {
        Self { refusal: Some(refusal), ..self }
    }

    /// The same with the place where to go first.
    #[must_use]
    pub fn with_next(self, next: Link) -> Self {
        Self { next: Some(next), ..self }
    }

    /// The page as HTML; the handler answers with [`ProblemKind::status`].
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let (title, text, next) = self.kind.words();
        let page = Page {
            text,
            next,
            refusal: self.refusal.as_ref(),
            try_again_at: self.try_again_at.as_deref(),
            action: self.next.as_ref(),
            reference: self.reference.as_deref(),
            start: paths::START,
            help: paths::HELP,
        };
        pages::render(environment, "problem.jinja", frame, &Head::new(title), &page)
    }
}
