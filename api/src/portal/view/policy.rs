//! What policy owners see, and whoever may look at the policy: its versions, what the coming days bring,
//! what other numbers would bring, and a form for the next version (B-14).

pub mod simulate;
pub mod told;

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::{desk::list::Cell, paths, refusal::Fact};
use told::Told;

/// Words and numbers in rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlainTable {
    /// What it says.
    pub caption: String,
    /// The heads of the columns.
    pub head: Vec<String>,
    /// The rows, a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl PlainTable {
    /// A table of these rows.
    #[must_use]
    pub fn new(caption: impl Into<String>, head: &[&str], rows: Vec<Vec<Cell>>) -> Self {
        let head = head.iter().map(|text| (*text).to_owned()).collect();
        Self { caption: caption.into(), head, rows }
    }
}

/// Something that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name and id.
    pub id: &'static str,
    /// What is asked.
    pub label: &'static str,
    /// A hint.
    pub hint: Option<String>,
    /// What was given.
    pub value: String,
    /// What is wrong with it: several things in one sentence after the other.
    pub fault: Option<String>,
    /// How it is asked.
    #[serde(flatten)]
    pub control: Control,
}

/// How something is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Control {
    /// One of these: what is sent, and what is shown.
    Choice {
        /// In the order of the page.
        choices: Vec<Choice>,
    },
    /// A line of text.
    Line {
        /// Its width in characters: one that the design system has.
        width: u8,
    },
    /// Several lines.
    LongText {
        /// How many are shown.
        rows: u8,
    },
}

/// One of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: &'static str,
    /// What is shown.
    pub text: &'static str,
}

impl Field {
    /// Something that is asked for in this way, with what was given.
    #[must_use]
    pub fn new(
        id: &'static str,
        label: &'static str,
        control: Control,
        value: impl Into<String>,
    ) -> Self {
        Self { id, label, hint: None, value: value.into(), fault: None, control }
    }

    /// With a hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// A line of the error summary for each thing that is wrong.
fn errors(fields: &[Field]) -> Vec<FieldError> {
    let faulty = fields.iter().filter_map(|field| Some((field.id, field.fault.as_ref()?)));
    faulty.map(|(id, fault)| FieldError::new(id, fault)).collect()
}

/// The versions there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// What was published a moment ago, by whoever looks.
    pub published: Option<String>,
    /// The version in force.
    pub in_force: Vec<Fact>,
    /// The rule about changes.
    pub rule: Link,
    /// Address of the forecast.
    pub forecast: &'static str,
    /// Address of the page where other numbers are tried; none if he may not.
    pub simulate: Option<&'static str>,
    /// Newest first.
    pub versions: PlainTable,
    /// Address of the first page, if this is not it.
    pub newest: Option<&'static str>,
    /// Address of the page with older ones.
    pub older: Option<String>,
}

impl Versions {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        pages::render(environment, "policy.jinja", frame, &Head::new("Policy"), self)
    }
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// By whom, when, why, since when.
    pub facts: Vec<Fact>,
    /// What it changes of the one before; none of the first.
    pub changes: Option<PlainTable>,
    /// All its numbers.
    pub numbers: PlainTable,
    /// Address of the same as data.
    pub document: String,
}

impl Version {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new(format!("Version {} of the policy", self.number))
            .with_back(paths::POLICY, "Policy");
        pages::render(environment, "policy_version.jinja", frame, &head, self)
    }
}

/// What the coming days bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Where the form leads.
    pub action: &'static str,
    /// What can be asked, with what was.
    pub fields: Vec<Field>,
    /// How far it has come, a sentence, if it takes long.
    pub working: Option<String>,
    /// Address of the same page.
    pub again: String,
    /// What is told.
    pub told: Option<Told>,
    /// Address of the same as a table.
    pub table: String,
    /// Address of the same as data.
    pub document: String,
}

impl Forecast {
    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("Forecast")
            .with_back(paths::POLICY, "Policy")
            .with_errors(errors(&self.fields));
        pages::render(environment, "policy_forecast.jinja", frame, &head, self)
    }

    /// True if something is wrong with what was asked.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.fields.iter().any(|field| field.fault.is_some())
    }
}
