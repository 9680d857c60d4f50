//! Events for others to read: CloudEvents 1.0, one JSON object a line.
//!
//! `subject` is the stream, `time` when the thing held (a lock holds from a midnight on, however
//! late it was recorded), `data` the bytes of the log: every fact that the rule used.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::{calendar, policy::Policies};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use stores::event_store::Recorded;

/// Where the events come from.
const SOURCE: &str = "latchkey";

/// A CloudEvent. Extension attributes have lower-case names without anything between words.
#[derive(Serialize)]
struct Line<'a> {
    specversion: &'static str,
    id: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    recordedat: String,
    revision: u64,
    position: u64,
    schema: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policyversion: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tzdb: Option<String>,
    data: &'a RawValue,
}

/// What is taken from `meta`; not every event has all of it.
#[derive(Default, Deserialize)]
struct Meta {
    #[serde(rename = "$correlationId")]
    correlation: Option<String>,
    #[serde(rename = "$causationId")]
    causation: Option<String>,
    actor: Option<Value>,
    policy: Option<u32>,
    rules: Option<Vec<String>>,
    tzdb: Option<String>,
}

/// An event as a line, its end included.
///
/// # Errors
/// If the event is not JSON.
pub fn line(recorded: &Recorded, policies: &Policies) -> anyhow::Result<Vec<u8>> {
    let data: &RawValue = serde_json::from_slice(&recorded.data).context("data is not JSON")?;
    let meta: Meta = serde_json::from_slice(&recorded.meta).context("meta is not JSON")?;
    let actor = meta.actor.and_then(|actor| Some(actor.get("by")?.as_str()?.to_owned()));
    let line = Line {
        specversion: "1.0",
        id: recorded.id.0.to_string(),
        source: SOURCE,
        kind: &recorded.kind,
        subject: recorded.stream.as_str(),
        time: text(held_at(recorded, policies)),
        datacontenttype: "application/json",
        recordedat: text(recorded.at),
        revision: recorded.revision.0,
        position: recorded.position.0,
        schema: recorded.schema,
        correlationid: meta.correlation,
        causationid: meta.causation,
        actor,
        policyversion: meta.policy,
        rules: meta.rules.filter(|rules| !rules.is_empty()).map(|rules| rules.join(" ")),
        tzdb: meta.tzdb,
        data,
    };
    let mut line = serde_json::to_vec(&line)?;
    line.push(b'\n');
    Ok(line)
}

/// When it held: what says from which day it is in effect held from the beginning of that day.
fn held_at(recorded: &Recorded, policies: &Policies) -> DateTime<Utc> {
    #[derive(Deserialize)]
    struct Effect {
        effective_from: NaiveDate,
    }
    let effect: Result<Effect, _> = serde_json::from_slice(&recorded.data);
    effect.map_or(recorded.at, |effect| calendar::start_of(effect.effective_from, policies.zone()))
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use domain::ids::EventId;
    use stores::event_store::{Position, Revision};
    use uuid::Uuid;

    use super::*;

    fn exported(kind: &str, data: &str) -> Value {
        let recorded = Recorded {
            id: EventId(Uuid::from_u128(1)),
            stream: "holder-1".parse().unwrap(),
            revision: Revision(4),
            position: Position(9),
            kind: kind.to_owned(),
            schema: 1,
            at: "2026-04-03T07:00:00Z".parse().unwrap(),
            data: data.as_bytes().to_vec(),
            meta: br#"{"$correlationId":"c","actor":{"by":"system"},"policy":1,"rules":["P-18","B-08"]}"#
                .to_vec(),
        };
        let line = line(&recorded, &Policies::seed()).unwrap();
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn b08_a_lock_is_exported_with_the_instant_from_which_it_held_and_when_it_was_recorded() {
        let line = exported("AccountLocked", r#"{"effective_from":"2026-03-31"}"#);
        assert_eq!(line["time"], "2026-03-30T23:00:00.000000Z");
        assert_eq!(line["recordedat"], "2026-04-03T07:00:00.000000Z");
    }

    #[test]
    fn an_event_is_exported_as_a_cloud_event_with_the_bytes_of_the_log() {
        let line = exported("PasscodeSet", r#"{"kind":"smartcard"}"#);
        assert_eq!((&line["specversion"], &line["subject"]), (&"1.0".into(), &"holder-1".into()));
        assert_eq!(line["time"], line["recordedat"]);
        assert_eq!(line["data"]["kind"], "smartcard");
        assert_eq!((&line["actor"], &line["rules"]), (&"system".into(), &"P-18 B-08".into()));
    }
}
