//! Demo only: the time machine.

use pages::{Environment, Error, FieldError, Frame, Head};
use serde::Serialize;

use super::{Progress, paths};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeMachine {
    /// Date and time as the demonstration's people see it ([`pages::date_and_time`]).
    pub now: String,
    /// The real date and time.
    pub real_now: String,
    /// When something happens next; none if nothing is planned.
    pub next: Option<String>,
    /// What is planned for the people, the next first.
    pub planned: Vec<Planned>,
    /// Whether the clock can be moved.
    pub state: State,
    /// The move before.
    pub last: Option<LastMove>,
    /// The time of day at which a move by days ends ([`pages::time`]).
    pub morning: String,
    /// The most days of one move.
    pub days_max: i64,
    /// A date as it is entered ("3 1 2027").
    pub example: String,
    /// The form as it was sent.
    pub sent: Sent,
    /// What is wrong with the date.
    pub fault: Option<String>,
}

/// Something that is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The day ([`pages::date`]).
    pub on: String,
    /// For whom.
    pub holder: String,
    /// What, in a few words.
    pub what: String,
}

/// Whether the clock can be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It can.
    Ready,
    /// The people are living their lives so far.
    BeingMade(Progress),
    /// It is being moved, to this instant ([`pages::date_and_time`]).
    Moving {
        /// Where it is going.
        to: String,
        /// How often something was due so far.
        stops: u32,
    },
}

/// The move before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastMove {
    /// Where it began.
    pub from: String,
    /// Where it was to end.
    pub to: String,
    /// How often something was due in between.
    pub stops: u32,
    /// True if the service was off.
    pub off: bool,
    /// Why it stopped before its end, if it did.
    pub problem: Option<String>,
}

/// The form as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// True if the service is to be off.
    pub off: bool,
    /// The field for the day.
    pub day: String,
    /// The field for the month.
    pub month: String,
    /// The field for the year.
    pub year: String,
}

#[derive(Serialize)]
struct Page<'a> {
    now: &'a str,
    real_now: &'a str,
    next: Option<&'a str>,
    planned: &'a [Planned],
    ready: bool,
    progress: Option<Progress>,
    moving_to: Option<&'a str>,
    stops: u32,
    last: Option<&'a LastMove>,
    morning: &'a str,
    days_max: i64,
    example: &'a str,
    sent: &'a Sent,
    fault: Option<&'a str>,
    action: &'static str,
    check_again: &'static str,
    drawer: &'static str,
    mailbox: &'static str,
}

/// Id of the date's first field.
const DAY_FIELD: &str = "on-day";

impl TimeMachine {
    /// The page as HTML.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let (progress, moving) = match &self.state {
            State::Ready => (None, None),
            State::BeingMade(progress) => (Some(*progress), None),
            State::Moving { to, stops } => (None, Some((to.as_str(), *stops))),
        };
        let page = Page {
            now: &self.now,
            real_now: &self.real_now,
            next: self.next.as_deref(),
            planned: &self.planned,
            ready: self.state == State::Ready,
            progress,
            moving_to: moving.map(|(to, _)| to),
            stops: moving.map_or(0, |(_, stops)| stops),
            last: self.last.as_ref(),
            morning: &self.morning,
            days_max: self.days_max,
            example: &self.example,
            sent: &self.sent,
            fault: self.fault.as_deref(),
            action: paths::DEMO_TIME,
            check_again: paths::DEMO_TIME,
            drawer: paths::DEMO,
            mailbox: paths::DEMO_MAILBOX,
        };
        let fault = self.fault.iter();
        let errors =
            fault.map(|text| FieldError { href: format!("#{DAY_FIELD}"), text: text.clone() });
        let head = Head::new("Time machine").with_errors(errors.collect());
        pages::render(environment, "time_machine.jinja", frame, &head, &page)
    }
}
