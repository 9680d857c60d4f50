//! P-17, B-17: what has to be changed before anything else, on its own page after log-in and on
//! Home.

use chrono::NaiveDate;
use domain::passcode::Kind;
use pages::{Environment, Error, Frame, Head, Link};
use serde::Serialize;

use super::{help::Topic, paths};
use crate::required::{Overdue, Required};

/// What a restricted session has to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renewal {
    title: &'static str,
    items: Vec<Item>,
    /// P-16: where *Change … now* leads.
    change: &'static str,
    button: &'static str,
    help: Link,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Item {
    title: &'static str,
    expired: String,
    /// What has to be done, and until when.
    what_to_do: String,
}

impl Renewal {
    /// What has to be changed, as it stands today.
    #[must_use]
    pub fn new(required: &Required, today: NaiveDate) -> Self {
        let items: Vec<_> =
            required.passcodes().iter().map(|overdue| Item::new(overdue, today)).collect();
        let (title, button) = match items.as_slice() {
            [_one] => ("You have to change your passcode", "Change your passcode now"),
            _several => ("You have to change your passcodes", "Change your passcodes now"),
        };
        let help = Topic::PasscodeExpired.link();
        Self { title, items, change: paths::PASSCODES_DUE, button, help }
    }

    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        pages::render(environment, "renewal.jinja", frame, &Head::new(self.title), self)
    }
}

impl Item {
    fn new(overdue: &Overdue, today: NaiveDate) -> Self {
        Self {
            title: overdue.kind.title(),
            expired: pages::date(overdue.expired_on),
            what_to_do: what_to_do(overdue, today),
        }
    }
}

fn what_to_do(overdue: &Overdue, today: NaiveDate) -> String {
    let change = match overdue.kind {
        Kind::Smartcard => "Change it",
        Kind::AccountRecovery | Kind::Verification => "Change or remove it",
    };
    // B-10: if midnight has passed in this session, the change is accepted until it ends.
    match (overdue.locks_on, overdue.lapses_on) {
        (Some(locks_on), _) if locks_on <= today => {
            format!("{change} before you log out, or your account stays locked.")
        }
        (Some(locks_on), _) => {
            let day = pages::date(locks_on);
            format!("{change} before {day}, or your account will be locked.")
        }
        (None, Some(lapses_on)) if lapses_on <= today => {
            let day = pages::date(lapses_on);
            format!("It counts as not set from {day}. Set a new one, or log out and in again.")
        }
        (None, Some(lapses_on)) => {
            let day = pages::date(lapses_on);
            format!("{change}. If you do nothing, it counts as not set from {day}.")
        }
        (None, None) => format!("{change}."),
    }
}
