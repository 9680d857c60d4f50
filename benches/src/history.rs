//! What a page of the auditors' history costs when the log has a million events: by each filter, and
//! by several of them, of which all but one are compared row by row.
//!
//! Stand-ins: the events, which are passcodes that were set, of made-up holders, by everybody in turn.

use std::{path::Path, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    holder::{HolderEvent, Origin},
    ids::{CommandId, EventId, HolderId, SecretRef},
    passcode::Kind,
};
use projections::{HistoryCursor, HistoryFilter, Projections};
use stores::event_store::{Position, Recorded, Revision, StreamName, canonical};
use uuid::Uuid;

use crate::figures::{Spread, Table, count};

/// Events of the log.
const EVENTS: u32 = 1_000_000;

/// Events that are applied together.
const BATCH: u32 = 256;

/// Holders who share them.
const HOLDERS: u32 = 100_000;

/// Pages of each kind that are read.
const PAGES: u32 = 300;

/// Events of a page.
const PAGE_EVENTS: u32 = 20;

/// Prints the figures.
pub(crate) async fn measure(table: &mut Table, folder: &Path) -> anyhow::Result<()> {
    table.next()?;
    let projections = Projections::open(&folder.join("history.db")).await?;
    let begun = Instant::now();
    for first in (0..EVENTS).step_by(usize::try_from(BATCH)?) {
        let numbers = first..(first + BATCH).min(EVENTS);
        projections.apply(&numbers.map(event).collect::<anyhow::Result<Vec<_>>>()?).await?;
    }
    let making = begun.elapsed().as_secs_f64();
    table.value("projections made of a million events", making, "s", count(EVENTS));
    for (name, filter) in filters() {
        table.next()?;
        let times = pages(&projections, &filter).await?;
        table.spread(
            &format!("a page of the history of a million events, {name}"),
            &Spread::of(times)?,
        );
    }
    Ok(())
}

fn filters() -> Vec<(&'static str, HistoryFilter)> {
    let text = |text: &str| Some(text.to_owned());
    let all = HistoryFilter::default;
    vec![
        ("all of it", all()),
        ("by holder", HistoryFilter { holder: Some(holder(7)), ..all() }),
        ("by rule", HistoryFilter { rule: text("P-21"), ..all() }),
        ("by a member of staff", HistoryFilter { staff: Some(staff()), ..all() }),
        ("by type", HistoryFilter { kind: text("PasscodeSet"), ..all() }),
        (
            "by rule, type and somebody who did nothing",
            HistoryFilter {
                rule: text("P-21"),
                kind: text("PasscodeSet"),
                actor: text("nobody"),
                ..all()
            },
        ),
        (
            "from the middle, by rule",
            HistoryFilter { rule: text("P-21"), to: Some(at(EVENTS / 2)), ..all() },
        ),
    ]
}

/// One page after the other, from the newest on, and from the newest again at the end.
async fn pages(
    projections: &Projections,
    filter: &HistoryFilter,
) -> anyhow::Result<Vec<std::time::Duration>> {
    let (mut times, mut before): (Vec<_>, Option<HistoryCursor>) = (Vec::new(), None);
    for _ in 0..PAGES {
        let begun = Instant::now();
        let page = projections.history(filter, before, PAGE_EVENTS).await?;
        times.push(begun.elapsed());
        before = page.older;
    }
    Ok(times)
}

fn holder(number: u32) -> HolderId {
    HolderId(Uuid::from_u64_pair(1, number.into()))
}

fn staff() -> HolderId {
    holder(HOLDERS)
}

fn at(number: u32) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::from(number) * 30)
}

fn event(number: u32) -> anyhow::Result<Recorded> {
    let command = CommandId(Uuid::from_u64_pair(3, number.into()));
    let at = at(number);
    let set = HolderEvent::PasscodeSet {
        kind: Kind::Smartcard,
        on: at.date_naive(),
        secret: SecretRef::derive(command, 0),
        origin: Origin::Change,
    };
    let by = match number % 3 {
        0 => serde_json::json!({ "by": "holder" }),
        1 => serde_json::json!({ "by": "system" }),
        _ => serde_json::json!({ "by": "staff", "holder": staff() }),
    };
    let meta = serde_json::json!({
        "$correlationId": command, "actor": by, "policy": 1, "rules": ["P-21", "P-22"],
    });
    let encoded = set.encode();
    Ok(Recorded {
        id: EventId::derive(command, 0),
        stream: StreamName::holder(holder(number % HOLDERS)),
        revision: Revision(u64::from(number / HOLDERS)),
        position: Position(u64::from(number) + 1),
        kind: encoded.kind.to_owned(),
        schema: encoded.schema,
        at,
        data: canonical(&encoded.data)?,
        meta: canonical(&meta)?,
    })
}
