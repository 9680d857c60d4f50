//! "This was not me" (B-57): what stands at the end of a mail is entered, what will happen is said, and
//! then it happens. A line of the holder's own ledger goes the last two steps alone.

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::{paths, refusal::rule_link};

/// The id of the reference's field.
pub const REFERENCE: &str = "reference";

/// The id of the code's field.
pub const CODE: &str = "code";

/// What is wrong with what was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMeFault {
    /// A field is empty.
    Missing {
        /// The reference.
        reference: bool,
        /// The code.
        code: bool,
    },
    /// One of several things, and which of them is not said.
    NotTheOne,
}

impl NotMeFault {
    fn reference(self) -> Option<&'static str> {
        match self {
            Self::Missing { reference, code: _ } => reference.then_some("Enter the reference"),
            Self::NotTheOne => Some(
                "This reference and this code do not belong together, were used already, or are too old",
            ),
        }
    }

    fn code(self) -> Option<&'static str> {
        match self {
            Self::Missing { reference: _, code } => code.then_some("Enter the code"),
            Self::NotTheOne => None,
        }
    }
}

/// What is entered. A code is never put back into the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMeForm {
    /// For how many hours a mail can be answered.
    pub hours: u16,
    /// The reference as it was entered.
    pub reference: String,
    /// What is wrong.
    pub fault: Option<NotMeFault>,
}

#[derive(Serialize)]
struct FormPage<'a> {
    hours: u16,
    action: &'static str,
    reference_field: &'static str,
    code_field: &'static str,
    reference: &'a str,
    reference_fault: Option<&'static str>,
    code_fault: Option<&'static str>,
    cancel: &'static str,
    rule: Link,
}

impl NotMeForm {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let reference_fault = self.fault.and_then(NotMeFault::reference);
        let code_fault = self.fault.and_then(NotMeFault::code);
        let faults = [(REFERENCE, reference_fault), (CODE, code_fault)];
        let errors = faults.into_iter().filter_map(|(id, text)| Some(FieldError::new(id, text?)));
        let page = FormPage {
            hours: self.hours,
            action: paths::NOT_ME,
            reference_field: REFERENCE,
            code_field: CODE,
            reference: &self.reference,
            reference_fault,
            code_fault,
            cancel: paths::START,
            rule: rule_link("B-57"),
        };
        let head = Head::new("Say that this was not you")
            .with_back(paths::START, "Back to applications")
            .with_errors(errors.collect());
        pages::render(environment, "not_me.jinja", frame, &head, &page)
    }
}

/// What will happen, before it does.
#[derive(Clone, PartialEq, Eq)]
pub enum NotMeConfirm {
    /// Of a mail.
    Mail {
        /// What was entered.
        reference: String,
        /// What was entered; it goes along in the form, and nowhere else.
        code: String,
    },
    /// Of a line of the ledger.
    Line {
        /// Where it is confirmed.
        action: String,
        /// What the line says.
        sentence: String,
        /// When it was.
        when: String,
    },
}

#[derive(Serialize)]
struct ConfirmPage<'a> {
    action: &'a str,
    cancel: &'static str,
    hidden: Vec<(&'static str, &'a str)>,
    line: Option<(&'a str, &'a str)>,
    rule: Link,
}

impl NotMeConfirm {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let rule = rule_link("B-57");
        let page = match self {
            Self::Mail { reference, code } => ConfirmPage {
                action: paths::NOT_ME_CONFIRM,
                cancel: paths::START,
                hidden: vec![(REFERENCE, reference), (CODE, code)],
                line: None,
                rule,
            },
            Self::Line { action, sentence, when } => ConfirmPage {
                action,
                cancel: paths::LEDGER,
                hidden: Vec::new(),
                line: Some((sentence, when)),
                rule,
            },
        };
        let head = Head::new("This was not you: what happens now").with_back(page.cancel, "Cancel");
        pages::render(environment, "not_me_confirm.jinja", frame, &head, &page)
    }
}

#[derive(Serialize)]
struct DonePage {
    start: &'static str,
}

/// What has happened.
///
/// # Errors
/// If the template does not fit.
pub fn render_done(environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
    let page = DonePage { start: paths::START };
    let head = Head::new("We have noted that this was not you");
    pages::render(environment, "not_me_done.jinja", frame, &head, &page)
}
