//! B-57: a card that may be in somebody else's hands is out of use in time, or there is an alarm.
//!
//! A card that is reported as lost is out of use with the very report. One whose certificates are
//! suspended, because it is mislaid or somebody else may have used it, waits for somebody's decision;
//! policy says how long that may take.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DeskEvent, InDoubt};
use crate::{
    context::Context,
    holder::{Holder, HolderEvent},
};

/// The first instant at which it has taken too long, by the policy in force.
pub(super) fn limit(ctx: &Context<'_>, since: DateTime<Utc>) -> DateTime<Utc> {
    since + TimeDelta::hours(ctx.policy().loss_hours.into())
}

/// The card that has to be decided about, if there is no alarm yet.
fn awaited(holder: &Holder) -> Option<&InDoubt> {
    holder.desk().in_doubt().filter(|in_doubt| !in_doubt.is_overdue)
}

/// What holds now and is not recorded.
pub(crate) fn missing(ctx: &Context<'_>, holder: &Holder) -> Option<HolderEvent> {
    let in_doubt = awaited(holder).filter(|awaited| limit(ctx, awaited.since) <= ctx.now)?;
    Some(overdue(ctx, in_doubt))
}

/// When there will be something to record.
pub(crate) fn instant(ctx: &Context<'_>, holder: &Holder) -> Option<DateTime<Utc>> {
    awaited(holder).map(|in_doubt| limit(ctx, in_doubt.since))
}

/// The alarm.
fn overdue(ctx: &Context<'_>, in_doubt: &InDoubt) -> HolderEvent {
    let (card, since) = (in_doubt.card.clone(), in_doubt.since);
    HolderEvent::Desk(DeskEvent::LossOverdue { card, since, on: ctx.today() })
}

/// The alarm about a card that is only now reported as lost since then; none if it comes in time, or
/// was raised before.
pub(super) fn reported_late(
    ctx: &Context<'_>,
    holder: &Holder,
    since: DateTime<Utc>,
) -> Option<HolderEvent> {
    let is_raised = holder.desk().in_doubt().is_some_and(|in_doubt| in_doubt.is_overdue);
    if is_raised || ctx.now < limit(ctx, since) {
        return None;
    }
    let card = holder.card()?.card.clone();
    Some(overdue(ctx, &InDoubt { card, since, is_overdue: false }))
}
