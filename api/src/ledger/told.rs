//! Everything that happened, as a holder reads it: the events of his stream and his log-ins, which
//! are rows of their own table (three a day and holder would drown the log), in one list by time.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use domain::ids::HolderId;
use stores::{event_store::Revision, logon::Logon};
use uuid::Uuid;

use super::ENTRIES_MAX;
use crate::app::App;

/// Where a page ends: the next one has what was before both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    event: Option<Revision>,
    log_in: Option<(DateTime<Utc>, Uuid)>,
}

/// Not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a ledger")]
pub struct NotAPlace;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// What, in a sentence without full stop.
    pub sentence: String,
    /// Who did it.
    pub by: String,
}

/// One page, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next page starts; `None` if there is none.
    pub older: Option<Place>,
}

/// Up to `limit` lines, those before `place`.
///
/// # Errors
/// If a store fails, or the projections are behind for too long.
pub async fn page(app: &App, holder: HolderId, place: Place, limit: u32) -> anyhow::Result<Page> {
    app.catch_up().await?;
    let limit = limit.min(ENTRIES_MAX);
    // One more of each than the page holds, so that it is known whether anything is left.
    let events = app.projections().ledger(holder, place.event, limit + 1).await?;
    let log_ins = app.stores().logons.of_holder(holder, place.log_in, limit + 1).await?;
    let (mut events, mut log_ins) = (events.into_iter().peekable(), log_ins.into_iter().peekable());
    let mut page = Page { lines: Vec::new(), older: None };
    let mut end = place;
    while page.lines.len() < limit as usize {
        let newer_log_in = match (events.peek(), log_ins.peek()) {
            (Some(event), Some(log_in)) => event.at < log_in.at,
            (None, Some(_)) => true,
            (Some(_) | None, None) => false,
        };
        if newer_log_in {
            let Some(log_in) = log_ins.next() else { break };
            end.log_in = Some((log_in.at, log_in.logon_id));
            page.lines.push(line(&log_in));
        } else {
            let Some(event) = events.next() else { break };
            end.event = Some(event.revision);
            let by = who(&event.actor).to_owned();
            page.lines.push(Line { at: event.at, sentence: event.sentence, by });
        }
    }
    let more = events.peek().is_some() || log_ins.peek().is_some();
    page.older = more.then_some(end);
    Ok(page)
}

fn line(log_in: &Logon) -> Line {
    let sentence = match log_in.verdict.as_str() {
        "locked" => "You could not log in because your account is locked",
        "restricted" => "You logged in, to renew what is overdue",
        _ => "You logged in",
    };
    Line { at: log_in.at, sentence: sentence.to_owned(), by: who("holder").to_owned() }
}

/// Who did it, as the holder reads it.
fn who(actor: &str) -> &str {
    match actor {
        "holder" => "you, with your smartcard",
        "somebody" => "whoever was at the card reader",
        "registration_authority" | "staff" => "your registration authority",
        "telephone_service" => "a telephone service",
        "system" => "Latchkey",
        other => other,
    }
}

/// `<revision>.<microseconds>.<id>`, each part empty where the page had none.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Revision(revision)) = self.event {
            write!(formatter, "{revision}")?;
        }
        formatter.write_str(".")?;
        match self.log_in {
            Some((at, id)) => write!(formatter, "{}.{id}", at.timestamp_micros()),
            None => formatter.write_str("."),
        }
    }
}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let mut parts = text.split('.');
        let (Some(revision), Some(micros), Some(id), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAPlace);
        };
        let event = match revision {
            "" => None,
            revision => Some(Revision(revision.parse().map_err(|_| NotAPlace)?)),
        };
        let log_in = match (micros, id) {
            ("", "") => None,
            (micros, id) => {
                let micros = micros.parse().map_err(|_| NotAPlace)?;
                let at = DateTime::from_timestamp_micros(micros).ok_or(NotAPlace)?;
                Some((at, id.parse().map_err(|_| NotAPlace)?))
            }
        };
        Ok(Self { event, log_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Actor;

    #[test]
    fn whoever_acted_is_named_as_one_would_to_the_holder() {
        let authority = Actor::RegistrationAuthority { token: Uuid::from_u128(7) };
        for actor in [Actor::Holder, Actor::Somebody, authority, Actor::System] {
            let written = serde_json::to_value(&actor).unwrap();
            let by = written["by"].as_str().unwrap();
            assert_ne!(who(by), by);
        }
    }

    #[test]
    fn a_place_is_read_back_as_it_was_written() {
        let log_in = Some((DateTime::from_timestamp_micros(17).unwrap(), Uuid::from_u128(5)));
        for event in [None, Some(Revision(12))] {
            for log_in in [None, log_in] {
                let place = Place { event, log_in };
                assert_eq!(place.to_string().parse(), Ok(place));
            }
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "1", "1.2", "1.2.3", "x..", "-1..", "1...", "1.2.x", "..x", "1.x."] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }
}
