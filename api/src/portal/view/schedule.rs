//! What is scheduled for a holder, with dates, if he does nothing.

use chrono::NaiveDate;
use domain::{
    certificate::{Phase, Standing},
    expiry::{Scheduled, What},
};
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
    #[serde(skip)]
    day: NaiveDate,
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
        let entries = all
            .iter()
            .map(|(on, what, words)| Entry::new(*on, sentence(*what, &words.join(" and your "))));
        Self { entries: entries.collect(), passcodes: paths::PASSCODES }
    }

    /// With what is to come of certificates that stand like this (C-05 to C-07, B-52).
    #[must_use]
    pub fn with_certificates(mut self, standing: &Standing, today: NaiveDate) -> Self {
        let (reminded, forced) = if standing.ra_required {
            (
                "From this day we remind you every day, by email and when you log in, that your registration authority has to renew your certificates.",
                "Your certificates expire in 20 days. Only your registration authority can renew them.",
            )
        } else {
            (
                "From this day you can renew your certificates. We remind you every day, by email and when you log in.",
                "From this day you have to renew your certificates when you log in, before anything else.",
            )
        };
        let ends = match standing.phase {
            Phase::Quiet | Phase::Alert | Phase::Forced => vec![
                (standing.opens_on, reminded),
                (standing.forced_on, forced),
                (
                    standing.expires_on,
                    "Your certificates expire. After that you cannot log in, and only your registration authority can renew them.",
                ),
            ],
            Phase::Expired | Phase::Suspended | Phase::Revoked => Vec::new(),
        };
        let to_come = ends.into_iter().filter(|(on, _)| today <= *on);
        self.entries.extend(to_come.map(|(on, what)| Entry::new(on, what.to_owned())));
        self.entries.sort_by_key(|entry| entry.day);
        self
    }

    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let head = Head::new("What is scheduled for you");
        pages::render(environment, "schedule.jinja", frame, &head, self)
    }
}

impl Entry {
    fn new(day: NaiveDate, what: String) -> Self {
        Self { day, on: pages::date(day), what }
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
