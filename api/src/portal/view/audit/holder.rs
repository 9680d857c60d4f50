//! One holder as an auditor sees him: how he stood at an instant, under which policy, what rests on
//! what, what was to come, and what would have been refused.

use pages::{Environment, Error, FieldError, Frame, Head, Link};
use serde::Serialize;

use super::life_line::LifeLine;

/// A holder as of an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// His name; none if it was erased.
    pub name: Option<String>,
    /// His id.
    pub id: String,
    /// Where the form leads.
    pub action: String,
    /// The day that was asked for, or today.
    pub day: String,
    /// The time of day that was asked for.
    pub time: String,
    /// What is wrong with them.
    pub fault: Option<&'static str>,
    /// What is shown, if there is anything.
    pub stood: Option<Stood>,
    /// Address of his history.
    pub history: String,
}

/// How he stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stood {
    /// The instant, in words.
    pub at: String,
    /// The version of the policy then, in words.
    pub policy: String,
    /// What became of passcodes, certificates and card until then.
    pub life: Option<LifeLine>,
    /// How everything stood.
    pub lines: Vec<Line>,
    /// What was to come if nothing was done.
    pub scheduled: Vec<ToCome>,
    /// What would have been allowed or refused.
    pub acts: Vec<Act>,
    /// Address of the same as canonical JSON.
    pub document: String,
}

/// How one thing stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What.
    pub about: String,
    /// How, in a sentence without full stop.
    pub words: String,
    /// By which rule.
    pub rule: Link,
    /// The events that it rests on: type and time.
    pub facts: Vec<String>,
}

/// Something that was to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToCome {
    /// The day.
    pub on: String,
    /// What.
    pub what: String,
    /// By which rule.
    pub rule: Link,
}

/// What would have come of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Act {
    /// Which.
    pub act: &'static str,
    /// *Allowed*, *Restricted*, *Refused*.
    pub answer: &'static str,
    /// By which rule.
    pub rule: Option<Link>,
    /// Why, without full stop.
    pub why: Option<String>,
    /// When it changes by itself.
    pub changes: Option<String>,
    /// What he could do.
    pub way_out: Option<&'static str>,
}

impl Holder {
    /// The page as HTML.
    ///
    /// # Errors
    /// If the template has an error.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let errors = self.fault.map(|fault| FieldError::new("day", fault));
        let head = Head::new("How a holder stood")
            .with_back(self.history.clone(), "History of this holder")
            .with_errors(errors.into_iter().collect());
        pages::render(environment, "audit_holder.jinja", frame, &head, self)
    }
}
