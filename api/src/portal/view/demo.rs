//! Demo only: the card drawer. Its reader and cards are stand-ins, and the page says so.

pub mod mailbox;
pub mod time_machine;

use pages::{Environment, Error, Frame, Head};
use serde::Serialize;

use super::{passcodes::StatusLine, paths};

/// The drawer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawer {
    /// One card for each demo holder.
    pub cards: Vec<DemoCard>,
    /// Cards that are in no story.
    pub others: Vec<OtherCard>,
    /// How far personalisation is.
    pub progress: Progress,
    /// Why it stopped, if it did.
    pub problem: Option<String>,
    /// Date and time as the demonstration's people see it ([`pages::date_and_time`]).
    pub now: String,
}

/// How many cards have been personalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Cards that are ready.
    pub ready: usize,
    /// All cards.
    pub total: usize,
    /// True if every card is ready.
    pub complete: bool,
}

/// A demo holder's card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoCard {
    /// What field `card` is sent as.
    pub id: String,
    /// The holder's name, made up.
    pub holder: String,
    /// What is interesting about him, in a sentence.
    pub story: String,
    /// The card's serial number, once it has one.
    pub serial: Option<String>,
    /// The card profile ("guide: 4 to 8 characters").
    pub profile: String,
    /// His passcodes, all three.
    pub passcodes: Vec<DemoPasscode>,
    /// his security questions and what he answers; empty if he has not registered.
    pub answers: Vec<DemoAnswer>,
    /// Where it is.
    pub place: Place,
}

/// A card that is in no story: blank, or made somebody's at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherCard {
    /// What field `card` is sent as.
    pub id: String,
    /// Its serial number.
    pub serial: String,
    /// Whose it is; none while it is blank.
    pub holder: Option<String>,
    /// Where it is.
    pub place: Place,
}

/// A passcode of a demo holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoPasscode {
    /// How it stands today.
    pub line: StatusLine,
    /// What it is, as far as we know: a public value of the demonstration.
    pub value: Option<String>,
    /// True if it has been changed since.
    pub changed: bool,
    /// True if its holder does not know it any more.
    pub forgotten: bool,
    /// How many days ago it was set; none if it is not.
    pub age: Option<i64>,
}

/// A security question of a demo holder, and what he answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoAnswer {
    /// Its words.
    pub question: String,
    /// A public value of the demonstration; none if it has been changed since.
    pub answer: Option<String>,
}

/// Where a demo card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Its holder has not yet lived his life so far.
    BeingMade,
    /// In the drawer.
    Drawer,
    /// In the virtual reader.
    Reader,
    /// In the desk's second one.
    SecondReader,
}

impl Progress {
    /// So many of so many.
    #[must_use]
    pub fn new(ready: usize, total: usize) -> Self {
        Self { ready, total, complete: ready == total }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    cards: &'a [DemoCard],
    others: &'a [OtherCard],
    progress: Progress,
    problem: Option<&'a str>,
    now: &'a str,
    insert: &'static str,
    remove: &'static str,
    blank: &'static str,
    log_in: &'static str,
    unlock: &'static str,
    check_again: &'static str,
    time_machine: &'static str,
    mailbox: &'static str,
    inserted: Option<&'a str>,
}

impl Drawer {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let inserted = self.cards.iter().find(|card| card.place == Place::Reader);
        let page = Page {
            cards: &self.cards,
            others: &self.others,
            progress: self.progress,
            problem: self.problem.as_deref(),
            now: &self.now,
            insert: paths::DEMO_INSERT,
            remove: paths::DEMO_REMOVE,
            blank: paths::DEMO_BLANK,
            log_in: paths::LOG_IN,
            unlock: paths::UNLOCK,
            check_again: paths::DEMO,
            time_machine: paths::DEMO_TIME,
            mailbox: paths::DEMO_MAILBOX,
            inserted: inserted.map(|card| card.holder.as_str()),
        };
        pages::render(environment, "demo.jinja", frame, &Head::new("Card drawer"), &page)
    }
}
