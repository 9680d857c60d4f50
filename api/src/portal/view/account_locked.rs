//! P-18, P-19: the account is locked. Since when, why, and the only way out; no way on.

use chrono::NaiveDate;
use domain::{
    calendar::Phase,
    passcode::{Standing, Status},
};
use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, refusal::rule_link};

/// An account that nobody can log in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountLocked {
    /// "31 March 2026".
    since: String,
    /// What was not changed in time.
    passcodes: Vec<Line>,
    help: Link,
    rule: Link,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    title: &'static str,
    last_changed: String,
    expired: String,
}

impl AccountLocked {
    /// How a holder's passcodes stand, of which one or more lock the account.
    #[must_use]
    pub fn of(passcodes: &[Status]) -> Self {
        let since = passcodes.iter().filter_map(locked_since).min();
        Self {
            since: since.map_or_else(String::new, pages::date),
            passcodes: passcodes.iter().filter_map(line).collect(),
            help: Topic::AccountLocked.link(),
            rule: rule_link("P-19"),
        }
    }

    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("Your account is locked");
        pages::render(environment, "account_locked.jinja", frame, &head, self)
    }
}

fn locked_since(status: &Status) -> Option<NaiveDate> {
    if status.phase() == Some(Phase::Locked) { status.standing.locks_on() } else { None }
}

fn line(status: &Status) -> Option<Line> {
    let title = status.kind.title();
    match status.standing {
        Standing::Set { last_changed_on, expires_on, phase: Phase::Locked, .. } => Some(Line {
            title,
            last_changed: pages::date(last_changed_on),
            expired: pages::date(expires_on),
        }),
        Standing::NotSet | Standing::Set { .. } => None,
    }
}
