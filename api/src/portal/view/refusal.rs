//! How a page shows that a rule says no: which rule, why, what the facts are, until when, and what
//! to do instead. The same five things are in the API's problems.

use chrono::{DateTime, Utc};
use domain::refusal::{self, FactValue};
use pages::Link;
use serde::Serialize;

use super::paths;
use crate::required::Required;

/// A refusal in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalView {
    /// The rule ("P-19"), as a link to its page.
    pub rule: Option<Link>,
    /// One sentence.
    pub why: String,
    /// What the answer was made from.
    pub facts: Vec<Fact>,
    /// The day on which the answer changes by itself ("31 March 2026").
    pub changes_on: Option<String>,
    /// What the holder can do, in a sentence.
    pub way_out: String,
}

/// One fact behind a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is ("Last changed").
    pub name: String,
    /// Its value ("10 March 2025").
    pub value: String,
}

impl From<&domain::refusal::Refusal> for RefusalView {
    fn from(refusal: &domain::refusal::Refusal) -> Self {
        let at = refusal.changes_at().map(pages::minute_from).map(in_utc);
        Self {
            rule: Some(rule_link(refusal.rule().as_str())),
            why: refusal.why(),
            facts: refusal.facts().into_iter().filter_map(Fact::beside).collect(),
            changes_on: at.or(refusal.changes_on().map(pages::date)),
            way_out: refusal.way_out().to_owned(),
        }
    }
}

impl Fact {
    /// In words; none of the day or instant at which the answer changes, which has a line of its own.
    fn beside(fact: refusal::Fact) -> Option<Self> {
        let value = match fact.value {
            FactValue::Words(words) => words,
            FactValue::Count(count) => count.to_string(),
            FactValue::Day(_) if fact.name == "opens_on" => return None,
            FactValue::Day(day) => pages::date(day),
            FactValue::At(_) => return None,
        };
        let mut name = fact.name.replace('_', " ");
        name[..1].make_ascii_uppercase();
        Some(Self { name, value })
    }
}

/// Where nobody has said in whose zone.
fn in_utc(at: DateTime<Utc>) -> String {
    format!("{} UTC", pages::date_and_time(at, &Utc))
}

impl RefusalView {
    /// B-17: a session that has to change these passcodes first is refused something else.
    #[must_use]
    pub fn of_restricted(refusal: &domain::refusal::Refusal, required: &Required) -> Self {
        let facts = required.passcodes().iter().flat_map(|overdue| {
            let fact = |what: &str, day| Fact {
                name: format!("{} {what}", overdue.kind.title()),
                value: pages::date(day),
            };
            let mut facts = vec![fact("expired on", overdue.expired_on)];
            facts.extend(overdue.locks_on.map(|day| fact("has to be changed before", day)));
            facts.extend(overdue.lapses_on.map(|day| fact("counts as not set from", day)));
            facts
        });
        let certificates = required.certificates().into_iter().flat_map(|due| {
            let title = if due.unfinished {
                "Certificates whose renewal is not finished expire on"
            } else {
                "Certificates have to be renewed before"
            };
            [Fact { name: title.to_owned(), value: pages::date(due.expires_on) }]
        });
        Self { facts: facts.chain(certificates).collect(), ..Self::from(refusal) }
    }
}

/// "rule P-19", linked.
#[must_use]
pub fn rule_link(id: &str) -> Link {
    Link::new(paths::rule(id), format!("rule {id}"))
}
