//! Other numbers: the form for them, what they would bring, and the question whether to publish them.

use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{Field, PlainTable, errors, told::Told};
use crate::portal::view::paths;

/// Something that goes along unseen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Its name in the form.
    pub name: &'static str,
    /// What it is.
    pub value: String,
}

/// The form for other numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Simulate {
    /// Where it is sent.
    pub action: &'static str,
    /// Address of the page that says what each number is.
    pub numbers: String,
    /// What goes along unseen.
    pub hidden: Vec<Hidden>,
    /// What is asked.
    pub fields: Vec<Field>,
    /// Where *Cancel* leads.
    pub cancel: &'static str,
}

impl Simulate {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("Try other numbers")
            .with_back(paths::POLICY, "Policy")
            .with_errors(errors(&self.fields));
        pages::render(environment, "policy_simulate.jinja", frame, &head, self)
    }

    /// True if something is wrong with what was sent.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.fields.iter().any(|field| field.fault.is_some())
    }
}

/// What other numbers would bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Simulated {
    /// Their first day.
    pub from: String,
    /// What they change.
    pub changes: PlainTable,
    /// How far it has come, a sentence, if it takes long.
    pub working: Option<String>,
    /// What is told.
    pub told: Option<Told>,
    /// What was sent, to be sent again.
    pub hidden: Vec<Hidden>,
    /// Where it is sent to be looked at again, or changed.
    pub simulate: &'static str,
    /// Where it is sent to be published.
    pub check: &'static str,
    /// Where *Cancel* leads.
    pub cancel: &'static str,
}

impl Simulated {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("What these numbers would bring").with_back(paths::POLICY, "Policy");
        pages::render(environment, "policy_simulated.jinja", frame, &head, self)
    }
}

/// The question whether to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publish {
    /// The number it will have.
    pub number: u32,
    /// Its first day.
    pub from: String,
    /// What it changes.
    pub changes: PlainTable,
    /// How much notice everybody has at least: "14 days".
    pub notice: String,
    /// The rule about changes.
    pub rule: Link,
    /// Where it is sent.
    pub action: &'static str,
    /// What goes along unseen.
    pub hidden: Vec<Hidden>,
    /// What is asked: why.
    pub fields: Vec<Field>,
    /// What is on the button.
    pub button: String,
    /// Where *Cancel* leads.
    pub cancel: &'static str,
}

impl Publish {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new(format!("Publish version {} of the policy", self.number))
            .with_back(paths::POLICY, "Policy")
            .with_errors(errors(&self.fields));
        pages::render(environment, "policy_publish.jinja", frame, &head, self)
    }

    /// True if something is wrong with what was sent.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.fields.iter().any(|field| field.fault.is_some())
    }
}
