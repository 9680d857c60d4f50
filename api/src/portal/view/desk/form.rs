//! One form for every act of the desk: what it does, what is asked for, and a button.

use pages::{Environment, Error, FieldError, Frame, Head};
use serde::Serialize;

use super::{super::paths, Whose};

/// The form of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActForm {
    /// What it does.
    pub title: &'static str,
    /// Whom it is about; nobody as yet where somebody is registered.
    pub whose: Option<Whose>,
    /// Where it is sent.
    pub action: String,
    /// What comes of it, a sentence or two each.
    pub says: Vec<String>,
    /// What cannot be undone, a line each.
    pub warnings: Vec<&'static str>,
    /// What is asked for.
    pub fields: Vec<Field>,
    /// Its number: sent twice, it is one act.
    pub number: String,
    /// What goes along unseen: name and value.
    pub hidden: Option<(&'static str, String)>,
    /// What is on the button.
    pub button: &'static str,
}

/// Something that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name and id.
    pub id: &'static str,
    /// What is asked.
    pub label: &'static str,
    /// A hint.
    pub hint: Option<&'static str>,
    /// What was given.
    pub value: String,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// How it is asked.
    #[serde(flatten)]
    pub control: Control,
}

/// How something is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Control {
    /// One of these.
    Radios {
        /// In the order of the page.
        choices: Vec<Choice>,
    },
    /// A line of text.
    Text {
        /// Its width in characters: one that the design system has.
        width: u8,
        /// What browsers check and fill in: `text` or `email`.
        input: &'static str,
    },
    /// A line that nobody reads over the shoulder.
    Secret,
    /// A day: three fields, named after this one.
    Day {
        /// Day, month and year as they were given.
        parts: [String; 3],
    },
}

/// One of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub text: String,
}

impl Choice {
    /// A choice; its words begin with a capital.
    #[must_use]
    pub fn new(value: impl Into<String>, words: &str) -> Self {
        Self { value: value.into(), text: capital(words) }
    }
}

/// One choice for each of these.
#[must_use]
pub fn choices<T: Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    words: fn(T) -> &'static str,
) -> Vec<Choice> {
    all.iter().map(|one| Choice::new(name(*one), words(*one))).collect()
}

/// That of these which was chosen by its name.
#[must_use]
pub fn chosen<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter().copied().find(|one| name(*one) == text)
}

/// The words with a capital at their beginning.
#[must_use]
pub fn capital(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

impl Field {
    /// One of these.
    #[must_use]
    pub fn radios(id: &'static str, label: &'static str, choices: Vec<Choice>) -> Self {
        Self::new(id, label, Control::Radios { choices })
    }

    /// A line of text.
    #[must_use]
    pub fn text(id: &'static str, label: &'static str, width: u8) -> Self {
        Self::new(id, label, Control::Text { width, input: "text" })
    }

    /// Asked for in this way.
    #[must_use]
    pub fn new(id: &'static str, label: &'static str, control: Control) -> Self {
        Self { id, label, hint: None, value: String::new(), fault: None, control }
    }

    /// With a hint.
    #[must_use]
    pub fn with_hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// With what was given.
    #[must_use]
    pub fn with_value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    /// With what is wrong with it, if that is so.
    #[must_use]
    pub fn faulty_if(self, is_faulty: bool, fault: impl Into<String>) -> Self {
        Self { fault: is_faulty.then(|| fault.into()), ..self }
    }

    /// The id of what an error leads to.
    fn first_id(&self) -> String {
        match self.control {
            Control::Day { .. } => format!("{}-day", self.id),
            Control::Radios { .. } | Control::Text { .. } | Control::Secret => self.id.to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    whose: Option<&'a Whose>,
    name: Option<&'a str>,
    cancel: &'a str,
    action: &'a str,
    says: &'a [String],
    warnings: &'a [&'static str],
    fields: &'a [Field],
    number: &'a str,
    hidden: Option<&'a (&'static str, String)>,
    button: &'static str,
}

impl ActForm {
    /// True if something is wrong with what was given.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.fields.iter().any(|field| field.fault.is_some())
    }

    /// The page as HTML; the handler answers 422 with it if there is a fault.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let (cancel, back) = match &self.whose {
            Some(whose) => (whose.record.as_str(), "Back to the record"),
            None => (paths::DESK, "Find a person"),
        };
        self.render_below(environment, frame, cancel, back)
    }

    /// The same, of a form to which another page leads: its address, and what it is called.
    ///
    /// # Errors
    /// If the template does not fit.
    pub fn render_below(
        &self,
        environment: &Environment<'_>,
        frame: &Frame,
        cancel: &str,
        back: &str,
    ) -> Result<String, Error> {
        let errors = self.fields.iter().filter_map(|field| {
            let fault = field.fault.as_deref()?;
            Some(FieldError::new(&field.first_id(), fault))
        });
        let whose = self.whose.as_ref();
        let page = Page {
            whose,
            name: whose.map(Whose::name),
            cancel,
            action: &self.action,
            says: &self.says,
            warnings: &self.warnings,
            fields: &self.fields,
            number: &self.number,
            hidden: self.hidden.as_ref(),
            button: self.button,
        };
        let head = Head::new(self.title).with_back(cancel, back).with_errors(errors.collect());
        pages::render(environment, "desk_form.jinja", frame, &head, &page)
    }
}
