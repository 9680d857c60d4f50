//! When there will be something to record: a function of state, policies and now, from which a
//! table of wake-ups can be made again at any time.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::{Item, Occasion, items, missing};
use crate::{
    calendar::{self, Phase},
    certificate,
    context::Context,
    desk,
    holder::Holder,
    self_service,
};

/// When the workflow has to look at a holder next, and what may come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WakeUp {
    /// The first instant, now or later, at which something is to be recorded.
    pub due_at: DateTime<Utc>,
    /// From when on a forced change is to be recorded, if one is to come.
    pub forces_at: Option<DateTime<Utc>>,
    /// From when on a lock is to be recorded, if one is to come.
    pub locks_at: Option<DateTime<Utc>>,
}

/// The next wake-up of a holder, as long as no event and no new policy is recorded before it; none if
/// nothing will ever be recorded. The day on which a published policy comes into force is one (B-14).
///
/// It stays the same until it is due, so a table of wake-ups that were worked out at different
/// times can be compared with it.
#[must_use]
pub fn wake_up(ctx: &Context<'_>, holder: &Holder) -> Option<WakeUp> {
    if holder.desk().closed().is_some() {
        return None;
    }
    let items = items(ctx, holder.passcodes());
    let locked = items.iter().any(|(_, phase)| *phase == Phase::Locked);
    if !missing(ctx, holder, Occasion::Schedule).is_empty() {
        let (forces_at, locks_at) = effects(ctx, holder, &items);
        return Some(WakeUp { due_at: ctx.now, forces_at, locks_at });
    }
    let awaited = [self_service::awaited_until(ctx, holder), desk::loss_instant(ctx, holder)];
    let awaited = awaited.into_iter().flatten();
    if locked {
        let over_at = awaited.min();
        return over_at.map(|due_at| WakeUp { due_at, forces_at: None, locks_at: None });
    }
    let later = items.iter().flat_map(|(item, _)| instants(ctx, holder, item));
    let later = later.chain(awaited);
    let later = later.chain(certificate::instants(ctx, holder));
    let new_numbers = ctx.policies.next_after(ctx.today());
    let new_numbers = new_numbers.map(|from| calendar::start_of(from, ctx.policies.zone()));
    let due_at = later.filter(|at| ctx.now < *at).chain(new_numbers).min()?;
    let (forces_at, locks_at) = effects(ctx, holder, &items);
    Some(WakeUp { due_at, forces_at, locks_at })
}

fn at_alert_hour(ctx: &Context<'_>, day: NaiveDate) -> DateTime<Utc> {
    calendar::at_hour(day, ctx.policy().alert_hour, ctx.policies.zone())
}

/// From when on a forced change, and from when on a lock, of any of them is to be recorded.
fn effects(
    ctx: &Context<'_>,
    holder: &Holder,
    items: &[(Item, Phase)],
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let unknown = items.iter().filter(|(item, _)| !holder.expiry().knows_forced(item));
    let forces_at = unknown.map(|(item, _)| at_alert_hour(ctx, item.expires_on));
    let forces_at = forces_at.chain(certificate::forces_at(ctx, holder)).min();
    let locks_on = items.iter().filter_map(|(item, _)| item.locks_on).min();
    let unrecorded = locks_on.filter(|on| holder.expiry().locked_from() != Some(*on));
    (forces_at, unrecorded.map(|on| calendar::start_of(on, ctx.policies.zone())))
}

/// The instants from now on at which something about this passcode is to be recorded.
fn instants(ctx: &Context<'_>, holder: &Holder, item: &Item) -> Vec<DateTime<Utc>> {
    let records = holder.expiry();
    let policy = ctx.policy();
    let today = ctx.today();
    let mut days = Vec::new();
    // Today's alert may be raised already, or its hour be to come; tomorrow's is to come.
    let first = item.expires_on - Days::new(policy.alert_days.into());
    let next = [first.max(today), first.max(today) + Days::new(1)];
    let alerts = next.into_iter().filter(|on| *on < item.expires_on);
    days.extend(alerts.filter(|on| records.alerted_on() != Some(*on)));
    if !records.knows_forced(item) {
        days.push(item.expires_on.max(today));
    }
    let announced = policy.announce_days.iter().map(|&n| calendar::later(item.expires_on, n));
    days.extend(
        announced.filter(|on| item.locks_on.is_some() && today <= *on && !records.announced(*on)),
    );
    let mut instants: Vec<_> = days
        .into_iter()
        .filter(|on| item.over_on().is_none_or(|over_on| *on < over_on))
        .map(|on| at_alert_hour(ctx, on))
        .collect();
    instants.extend(item.locks_on.map(|on| calendar::start_of(on, ctx.policies.zone())));
    instants
}
