//! What an auditor may look at, and that he has: for portal and API alike.
//!
//! Looking at one person's record is an event in that person's stream, once a day (B-63). Of what is
//! about everybody, an auditor sees what his organisation covers (B-59), and never what is about
//! himself; the whole log is for those whose role is in the root organisation.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    desk::View,
    ids::HolderId,
    refusal::Refusal,
    staff::{self, StaffAct},
};
use projections::{HistoryCursor, HistoryEvent, HistoryFilter, HistoryPage};
use stores::event_store::Position;

use super::{export, export::Export, story::Story};
use crate::{
    app::App,
    desk::sheet::note_viewed,
    staff::{Mandate, Member, find},
};

/// How many events of a card or a run are looked at to find out whom it is about.
const SUBJECT_EVENTS: u32 = 10;

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such person.
    #[error("there is no such person")]
    NoSuchPerson,
    /// B-59: it is about people of other organisations, too.
    #[error("the whole log is for auditors of the root organisation")]
    NotAll,
    /// It is not the past.
    #[error("this instant has not come yet")]
    NotYet,
    /// A store failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<staff::Refusal> for LookError {
    fn from(refusal: staff::Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

/// A page of the history.
///
/// # Errors
/// If he may not see it, or a store fails.
pub async fn history(
    app: &App,
    member: &Member,
    mut filter: HistoryFilter,
    before: Option<HistoryCursor>,
    limit: u32,
) -> Result<HistoryPage, LookError> {
    if filter.staff == Some(member.holder()) {
        return Err(staff::Refusal::OwnRecord.into());
    }
    app.catch_up().await?;
    if let Some(holder) = subject(app, &filter).await? {
        let record = find(app, holder).await?.ok_or(LookError::NoSuchPerson)?;
        let mandate = member.may_about(app, StaffAct::SeeHistory, &record)?;
        note_viewed(app, &mandate, View::History).await?;
    } else if let Some(staff) = filter.staff {
        // What somebody of the staff has done is his history.
        let record = find(app, staff).await?.ok_or(LookError::NoSuchPerson)?;
        let mandate = member.may_about(app, StaffAct::SeeHistory, &record)?;
        note_viewed(app, &mandate, View::History).await?;
        filter.except = Some(member.holder());
    } else {
        filter.except = Some(member.holder());
    }
    let page = app.projections().history(&filter, before, limit).await;
    let mut page = page.map_err(anyhow::Error::from)?;
    if !sees_everything(app, member, StaffAct::SeeHistory) {
        page.events = covered(app, member, page.events).await?;
    }
    Ok(page)
}

/// B-59: those that are about somebody of his. At most a page of people is looked up.
async fn covered(
    app: &App,
    member: &Member,
    events: Vec<HistoryEvent>,
) -> anyhow::Result<Vec<HistoryEvent>> {
    let holders: BTreeSet<HolderId> = events.iter().filter_map(|event| event.holder).collect();
    let mut his = BTreeSet::new();
    for holder in holders {
        let record = find(app, holder).await?;
        let is_his = |record| member.may_about(app, StaffAct::SeeHistory, record).is_ok();
        if record.as_ref().is_some_and(is_his) {
            his.insert(holder);
        }
    }
    let is_his = |event: &HistoryEvent| event.holder.is_some_and(|holder| his.contains(&holder));
    Ok(events.into_iter().filter(is_his).collect())
}

/// Whom a question is about, if it is about one person.
async fn subject(app: &App, filter: &HistoryFilter) -> anyhow::Result<Option<HolderId>> {
    if filter.holder.is_some() || (filter.card.is_none() && filter.run.is_none()) {
        return Ok(filter.holder);
    }
    let (card, run) = (filter.card.clone(), filter.run);
    let about = HistoryFilter { card, run, ..HistoryFilter::default() };
    let page = app.projections().history(&about, None, SUBJECT_EVENTS).await?;
    Ok(page.events.into_iter().find_map(|event| event.holder))
}

/// B-59: whether he may do this about everybody.
#[must_use]
pub fn sees_everything(app: &App, member: &Member, act: StaffAct) -> bool {
    let root = app.organisations().root().cloned();
    root.is_some_and(|root| member.may_in(app, act, &root).is_ok())
}

/// The whole log, after this position.
///
/// # Errors
/// If he may not see it, or a store fails.
pub async fn all(app: &App, member: &Member, after: Position) -> Result<Export, LookError> {
    if !sees_everything(app, member, StaffAct::ExportLog) {
        return Err(LookError::NotAll);
    }
    let log = app.stores().log.as_ref();
    let cursor = export::begin(log, after).await.map_err(anyhow::Error::from)?;
    let end = export::end(log, app.now()).await.map_err(anyhow::Error::from)?;
    Ok(app.export(cursor, end))
}

/// A holder's story until an instant that has come; until now if none is named.
///
/// # Errors
/// If it has not come yet, or a store fails.
pub async fn story(
    app: &App,
    mandate: &Mandate,
    at: Option<DateTime<Utc>>,
) -> Result<Story, LookError> {
    let now = app.now();
    let at = at.unwrap_or(now);
    if now < at {
        return Err(LookError::NotYet);
    }
    note_viewed(app, mandate, View::AsOf).await?;
    Ok(Story::from_log(app.stores().log.as_ref(), mandate.holder(), at).await?)
}
