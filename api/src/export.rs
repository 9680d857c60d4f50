//! Events for others to read: CloudEvents 1.0, one JSON object a line.
//!
//! `subject` is the stream, `time` when the thing held (a lock holds from a midnight on, however
//! late it was recorded), `data` the bytes of the log: every fact that the rule used.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::{calendar, policy::Policies};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use stores::{
    event_store::{Recorded, StreamName},
    logon::Logon,
};

/// Where the events come from.
const SOURCE: &str = "latchkey";

/// The type of a logon check (A-01), which is no event of the log: it has no place in it.
pub const LOGON_CHECKED: &str = "LogonChecked";

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
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
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
        revision: Some(recorded.revision.0),
        position: Some(recorded.position.0),
        schema: recorded.schema,
        correlationid: meta.correlation,
        causationid: meta.causation,
        actor,
        policyversion: meta.policy,
        rules: meta.rules.filter(|rules| !rules.is_empty()).map(|rules| rules.join(" ")),
        tzdb: meta.tzdb,
        data,
    };
    ended(&line)
}

/// What is told of a logon check beside its holder and its time.
#[derive(Serialize)]
struct Checked<'a> {
    card: &'a str,
    due: &'a RawValue,
    reader: &'a str,
    verdict: &'a str,
    workstation: &'a str,
}

/// A logon check as a line, its end included. It has no place in the log, and its type is its own.
///
/// # Errors
/// If what was due is not JSON.
pub fn logon_line(logon: &Logon) -> anyhow::Result<Vec<u8>> {
    let checked = Checked {
        card: logon.card.as_str(),
        due: serde_json::from_str(&logon.due).context("what was due is not JSON")?,
        reader: &logon.reader,
        verdict: &logon.verdict,
        workstation: &logon.workstation,
    };
    let data = serde_json::value::to_raw_value(&checked)?;
    let subject = StreamName::holder(logon.holder);
    ended(&Line {
        specversion: "1.0",
        id: logon.logon_id.to_string(),
        source: SOURCE,
        kind: LOGON_CHECKED,
        subject: subject.as_str(),
        time: text(logon.at),
        datacontenttype: "application/json",
        recordedat: text(logon.at),
        revision: None,
        position: None,
        schema: 1,
        correlationid: None,
        causationid: None,
        actor: None,
        policyversion: None,
        rules: Some("A-01".to_owned()),
        tzdb: None,
        data: &data,
    })
}

fn ended(line: &Line<'_>) -> anyhow::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(line)?;
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
    use domain::ids::{EventId, HolderId};
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
    fn a01_a_logon_check_is_exported_as_an_event_of_its_own_type_without_a_place_in_the_log() {
        let line = logon_line(&Logon {
            logon_id: Uuid::from_u128(3),
            holder: HolderId(Uuid::from_u128(1)),
            card: "0A".parse().unwrap(),
            at: "2026-04-03T07:00:00Z".parse().unwrap(),
            workstation: "ward 3".to_owned(),
            reader: "Reader".to_owned(),
            verdict: "full".to_owned(),
            due: "[]".to_owned(),
        });
        let line: Value = serde_json::from_slice(&line.unwrap()).unwrap();
        assert_eq!(line["type"], "LogonChecked");
        assert_eq!(line["subject"], "holder-00000000-0000-0000-0000-000000000001");
        assert_eq!((&line["data"]["verdict"], &line["position"]), (&"full".into(), &Value::Null));
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
