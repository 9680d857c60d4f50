//! S-02, S-03, S-04: the Manage Passcodes tab. *Passcode Status*, and *Reset Passcodes* with all
//! its errors at once. What was typed is never put back into a field.

use chrono::NaiveDate;
use domain::{
    calendar::Phase,
    passcode::{
        Characters, Field, FieldFault, Guessable, Kind, Lengths, SmartcardRules, Standing, Status,
    },
};
use pages::{Environment, Error, FieldError, Frame, Head};
use serde::Serialize;

use super::paths;

/// The Manage Passcodes tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagePasscodes {
    /// S-02, one line a passcode.
    pub status: Vec<StatusLine>,
    /// P-10, P-12: characters of an account recovery or verification passcode.
    pub optional: Lengths,
    /// P-06 and the card's own rule, intersected.
    pub smartcard: SmartcardRules,
    /// The boxes that were ticked when the form was sent; fields are never kept.
    pub ticked: Ticked,
    /// B-28: everything that is wrong, in the order of the fields.
    pub faults: Vec<FieldFault>,
    /// P-02, P-23 and the like, each a sentence.
    pub advice: Vec<String>,
}

/// The boxes of the form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ticked {
    /// *Remove my account recovery passcode* (P-24).
    pub blank_account_recovery: bool,
    /// *Remove my verification passcode* (P-24).
    pub blank_verification: bool,
    /// *Change my smartcard passcode*.
    pub smartcard: bool,
}

/// S-02: one line of *Passcode Status*, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusLine {
    /// "Smartcard passcode".
    pub title: &'static str,
    /// "smartcard passcode".
    pub words: &'static str,
    /// P-04: false if there is none.
    pub set: bool,
    /// "10 March 2025"; none if it is not set.
    pub last_changed: Option<String>,
    /// "10 March 2026"; none if it is not set, or does not expire.
    pub expires: Option<String>,
    /// Days until it expires, 0 once it has; none if it is not set, or does not expire.
    pub days_left: Option<i64>,
    /// P-18: "31 March 2026", the day on which the account is locked; none if it is not set, or never
    /// locks it (B-21).
    pub locks: Option<String>,
    /// B-21: "31 March 2026", the day from which it counts as not set; none if it never does.
    pub lapses: Option<String>,
    /// "Due", in a tag.
    pub phase: &'static str,
    /// Colour of the tag; it says nothing that the word does not.
    pub colour: &'static str,
    /// What the phase asks of the holder; none if nothing.
    pub what_to_do: Option<String>,
}

impl From<&Status> for StatusLine {
    fn from(status: &Status) -> Self {
        let (title, words) = (status.kind.title(), status.kind.words());
        match status.standing {
            Standing::NotSet => Self {
                title,
                words,
                set: false,
                last_changed: None,
                expires: None,
                days_left: None,
                locks: None,
                lapses: None,
                phase: "Not set",
                colour: "grey",
                what_to_do: None,
            },
            Standing::Set {
                last_changed_on,
                expires_on,
                locks_on,
                lapses_on,
                days_left,
                phase,
            } => {
                let (name, colour) = tag(phase);
                // P-13: where policy lets none expire there are no days to tell.
                let ends = !status.standing.is_without_end();
                Self {
                    title,
                    words,
                    set: true,
                    last_changed: Some(pages::date(last_changed_on)),
                    expires: ends.then(|| pages::date(expires_on)),
                    days_left: ends.then_some(days_left.max(0)),
                    locks: locks_on.filter(|_| ends).map(pages::date),
                    lapses: lapses_on.filter(|_| ends).map(pages::date),
                    phase: name,
                    colour,
                    what_to_do: what_to_do(words, phase, lapses_on),
                }
            }
        }
    }
}

impl StatusLine {
    /// B-10: the same in a session that was opened before the account was locked, in which it can
    /// still be cured.
    #[must_use]
    pub fn curable(self, status: &Status) -> Self {
        let what_to_do = match status.phase() {
            Some(Phase::Locked) => Some(format!(
                "Your {} has expired. Change it before you log out: after that your account stays locked.",
                self.words
            )),
            None | Some(Phase::Current { .. } | Phase::Alert { .. } | Phase::Forced { .. }) => {
                self.what_to_do
            }
        };
        Self { what_to_do, ..self }
    }
}

/// P-14 to P-18 in one or two words, and a colour.
fn tag(phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Current { .. } => ("Up to date", "green"),
        Phase::Alert { .. } => ("Due", "yellow"),
        Phase::Forced { .. } => ("Expired", "red"),
        Phase::Locked => ("Account locked", "red"),
    }
}

/// P-14 to P-18, B-21 in a sentence.
fn what_to_do(words: &str, phase: Phase, lapses_on: Option<NaiveDate>) -> Option<String> {
    match phase {
        Phase::Current { .. } => None,
        Phase::Alert { days_left } => {
            Some(format!("Your {words} expires in {}. Change it now or later.", days(days_left)))
        }
        Phase::Forced { days_left } => Some(match lapses_on.map(pages::date) {
            Some(day) => format!(
                "Your {words} has expired. Change or remove it now: it counts as not set from {day}."
            ),
            None => format!(
                "Your {words} has expired. Change it now: in {} your account will be locked.",
                days(days_left)
            ),
        }),
        Phase::Locked => Some(format!(
            "Your account is locked because your {words} was not changed in time. Visit the registration authority of your organisation."
        )),
    }
}

/// "1 day", "14 days".
pub(super) fn days(n: i64) -> String {
    if n == 1 { "1 day".to_owned() } else { format!("{n} days") }
}

/// P-06 and the card's rule, as a hint that is read before anything is typed.
#[must_use]
pub fn smartcard_hint(rules: SmartcardRules) -> String {
    let length = range(rules.lengths);
    let hint = match rules.characters {
        Characters::Digits => format!("{length} digits, 0 to 9"),
        Characters::Printable => {
            format!("{length} characters: letters, numbers and symbols, without spaces")
        }
    };
    match rules.guessable {
        Guessable::Accept => hint,
        Guessable::Refuse => format!("{hint}, that are not easy to guess"),
    }
}

fn range(lengths: Lengths) -> String {
    if lengths.min == lengths.max {
        lengths.min.to_string()
    } else {
        format!("{} to {}", lengths.min, lengths.max)
    }
}

/// The id of *Change my smartcard passcode*.
const SMARTCARD_ID: &str = "smartcard";

#[derive(Serialize)]
struct Page<'a> {
    status: &'a [StatusLine],
    advice: &'a [String],
    action: &'static str,
    cancel: &'static str,
    optionals: [OptionalFields<'a>; 2],
    smartcard_id: &'static str,
    smartcard_hint: String,
    smartcard_ticked: bool,
    smartcard_due: Option<&'a str>,
    schedule: &'static str,
}

/// The fieldset of a passcode that may be blanked.
#[derive(Serialize)]
struct OptionalFields<'a> {
    title: &'static str,
    /// P-16: what its phase asks of the holder, if anything.
    due: Option<&'a str>,
    words: &'static str,
    hint: String,
    new: FieldView,
    confirm: FieldView,
    blank: FieldView,
    blank_ticked: bool,
}

/// A field's name, which is also its id, and its first error.
#[derive(Serialize)]
struct FieldView {
    id: &'static str,
    error: Option<String>,
}

impl ManagePasscodes {
    /// The page as HTML; the handler answers 422 with it if there are faults.
    pub fn render(&self, environment: &Environment<'_>, frame: &Frame) -> Result<String, Error> {
        let page = Page {
            status: &self.status,
            advice: &self.advice,
            action: paths::PASSCODES,
            cancel: paths::PASSCODES_CANCELLED,
            optionals: [
                OptionalFields {
                    title: Kind::AccountRecovery.title(),
                    due: self.due(Kind::AccountRecovery),
                    words: Kind::AccountRecovery.words(),
                    hint: self.optional_hint(),
                    new: self.field(Field::NewAccountRecovery),
                    confirm: self.field(Field::ConfirmAccountRecovery),
                    blank: self.field(Field::BlankAccountRecovery),
                    blank_ticked: self.ticked.blank_account_recovery,
                },
                OptionalFields {
                    title: Kind::Verification.title(),
                    due: self.due(Kind::Verification),
                    words: Kind::Verification.words(),
                    hint: self.optional_hint(),
                    new: self.field(Field::NewVerification),
                    confirm: self.field(Field::ConfirmVerification),
                    blank: self.field(Field::BlankVerification),
                    blank_ticked: self.ticked.blank_verification,
                },
            ],
            smartcard_id: SMARTCARD_ID,
            smartcard_due: self.due(Kind::Smartcard),
            schedule: paths::SCHEDULE,
            smartcard_hint: smartcard_hint(self.smartcard),
            smartcard_ticked: self.ticked.smartcard,
        };
        let head = Head::new("Manage Passcodes").with_errors(self.summary());
        pages::render(environment, "passcodes.jinja", frame, &head, &page)
    }

    fn optional_hint(&self) -> String {
        format!(
            "{} characters. Capital and small letters with numbers are harder to guess.",
            range(self.optional)
        )
    }

    /// P-16: what the phase of a kind asks of the holder.
    fn due(&self, kind: Kind) -> Option<&str> {
        let line = self.status.iter().find(|line| line.words == kind.words())?;
        line.what_to_do.as_deref()
    }

    fn field(&self, field: Field) -> FieldView {
        let fault = self.faults.iter().find(|fault| fault.field == field);
        FieldView { id: field.name(), error: fault.map(|fault| fault.message.clone()) }
    }

    /// A fault of the form as a whole leads to the first field that is due, or to the first field.
    fn summary(&self) -> Vec<FieldError> {
        let first_due = Kind::ALL.into_iter().find(|kind| self.due(*kind).is_some());
        let first = match first_due {
            Some(Kind::Smartcard) => SMARTCARD_ID,
            Some(Kind::Verification) => Field::NewVerification.name(),
            Some(Kind::AccountRecovery) | None => Field::NewAccountRecovery.name(),
        };
        let id = |field| match field {
            Field::Form => first,
            Field::NewAccountRecovery
            | Field::ConfirmAccountRecovery
            | Field::BlankAccountRecovery
            | Field::NewVerification
            | Field::ConfirmVerification
            | Field::BlankVerification => field.name(),
        };
        self.faults.iter().map(|fault| FieldError::new(id(fault.field), &fault.message)).collect()
    }
}
