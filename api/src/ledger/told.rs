//! Everything that happened, as a holder reads it: the events of his stream and his log-ins, which
//! are rows of their own table (three a day and holder would drown the log), in one list by time.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use projections::Entry;
use stores::{event_store::Revision, logon::Logon, session::Session};
use uuid::Uuid;

use super::ENTRIES_MAX;
use crate::{app::App, not_me};

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
    /// B-57: what the holder names it by if he says that it was not he; `None` of what he or Latchkey did
    /// here.
    pub not_me: Option<not_me::Line>,
}

/// One page, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next page starts; `None` if there is none.
    pub older: Option<Place>,
}

/// Up to `limit` lines, those before `place`, as the holder reads them in this session.
///
/// # Errors
/// If a store fails, or the projections are behind for too long.
pub async fn page(app: &App, session: &Session, place: Place, limit: u32) -> anyhow::Result<Page> {
    let (holder, here) = (session.holder, workstation(app, session).await?);
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
            page.lines.push(of_log_in(&log_in, here.as_deref()));
        } else {
            let Some(event) = events.next() else { break };
            end.event = Some(event.revision);
            page.lines.push(of_event(event));
        }
    }
    let more = events.peek().is_some() || log_ins.peek().is_some();
    page.older = more.then_some(end);
    Ok(page)
}

/// One line; `None` if there is none, or it is none of which the holder can say that it was not he.
///
/// # Errors
/// As [`page`].
pub async fn one(app: &App, session: &Session, line: not_me::Line) -> anyhow::Result<Option<Line>> {
    let found = match line {
        not_me::Line::Event(revision) => {
            app.catch_up().await?;
            let before = Some(Revision(revision.0.saturating_add(1)));
            let newest = app.projections().ledger(session.holder, before, 1).await?;
            newest.into_iter().find(|entry| entry.revision == revision).map(of_event)
        }
        not_me::Line::LogIn(id) => {
            let found = app.stores().logons.find(session.holder, id).await?;
            let here = workstation(app, session).await?;
            found.map(|log_in| of_log_in(&log_in, here.as_deref()))
        }
    };
    Ok(found.filter(|found| found.not_me == Some(line)))
}

/// Where this session is; `None` if its card software is not there any more.
///
/// # Errors
/// If the table of connections cannot be read.
pub async fn workstation(app: &App, session: &Session) -> anyhow::Result<Option<String>> {
    Ok(app.agents().agent(session.agent).await?.map(|agent| agent.workstation))
}

fn of_event(event: Entry) -> Line {
    let by_others = !["holder", "system"].contains(&event.actor.as_str());
    // Who has only looked has done nothing that could be stopped.
    let is_act = by_others && event.kind != "RecordViewed" && event.kind != "NotMeReported";
    Line {
        at: event.at,
        sentence: event.sentence,
        by: who(&event.actor).to_owned(),
        not_me: is_act.then_some(not_me::Line::Event(event.revision)),
    }
}

fn of_log_in(log_in: &Logon, here: Option<&str>) -> Line {
    let sentence = match log_in.verdict.as_str() {
        "locked" => "You could not log in because your account is locked",
        "restricted" => "You logged in, to renew what is overdue",
        _ => "You logged in",
    };
    let is_elsewhere = here != Some(log_in.workstation.as_str());
    let sentence = if is_elsewhere {
        format!("{sentence}, at workstation {}", log_in.workstation)
    } else {
        sentence.to_owned()
    };
    let not_me = is_elsewhere.then_some(not_me::Line::LogIn(log_in.logon_id));
    Line { at: log_in.at, sentence, by: who("holder").to_owned(), not_me }
}

/// Who did it, as the holder reads it.
fn who(actor: &str) -> &str {
    match actor {
        "holder" => "you, with your smartcard",
        "somebody" => "whoever was at the card reader",
        "registration_authority" | "staff" => "your registration authority",
        "telephone_service" => "a telephone service",
        "operator" => "whoever runs Latchkey",
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
        for actor in [Actor::Holder, Actor::Somebody, Actor::Operator, authority, Actor::System] {
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

    fn entry(kind: &str, actor: &str) -> Entry {
        Entry {
            at: DateTime::from_timestamp_micros(17).unwrap(),
            sentence: "Something was done".to_owned(),
            kind: kind.to_owned(),
            revision: Revision(7),
            position: stores::event_store::Position(9),
            actor: actor.to_owned(),
        }
    }

    #[test]
    fn b57_this_was_not_me_can_be_said_of_what_others_did_and_of_a_log_in_elsewhere() {
        let line = not_me::Line::Event(Revision(7));
        assert_eq!(line.to_string().parse(), Ok(line));
        for actor in ["staff", "registration_authority", "telephone_service", "somebody"] {
            let act = of_event(entry("CertificatesSuspended", actor));
            assert_eq!(act.not_me, Some(line), "{actor}");
            assert_eq!(of_event(entry("RecordViewed", actor)).not_me, None, "{actor}");
        }
        for actor in ["holder", "system"] {
            assert_eq!(of_event(entry("CertificatesSuspended", actor)).not_me, None, "{actor}");
        }
        let log_in = Logon {
            logon_id: Uuid::from_u128(5),
            holder: domain::ids::HolderId(Uuid::from_u128(1)),
            card: "0A01".parse().unwrap(),
            at: DateTime::from_timestamp_micros(17).unwrap(),
            workstation: "ward 3".to_owned(),
            reader: "Reader 1".to_owned(),
            verdict: "full".to_owned(),
            due: "{}".to_owned(),
        };
        let here = of_log_in(&log_in, Some("ward 3"));
        assert_eq!((here.sentence.as_str(), here.not_me), ("You logged in", None));
        let elsewhere = of_log_in(&log_in, Some("ward 4"));
        assert_eq!(elsewhere.sentence, "You logged in, at workstation ward 3");
        let line = elsewhere.not_me.unwrap();
        assert_eq!(line.to_string().parse(), Ok(line));
        for text in ["", "event-", "event-x", "log-in-", "log-in-7", "7"] {
            assert_eq!(text.parse::<not_me::Line>(), Err(not_me::NotALine), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "1", "1.2", "1.2.3", "x..", "-1..", "1...", "1.2.x", "..x", "1.x."] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }
}
