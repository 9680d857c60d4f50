//! The auditor's questions at the console: an export page by page, and how somebody stood.

use chrono::{DateTime, Utc};
use domain::ids::HolderId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stores::event_store::Position;

use crate::{
    app::App,
    audit::{
        explain::Explained,
        export::{self, Cursor, End},
        state::AsOf,
        story::Story,
    },
};

/// A page of lines ends with the one that makes it as long as this, in bytes.
const PAGE_BYTES: usize = 96 * 1024;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Where an export begins and ends.
    Begin {
        /// It leaves out the events up to this one.
        after: Position,
    },
    /// A page of it.
    Lines {
        /// Where to go on.
        cursor: Cursor,
        /// Where it ends.
        end: End,
    },
    /// How a holder stood.
    AsOf {
        /// Who.
        holder: HolderId,
        /// When.
        at: DateTime<Utc>,
    },
    /// What would be refused to a holder.
    Explain {
        /// Who.
        holder: HolderId,
        /// When; now if it is left out.
        at: Option<DateTime<Utc>>,
    },
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Where it begins and ends.
    Begun {
        /// The beginning.
        cursor: Cursor,
        /// The end.
        end: End,
    },
    /// A page; without lines, the end.
    Lines {
        /// Each a JSON object.
        lines: Vec<Box<RawValue>>,
        /// Where to go on.
        cursor: Cursor,
    },
    /// A document, as canonical JSON.
    Document(Box<RawValue>),
}

/// Answers one.
///
/// # Errors
/// If something cannot be read.
pub async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    let log = &app.stores().log;
    Ok(match question {
        Question::Begin { after } => {
            let cursor = export::begin(log.as_ref(), after).await?;
            Reply::Begun { cursor, end: export::end(log.as_ref(), app.now()).await? }
        }
        Question::Lines { cursor, end } => lines(app, cursor, end).await?,
        Question::AsOf { holder, at } => {
            document(&AsOf::of(&Story::from_log(log.as_ref(), holder, at).await?)?.bytes()?)?
        }
        Question::Explain { holder, at } => {
            let story = Story::from_log(log.as_ref(), holder, at.unwrap_or(app.now())).await?;
            document(&Explained::of(&story)?.bytes()?)?
        }
    })
}

async fn lines(app: &App, cursor: Cursor, end: End) -> anyhow::Result<Reply> {
    let mut export = app.export(cursor, end);
    let (mut lines, mut n_bytes) = (Vec::new(), 0);
    while n_bytes < PAGE_BYTES
        && let Some(line) = export.next().await?
    {
        n_bytes += line.len();
        lines.push(serde_json::from_slice(&line)?);
    }
    Ok(Reply::Lines { lines, cursor: export.cursor() })
}

fn document(bytes: &[u8]) -> anyhow::Result<Reply> {
    Ok(Reply::Document(serde_json::from_slice(bytes)?))
}
