//! What is scheduled for a holder, with dates, if he does nothing.

use chrono::NaiveDate;
use domain::expiry::{Scheduled, What};
use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::paths;

/// What is to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedule {
    entries: Vec<Entry>,
    passcodes: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Entry {
    on: String,
    what: String,
}

impl Schedule {
    /// What is to come, by day, as the domain orders it.
    #[must_use]
    pub fn new(scheduled: &[Scheduled]) -> Self {
        let mut all: Vec<(NaiveDate, What, Vec<&str>)> = Vec::new();
        for one in scheduled {
            match all.last_mut() {
                Some((on, what, words)) if (*on, *what) == (one.on, one.what) => {
                    words.push(one.kind.words());
                }
                Some(_) | None => all.push((one.on, one.what, vec![one.kind.words()])),
            }
        }
        let entries = all.iter().map(|(on, what, words)| Entry {
            on: pages::date(*on),
            what: sentence(*what, &words.join(" and your ")),
        });
        Self { entries: entries.collect(), passcodes: paths::PASSCODES }
    }

    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("What is scheduled for you");
        pages::render(environment, "schedule.jinja", frame, &head, self)
    }
}

fn sentence(what: What, words: &str) -> String {
    match what {
        What::AlertsBegin => format!(
            "From this day we remind you every day, by email and when you log in, to change your {words}."
        ),
        What::Expires => format!(
            "Deadline for your {words}: from this day you have to change it when you log in, before anything else. An email tells you."
        ),
        What::LockAnnounced => format!(
            "An email reminds you that your account will be locked if you do not change your {words}."
        ),
        What::AccountLocks => {
            format!("Your account is locked if you have not changed your {words}.")
        }
        What::Lapses => {
            format!("Your {words} counts as not set if you have not changed it.")
        }
    }
}
