//! What somebody asks of the history, as it is typed or sent: every fault is named by its field.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{calendar, ids::CommandId, policy::Policies, refusal::RuleId};
use projections::{HistoryCursor, HistoryFilter};
use serde::{Deserialize, Serialize};
use stores::event_store::Position;
use utoipa::IntoParams;

/// The most characters of a type of event or of an actor.
const WORD_CHARACTERS_MAX: usize = 60;

/// What is asked for. Empty is the same as left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// About the holder with this id.
    #[param(nullable = false)]
    pub holder: Option<String>,
    /// About the card with this serial number.
    #[param(nullable = false)]
    pub card: Option<String>,
    /// Done by the member of staff with this id.
    #[param(nullable = false)]
    pub staff: Option<String>,
    /// Under this rule: `P-18`.
    #[param(nullable = false)]
    pub rule: Option<String>,
    /// Of the workflow run that this command began.
    #[param(nullable = false)]
    pub run: Option<String>,
    /// Of this type: `PasscodeSet`.
    #[param(nullable = false)]
    pub kind: Option<String>,
    /// Done by: `holder`, `staff`, `system`, `operator`.
    #[param(nullable = false)]
    pub actor: Option<String>,
    /// From this civil day, or this instant, on.
    #[param(nullable = false)]
    pub from: Option<String>,
    /// Until this civil day, with it; or before this instant.
    #[param(nullable = false)]
    pub to: Option<String>,
    /// What is older than this: `older` of the page before.
    #[param(nullable = false)]
    pub before: Option<String>,
    /// How many events, from 1 to 100; 20 if it is left out.
    #[param(nullable = false)]
    pub limit: Option<String>,
}

/// A field that cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which.
    pub field: &'static str,
    /// What it should be, in a sentence without full stop.
    pub message: &'static str,
}

/// What was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// What has to hold.
    pub filter: HistoryFilter,
    /// What is older than this.
    pub before: Option<HistoryCursor>,
    /// How many.
    pub limit: Option<u32>,
}

impl Question {
    /// What it says, days being those of the policies' zone; or all that is wrong with it.
    ///
    /// # Errors
    /// The fields that cannot be understood.
    pub fn understand(&self, policies: &Policies) -> Result<Understood, Vec<Fault>> {
        let mut reader = Reader(Vec::new());
        let filter = HistoryFilter {
            holder: reader
                .read(&self.holder, "holder", "The holder is an id", |text| text.parse().ok()),
            card: reader.read(&self.card, "card", "The card is a serial number", |text| {
                text.to_ascii_uppercase().parse().ok()
            }),
            staff: reader.read(&self.staff, "staff", "The member of staff is an id", |text| {
                text.parse().ok()
            }),
            rule: reader.read(&self.rule, "rule", "The rule is an id such as P-18", rule),
            run: reader.read(&self.run, "run", "The run is an id", |text| {
                text.parse().ok().map(CommandId)
            }),
            kind: reader.read(&self.kind, "kind", "The type is a word such as PasscodeSet", word),
            actor: reader.read(&self.actor, "actor", "The actor is a word such as holder", word),
            from: reader.read(
                &self.from,
                "from",
                "The beginning is a date such as 2026-03-02",
                |text| instant(text, policies, 0),
            ),
            to: reader.read(&self.to, "to", "The end is a date such as 2026-03-02", |text| {
                instant(text, policies, 1)
            }),
            except: None,
        };
        let before = reader.read(&self.before, "before", "This is no place to go on from", cursor);
        let limit = reader.read(&self.limit, "limit", "The limit goes from 1 to 100", |text| {
            text.parse().ok().filter(|limit| (1..=100).contains(limit))
        });
        if reader.0.is_empty() { Ok(Understood { filter, before, limit }) } else { Err(reader.0) }
    }
}

impl Question {
    /// What comes after the `?` of an address that asks the same; nothing in it needs to be escaped
    /// that was understood, and the rest is.
    #[must_use]
    pub fn query(&self) -> String {
        let fields = [
            ("holder", &self.holder),
            ("card", &self.card),
            ("staff", &self.staff),
            ("rule", &self.rule),
            ("run", &self.run),
            ("kind", &self.kind),
            ("actor", &self.actor),
            ("from", &self.from),
            ("to", &self.to),
            ("before", &self.before),
            ("limit", &self.limit),
        ];
        let given = fields.into_iter().filter_map(|(name, value)| {
            let value = value.as_deref().map(str::trim).filter(|value| !value.is_empty())?;
            Some(format!("{name}={}", escaped(value)))
        });
        given.collect::<Vec<_>>().join("&")
    }
}

/// RFC 3986 §2.1: everything but the unreserved characters.
fn escaped(text: &str) -> String {
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let escape = |byte| match byte {
        byte if unreserved(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Collects faults.
struct Reader(Vec<Fault>);

impl Reader {
    #[expect(clippy::ref_option, reason = "the field as it is")]
    fn read<T>(
        &mut self,
        text: &Option<String>,
        field: &'static str,
        message: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let value = parse(text);
        if value.is_none() {
            self.0.push(Fault { field, message });
        }
        value
    }
}

fn rule(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase();
    let known = domain::rules::find(&text).map(|rule| rule.id);
    known.map(RuleId::as_str).map(str::to_owned)
}

fn word(text: &str) -> Option<String> {
    let fits = text.len() <= WORD_CHARACTERS_MAX;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (fits && plain).then(|| text.to_owned())
}

/// An instant; or the first one of a civil day, so many days later.
fn instant(text: &str, policies: &Policies, later: u64) -> Option<DateTime<Utc>> {
    match text.parse::<NaiveDate>() {
        Ok(day) => day
            .checked_add_days(Days::new(later))
            .map(|day| calendar::start_of(day, policies.zone())),
        Err(_) => text.parse().ok(),
    }
}

fn cursor(text: &str) -> Option<HistoryCursor> {
    let (at, position) = text.split_once('.')?;
    Some(HistoryCursor { at: at.parse().ok()?, position: Position(position.parse().ok()?) })
}

/// A cursor in an address.
#[must_use]
pub fn cursor_text(cursor: HistoryCursor) -> String {
    format!("{}.{}", cursor.at, cursor.position.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(change: impl FnOnce(&mut Question)) -> Question {
        let mut question = Question::default();
        change(&mut question);
        question
    }

    #[test]
    fn b01_a_day_is_a_civil_day_and_until_a_day_means_with_it() {
        let question = asked(|question| {
            question.from = Some("2026-03-29".to_owned());
            question.to = Some("2026-03-29".to_owned());
        });
        let filter = question.understand(&Policies::seed()).unwrap().filter;
        assert_eq!(filter.from, "2026-03-29T00:00:00Z".parse().ok());
        assert_eq!(filter.to, "2026-03-29T23:00:00Z".parse().ok());
    }

    #[test]
    fn every_field_that_cannot_be_understood_is_named_and_empty_ones_are_left_out() {
        let question = asked(|question| {
            question.holder = Some("somebody".to_owned());
            question.card = Some("  ".to_owned());
            question.rule = Some("P-99".to_owned());
            question.kind = Some("PasscodeSet' or 1=1".to_owned());
            question.limit = Some("101".to_owned());
        });
        let faults = question.understand(&Policies::seed()).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["holder", "rule", "kind", "limit"]);
    }

    #[test]
    fn an_address_that_asks_the_same_is_escaped() {
        let question = asked(|question| {
            question.card = Some("  00A1 ".to_owned());
            question.from = Some("2026-03-02T10:00:00+01:00".to_owned());
            question.kind = Some(String::new());
        });
        assert_eq!(question.query(), "card=00A1&from=2026-03-02T10%3A00%3A00%2B01%3A00");
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let at = HistoryCursor { at: 1_767_225_600_000_000, position: Position(12) };
        let question = asked(|question| question.before = Some(cursor_text(at)));
        assert_eq!(question.understand(&Policies::seed()).unwrap().before, Some(at));
        let wrong = asked(|question| question.before = Some("12".to_owned()));
        assert!(wrong.understand(&Policies::seed()).is_err());
    }
}
