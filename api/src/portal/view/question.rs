//! One security question on a page of its own, when it is chosen and when it is asked.

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

/// The id of the field.
pub const FIELD: &str = "answer";

/// A question among others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Which it is, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Its words.
    pub text: String,
}

/// What is said about answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Advice {
    /// When registering: what makes an answer good.
    Choosing,
    /// When unlocking: that it is compared without regard to such things.
    Answering,
}

/// The page of a question.
pub(super) struct Page<'a> {
    pub(super) question: &'a Question,
    pub(super) fault: Option<&'a str>,
    pub(super) advice: Advice,
    pub(super) action: String,
    pub(super) cancel: &'static str,
}

#[derive(Serialize)]
struct View<'a> {
    question: &'a Question,
    fault: Option<&'a str>,
    advice: Advice,
    action: &'a str,
    field: &'static str,
    cancel: &'static str,
}

impl Page<'_> {
    pub(super) fn render(
        &self,
        environment: &Environment<'_>,
        frame: &Frame,
        back: Option<Link>,
    ) -> Result<String, Error> {
        let view = View {
            question: self.question,
            fault: self.fault,
            advice: self.advice,
            action: &self.action,
            field: FIELD,
            cancel: self.cancel,
        };
        let errors = self.fault.map(|text| FieldError::new(FIELD, text)).into_iter().collect();
        let head = Head { back, ..Head::new(&self.question.text).with_errors(errors) };
        pages::render(environment, "question.jinja", frame, &head, &view)
    }
}
