//! Pages of a holder's ledger, newest first, as new as the log: the events alone for programs, and
//! everything that happened ([`told`]) for people.

pub mod told;

use domain::ids::HolderId;
use projections::{Entry, PAGE_ENTRIES_MAX};
use stores::event_store::Revision;

use crate::app::App;

/// The most entries of one page: one more is read, to see whether there is an older page.
pub const ENTRIES_MAX: u32 = PAGE_ENTRIES_MAX - 1;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The page after this one holds what was before this; `None` if there is nothing.
    pub older: Option<Revision>,
}

/// Up to `limit` entries, those before revision `before` if it is given.
pub async fn page(
    app: &App,
    holder: HolderId,
    before: Option<Revision>,
    limit: u32,
) -> anyhow::Result<Page> {
    app.catch_up().await?;
    let limit = limit.min(ENTRIES_MAX);
    let mut entries = app.projections().ledger(holder, before, limit + 1).await?;
    let more = (limit as usize) < entries.len();
    entries.truncate(limit as usize);
    let older = entries.last().filter(|_| more).map(|last| last.revision);
    Ok(Page { entries, older })
}
