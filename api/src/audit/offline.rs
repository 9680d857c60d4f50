//! Reading an export: its lines are events again.

use std::io::BufRead;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::ids::{EventId, HolderId};
use serde::Deserialize;
use serde_json::value::RawValue;
use stores::event_store::{Position, Recorded, Revision, StreamName};
use uuid::Uuid;

use super::story::Story;
use crate::export::LOGON_CHECKED;

/// The longest line that is read, in bytes: an event has at most 60 kB.
const LINE_BYTES_MAX: u64 = 256 * 1024;

/// What is needed of a line.
#[derive(Deserialize)]
struct Line {
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    recordedat: DateTime<Utc>,
    #[serde(default)]
    revision: u64,
    #[serde(default)]
    position: u64,
    #[serde(default)]
    schema: u16,
    data: Box<RawValue>,
}

/// What an export tells of a holder as of an instant; and when its last event was recorded, after
/// which it knows nothing.
///
/// # Errors
/// If it cannot be read, or has an event of his that this build does not know.
pub fn story(
    export: impl BufRead,
    holder: HolderId,
    at: DateTime<Utc>,
) -> anyhow::Result<(Story, DateTime<Utc>)> {
    let (mut story, mut ends) = (Story::of(holder, at), DateTime::<Utc>::MIN_UTC);
    each(export, |recorded| {
        ends = ends.max(recorded.at);
        story.add(&recorded)
    })?;
    Ok((story, ends))
}

/// When the last event of an export was recorded.
///
/// # Errors
/// If it cannot be read, or has none.
pub fn ends(export: impl BufRead) -> anyhow::Result<DateTime<Utc>> {
    let mut ends = None;
    each(export, |recorded| {
        ends = ends.max(Some(recorded.at));
        Ok(())
    })?;
    ends.context("the export has no event")
}

/// The events of an export, one after the other.
fn each(
    mut export: impl BufRead,
    mut tell: impl FnMut(Recorded) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut line, mut number) = (String::new(), 0_u64);
    loop {
        line.clear();
        number += 1;
        let n_bytes = std::io::Read::take(&mut export, LINE_BYTES_MAX).read_line(&mut line)?;
        if n_bytes == 0 {
            return Ok(());
        }
        let event = event(&line).with_context(|| format!("line {number} of the export"))?;
        if let Some(event) = event {
            tell(event)?;
        }
    }
}

/// A line as the event that it was made from, as far as the export has it; `None` for a logon check.
fn event(line: &str) -> anyhow::Result<Option<Recorded>> {
    let line: Line = serde_json::from_str(line)?;
    if line.kind == LOGON_CHECKED {
        return Ok(None);
    }
    let stream: StreamName = line.subject.parse()?;
    Ok(Some(Recorded {
        id: EventId(line.id),
        stream,
        revision: Revision(line.revision),
        position: Position(line.position),
        kind: line.kind,
        schema: line.schema,
        at: line.recordedat,
        data: line.data.get().as_bytes().to_vec(),
        meta: b"{}".to_vec(),
    }))
}
